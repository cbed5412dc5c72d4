"""What one job does: load, prepare, embed, compare, fit, predict, score. No scheduling."""
