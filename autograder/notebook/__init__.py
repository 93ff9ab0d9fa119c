"""Checking what is defined in a notebook: `%load_ext autograder`, then `%check cnn conv2d.*` in any cell.

Or as a call: `from autograder.notebook import check`, then `check("cnn", "conv2d.*")`.
"""

from autograder.notebook.report import Report as Report
from autograder.notebook.report import check as check
