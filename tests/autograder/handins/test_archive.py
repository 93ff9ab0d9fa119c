"""What archives of hand-ins may hold, and what becomes of those that were made to do harm.

Long, for each kind of harm is made here, byte by byte, beside the test of it.
"""

from __future__ import annotations

import io
import lzma
import random
import stat
import struct
import tarfile
import tracemalloc
import zipfile
import zlib

import pytest

from autograder.handins.archive import (
    MAX_DIRECTORY,
    MAX_ENTRIES,
    MAX_PACKED,
    MAX_UNPACKED,
    is_archive,
    open_download,
    unpack,
)
from autograder.submission import SubmissionError
from tests.autograder.handins.build import member, tarred, tarred_members, zipped

LONG = "a" * 60 + "/" + "b" * 70 + "/assignment.py"
FILES = {"assignment.py": "x = 1\n", "folder/helper.py": "y = 2\n", "한글/" + LONG: "z = 3\n"}


def contents(archive: bytes) -> dict[str, bytes]:
    return {"/".join(e.path): e.read(MAX_UNPACKED) for e in unpack(archive, "kim.zip") if e.path[-1] != "."}


def refusal(archive: bytes) -> str:
    with pytest.raises(SubmissionError) as caught:
        unpack(archive, "kim.zip")
    assert str(caught.value).startswith("kim.zip: this archive is not opened: ")
    assert str(caught.value).isprintable()
    return str(caught.value)


def as_bytes(files: dict[str, str]) -> dict[str, bytes]:
    return {name: text.encode() for name, text in files.items()}


def with_names(archive: bytes, old: bytes, new: bytes) -> bytes:
    assert len(old) == len(new)
    return archive.replace(old, new)


def zipped_infos(*infos: tuple[zipfile.ZipInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for info, content in infos:
            archive.writestr(info, content)
    return buffer.getvalue()


def test_a_zip_is_read() -> None:
    assert contents(zipped(FILES)) == as_bytes(FILES)


@pytest.mark.parametrize("compression", ["", "gz", "bz2", "xz"])
@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_a_tar_is_read_however_it_is_compressed_and_names_are_kept(compression: str, form: int) -> None:
    assert contents(tarred(FILES, compression, form)) == as_bytes(FILES)


def test_a_tar_in_the_oldest_form_is_read() -> None:
    short = {"assignment.py": "x = 1\n", "/".join(["c" * 60, "d" * 60]): "2"}
    assert contents(tarred(short, "", tarfile.USTAR_FORMAT)) == as_bytes(short)


def test_a_tar_of_the_present_folder_is_read() -> None:
    folder = member("./", kind=tarfile.DIRTYPE)
    assert contents(tarred_members([(folder, b""), (member("./assignment.py", b"1"), b"1")])) == {"assignment.py": b"1"}


def test_a_folder_in_a_tar_may_say_how_large_it_is() -> None:
    folder = member("hw1/", kind=tarfile.DIRTYPE)
    folder.size = 4096
    header = folder.tobuf(tarfile.USTAR_FORMAT)
    assert contents(header + tarred({"hw1/a.py": "1"})) == {"hw1/a.py": b"1"}


def test_a_tar_with_a_header_that_is_broken_is_refused() -> None:
    archive = tarred({"a.py": "1", "b.py": "2"})
    assert "checksum" in refusal(with_names(archive, b"b.py", b"c.py"))


def test_a_zip_that_was_written_to_a_pipe_is_read() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_args: int) -> int:
            raise OSError("not seekable")

        def tell(self) -> int:
            raise OSError("not seekable")

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("assignment.py", "x = 1\n")
    assert contents(pipe.getvalue()) == {"assignment.py": b"x = 1\n"}


def test_names_that_korean_windows_wrote_are_read() -> None:
    placeholder = b"@@@@/assignment.py"
    archive = with_names(zipped({placeholder.decode(): "1"}), b"@@@@", "민준".encode("euc_kr"))
    assert contents(archive) == {"민준/assignment.py": b"1"}


def test_western_names_without_a_declared_encoding_are_not_taken_for_korean() -> None:
    archive = with_names(zipped({"M@ller/assignment.py": "1"}), b"M@ller", "Müller".encode("cp437"))
    assert contents(archive) == {"Müller/assignment.py": b"1"}


def test_names_are_composed() -> None:
    assert list(contents(zipped({"ko\u0308nig.py": ""}))) == ["k\u00f6nig.py"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../assignment.py", "leads out"),
        ("a/../../assignment.py", "leads out"),
        ("/etc/assignment.py", "absolute"),
        ("C:/assignment.py", "absolute"),
        ("c:assignment.py", "absolute"),
        ("a\\assignment.py", "backslash"),
        ("x/" * 60 + "assignment.py", "deeper"),
        ("x" * 2000 + ".py", "longer"),
    ],
)
def test_names_that_could_lead_anywhere_refuse_the_archive(name: str, said: str) -> None:
    assert said in refusal(zipped({"assignment.py": "", name: ""}))
    assert said in refusal(tarred({"assignment.py": "", name: ""}))


def test_a_name_with_a_nul_byte_refuses_the_archive() -> None:
    assert "NUL" in refusal(with_names(zipped({"assignment.py": "", "evil@.py": ""}), b"evil@", b"evil\0"))


def test_terminal_escapes_in_a_name_are_not_passed_on() -> None:
    assert "\\x1b[2J" in refusal(zipped({"../\x1b[2J.py": ""}))


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        (stat.S_IFLNK, "link"),
        (stat.S_IFIFO, "device"),
        (stat.S_IFCHR, "device"),
        (stat.S_IFBLK, "device"),
        (stat.S_IFSOCK, "device"),
    ],
)
def test_a_zip_with_links_or_devices_is_refused(mode: int, said: str) -> None:
    info = zipfile.ZipInfo("assignment.py")
    info.external_attr = (mode | 0o777) << 16
    assert said in refusal(zipped_infos((info, b"/etc/passwd")))


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (tarfile.SYMTYPE, "link"),
        (tarfile.LNKTYPE, "link"),
        (tarfile.CHRTYPE, "device"),
        (tarfile.BLKTYPE, "device"),
        (tarfile.FIFOTYPE, "device"),
        (b"D", "no plain file"),
    ],
)
def test_a_tar_with_links_or_devices_is_refused(kind: bytes, said: str) -> None:
    odd = member("assignment.py", kind=kind, to="/etc/passwd")
    assert said in refusal(tarred_members([(odd, b""), (member("b.py"), b"")]))


def test_a_tar_with_holes_is_refused() -> None:
    info = member("assignment.py", b"1")
    info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.realsize": str(1 << 50)}
    assert "sparse" in refusal(tarred_members([(info, b"1")]))


def test_an_encrypted_zip_is_refused() -> None:
    archive = bytearray(zipped({"assignment.py": "1"}))
    archive[6] |= 1
    archive[archive.index(b"PK\1\2") + 8] |= 1
    assert "it is encrypted" in refusal(bytes(archive))


def test_another_compression_than_students_use_is_refused() -> None:
    info = zipfile.ZipInfo("assignment.py")
    info.compress_type = zipfile.ZIP_LZMA
    assert "compressed in a way" in refusal(zipped_infos((info, b"1" * 100)))


@pytest.mark.parametrize("pack", [zipped, tarred])
@pytest.mark.parametrize(
    "other", ["Assignment.py", "ASSIGNMENT.PY", "assıgnment.py", "ａssignment.py", "assignment.py."]
)
def test_names_that_a_file_system_may_take_for_one_refuse_the_archive(pack: object, other: str) -> None:
    files = {"assignment.py": "1", other: "2"}
    archive = zipped(files) if pack is zipped else tarred(files)
    if other in {"assıgnment.py", "assignment.py."}:  # are names of their own
        assert len(contents(archive)) == 2
    else:
        assert "twice" in refusal(archive)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_comes_twice_refuses_the_archive() -> None:
    assert "twice" in refusal(zipped_infos((zipfile.ZipInfo("a.py"), b"1"), (zipfile.ZipInfo("a.py"), b"2")))
    assert "twice" in refusal(tarred_members([(member("a.py", b"1"), b"1"), (member("a.py", b"2"), b"2")]))


@pytest.mark.parametrize("compression", ["gz", "bz2", "xz"])
def test_a_tar_bomb_is_refused_before_it_goes_off(compression: str) -> None:
    bomb = tarred({"assignment.py": "x = 1\n", "bomb": bytes(40 << 20)}, compression)
    tracemalloc.start()
    try:
        assert "expands" in refusal(bomb)
        assert tracemalloc.get_traced_memory()[1] < 40 << 20
    finally:
        tracemalloc.stop()


def test_a_zip_bomb_is_refused_before_it_goes_off() -> None:
    """43 kB that are 42 MB."""
    bomb = zipped({"assignment.py": "x = 1\n", "bomb": bytes(42 << 20)})
    assert len(bomb) < 44_000
    tracemalloc.start()
    try:
        assert "expands" in refusal(bomb)
        assert tracemalloc.get_traced_memory()[1] < 30 << 20
    finally:
        tracemalloc.stop()


def test_many_files_that_are_small_each_are_counted_together() -> None:
    assert "expands" in refusal(zipped({f"{i}.bin": bytes(1 << 20) for i in range(20)}))


def test_spaces_are_no_bomb() -> None:
    assert contents(zipped({"assignment.py": " " * (1 << 20)})) == {"assignment.py": b" " * (1 << 20)}


def overlapping(count: int) -> bytes:
    """A zip whose directory names one compressed kernel over and over (Fifield 2019)."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    kernel = packer.compress(bytes(1 << 20)) + packer.flush()
    names = [f"{i:03d}.py".encode() for i in range(count)]
    crc = zlib.crc32(bytes(1 << 20))
    sizes = struct.pack("<III", crc, len(kernel), 1 << 20)
    local = b"".join(
        b"PK\3\4" + struct.pack("<HHHHH", 20, 0, 8, 0, 33) + sizes + struct.pack("<HH", len(n), 0) + n for n in names
    )
    step = 30 + len(names[0])
    directory = b"".join(
        b"PK\1\2" + struct.pack("<HHHHHH", 20, 20, 0, 8, 0, 33) + sizes
        + struct.pack("<HHHHHII", len(n), 0, 0, 0, 0, 0, i * step) + n
        for i, n in enumerate(names)
    )  # fmt: skip
    body = local + kernel
    return body + directory + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), len(body), 0)


def test_entries_that_share_bytes_refuse_the_archive() -> None:
    assert "shares its bytes" in refusal(overlapping(3))
    assert "shares its bytes" in refusal(overlapping(3000))


def test_too_many_entries_refuse_the_archive() -> None:
    files = {f"{i}": "" for i in range(MAX_ENTRIES + 1)}
    assert str(MAX_ENTRIES) in refusal(zipped(files))
    assert str(MAX_ENTRIES) in refusal(tarred(files, "gz"))
    del files["0"]
    assert len(contents(zipped(files))) == MAX_ENTRIES


def test_a_huge_directory_is_not_even_read(monkeypatch: pytest.MonkeyPatch) -> None:
    archive = zipped({f"{i:0200d}": "" for i in range(MAX_DIRECTORY // 240)})
    monkeypatch.setattr(zipfile, "ZipFile", None)
    assert "directory" in refusal(archive)


def test_zip64_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    archive = zipped({"assignment.py": "1"})
    end = archive.rindex(b"PK\5\6")
    far = b"PK\6\6" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, 1 << 40, 1 << 40, 1 << 40, 0)
    lie = archive[:end] + far + b"PK\6\7" + struct.pack("<IQI", 0, end, 1) + archive[end:]
    monkeypatch.setattr(zipfile, "ZipFile", None)
    assert "directory" in refusal(lie)


def test_a_size_that_is_claimed_too_small_is_found_out() -> None:
    archive = bytearray(zipped({"assignment.py": "x" * 1000}))
    for at in (22, archive.index(b"PK\1\2") + 24):
        archive[at : at + 4] = struct.pack("<I", 10)
    assert "could not be unpacked" in refusal(bytes(archive))


def test_a_size_that_is_claimed_too_large_is_found_out() -> None:
    archive = bytearray(zipped({"assignment.py": "x" * 1000}))
    for at in (22, archive.index(b"PK\1\2") + 24):
        archive[at : at + 4] = struct.pack("<I", 2000)
    assert "could not be unpacked" in refusal(bytes(archive))


def test_a_checksum_that_is_wrong_is_found_out() -> None:
    archive = zipped({"a.py": random.Random(0).randbytes(100)})
    at = 30 + len("a.py") + 20
    broken = archive[:at] + bytes([archive[at] ^ 1]) + archive[at + 1 :]
    assert "could not be unpacked" in refusal(broken)


@pytest.mark.parametrize("compression", ["", "gz", "bz2", "xz"])
def test_a_tar_that_is_cut_off_anywhere_is_refused(compression: str) -> None:
    archive = tarred({"assignment.py": random.Random(0).randbytes(3000)}, compression)
    end = len(archive) if compression else 512 + 3072 + 512  # what follows is padding
    for stop in (*range(1, end, 97), min(512 + 3072, end - 2), end - 1):
        refusal(archive[:stop])


def test_a_zip_that_is_cut_off_anywhere_is_refused() -> None:
    archive = zipped({"assignment.py": random.Random(0).randbytes(3000)})
    for stop in range(0, len(archive), 31):
        refusal(archive[:stop])


def test_bytes_that_flip_never_raise_anything_else() -> None:
    chance = random.Random(0)
    for archive in (zipped(FILES), tarred(FILES), tarred(FILES, "gz"), tarred(FILES, "", tarfile.GNU_FORMAT)):
        for _ in range(300):
            flipped = bytearray(archive)
            for _ in range(3):
                flipped[chance.randrange(min(len(flipped), 4000))] = chance.randrange(256)
            try:
                unpack(bytes(flipped), "kim.zip")
            except SubmissionError as error:
                assert str(error).isprintable()  # noqa: PT017 (either outcome will do)


def test_what_follows_a_compressed_stream_refuses_the_archive() -> None:
    assert "after its end" in refusal(tarred({"a.py": "1"}, "gz") * 2)


def test_a_dictionary_larger_than_memory_is_not_allocated() -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 30, "preset": 0, "mf": lzma.MF_HC3, "mode": lzma.MODE_FAST}]
    packer = lzma.LZMACompressor(lzma.FORMAT_XZ, filters=filters)
    archive = packer.compress(tarred({"a.py": "1"})) + packer.flush()
    assert "broken" in refusal(archive)


def test_an_extended_header_takes_time_linear_in_its_size() -> None:
    """Digits without end: what a pattern that backtracks takes hours for."""
    for size in (1 << 19, 2 << 20):
        digits = b"1" * size
        header = member("a.py", digits, kind=tarfile.XHDTYPE)
        assert "extended header" in refusal(tarred_members([(header, digits)], form=tarfile.USTAR_FORMAT))


def test_an_archive_that_is_too_large_is_not_looked_at() -> None:
    assert str(MAX_PACKED) in refusal(b"PK\3\4" + bytes(MAX_PACKED))


@pytest.mark.parametrize(
    "content", [b"", b"\0" * 1024, b"Rar!\x1a\x07\0", b"7z\xbc\xaf'\x1c", b"x = 1\n", b"PK", b"BZh9"]
)
def test_what_is_no_archive_is_refused(content: bytes) -> None:
    refusal(content)


@pytest.mark.parametrize("name", ["a.zip", "A.ZIP", "a.tar", "a.tar.gz", "a.tgz", "a.tar.bz2", "a.tar.xz"])
def test_archives_are_known_by_their_names(name: str) -> None:
    assert is_archive(name)


@pytest.mark.parametrize("name", ["a.py", "zip", "a.gz", "a.rar", "a.7z"])
def test_other_files_are_not(name: str) -> None:
    assert not is_archive(name)


def test_a_bad_file_in_a_download_leaves_the_others() -> None:
    files = {"kim.py": "1", "../lee.py": "2", "park.py": "3"}
    for archive in (zipped(files), tarred(files, "gz")):
        found = {e.origin: e for e in open_download(io.BytesIO(archive), "hw1.zip")}
        assert found["kim.py"].read(10) == b"1"
        assert found["park.py"].read(10) == b"3"
        with pytest.raises(SubmissionError, match="leads out"):
            found["../lee.py"].read(10)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_comes_twice_in_a_download_is_nobodys_choice() -> None:
    archive = zipped_infos((zipfile.ZipInfo("a.py"), b"1"), (zipfile.ZipInfo("a.py"), b"2"))
    assert ["twice" in e.refusal for e in open_download(io.BytesIO(archive), "hw1.zip")] == [True, True]


@pytest.mark.parametrize("content", [b"", b"no archive", zipped({"a.py": "1"})[:-30], tarred({"a": "1"}, "gz")[:-30]])
def test_a_download_that_is_broken_says_what_to_do(content: bytes) -> None:
    with pytest.raises(SubmissionError, match=r"hw1\.zip.*Unpack it"):
        open_download(io.BytesIO(content), "hw1.zip")


def test_more_bytes_than_asked_for_are_an_error_not_a_cut() -> None:
    (e,) = unpack(zipped({"a.py": "x" * 11}), "kim.zip")
    assert e.read(11) == b"x" * 11
    with pytest.raises(SubmissionError, match="at most 10"):
        e.read(10)
