"""mnist(): where it looks, and what it says when the files there are wrong."""

from pathlib import Path

import numpy as np
import pytest

from numpytorch.data import DataError, mnist, write_idx
from numpytorch.data.files import cache_folder, shipped_folder
from numpytorch.data.mnist import load_mnist

from .digits import images, labels, write_digits
from .mirror import mirror


def test_without_arguments_it_is_the_subset_that_ships() -> None:
    train, held_out = mnist()
    assert (len(train), len(held_out)) == (5000, 1000)


@pytest.mark.parametrize("suffix", [".gz", ""], ids=["compressed", "raw"])
@pytest.mark.parametrize("stop", ["-", "."], ids=["-idx", ".idx"])
def test_a_folder_may_hold_any_spelling_of_the_names(tmp_path: Path, suffix: str, stop: str) -> None:
    write_digits(tmp_path, suffix=suffix, stop=stop)
    train, held_out = mnist(tmp_path)
    np.testing.assert_array_equal(train.images, images(30))
    np.testing.assert_array_equal(held_out.images, images(20))
    np.testing.assert_array_equal(held_out.labels, labels(20))


def test_a_folder_may_be_text(tmp_path: Path) -> None:
    write_digits(tmp_path)
    assert len(mnist(str(tmp_path))[0]) == 30


def test_the_environment_names_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_digits(tmp_path)
    monkeypatch.setenv("NUMPYTORCH_DATA", str(tmp_path))
    assert len(mnist()[0]) == 30


def test_an_empty_environment_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMPYTORCH_DATA", "")
    assert len(mnist()[0]) == 5000


def test_the_argument_wins_over_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_digits(tmp_path)
    monkeypatch.setenv("NUMPYTORCH_DATA", str(tmp_path / "missing"))
    assert len(mnist(tmp_path)[0]) == 30


def test_the_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_digits(tmp_path / "digits")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert len(mnist("~/digits")[0]) == 30


def test_a_wheel_carries_the_subset_inside_the_package(tmp_path: Path) -> None:
    package = tmp_path / "numpytorch" / "data"
    assert shipped_folder(package) == tmp_path / "data" / "mnist"
    (package / "_mnist").mkdir(parents=True)
    assert shipped_folder(package) == package / "_mnist"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("HOME", "USERPROFILE", "LOCALAPPDATA", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    return tmp_path / "home"


def test_a_download_without_a_folder_goes_to_the_cache_of_the_user(tmp_path: Path, home: Path) -> None:
    checksums = write_digits(tmp_path / "web")
    with mirror(tmp_path / "web") as web:
        train, held_out = load_mnist(None, download=True, mirrors=[web.url], checksums=checksums)
    assert (len(train), len(held_out)) == (30, 20)
    assert cache_folder().is_relative_to(home)
    assert len(list(cache_folder().iterdir())) == 4


def test_a_download_goes_to_the_folder_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checksums = write_digits(tmp_path / "web")
    monkeypatch.setenv("NUMPYTORCH_DATA", str(tmp_path / "new"))
    with mirror(tmp_path / "web") as web:
        load_mnist(None, download=True, mirrors=[web.url], checksums=checksums)
    assert len(mnist(tmp_path / "new")[0]) == 30


def test_a_missing_folder_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        mnist(tmp_path / "missing")
    assert str(caught.value) == (
        f"{tmp_path / 'missing'}: expected MNIST's four files, .gz or not, got no folder, so none of "
        "train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte. "
        "Name the folder that holds them, or call mnist(folder, download=True)."
    )


def test_all_missing_files_are_named_at_once(tmp_path: Path) -> None:
    write_digits(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte.gz").unlink()
    (tmp_path / "t10k-images-idx3-ubyte.gz").unlink()
    with pytest.raises(DataError, match=r"a folder without train-labels-idx1-ubyte, t10k-images-idx3-ubyte\. "):
        mnist(tmp_path)


def test_a_truncated_file_is_named(tmp_path: Path) -> None:
    write_digits(tmp_path)
    path = tmp_path / "t10k-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError) as caught:
        mnist(tmp_path)
    assert str(caught.value).startswith(f"{path}: expected whole gzip content")


def test_labels_outside_0_to_9_are_refused(tmp_path: Path) -> None:
    write_digits(tmp_path)
    wrong = labels(30)
    wrong[17] = 12
    write_idx(tmp_path / "train-labels-idx1-ubyte.gz", wrong)
    with pytest.raises(DataError, match=r"train-labels-idx1-ubyte\.gz: expected labels 0 to 9, got 12 at row 17\."):
        mnist(tmp_path)


def test_labels_of_another_set_are_refused(tmp_path: Path) -> None:
    write_digits(tmp_path)
    write_idx(tmp_path / "train-labels-idx1-ubyte.gz", labels(20))
    with pytest.raises(DataError, match="expected one label an image, got 30 images and 20 labels"):
        mnist(tmp_path)


def test_images_of_another_size_are_refused(tmp_path: Path) -> None:
    write_digits(tmp_path)
    write_idx(tmp_path / "t10k-images-idx3-ubyte.gz", np.zeros((20, 32, 32), np.uint8))
    with pytest.raises(
        DataError, match=r"expected uint8 images of shape \(N, 28, 28\), got uint8 of shape \(20, 32, 32\)"
    ):
        mnist(tmp_path)


def test_images_and_labels_that_changed_places_are_refused(tmp_path: Path) -> None:
    write_digits(tmp_path)
    pixels, classes = tmp_path / "train-images-idx3-ubyte.gz", tmp_path / "train-labels-idx1-ubyte.gz"
    pixels.rename(tmp_path / "held")
    classes.rename(pixels)
    (tmp_path / "held").rename(classes)
    with pytest.raises(DataError) as caught:
        mnist(tmp_path)
    assert str(caught.value).startswith(f"{pixels} and {classes}: expected uint8 images of shape (N, 28, 28), got")
