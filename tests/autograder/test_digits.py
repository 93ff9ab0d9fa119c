"""What a hand-in is graded on does not depend on the digits that a user works with."""

from pathlib import Path

import numpy as np
import pytest

from autograder.checks import steps
from numpytorch.data import mnist
from numpytorch.data.files import shipped_folder


def test_the_digits_are_those_that_ship_whatever_set_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMPYTORCH_DATA", str(tmp_path))  # nothing is there
    steps.digits.cache_clear()
    np.testing.assert_array_equal(steps.held_out().images, mnist(shipped_folder())[1].images)
