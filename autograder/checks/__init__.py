"""Checks: what assignments are graded by. An assignment's checks.py puts them together."""

from autograder.checks.api import Check as Check
from autograder.checks.api import Failed as Failed
from autograder.checks.api import Grader as Grader
from autograder.checks.api import Passed as Passed
from autograder.checks.api import check as check
from autograder.checks.causes import Cause as Cause
