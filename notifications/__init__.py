"""Messages to people: rendering, composing, retrying, delivering. Knows nothing of cases or rules."""
