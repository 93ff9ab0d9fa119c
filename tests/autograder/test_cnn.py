"""What the checks of the CNN assignment say, and what is judged otherwise than by passing and failing: see its bank."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from autograder.assignment import Assignment, load_assignment
from autograder.checks import Failed
from autograder.checks.learning import _all_moved
from autograder.checks.steps import held_out
from autograder.checks.training import Training
from autograder.runner import check_submission
from autograder.submission import read_submission
from autograder.verdict import CheckResult, Status, SubmissionResult
from tests.autograder.light import ROOT, SOLUTION, SOURCES

SUBMISSIONS = ROOT / "tests" / "submissions" / "cnn"
GRADIENTS = {"conv2d.grad_weight", "conv2d.grad_bias", "conv2d.grad_input", "maxpool2d.grad_input"}


@pytest.fixture(scope="module")
def cnn() -> Assignment:
    return load_assignment("cnn")


def grade(cnn: Assignment, source: str, folder: Path, only: str = "*") -> SubmissionResult:
    file = folder / "assignment.py"
    file.write_text(source, "utf-8")
    return check_submission(cnn, read_submission(file), only=only)


def failed(result: SubmissionResult) -> set[str]:
    return {c.id for c in result.checks if c.status is not Status.PASSED}


def explain(result: SubmissionResult) -> str:
    return "\n".join(f"{c.id} {c.status}: {c.message} | {c.hint}" for c in result.checks if c.status != "passed")


def told(check: CheckResult) -> str:
    return f"{check.message} {check.hint}"


# By the name of a hand-in in the bank: a check that fails, and words that its message and hint hold.
SAYS = {
    "a constant is added to the convolution's output": (
        "conv2d.forward",
        "right shape",
        "expected",
        "got",
        "tolerance",
    ),
    "the weight gradient leaves out the first image": (
        "conv2d.grad_weight",
        "the forward is right",
        "backward does not match",
        "`weight`",
    ),
    "the bias gradient leaves out the first image": ("conv2d.grad_bias", "the forward is right", "`bias`"),
    "the input gradient is overwritten where windows overlap": ("conv2d.grad_input", "gradient at the input"),
    "the convolution keeps its parameters in a list, and the model registers them itself": (
        "conv2d.parameters",
        "`held[0]`",
        "list",
    ),
    "a constant is added to the pooling's output": ("maxpool2d.forward", "right shape", "worst"),
    "the pooling gradient is overwritten where windows overlap": (
        "maxpool2d.grad_input",
        "configurations",
        "gradient at the input",
    ),
    "logits depend on the other images in the batch": ("model.forward", "alone", "batch"),
    "the model cuts the graph behind its convolutions": ("model.learns", "features.0.weight", "random features"),
    "training stops early": ("model.f1", "at least 0.9", "Macro F1", "More ITERATIONS"),
    "softmax before the loss, which holds one of its own": ("model.f1", "at least 0.9", "leave out softmax"),
    "an annotation is missing": ("types.strict", "mypy", "line"),
    "a module is imported that is not allowed": ("policy", "`import os`", "Line 13"),
    "stride is ignored": ("conv2d.forward", "stride="),
    "padding is ignored": ("conv2d.forward", "padding="),
    "the output is joined to the graph only where the input requires a gradient": (
        "conv2d.grad_weight",
        "requires no gradient, as images do",
    ),
    "the rule does not get the bias": ("conv2d.grad_bias", "no gradient arrives at the bias"),
    "the weight gradient has the wrong sign": ("conv2d.grad_weight", "-1 times"),
    "an array comes back, not a Tensor": ("conv2d.forward", "expected it to return one Tensor", "ndarray"),
    "the output is infinite": ("conv2d.forward", "inf"),
    "the forward draws random numbers too small to see in its values": (
        "conv2d.grad_weight",
        "the same output whenever",
    ),
    "the weight is stored as a matrix": ("conv2d.forward", "expected a weight of shape", "nn.Parameter.new("),
    "the rule writes .grad itself, over what was there": ("conv2d.grad_bias", "second backward"),
    "the sizes of the first image are used for ever": ("conv2d.forward", "expected an output of shape"),
    "the weight gradient is lost where windows leave gaps": ("conv2d.grad_weight", "stride=3"),
    "the layer has no bias": ("conv2d.forward", "expected a bias of shape"),
    "the layers are in a plain list, which parameters() does not search": (
        "model.learns",
        "features[0]",
        "nn.ModuleList",
    ),
    "the output has the sides that it has for images of 28": ("conv2d.forward", "a size is fixed somewhere."),
    "stride is kept on the class, where the next layer replaces it": (
        "conv2d.forward",
        "after another layer, of other sizes, was made,",
        "on the class, or in a global variable.",
    ),
    "a model without a convolution": ("model.learns", "expected it to hold convolution weights"),
    "a decoy convolution beside a model without one, weighed by a billionth": ("model.learns", "moved by"),
    "a decoy convolution that moves, and that no prediction depends on": (
        "model.learns",
        "with all of these set to zero",
    ),
}


@pytest.mark.parametrize("name", SAYS)
def test_a_failing_check_says_what_is_wrong(cnn: Assignment, name: str, tmp_path: Path) -> None:
    check_id, *words = SAYS[name]
    (check,) = grade(cnn, SOURCES[name], tmp_path, only=check_id).checks
    assert check.status is Status.FAILED
    for expected in words:
        assert expected in told(check), told(check)


def test_a_check_that_fails_costs_its_own_points(cnn: Assignment, tmp_path: Path) -> None:
    result = grade(cnn, SOURCES["the weight gradient leaves out the first image"], tmp_path, only="conv2d.*")
    assert failed(result) == {"conv2d.grad_weight"}, explain(result)
    points = {c.id: settings.points for c, settings in cnn.checks}
    assert result.score == result.max_score - points["conv2d.grad_weight"]


def test_a_forward_that_is_wrong_is_told_from_a_backward_that_does_not_match_it(
    cnn: Assignment, tmp_path: Path
) -> None:
    flipped = SOURCES["the kernel is turned round: convolution, not cross-correlation"]
    result = grade(cnn, flipped, tmp_path, only="conv2d.grad_weight")
    assert "your forward is wrong" in result.checks[0].message
    assert "Your backward matches your forward." in result.checks[0].message
    both = flipped.replace(".sum(axis=0).reshape(w.shape)", ".sum(axis=0).reshape(w.shape) * 2")
    result = grade(cnn, both, tmp_path, only="conv2d.grad_weight")
    assert "your forward is wrong" in result.checks[0].message
    assert "does not match your forward either" in result.checks[0].message


def test_a_conv2d_without_stride_and_padding_is_told_that_it_was_graded_on_the_rest(
    cnn: Assignment, tmp_path: Path
) -> None:
    source = SOURCES["the constructor has no stride and no padding: graded on the rest"]
    result = grade(cnn, source, tmp_path, only="conv2d.forward")
    assert "does not take stride, padding" in result.checks[0].message
    assert "all 5 configurations" in result.checks[0].message


def test_the_same_hand_in_and_seed_give_the_same_verdicts_and_numbers(cnn: Assignment, tmp_path: Path) -> None:
    (tmp_path / "assignment.py").write_text(SOLUTION, "utf-8")
    submission = read_submission(tmp_path / "assignment.py")

    def numbers(seed: int) -> list[tuple[str, Status, float, dict[str, Any]]]:
        result = check_submission(cnn, submission, seed=seed)
        pace = {"iterations_per_second": 0}  # the clock's
        return [(c.id, c.status, c.score, c.evidence | pace if c.id != "types.strict" else {}) for c in result.checks]

    def trained(check_numbers: list[tuple[str, Status, float, dict[str, Any]]]) -> list[object]:
        return [(e["losses"], e["f1_over_training"]) for _id, _status, _score, e in check_numbers if "losses" in e]

    first = numbers(3)
    assert first == numbers(3)
    assert trained(first) == trained(numbers(4)) != []  # training has seeds of its own: F1 is the same on every day


def test_evidence_shows_the_course_of_training(cnn: Assignment, tmp_path: Path) -> None:
    """The curve ends in what the model knows; the filters moved; the digits it got wrong are those off the diagonal."""
    result = grade(cnn, SOLUTION, tmp_path, "model.*")
    learns, f1 = (next(c.evidence for c in result.checks if c.id == f"model.{name}") for name in ("learns", "f1"))
    done, scores = zip(*learns["f1_over_training"], strict=True)
    assert done == tuple(len(learns["losses"]) * k // 5 for k in range(6))
    assert scores[0] < 0.3
    assert abs(scores[-1] - f1["macro_f1"]) < 0.05
    assert learns["filters"]["shape"][1:] == [1, 5, 5]
    assert learns["filters"]["before"] != learns["filters"]["after"]
    wrong = Counter((label, predicted) for _index, label, predicted in f1["wrong_digits"])
    confused = np.array(f1["confusion_matrix"])
    assert wrong.total() == min(40, confused.sum() - np.trace(confused))
    assert all(held_out().y[index] == label != predicted for index, label, predicted in f1["wrong_digits"])
    assert all(confused[pair] >= count for pair, count in wrong.items())


def test_the_untouched_stub_scores_0_and_is_told_so_kindly(cnn: Assignment) -> None:
    result = check_submission(cnn, read_submission(cnn.stub))
    assert result.score == 0
    for check in result.checks:
        skipped = check.id in ("types.strict", "policy")
        assert check.status is (Status.SKIPPED if skipped else Status.ERROR), check
        assert ("Counts once" if skipped else "Not written yet.") in check.message


def test_a_severed_hand_in_reaches_f1_and_is_told_the_cause_by_every_check_that_fails(cnn: Assignment) -> None:
    result = check_submission(cnn, read_submission(SUBMISSIONS / "wrong" / "severed.py"))
    by_id = {c.id: c for c in result.checks}
    assert by_id["model.f1"].status is Status.PASSED
    assert by_id["model.f1"].evidence["macro_f1"] >= 0.9
    for check_id in GRADIENTS:
        assert "no gradient arrives" in by_id[check_id].message
    for check_id in ("conv2d.grad_weight", "conv2d.grad_bias", "conv2d.parameters"):
        assert "plain Tensor" in by_id[check_id].message
    assert "`conv.w` (32, 1, 5, 5)" in by_id["model.learns"].message


def test_severed_parameters_are_told_from_plain_tensors(cnn: Assignment, tmp_path: Path) -> None:
    source = (SUBMISSIONS / "wrong" / "severed.py").read_text("utf-8")
    source = source.replace("self.w = tensor(", "self.w = nn.Parameter(").replace(
        "self.b = tensor(", "self.b = nn.Parameter("
    )
    result = grade(cnn, source, tmp_path, only="conv2d.*")
    by_id = {c.id: c for c in result.checks}
    assert failed(result) == GRADIENTS - {"maxpool2d.grad_input"}, explain(result)
    assert "plain Tensor" not in by_id["conv2d.grad_weight"].message


HYPERPARAMETERS = [
    ("BATCH_SIZE = 32", "BATCH_SIZE = 0", "from 1 to 256"),
    ("BATCH_SIZE = 32", "BATCH_SIZE = 32.5", "whole number"),
    ("BATCH_SIZE = 32", "BATCH_SIZE = True", "whole number"),
    ("ITERATIONS = 300", "ITERATIONS = 10**9", "from 1 to 5000"),
    ("LEARNING_RATE = 0.2", "LEARNING_RATE = float('nan')", "from 1e-05 to 10"),
    ("LEARNING_RATE = 0.2", "LEARNING_RATE = 'fast'", "'fast'"),
    ("LEARNING_RATE = 0.2", "", "got nothing"),
]


@pytest.mark.parametrize(("old", "new", "says"), HYPERPARAMETERS)
def test_hyperparameters_out_of_bounds_are_refused_with_the_bounds(
    cnn: Assignment, tmp_path: Path, old: str, new: str, says: str
) -> None:
    result = grade(cnn, SOLUTION.replace(old, new), tmp_path, only="model.learns")
    assert result.checks[0].status is Status.FAILED
    assert says in result.checks[0].message, result.checks[0].message


def test_a_learning_rate_that_diverges_is_named(cnn: Assignment, tmp_path: Path) -> None:
    source = SOURCES["without a ReLU, the learning rate is so large that training diverges"]
    (learns,) = grade(cnn, source, tmp_path, only="model.learns").checks
    assert learns.status is Status.FAILED
    assert "now 2" in learns.hint, learns


def test_weights_that_are_not_numbers_have_not_moved() -> None:
    run = cast(Training, SimpleNamespace(moved={"conv.weight": math.nan}, features=("conv.weight",)))
    with pytest.raises(Failed, match="moved by nan"):
        _all_moved(run, {})
