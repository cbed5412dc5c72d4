"""Content-addressed artifacts on a disk or behind a URL."""
