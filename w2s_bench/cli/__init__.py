"""Words to calls; prints; nothing else. One file a command."""
