"""A plan and an executor to a finished run folder: the parent's side."""
