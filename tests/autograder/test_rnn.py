"""The RNN assignment: what its checks hold hand-ins to, and the scripts that come with it. Its bank does the rest."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from autograder.assignment import load_assignment
from autograder.checks.probe import LayerCase
from autograder.checks.recurrent import RNNCase
from autograder.sandbox import Array

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "assignments" / "rnn"
CASES = (
    RNNCase(3, 5, 2, 7),
    RNNCase(2, 3, 7, 5, h0=True),
    RNNCase(1, 2, 3, 5, h0=True),
    RNNCase(5, 1, 3, 2, h0=True),
    RNNCase(2, 5, 1, 3),
    RNNCase(3, 2, 5, 1),
)
Drawn = tuple[dict[str, Array], dict[str, Array], tuple[Array, ...]]


def draw(case: RNNCase) -> Drawn:
    """Draw inputs, parameters and upstream gradients."""
    rng = np.random.default_rng(0)
    inputs = case.sample(rng)
    parameters = {role: case.scale * rng.standard_normal(shape) for role, shape in case.shapes.items()}
    upstream = tuple(rng.standard_normal(y.shape) for y in case.forward(inputs, parameters))
    return inputs, parameters, upstream


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_reference_gradients_are_the_slopes_of_the_reference(case: RNNCase) -> None:
    inputs, parameters, upstream = draw(case)
    told = case.gradients(inputs, parameters, upstream)
    measured = LayerCase.gradients(case, inputs, parameters, upstream)
    assert told.keys() == measured.keys() == {*inputs, *parameters}
    for name in told:
        np.testing.assert_allclose(told[name], measured[name], rtol=0, atol=1e-7)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_reference_agrees_with_pytorch(case: RNNCase) -> None:
    torch = pytest.importorskip("torch")
    inputs, parameters, upstream = draw(case)
    layer = torch.nn.RNN(case.d, case.h, batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        layer.weight_ih_l0.copy_(torch.from_numpy(parameters["w_x"].T))
        layer.weight_hh_l0.copy_(torch.from_numpy(parameters["w_h"].T))
        layer.bias_ih_l0.copy_(torch.from_numpy(parameters["bias"]))
        layer.bias_hh_l0.zero_()
    given = {name: torch.tensor(value, requires_grad=True) for name, value in inputs.items()}
    outputs, last = layer(given["input"], given["h0"][None]) if case.h0 else layer(given["input"])
    torch.autograd.backward([outputs, last[0]], [torch.from_numpy(dy) for dy in upstream])

    states, final = case.forward(inputs, parameters)
    np.testing.assert_allclose(states, outputs.detach().numpy(), rtol=0, atol=1e-12)
    np.testing.assert_allclose(final, last[0].detach().numpy(), rtol=0, atol=1e-12)
    expected = {
        **{name: tensor.grad.numpy() for name, tensor in given.items()},
        "w_x": layer.weight_ih_l0.grad.numpy().T,
        "w_h": layer.weight_hh_l0.grad.numpy().T,
        "bias": layer.bias_ih_l0.grad.numpy(),
    }
    for name, gradient in case.gradients(inputs, parameters, upstream).items():
        np.testing.assert_allclose(gradient, expected[name], rtol=0, atol=1e-12)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_mistake_that_is_acted_out_can_be_compared(case: RNNCase) -> None:
    inputs, parameters, upstream = draw(case)
    right = case.gradients(inputs, parameters, upstream)
    assert len(list(case.forward_suspects(inputs, parameters))) > 20
    for target, gradient in right.items():
        suspects = list(case.gradient_suspects(target, inputs, parameters, upstream))
        assert len(suspects) > 20
        assert all(wrong.size == gradient.size and np.isfinite(wrong).all() for _, wrong in suspects)


def test_the_handout_gives_the_points_and_the_bounds_of_the_assignment() -> None:
    handout = (FOLDER / "README.md").read_text("utf-8")
    config = load_assignment("rnn").config
    points = {m[1]: float(m[2]) for m in re.finditer(r"^\| `([a-z0-9_.]+)` \| (\d+) \|", handout, re.MULTILINE)}
    assert points == {c.id: c.points for c in config.check}
    assert config.training is not None
    bounds = {
        m[1].lower(): (float(m[2]), float(m[3])) for m in re.finditer(r"\| `([A-Z_]+)` \| (\S+) \| (\S+) \|", handout)
    }
    assert bounds == {name: getattr(config.training, name) for name in ("batch_size", "iterations", "learning_rate")}


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    """Copy the scripts beside the model answer, as a student has them beside their own work; train for a moment."""
    for name in ("main.py", "warmup.py"):
        shutil.copy(FOLDER / name, tmp_path)
    answer = (FOLDER / "solution.py").read_text("utf-8")
    assert answer.count("ITERATIONS = 2000") == 1
    (tmp_path / "assignment.py").write_text(answer.replace("ITERATIONS = 2000", "ITERATIONS = 20"), "utf-8")
    return tmp_path


def run(scripts: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=scripts, env=environment, capture_output=True, text=True, encoding="utf-8", timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("options", [[], ["--truncate", "5"]], ids=["whole", "truncated"])
def test_the_training_script_trains_and_reports_f1(scripts: Path, options: list[str]) -> None:
    done = run(scripts, "main.py", *options)
    assert done.returncode == 0, done.stderr
    assert re.search(r"macro F1 0\.\d{4}, micro F1 0\.\d{4} on 1000 held-out digits", done.stdout)


def test_truncating_leaves_the_values_and_stops_the_gradient_at_a_piece(scripts: Path) -> None:
    program = """
import numpy as np
from numpytorch import Tensor
import main
x = np.random.default_rng(0).uniform(0, 1, (3, 1, 28, 28))
values, reached = [], []
for steps in (28, 5):
    np.random.seed(0)
    given = Tensor(x, requires_grad=True)
    logits = main.TruncatedModel(steps)(given)
    logits.backward(np.ones((3, 10)))
    values.append(logits.arr)
    reached.append(int(np.abs(given.grad).sum(axis=(0, 1, 3)).astype(bool).sum()))
assert np.allclose(*values)
print(*reached)
"""
    done = run(scripts, "-c", program)
    assert done.stdout.split() == ["28", "5"], done.stderr


def test_the_warm_up_forecasts_a_sine_wave(scripts: Path) -> None:
    done = run(scripts, "warmup.py", "--no-plot")
    found = re.search(r"root mean square error (\d\.\d{3}) over 150 steps", done.stdout)
    assert found is not None, done.stderr
    assert float(found[1]) < 0.3  # of a wave between -1 and 1; 0.7 for a line at 0


def test_the_warm_up_says_what_to_do_where_matplotlib_is_missing(scripts: Path) -> None:
    (scripts / "matplotlib.py").write_text("raise ModuleNotFoundError(\"No module named 'matplotlib'\")\n", "utf-8")
    done = run(scripts, "warmup.py")
    assert done.returncode == 1
    assert "pip install matplotlib" in done.stderr
    assert "--no-plot" in done.stderr


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_the_warm_up_draws_what_it_says_without_a_display(scripts: Path, suffix: str) -> None:
    pytest.importorskip("matplotlib")
    done = run(scripts, "warmup.py", "--epochs", "2", "--out", f"plot.{suffix}")
    assert done.returncode == 0, done.stderr
    drawn = Path(done.stdout.splitlines()[-1].removeprefix("plot: "))
    assert drawn.samefile(scripts / f"plot.{suffix}")
    assert drawn.stat().st_size > 5000


def test_the_scripts_are_typed(scripts: Path) -> None:
    # Apart from all else, for each assignment has a module `assignment` of its own.
    config = scripts / "mypy.ini"
    config.write_text(
        f"[mypy]\nstrict = True\nmypy_path = {ROOT}\nfollow_imports = silent\n"
        "[mypy-matplotlib.*,sklearn.*]\nignore_missing_imports = True\n",
        "utf-8",
    )
    done = run(scripts, "-m", "mypy", "--config-file", str(config), "main.py", "warmup.py", "assignment.py")
    assert done.returncode == 0, done.stdout
