"""Every number of a row, from arrays: no torch, no files, no plugins. Import the module that holds what you
need."""
