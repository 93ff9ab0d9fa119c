"""The sample notebook runs from top to bottom, and shows what it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest

NOTEBOOK = Path(__file__).parents[2] / "docs" / "notebook.ipynb"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("notebook")


@pytest.fixture(scope="module")
def outputs(folder: Path) -> list[str]:
    """What each cell of code printed and showed."""
    notebook = nbformat.reads(NOTEBOOK.read_text("utf-8"), as_version=4)  # type: ignore[no-untyped-call] # it has no types
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
    return [told(cell) for cell in notebook.cells if cell.cell_type == "code"]


def told(cell: Any) -> str:
    found: list[str] = []
    for output in cell.outputs:
        found += [output.text] if output.output_type == "stream" else output.data.values()
    return "\n".join(found)


def test_the_severed_convolution_is_told_so_in_text_and_on_a_page(outputs: list[str]) -> None:
    checked = outputs[2]
    assert "conv2d.forward        passed" in checked
    assert "conv2d.grad_weight    failed" in checked
    assert "no gradient arrives at the weight" in checked
    assert '<iframe srcdoc="' in checked
    assert "&lt;!doctype html&gt;" in checked.lower()


def test_the_call_says_the_same_and_saves_the_file(outputs: list[str], folder: Path) -> None:
    assert outputs[3].splitlines()[-1] == "0.0 of 30.0 points"
    saved = (folder / "assignment.py").read_text("utf-8")
    assert "np.tensordot(windows, self.weight.arr" in saved
    assert "class MaxPool2d" in saved
