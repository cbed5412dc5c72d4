"""A new plugin as a small package that is complete: its names, and its files from the templates beside this."""
