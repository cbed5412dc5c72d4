"""Content-addressed artifacts on any file system."""
