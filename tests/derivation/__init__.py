"""A second program that derives a run's numbers from what the run kept, written from docs/scoring.md.

It shares no line with what it checks: NumPy, SciPy, polars and the standard library are all that its modules import
(test_derivation.py looks). `discrepancies(folder)` in check.py says in sentences where a run's tables are not what its
predictions and certificates make them.
"""
