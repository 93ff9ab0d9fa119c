"""The subset that ships, and the script that made it."""

import hashlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from numpytorch.data import DataError, mnist

from .digits import images, write_digits

DATA = Path(__file__).resolve().parents[2] / "data"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_subset", DATA / "make_subset.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_subset_has_as_many_digits_of_each_class() -> None:
    train, held_out = mnist()
    assert np.bincount(train.labels).tolist() == [500] * 10
    assert np.bincount(held_out.labels).tolist() == [100] * 10


def test_the_files_are_those_of_the_checksums() -> None:
    lines = (DATA / "mnist" / "SHA256SUMS").read_text(encoding="ascii").splitlines()
    listed = {name: digest for digest, name in (line.split("  ") for line in lines)}
    files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (DATA / "mnist").glob("*.gz")}
    assert len(files) == 4
    assert listed == files


def test_the_subset_weighs_less_than_a_megabyte() -> None:
    assert sum(path.stat().st_size for path in (DATA / "mnist").iterdir()) < 1_000_000


def test_every_image_is_a_different_one() -> None:
    train, held_out = mnist()
    pixels = np.concatenate([train.images, held_out.images]).reshape(6000, -1)
    assert len(np.unique(pixels, axis=0)) == 6000


def test_the_order_is_shuffled_so_that_any_part_is_nearly_balanced() -> None:
    train, _ = mnist()
    for part in train.labels.reshape(5, 1000):
        counts = np.bincount(part, minlength=10)
        assert counts.min() > 70
        assert counts.max() < 130


def test_the_script_takes_as_many_of_each_class_shuffled_and_keeps_labels_with_images(
    script: ModuleType, tmp_path: Path
) -> None:
    checksums = write_digits(tmp_path / "full")
    script.make_subset(
        tmp_path / "full", tmp_path / "part", train_per_class=2, held_out_per_class=1, checksums=checksums
    )
    train, held_out = mnist(tmp_path / "part")
    assert np.bincount(train.labels).tolist() == [2] * 10
    assert np.bincount(held_out.labels).tolist() == [1] * 10
    assert train.labels.tolist() != sorted(train.labels.tolist())
    for dataset, source in ((train, images(30)), (held_out, images(20))):
        rows = [int(np.flatnonzero((source == image).all(axis=(1, 2)))[0]) for image in dataset.images]
        assert len(set(rows)) == len(rows)
        assert rows != sorted(rows)
        assert [row % 10 for row in rows] == dataset.labels.tolist()


def test_the_script_gives_the_same_bytes_each_time_and_others_for_another_seed(
    script: ModuleType, tmp_path: Path
) -> None:
    checksums = write_digits(tmp_path / "full")
    made: list[str] = []
    for name, seed in (("one", 0), ("two", 0), ("other", 1)):
        script.make_subset(
            tmp_path / "full",
            tmp_path / name,
            train_per_class=2,
            held_out_per_class=1,
            seed=seed,
            checksums=checksums,
        )
        made.append((tmp_path / name / "SHA256SUMS").read_text())
    assert made[0] == made[1]
    assert made[0] != made[2]


def test_the_script_refuses_a_set_that_is_not_the_full_one(script: ModuleType, tmp_path: Path) -> None:
    write_digits(tmp_path / "full")
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz: expected content of SHA-256 ba891046"):
        script.make_subset(tmp_path / "full", tmp_path / "part")
    assert not (tmp_path / "part").exists()


def test_the_script_refuses_a_class_that_is_too_small(script: ModuleType, tmp_path: Path) -> None:
    checksums = write_digits(tmp_path / "full")
    with pytest.raises(DataError, match=r"expected at least 4 digits 0, got 3\."):
        script.make_subset(tmp_path / "full", tmp_path / "part", train_per_class=4, checksums=checksums)


def test_the_command_leaves_with_what_is_wrong(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["make_subset.py", str(tmp_path / "missing")])
    with pytest.raises(SystemExit) as caught:
        script.main()
    assert str(caught.value).startswith(f"{tmp_path / 'missing'}: expected MNIST's four files")
