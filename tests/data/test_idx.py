"""IDX files: what is written is read again, and everything else is refused."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numpytorch.data import DataError, read_idx, write_idx

ARRAY = np.arange(6, dtype=np.uint8).reshape(2, 3)
CONTENT = bytes.fromhex("00 00 08 02  00 00 00 02  00 00 00 03  00 01 02 03 04 05")


@given(shape=st.lists(st.integers(0, 5), min_size=1, max_size=4), name=st.sampled_from(["a", "a.gz"]))
def test_what_is_written_is_read_again(tmp_path_factory: pytest.TempPathFactory, shape: list[int], name: str) -> None:
    path = tmp_path_factory.mktemp("idx") / name
    array = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    write_idx(path, array)
    again = read_idx(path)
    assert again.dtype == np.uint8
    np.testing.assert_array_equal(again, array, strict=True)


def test_the_bytes_are_those_of_the_format(tmp_path: Path) -> None:
    write_idx(tmp_path / "a", ARRAY)
    assert (tmp_path / "a").read_bytes() == CONTENT


def test_an_array_in_fortran_order_is_written_last_axis_fastest(tmp_path: Path) -> None:
    write_idx(tmp_path / "a", np.asfortranarray(ARRAY))
    assert (tmp_path / "a").read_bytes() == CONTENT


def test_a_compressed_file_holds_no_time_and_no_name(tmp_path: Path) -> None:
    write_idx(tmp_path / "a.gz", ARRAY)
    stored = (tmp_path / "a.gz").read_bytes()
    flags, time, system = stored[3], stored[4:8], stored[9]
    assert (flags, time, system) == (0, b"\0\0\0\0", 255)
    assert gzip.decompress(stored) == CONTENT


def test_what_is_read_cannot_be_changed_by_accident(tmp_path: Path) -> None:
    write_idx(tmp_path / "a", ARRAY)
    with pytest.raises(ValueError, match="read-only"):
        read_idx(tmp_path / "a")[0, 0] = 1


PACKED = gzip.compress(CONTENT, mtime=0)
CORRUPT = {
    "empty": ("a", b"", "got no bytes"),
    "another format": (
        "a",
        b"\x89PNG\r\n",
        "starts with the bytes 00 00, a dtype and a number of axes, got 89 50 4e 47",
    ),
    "first bytes not zero": ("a", b"\1" + CONTENT[1:], "got 01 00 08 02"),
    "unknown dtype": ("a", b"\0\0\x07" + CONTENT[3:], "got 00 00 07 02"),
    "no axes": ("a", b"\0\0\x08\0", "got 00 00 08 00"),
    "floats": (
        "a",
        b"\0\0\x0d" + CONTENT[3:],
        "expected values of dtype uint8 (code 08), got float32 (code 0d)",
    ),
    "header cut short": ("a", CONTENT[:9], "expected a header of 12 bytes, got 9"),
    "values cut short": (
        "a",
        CONTENT[:-2],
        "expected 18 bytes for the shape (2, 3), got 16: the file is cut short",
    ),
    "more after the end": (
        "a",
        CONTENT + b"!",
        "expected 18 bytes for the shape (2, 3), got 19: the file goes on",
    ),
    "compressed, name without .gz": ("a", PACKED, "got 1f 8b 08 00"),
    "name with .gz, not compressed": (
        "a.gz",
        CONTENT,
        "expected gzip content, which starts with the bytes 1f 8b, got 00",
    ),
    "gzip, empty": ("a.gz", b"", "expected gzip content, which starts with the bytes 1f 8b, got no bytes"),
    "gzip, cut short": ("a.gz", PACKED[:-9], "expected whole gzip content"),
    "gzip, wrong check": ("a.gz", PACKED[:-8] + b"\0" * 4 + PACKED[-4:], "CRC"),
    "gzip, damaged": ("a.gz", PACKED[:10] + b"\xff" * 8 + PACKED[18:], "expected whole gzip content"),
    "gzip, more after the end": ("a.gz", PACKED + b"!", "expected whole gzip content"),
    "gzip, content cut short": ("a.gz", gzip.compress(CONTENT[:-2]), "the file is cut short"),
}


@pytest.mark.parametrize(("name", "stored", "message"), CORRUPT.values(), ids=CORRUPT)
def test_a_corrupt_file_is_refused_by_name_and_with_what_was_expected(
    tmp_path: Path, name: str, stored: bytes, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(stored)
    with pytest.raises(DataError) as caught:
        read_idx(path)
    assert str(caught.value).startswith(f"{path}: expected ")
    assert message in str(caught.value)


@given(stored=st.binary(max_size=40) | st.binary(max_size=40).map(lambda tail: b"\0\0\x08" + tail))
def test_any_bytes_are_an_array_or_a_data_error(tmp_path_factory: pytest.TempPathFactory, stored: bytes) -> None:
    path = tmp_path_factory.mktemp("idx") / "a"
    path.write_bytes(stored)
    try:
        array = read_idx(path)
    except DataError:
        return
    assert stored == bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()


def test_a_header_that_claims_more_than_memory_is_refused(tmp_path: Path) -> None:
    # 2^31 * 2^31 * 4 is 0 in 64 bits: the product must not wrap around.
    (tmp_path / "a").write_bytes(bytes.fromhex("00 00 08 03  80 00 00 00  80 00 00 00  00 00 00 04"))
    with pytest.raises(DataError, match=r"shape \(2147483648, 2147483648, 4\), got 16: the file is cut short"):
        read_idx(tmp_path / "a")


@pytest.mark.parametrize("name", ["missing", "missing.gz", "folder"])
def test_what_cannot_be_read_is_a_data_error_too(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(DataError, match="expected a file that can be read") as caught:
        read_idx(tmp_path / name)
    assert str(tmp_path / name) in str(caught.value)


@pytest.mark.parametrize("array", [np.zeros((2, 3)), np.uint8(1) * np.ones((), np.uint8)], ids=["float64", "no axes"])
def test_an_array_that_idx_cannot_hold_is_not_written(tmp_path: Path, array: np.ndarray) -> None:
    with pytest.raises(DataError, match="expected a uint8 array of 1 to 32 axes, got"):
        write_idx(tmp_path / "a", array)
    assert not (tmp_path / "a").exists()
