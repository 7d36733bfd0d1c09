"""APScheduler's doors: a metronome that calls idempotent operations."""
