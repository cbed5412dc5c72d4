"""Rows of any number of runs to groups, paired comparisons, predictions and choices: tables in, tables out, no torch."""
