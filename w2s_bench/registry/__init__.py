"""Plugins to kinds, entries and components; names and parameters."""
