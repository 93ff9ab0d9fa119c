import importlib
import itertools
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest

import numpytorch as npt
from benchmarks import __main__ as command
from benchmarks import classroom, loops, summary, table
from benchmarks.cuda import Device, Layer
from benchmarks.entries import ENTRIES, Entry, result
from benchmarks.entries.cuda import record, timed
from benchmarks.entries.growth import slopes_of
from benchmarks.entries.kernels import shared
from benchmarks.results import Case, Result, load, save
from benchmarks.turns import DisagreementError, Side, Turns, agree, rows, take_turn
from numpytorch import nn
from numpytorch._types import Array


def test_a_side_is_summed_up_by_its_median_its_percentiles_and_the_ratio_of_medians() -> None:
    ours, theirs = rows({"ours": [0.004, 0.001, 0.002], "theirs": [0.003, 0.005, 0.004, 0.1]}, "theirs", 1e3)
    assert (ours.median, ours.repeats) == (2.0, 3)
    assert (ours.low, ours.high) == pytest.approx((1.2, 3.6))
    assert theirs.median == pytest.approx(4.5)
    assert ours.ratio == pytest.approx(2 / 4.5)
    assert theirs.ratio == 1.0


def test_without_the_base_there_is_no_ratio() -> None:
    assert rows({"ours": [1.0]}, "theirs", 1.0)[0].ratio is None


A = np.array([1.0, -4.0])


@pytest.mark.parametrize(
    ("theirs", "said"),
    [
        ({"dx": A + 0.005}, "difference of 0.005"),
        ({"dx": A * np.nan}, "difference of nan"),
        ({"dx": A[:, None]}, r"\(2,\) of ours, \(2, 1\)"),
        ({"dy": A}, r"expected \['dx'\] from theirs"),
    ],
)
def test_sides_that_disagree_are_an_error(theirs: dict[str, Array], said: str) -> None:
    with pytest.raises(DisagreementError, match=said):
        agree("case", {"ours": {"dx": A}, "theirs": theirs}, 1e-3)


def test_a_difference_counts_as_a_share_of_the_largest_entry() -> None:
    agree("case", {"ours": {"dx": A}, "theirs": {"dx": A + 0.0039}}, 1e-3)


def test_a_turn_is_calls_that_are_not_timed_then_one_at_least_and_more_while_there_is_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[None] = []
    monkeypatch.setattr("benchmarks.turns.time.perf_counter", itertools.count().__next__)  # a look takes a second
    assert take_turn(lambda: calls.append(None), untimed=0.5, seconds=0.0) == [1]
    assert len(calls) == 1
    assert take_turn(lambda: calls.append(None), untimed=2.5, seconds=2.5) == [1, 1, 1]
    assert len(calls) == 1 + 2 + 3


def test_sides_take_turns_in_processes_of_their_own_an_absent_library_is_listed_and_disagreement_stops_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mygrad.py").write_text('raise ModuleNotFoundError("No module named mygrad", name="mygrad")\n', "utf-8")
    monkeypatch.syspath_prepend(tmp_path)  # processes that start from here have this path
    two = Side("two", "ours", {"kind": "multiply"}, {"OPENBLAS_NUM_THREADS": "1"})
    sides = [Side("one", "ours"), two, Side("MyGrad", "mygrad")]
    with Turns(sides, settle=0.0) as turns:
        case = turns.case("multiply", "chain", {"kind": "multiply"}, base="one", unit="us/op", scale=100, turns=2)
        assert [row.name for row in case.rows] == ["one", "two"]
        assert all(row.repeats >= 2 and 0 < row.low <= row.median <= row.high for row in case.rows)
        assert turns.absent == {"MyGrad": "mygrad is not installed"}
        assert "numpytorch " in turns.versions()["two"]
        assert "openblas 2" not in turns.versions()["two"]
        with pytest.raises(DisagreementError, match="gradient 0 of two"):
            turns.case("chains of two kinds", "chain", {"kind": "mixed"}, base="one")
    with pytest.raises(RuntimeError, match=r"one:\n(.|\n)*KeyError"), Turns([Side("one", "ours")]) as turns:
        turns.case("no such layers", "cnn_step", {"n": 1, "layers": "none"}, base="one")


def test_the_slope_of_a_cost_that_grows_with_the_square_is_two() -> None:
    xs = (2, 4, 8, 16)
    along = [Case(title="", unit="ms", base="us", rows=rows({"us": [3.0 * x * x]}, "us", 1.0)) for x in xs]
    (slope,) = slopes_of("batch", xs, along)
    assert slope.slope == pytest.approx(2.0)
    assert (slope.xs, slope.medians) == ([2.0, 4.0, 8.0, 16.0], [12.0, 48.0, 192.0, 768.0])


def _result() -> Result:
    entry = Entry("toy", "A toy", "none:none")
    measured = rows({"ours": [0.00123456, 0.00123456], "PyTorch": [0.002]}, "PyTorch", 1e3)
    case = Case(title="toy", unit="ms", base="PyTorch", rows=measured)
    return result(entry, [case], notes=["a note"], absent={"DeZero": "it is not installed"})


def test_a_result_is_kept_as_json_and_read_again(tmp_path: Path) -> None:
    kept = _result()
    save(kept, tmp_path)
    read = load("toy", tmp_path)
    assert read is not None
    assert read.cases[0].rows[0].median == 1.2346
    assert msgspec.structs.replace(read, cases=[], machine=kept.machine) == msgspec.structs.replace(kept, cases=[])
    assert load("nothing", tmp_path) is None


def test_a_table_names_medians_spread_ratio_what_is_absent_and_the_machine() -> None:
    text = table.markdown(_result())
    assert "| ours | 1.23 | 1.23 to 1.23 | 2 | 0.62 |" in text
    assert "| PyTorch | 2 | one | 1 | 1.00 |" in text
    assert "- Absent: DeZero: it is not installed.\n" in text
    assert f"NumPy {np.__version__}" in text


def test_what_a_gpu_measured_is_in_the_tables(tmp_path: Path) -> None:
    entry = ENTRIES["cuda"]
    assert "Not measured: it needs an NVIDIA GPU" in table.made_part([entry], tmp_path)
    layer, device = Layer(256, 64, 128, 28), Device("a GPU", 6e13, 12080)
    at_peak = layer.operations / device.peak
    cases = [
        shared(timed(f"{name}: {layer.shapes}", {"numpytorch": [2 * at_peak], "PyTorch": [4 * at_peak]}), at_peak * 1e3)
        for name in ("forward", "gradient of input")
    ]
    cases.append(timed("CNN training step, N = 256", {"numpytorch": [0.003], "PyTorch": [0.002]}))
    save(record(entry, cases, device, {"PyTorch": "PyTorch 2.13, cuDNN 9"}), tmp_path)
    text = table.made_part([entry], tmp_path)
    assert "| ms | numpytorch | PyTorch | numpytorch / PyTorch | share, numpytorch | share, PyTorch |" in text
    assert f"| forward: {layer.shapes} | 0.851 (one) | 1.7 (one) | 0.50 | 50% | 25% |" in text
    assert "| CNN training step, N = 256 | 3 (one) | 2 (one) | 1.50 |  |  |" in text
    assert "- On a GPU, driver 12080, in float32" in text
    assert "60.0 TFLOP/s" in text
    assert "- PyTorch: PyTorch 2.13, cuDNN 9" in text


def test_an_entry_without_what_it_needs_is_left_out_and_an_error_if_it_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.entries.cuda.there_is_a_gpu", lambda: False)
    monkeypatch.setattr(command, "ENTRIES", {"cuda": ENTRIES["cuda"]})
    monkeypatch.setattr(table, "write_readme", lambda part, path: None)
    monkeypatch.setattr(command, "load", lambda name: None)
    for arguments, status in (["cuda"], 2), ([], 0):
        assert command.main(arguments) == status
        assert capsys.readouterr().err.splitlines()[1] == (
            "benchmarks: cuda was not measured: it needs an NVIDIA GPU that PyTorch and Numba can use."
        )


def test_both_readmes_have_what_the_results_make() -> None:
    parts = {table.README: table.made_part(ENTRIES.values()), summary.README: summary.summary_part()}
    for path, part in parts.items():
        before, between, _ = table.marked(path.read_text("utf-8"))
        assert between == f"\n\n{part}\n", f"{path}: run python -m benchmarks --tables"
        assert before.startswith("# ")


def test_the_main_lines_are_ours_pytorchs_and_the_ratio(tmp_path: Path) -> None:
    assert summary.summary_part(tmp_path) == "Nothing has been measured.\n"
    kept = _result()
    measured = rows({"numpytorch": [0.002], "PyTorch": [0.004]}, "PyTorch", 1e3)
    case = Case(title="mixed", unit="ms", base="PyTorch", rows=measured)
    save(msgspec.structs.replace(kept, entry="chain", cases=[case]), tmp_path)
    text = summary.summary_part(tmp_path)
    assert "| a small operation, forward and backward | 2 ms | 4 ms | 0.50 |" in text
    assert f"{kept.machine.cores} cores." in text


def test_the_part_of_a_readme_is_written_between_its_marks(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_text(f"before\n{table.BEGIN}\nold\n{table.END}\nafter\n", "utf-8")
    table.write_readme("new\n", path)
    assert path.read_text("utf-8") == f"before\n{table.BEGIN}\n\nnew\n\n{table.END}\nafter\n"
    with pytest.raises(ValueError, match="found none"):
        table.marked("no marks")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text[:40], "truncated"),
        (lambda text: text.replace('"entry"', '"entries"'), "required field `entry`"),
        (lambda text: text.replace("benchmark/1", "benchmark/9"), "numpytorch/benchmark/9"),
        (lambda text: text.replace('"rows": [', '"rows": [], "others": ['), "length >= 1"),
    ],
)
def test_a_result_that_cannot_be_read_is_one_sentence_and_nothing_is_written(
    change: Callable[[str], str],
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = save(_result(), tmp_path)
    path.write_text(change(path.read_text("utf-8")), "utf-8")
    monkeypatch.setattr(command, "load", lambda name: load(_result().entry, tmp_path))
    monkeypatch.setattr(table, "write_readme", lambda part, path: pytest.fail("it was written"))
    assert command.main(["--tables"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"benchmarks: {path}: expected what `python -m benchmarks ")
    assert said in line


def test_list_names_every_entry(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(ENTRIES)


def test_an_unknown_entry_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["cnn", "cmn"]) == 2
    assert "no entry 'cmn'. Entries: cnn, " in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["many", "-3"], ["mix", "0"], ["mix", "3", "--ratio-of", "0"]])
def test_a_class_of_nobody_is_wrong_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["classroom", *arguments])
    monkeypatch.setattr(classroom, "many", lambda count, folder: pytest.fail("it ran"))
    monkeypatch.setattr(classroom, "mix", lambda count, folder: pytest.fail("it ran"))
    with pytest.raises(SystemExit) as ended:
        classroom.main()
    assert ended.value.code == 2
    assert "expected a number of at least 1, got" in capsys.readouterr().err


def test_a_run_whose_sides_disagree_ends_with_status_1_and_keeps_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def disagree(entry: Entry) -> Result:
        agree(entry.title, {"ours": {"dx": A}, "theirs": {"dx": -A}}, 1e-3)
        return _result()

    monkeypatch.setitem(ENTRIES, "toy", Entry("toy", "A toy", "steps:toy"))
    monkeypatch.setattr("benchmarks.entries.steps.toy", disagree, raising=False)
    monkeypatch.setattr(command, "save", lambda result: pytest.fail("it was kept"))
    assert command.main(["toy"]) == 1
    assert "expected dx of theirs within" in capsys.readouterr().err


def test_every_entry_has_its_function() -> None:
    for entry in ENTRIES.values():
        module, name = entry.function.split(":")
        assert callable(getattr(importlib.import_module(f"benchmarks.entries.{module}"), name))


def test_the_lessons_loops_compute_what_the_layers_compute() -> None:
    rng = np.random.default_rng(0)
    fast = nn.Sequential(nn.Conv2d(2, 3, 3), nn.MaxPool2d(2, 2))
    slow = nn.Sequential(loops.Conv2d(2, 3, 3), loops.MaxPool2d(2, 2))
    for a, b in zip(slow.parameters(), fast.parameters(), strict=True):
        b.arr[...] = rng.standard_normal(b.shape)
        a.arr[...] = b.arr
    x, upstream = rng.standard_normal((2, 2, 7, 9)), rng.standard_normal((2, 3, 2, 3))
    inputs = [npt.Tensor(x, requires_grad=True) for _ in range(2)]
    outputs = [model(leaf) for model, leaf in zip((slow, fast), inputs, strict=True)]
    np.testing.assert_allclose(outputs[0].arr, outputs[1].arr, rtol=1e-12)
    for y in outputs:
        y.backward(upstream)
    leaves = [[leaf, *model.parameters()] for leaf, model in zip(inputs, (slow, fast), strict=True)]
    for of_slow, of_fast in zip(*leaves, strict=True):
        assert of_slow.grad is not None
        assert of_fast.grad is not None
        np.testing.assert_allclose(of_slow.grad, of_fast.grad, rtol=1e-10, atol=1e-12)
