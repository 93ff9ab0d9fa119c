"""Downloading: mirrors in turn, nothing unverified, nothing half-written. The mirrors run on this machine."""

import _thread
import gzip
import hashlib
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from numpytorch.data import DataError, mnist
from numpytorch.data.download import download_mnist
from numpytorch.data.files import FULL_SHA256, HELD_OUT, TRAIN
from numpytorch.data.idx import write_idx

from .digits import images, write_digits
from .mirror import mirror

NAMES = [f"{name}.gz" for name in (*TRAIN, *HELD_OUT)]


def listing(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}


@pytest.fixture
def web(tmp_path: Path) -> Path:
    return tmp_path / "web"


@pytest.fixture
def here(tmp_path: Path) -> Path:
    return tmp_path / "here"


def test_the_files_of_a_mirror_come_as_they_are(web: Path, here: Path) -> None:
    checksums = write_digits(web)
    with mirror(web) as good:
        download_mnist(here, mirrors=[good.url], checksums=checksums)
    assert good.asked == NAMES
    assert listing(here) == listing(web)
    assert len(mnist(here)[0]) == 30


def test_a_mirror_with_another_gzip_encoder_will_do(web: Path, here: Path) -> None:
    checksums = write_digits(web)
    for path in web.iterdir():
        path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()), compresslevel=1))
    with mirror(web) as good:
        download_mnist(here, mirrors=[good.url], checksums=checksums)
    assert len(mnist(here)[0]) == 30


def test_a_mirror_without_the_file_is_followed_by_the_next(web: Path, here: Path, tmp_path: Path) -> None:
    checksums = write_digits(web)
    with mirror(tmp_path / "nothing") as empty, mirror(web) as good:
        download_mnist(here, mirrors=[empty.url, good.url], checksums=checksums)
    assert empty.asked == good.asked == NAMES
    assert listing(here) == listing(web)


def test_a_mirror_that_is_down_is_followed_by_the_next(web: Path, here: Path) -> None:
    checksums = write_digits(web)
    with mirror(web) as down:
        pass
    with mirror(web) as good:
        download_mnist(here, mirrors=[down.url, good.url], checksums=checksums)
    assert listing(here) == listing(web)


def test_a_mirror_with_other_content_is_followed_by_the_next(web: Path, here: Path, tmp_path: Path) -> None:
    checksums = write_digits(web)
    write_digits(tmp_path / "other")
    write_idx(tmp_path / "other" / NAMES[0], images(31))
    with mirror(tmp_path / "other") as other, mirror(web) as good:
        download_mnist(here, mirrors=[other.url, good.url], checksums=checksums)
    assert good.asked == NAMES[:1]
    assert listing(here) == listing(web)


def test_content_of_another_checksum_is_refused_and_leaves_nothing(web: Path, here: Path) -> None:
    checksums = write_digits(web)
    changed = write_idx_changed(web / NAMES[0])
    with mirror(web) as bad, pytest.raises(DataError) as caught:
        download_mnist(here, mirrors=[bad.url], checksums=checksums)
    assert f"{bad.url}{NAMES[0]}: expected content of SHA-256 {checksums[TRAIN[0]]}, got {changed}" in str(caught.value)
    assert listing(here) == {}


def write_idx_changed(path: Path) -> str:
    """Change the last pixel of a compressed file; return the SHA-256 of the new content."""
    content = bytearray(gzip.decompress(path.read_bytes()))
    content[-1] ^= 1
    path.write_bytes(gzip.compress(bytes(content)))
    return hashlib.sha256(content).hexdigest()


def test_a_page_in_place_of_the_file_is_refused_and_leaves_nothing(web: Path, here: Path) -> None:
    checksums = write_digits(web)
    (web / NAMES[0]).write_bytes(b"<html>Please log in to the campus network</html>")
    with mirror(web) as portal, pytest.raises(DataError, match=r"expected gzip content.*got 3c 68 74 6d"):
        download_mnist(here, mirrors=[portal.url], checksums=checksums)
    assert listing(here) == {}


def test_a_connection_cut_in_the_middle_leaves_nothing(web: Path, here: Path) -> None:
    checksums = write_digits(web)
    size = (web / NAMES[0]).stat().st_size
    with mirror(web, cut=True) as bad, pytest.raises(DataError) as caught:
        download_mnist(here, mirrors=[bad.url], checksums=checksums)
    assert f"expected {size} bytes, got {size // 2}: the connection was cut" in str(caught.value)
    assert listing(here) == {}


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Heed Ctrl-C, which a shell has its background jobs ignore."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_in_the_middle_leaves_nothing(web: Path, here: Path) -> None:
    checksums = write_digits(web)
    with mirror(web, halfway=_thread.interrupt_main) as slow, pytest.raises(KeyboardInterrupt):
        download_mnist(here, mirrors=[slow.url], checksums=checksums)
    assert slow.asked == NAMES[:1]
    assert listing(here) == {}


def test_a_mirror_that_falls_silent_is_given_up(web: Path, here: Path) -> None:
    checksums = write_digits(web)
    given_up = _thread.allocate_lock()
    given_up.acquire()
    with mirror(web, halfway=given_up.acquire) as silent:
        try:
            with pytest.raises(DataError, match="timed out"):
                download_mnist(here, mirrors=[silent.url], checksums=checksums, timeout=0.05)
        finally:
            given_up.release()
    assert listing(here) == {}


def test_when_every_mirror_fails_the_error_names_each_and_says_what_to_do(
    web: Path, here: Path, tmp_path: Path
) -> None:
    checksums = write_digits(web)
    with (
        mirror(tmp_path / "nothing") as empty,
        mirror(web, cut=True) as bad,
        pytest.raises(DataError) as caught,
    ):
        download_mnist(here, mirrors=[empty.url, bad.url], checksums=checksums)
    first, *reasons, last = str(caught.value).splitlines()
    assert first == f"{NAMES[0]}: expected one of 2 mirrors to give the file, got:"
    assert reasons[0] == f"  {empty.url}{NAMES[0]}: expected the file, got HTTP status 404 Not Found."
    assert reasons[1].startswith(f"  {bad.url}{NAMES[0]}: expected ")
    assert last == "Check the network and try again, or copy the file by hand and call mnist(folder)."


@pytest.mark.parametrize("suffix", [".gz", ""], ids=["compressed", "raw"])
@pytest.mark.parametrize("stop", ["-", "."], ids=["-idx", ".idx"])
def test_files_that_are_there_and_right_are_not_fetched_again(web: Path, here: Path, suffix: str, stop: str) -> None:
    write_digits(web)
    checksums = write_digits(here, suffix=suffix, stop=stop)
    before = listing(here)
    with mirror(web) as good:
        download_mnist(here, mirrors=[good.url], checksums=checksums)
    assert good.asked == []
    assert listing(here) == before


def test_a_file_that_is_there_and_cut_short_is_replaced(web: Path, here: Path) -> None:
    checksums = write_digits(web)
    write_digits(here)
    (here / NAMES[2]).write_bytes((web / NAMES[2]).read_bytes()[:50])
    with mirror(web) as good:
        download_mnist(here, mirrors=[good.url], checksums=checksums)
    assert good.asked == [NAMES[2]]
    assert listing(here) == listing(web)


def test_the_verified_file_is_read_where_a_wrong_one_of_another_spelling_lies(web: Path, here: Path) -> None:
    checksums = write_digits(web)
    here.mkdir()
    write_idx(here / TRAIN[0], images(5))
    with mirror(web) as good:
        download_mnist(here, mirrors=[good.url], checksums=checksums)
    assert len(mnist(here)[0]) == 30


def test_a_wrong_file_stays_when_no_mirror_has_the_right_one(web: Path, here: Path) -> None:
    checksums = write_digits(web)
    write_digits(here)
    write_idx(here / NAMES[0], images(5))
    before = listing(here)
    with mirror(web, cut=True) as bad, pytest.raises(DataError):
        download_mnist(here, mirrors=[bad.url], checksums=checksums)
    assert listing(here) == before


def test_a_file_that_cannot_be_put_in_its_place_leaves_no_temporary_one(web: Path, here: Path) -> None:
    checksums = write_digits(web)
    (here / NAMES[0] / "in the way").mkdir(parents=True)
    with mirror(web) as good, pytest.raises(DataError) as caught:
        download_mnist(here, mirrors=[good.url], checksums=checksums)
    assert str(caught.value).startswith(f"{here / NAMES[0]}: expected a place that can be written to, got: ")
    assert [path.name for path in here.iterdir()] == [NAMES[0]]


def test_a_folder_that_is_a_file_is_a_data_error(web: Path, here: Path) -> None:
    checksums = write_digits(web)
    here.write_bytes(b"")
    with mirror(web) as good, pytest.raises(DataError, match="Name another folder"):
        download_mnist(here, mirrors=[good.url], checksums=checksums)


def test_the_checksums_of_the_full_set_cover_its_four_files() -> None:
    assert [f"{name}.gz" for name in FULL_SHA256] == NAMES
