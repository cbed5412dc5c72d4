"""A spec and the registry to cells and the jobs that they share, before anything is computed."""
