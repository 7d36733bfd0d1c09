"""Measurements against hand-written floors, printed as ratios. Nothing here passes or fails; nothing ships."""
