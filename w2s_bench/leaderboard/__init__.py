"""Submissions to a board of published comparisons: the room is kept for it, and holds nothing yet."""
