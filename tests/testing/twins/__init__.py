"""Components that are wrong on purpose, a module for each kind: each breaks the check that its `BREAKS` names, and no other."""
