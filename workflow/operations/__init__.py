"""What can be done, one thing a file: lock, load facts, fire, record. One operation, one transaction."""
