"""A user's own two files, no run needed: how they are read and joined, what `predict` makes of them, and its words."""
