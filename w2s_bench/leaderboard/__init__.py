"""Tables of runs as one table: no torch, and usable on anybody's rows."""
