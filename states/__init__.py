"""The rules: what may happen next, and when. Pure: no input or output, no clock, no SQL."""
