"""The stub is the model answer without what students are to write, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from autograder.assignment import assignment_names, load_assignment
from autograder.release.stub import ANSWER, MarkerError, stub_of

ANSWERED = '''\
# stub: """To do.
# stub:
# stub:     autograder check it
# stub: """
"""Done."""
# end

import os  # answer
import sys

RATE: float = 0.5  # stub: 0.1


# answer
def helper() -> None:
    """Help."""


# end


class Layer:
    """A layer."""

    def forward(self, x):
        """Do it."""
        # stub: raise NotImplementedError("forward")
        y = x

        return y

    def other(self):
        # answer
        secret = 1
        # end
        return sys.argv  # what the stub has too
'''
STUB = '''\
"""To do.

    autograder check it
"""

import sys

RATE: float = 0.1


class Layer:
    """A layer."""

    def forward(self, x):
        """Do it."""
        raise NotImplementedError("forward")

    def other(self):
        return sys.argv  # what the stub has too
'''


def test_what_is_marked_is_replaced_or_left_out_and_the_rest_stays() -> None:
    assert stub_of(ANSWERED, "solution.py") == STUB


@pytest.mark.parametrize("name", assignment_names())
def test_the_stub_that_ships_is_the_one_that_its_model_answer_makes(name: str) -> None:
    assignment = load_assignment(name)
    answer = assignment.folder / ANSWER
    made = stub_of(answer.read_text("utf-8"), str(answer))
    assert assignment.stub.read_text("utf-8") == made, f"run `python -m autograder.release.stub {name}`"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("a = 1\n# end\n", "answer.py:2: expected a region that `# end` closes, found none open."),
        ("a = 1\n# answer\nb = 2\n", "answer.py:2: expected an `# end` to the region that begins here, found none."),
        ("# answer\n# stub: 1\nb = 2\n# end\n", "answer.py:2: expected the end of the region that begins on line 1"),
        ("# stub: 1\nb = 2\n# answer\n# end\n", "answer.py:3: expected the end of the region that begins on line 1"),
        ("# stub: 1\nb = 2  # stub: 3\n# end\n", "answer.py:2: expected the end of the region that begins on line 1"),
        ("\n# stub raise\n", "answer.py:2: expected `# stub: LINE`, `# answer` or `# end`, got `# stub raise`."),
        ("a = 1  # Answer: 2\n", "answer.py:1: expected `# stub: LINE`, `# answer` or `# end`, got `a = 1  # Ans"),
        ("#end\n", "answer.py:1: expected `# stub: LINE`, `# answer` or `# end`, got `#end`."),
        ("f(2)  # stub: f(3)\n", "answer.py:1: expected `NAME = VALUE  # stub: OTHER`, got `f(2)`."),
        ("a = 2  # end\n", "answer.py:1: expected `NAME = VALUE  # stub: OTHER`, got `a = 2`."),
    ],
)  # fmt: skip
def test_a_marker_that_cannot_be_meant_is_an_error_with_its_line(answer: str, said: str) -> None:
    with pytest.raises(MarkerError) as raised:
        stub_of(answer, "answer.py")
    assert str(raised.value).startswith(said)


def test_the_page_that_explains_markers_does_so_with_some_that_work() -> None:
    page = (Path(__file__).parents[3] / "docs" / "releasing.md").read_text("utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert stub_of(example, "releasing.md") == (
        "RATE = 0.1\n\n\ndef forward(self, x: Tensor) -> Tensor:\n"
        '    """Map x (N, D) to (N, D)."""\n    raise NotImplementedError("forward: multiply.")\n'
    )


def test_a_comment_that_only_mentions_the_words_is_none() -> None:
    source = "# ---- end of hyperparameters ----\na = 1  # the answer to all\n"
    assert stub_of(source, "solution.py") == source
