"""Submissions → checked submissions → seasons → a static site. What somebody sends is hostile until it is checked.

A table in, a table out: nothing here needs torch, and all of it works on anybody's rows.
"""
