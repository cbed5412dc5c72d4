"""What may be done to labels, rows and models before another strategy is fitted."""
