"""Side by side with other libraries: ours, theirs, and the ratio. README.md has the results.

__main__.py   python -m benchmarks [ENTRY...]
turns.py      processes that take turns, once their results agree; median, spread, ratio
problems.py   the arrays that every side computes with
libraries/    a module a library: its steps, as its users write them
entries/      what is measured
machine.py, results.py, table.py, summary.py, plots.py   where, records as JSON, tables, pictures
classroom.py  grading classes of hundreds
loops.py      the lesson's first rung
"""
