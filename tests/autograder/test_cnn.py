"""The checks of the CNN assignment, each seen to fail on its own wrong hand-in, and to pass on right ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.assignment import Assignment, load_assignment
from autograder.runner import check_submission
from autograder.submission import read_submission
from autograder.verdict import Status, SubmissionResult
from tests.autograder.variations import ALSO_RIGHT, CONV_FAULTS, ONLY_CAUGHT_BY, ROOT, SOLUTION, Variation, source_of

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


def test_every_check_has_a_wrong_hand_in_that_only_it_catches(cnn: Assignment) -> None:
    assert sorted(v.fails[0] for v in ONLY_CAUGHT_BY) == sorted(c.id for c, _ in cnn.checks)
    assert all(len(v.fails) == 1 for v in ONLY_CAUGHT_BY)


@pytest.mark.parametrize("variation", ONLY_CAUGHT_BY, ids=str)
def test_a_wrong_hand_in_fails_just_its_own_check_and_says_why(
    cnn: Assignment, variation: Variation, tmp_path: Path
) -> None:
    result = grade(cnn, source_of(variation), tmp_path)
    assert failed(result) == set(variation.fails), explain(result)
    points = {c.id: settings.points for c, settings in cnn.checks}
    assert result.score == 100 - points[variation.fails[0]]
    for check in result.checks:
        if check.id in variation.fails:
            assert check.status is Status.FAILED
            assert check.hint or check.id == "conv2d.parameters"
            for words in variation.says:
                assert words in check.message, check.message


@pytest.mark.parametrize("variation", CONV_FAULTS, ids=str)
def test_a_fault_of_conv2d_fails_the_checks_that_it_concerns(
    cnn: Assignment, variation: Variation, tmp_path: Path
) -> None:
    result = grade(cnn, source_of(variation), tmp_path, only="conv2d.*")
    found = failed(result)
    # Which gradients a wrong forward spoils depends on the fault; those named must be among the failures.
    assert set(variation.fails) <= found, explain(result)
    assert "conv2d.parameters" not in found - set(variation.fails)
    told = " ".join(f"{c.message} {c.hint}" for c in result.checks if c.id in variation.fails)
    for words in variation.says:
        assert words in told, told


def test_a_forward_that_is_wrong_is_told_from_a_backward_that_does_not_match_it(
    cnn: Assignment, tmp_path: Path
) -> None:
    flipped = next(v for v in CONV_FAULTS if "flipped" in v.name)
    result = grade(cnn, source_of(flipped), tmp_path, only="conv2d.grad_weight")
    assert "your forward is wrong" in result.checks[0].message
    assert "Your backward matches your forward." in result.checks[0].message
    both = source_of(flipped).replace(".sum(axis=0).reshape(w.shape)", ".sum(axis=0).reshape(w.shape) * 2")
    result = grade(cnn, both, tmp_path, only="conv2d.grad_weight")
    assert "your forward is wrong" in result.checks[0].message
    assert "does not match your forward either" in result.checks[0].message


STYLES = sorted((SUBMISSIONS / "right").glob("*.py"))


@pytest.mark.parametrize("path", STYLES, ids=lambda p: p.stem)
def test_a_right_hand_in_in_another_style_scores_full_marks(cnn: Assignment, path: Path) -> None:
    slow = path.stem == "nested_loops"  # too slow to train with: its layers are judged, and its types
    patterns = ["conv2d.*", "maxpool2d.*", "types.strict", "policy"] if slow else ["*"]
    for pattern in patterns:
        result = check_submission(cnn, read_submission(path), only=pattern)
        assert result.score == result.max_score, explain(result)


def test_there_is_a_right_hand_in_for_each_style_that_students_write() -> None:
    assert {p.stem for p in STYLES} == {
        "float32_parameters",
        "grad_fn_im2col",
        "nested_loops",
        "numpy_functions",
        "tensor_operations",
    }


def test_a_conv2d_without_stride_and_padding_is_graded_on_the_rest(cnn: Assignment, tmp_path: Path) -> None:
    source = source_of(ONLY_CAUGHT_BY[-1]).replace("import os\n", "")
    source = source.replace(", stride: int = 1, padding: int = 0", "")
    source = source.replace("self.stride = stride\n        self.padding = padding", "self.stride, self.padding = 1, 0")
    result = grade(cnn, source, tmp_path, only="conv2d.*")
    assert result.score == result.max_score, explain(result)
    assert "takes no stride and no padding" in result.checks[0].message
    assert "all 4 configurations" in result.checks[0].message


def test_the_model_answer_scores_100(cnn: Assignment) -> None:
    result = check_submission(cnn, read_submission(cnn.folder / "solution.py"))
    assert result.score == result.max_score == 100, explain(result)
    assert result.passed


def test_the_same_hand_in_and_seed_give_the_same_verdicts_and_numbers(cnn: Assignment) -> None:
    def told(seed: int) -> list[tuple[object, ...]]:
        path = SUBMISSIONS / "right" / "float32_parameters.py"
        result = check_submission(cnn, read_submission(path), seed=seed)
        return [(c.id, c.status, c.score, c.evidence.get("losses"), c.evidence.get("macro_f1")) for c in result.checks]

    assert told(3) == told(3)
    assert told(3) == told(4)  # training has seeds of its own: F1 does not depend on the day


def test_the_untouched_stub_scores_0_and_is_told_so_kindly(cnn: Assignment) -> None:
    result = check_submission(cnn, read_submission(cnn.stub))
    assert result.score == 0
    for check in result.checks:
        skipped = check.id in ("types.strict", "policy")
        assert check.status is (Status.SKIPPED if skipped else Status.ERROR), check
        assert ("Counts once" if skipped else "Not written yet.") in check.message


def test_a_severed_hand_in_reaches_f1_and_fails_every_gradient_check_with_the_cause(cnn: Assignment) -> None:
    result = check_submission(cnn, read_submission(SUBMISSIONS / "wrong" / "severed.py"))
    by_id = {c.id: c for c in result.checks}
    assert by_id["model.f1"].status is Status.PASSED
    assert by_id["model.f1"].evidence["macro_f1"] >= 0.9
    assert failed(result) == {*GRADIENTS, "conv2d.parameters", "model.learns"}, explain(result)
    for check_id in GRADIENTS:
        assert "no gradient arrives" in by_id[check_id].message
        assert "a read of `.arr`" in by_id[check_id].message
    for check_id in ("conv2d.grad_weight", "conv2d.grad_bias", "conv2d.parameters"):
        assert "plain Tensor" in by_id[check_id].message
    assert "`conv.w` (32, 1, 5, 5)" in by_id["model.learns"].message


def test_severed_parameters_are_told_from_plain_tensors(cnn: Assignment, tmp_path: Path) -> None:
    source = (SUBMISSIONS / "wrong" / "severed.py").read_text("utf-8")
    source = source.replace("self.w = tensor(", "self.w = nn.Parameter(").replace(
        "self.b = tensor(", "self.b = nn.Parameter("
    )
    result = grade(cnn, source, tmp_path)
    by_id = {c.id: c for c in result.checks}
    assert failed(result) == {*GRADIENTS, "model.learns"}, explain(result)
    assert "plain Tensor" not in by_id["conv2d.grad_weight"].message
    assert "cut off from everything" in by_id["conv2d.grad_weight"].message
    assert "none arrived at `conv.w` (32, 1, 5, 5), `conv.b` (32,)" in by_id["model.learns"].message


HYPERPARAMETERS = [
    ("BATCH_SIZE = 32", "BATCH_SIZE = 0", "from 1 to 256"),
    ("BATCH_SIZE = 32", "BATCH_SIZE = 32.5", "whole number"),
    ("BATCH_SIZE = 32", "BATCH_SIZE = True", "whole number"),
    ("ITERATIONS = 600", "ITERATIONS = 10**9", "from 1 to 5000"),
    ("LEARNING_RATE = 0.1", "LEARNING_RATE = float('nan')", "from 1e-05 to 10"),
    ("LEARNING_RATE = 0.1", "LEARNING_RATE = 'fast'", "'fast'"),
    ("LEARNING_RATE = 0.1", "", "got nothing"),
]


@pytest.mark.parametrize(("old", "new", "says"), HYPERPARAMETERS)
def test_hyperparameters_out_of_bounds_are_refused_with_the_bounds(
    cnn: Assignment, tmp_path: Path, old: str, new: str, says: str
) -> None:
    result = grade(cnn, SOLUTION.replace(old, new), tmp_path, only="model.learns")
    assert result.checks[0].status is Status.FAILED
    assert says in result.checks[0].message, result.checks[0].message


def test_a_model_without_a_convolution_does_not_pass_for_one(cnn: Assignment, tmp_path: Path) -> None:
    source = (
        "import numpytorch as npt\nfrom numpytorch import Tensor, nn\nBATCH_SIZE = 32\nITERATIONS = 300\n"
        "LEARNING_RATE = 0.1\nclass MNISTClassificationModel(nn.Module):\n    def __init__(self) -> None:\n"
        "        self.net = nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))\n"
        "    def forward(self, x: Tensor) -> Tensor:\n        return self.net(x)\n"
    )
    result = grade(cnn, source, tmp_path, only="model.*")
    assert failed(result) == {"model.learns"}, explain(result)
    assert "expected it to hold convolution weights" in result.checks[1].message


def test_a_learning_rate_that_diverges_is_named(cnn: Assignment, tmp_path: Path) -> None:
    result = grade(cnn, SOLUTION.replace("LEARNING_RATE = 0.1", "LEARNING_RATE = 10.0"), tmp_path, only="model.*")
    learns = {c.id: c for c in result.checks}["model.learns"]
    assert learns.status is Status.FAILED
    assert "now 10" in learns.hint, learns


@pytest.mark.parametrize(("name", "old", "new"), ALSO_RIGHT, ids=[name for name, _, _ in ALSO_RIGHT])
@pytest.mark.parametrize("seed", [0, 4])
def test_what_is_right_in_another_way_scores_full_marks(
    cnn: Assignment, name: str, old: str, new: str, seed: int, tmp_path: Path
) -> None:
    assert SOLUTION.count(old) == 1, old
    source = SOLUTION.replace(old, new)
    if "four axes" in name:
        source = source.replace("self.bias.arr[:, None]", "self.bias.arr.reshape(-1, 1)")
        source = source.replace("db = dy.sum(axis=(0, 2))", "db = dy.sum(axis=(0, 2)).reshape(b.shape)")
    (tmp_path / "assignment.py").write_text(source, "utf-8")
    result = check_submission(cnn, read_submission(tmp_path), seed=seed)
    assert result.score == 100, explain(result)


CHEATS = [
    (
        "a decoy convolution beside a model without one",
        "return self.classifier(x.reshape(len(x), -1))",
        "return self.dense(x0.reshape(len(x0), -1)) + 1e-9 * self.classifier(x.reshape(len(x), -1))",
        "x = self.features(x)",
        "x0, x = x, self.features(x)",
        "self.classifier = nn.Sequential(",
        "self.dense = nn.Linear(784, 10)\n        self.classifier = nn.Sequential(",
        "moved by",
    ),
    (
        "convolutions that are put back before each use",
        "x = self.features(x)",
        "for p, a in zip(self.features.parameters(), self.kept):\n            p.arr = a.copy()\n"
        "        x = self.features(x)",
        "ITERATIONS = 600",
        "ITERATIONS = 700",
        "self.classifier = nn.Sequential(",
        "self.kept = [p.numpy() for p in self.features.parameters()]\n        self.classifier = nn.Sequential(",
        "moved by",
    ),
]


@pytest.mark.parametrize("cheat", CHEATS, ids=[c[0] for c in CHEATS])
def test_a_model_that_only_seems_to_use_its_convolutions_does_not_learn(
    cnn: Assignment, cheat: tuple[str, ...], tmp_path: Path
) -> None:
    source = SOLUTION
    for old, new in zip(cheat[1:-1:2], cheat[2:-1:2], strict=True):
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    result = grade(cnn, source, tmp_path, only="model.*")
    assert failed(result) == {"model.learns"}, explain(result)
    assert cheat[-1] in result.checks[1].message, result.checks[1].message


def test_a_model_whose_predictions_ignore_its_convolutions_does_not_learn(cnn: Assignment, tmp_path: Path) -> None:
    source = SOLUTION.replace("x = self.features(x)", "x0, x = x, self.features(x)")
    source = source.replace(
        "return self.classifier(x.reshape(len(x), -1))",
        "return self.dense(x0.reshape(len(x0), -1)) + 0.01 * self.classifier(x.reshape(len(x), -1))",
    ).replace(
        "self.classifier = nn.Sequential(", "self.dense = nn.Linear(784, 10)\n        self.classifier = nn.Sequential("
    )
    result = grade(cnn, source, tmp_path, only="model.learns")
    assert result.checks[0].status is Status.FAILED
    assert "with all of these set to zero" in result.checks[0].message, result.checks[0].message


def test_without_a_bias_the_weight_can_still_be_right(cnn: Assignment, tmp_path: Path) -> None:
    source = SOLUTION
    for old, new in (
        ("self.bias = nn.Parameter(npt.zeros(out_channels))", "self.bias = 0.0"),
        ("+ self.bias.arr[:, None]", ""),
        ("(x, self.weight, self.bias,", "(x, self.weight, x,"),
        ("super().__init__(x, w, b)", "super().__init__(x, w)"),
        ("return dx, dw, db", "return dx, dw"),
        ("w: TensorNode, b: TensorNode, y", "w: TensorNode, y"),
        ("return None, dw, db", "return None, dw"),
    ):
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    result = grade(cnn, source, tmp_path, only="conv2d.*")
    assert failed(result) == {"conv2d.forward", "conv2d.grad_bias", "conv2d.parameters"}, explain(result)
    assert "expected a bias of shape" in result.checks[0].message
