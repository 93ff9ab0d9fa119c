"""Mechanical mutants of the model answers: wrong rules that nobody thought of. See `python -m tests.mutants --help`."""
