"""Strategies that look for the truth of transfer and test, a module for each place where they look; each learns from the weak
labels where it finds nothing."""
