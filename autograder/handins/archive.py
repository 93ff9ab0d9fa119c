"""Archives, zip and tar, read in memory: nothing is written to disk, and nothing that a header claims is believed.

`unpack` is for what a student handed in: one thing wrong with it, and all of it is refused. `open_download` is for what
an LMS packed: a bad file in it stays that file's problem.
"""

from __future__ import annotations

import bz2
import io
import lzma
import stat
import struct
import zipfile
import zlib
from collections import Counter
from dataclasses import replace
from functools import partial
from itertools import islice, pairwise
from typing import TYPE_CHECKING, BinaryIO, Protocol

from autograder.handins.entry import Entry, entry, printable, same_name
from autograder.handins.tar import ArchiveError, looks_like_tar, tar_entries
from autograder.submission import HAND_IN, SubmissionError
from autograder.words import _

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tbz", ".tar.xz", ".txz")
"""The archives that are read. Names say what somebody handed in; bytes say how to read it."""

MAX_PACKED = 32 << 20
MAX_UNPACKED = 128 << 20
MAX_RATIO = 200
MAX_ENTRIES = 4000
MAX_DIRECTORY = 1 << 20
"""Limits of one hand-in's archive. The ratio is looked at past the first 4 MiB: 1 MiB of spaces is nobody's attack."""

_FREE = 4 << 20
_BLOCK = 512
_MAX_TAR_DOWNLOAD = 1 << 30


class _Decompressor(Protocol):
    """What the decompressors of zlib, bz2 and lzma have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


_STREAMS: dict[bytes, Callable[[], _Decompressor]] = {
    b"\x1f\x8b": lambda: zlib.decompressobj(31),  # 31: a gzip header, and the largest window
    b"BZh": bz2.BZ2Decompressor,
    b"\xfd7zXZ\0": lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=128 << 20),
}
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    OverflowError,
    ValueError,  # names that are not in the encoding that they declare
    NotImplementedError,
    RuntimeError,  # encryption
)


def is_archive(name: str) -> bool:
    """Tell whether a file of that name is an archive of a kind that is read."""
    return name.lower().endswith(SUFFIXES)


def unpack(content: bytes, origin: str) -> list[Entry]:
    """Return the files of a hand-in's archive, all of them read. Raises SubmissionError, with `origin`, if refused.

    Refused are: names that are absolute, lead out, or differ by case or Unicode form alone; links and devices;
    encryption; entries that overlap; more than the limits above, counted on what really comes out; and what is cut off
    or broken.
    """
    try:
        if len(content) > MAX_PACKED:
            raise ArchiveError(_("it has more than {limit} bytes", limit=MAX_PACKED))
        return _unpacked(content, origin, min(MAX_UNPACKED, _FREE + MAX_RATIO * len(content)))
    except (ArchiveError, SubmissionError) as error:
        why = str(error)
    except _BROKEN as error:
        why = _("it is broken ({error})", error=printable(str(error)))
    raise SubmissionError(
        _(
            "{path}: this archive is not opened: {why}. Hand in {name} itself, or a new zip of it.",
            path=origin,
            why=why.removesuffix("."),
            name=HAND_IN,
        )
    )


def _unpacked(content: bytes, origin: str, budget: int) -> list[Entry]:
    """Return the entries, holding what they hold; expand no more than `budget` bytes in all."""
    found = _zip_entries(_opened(content)) if _is_zip(content) else _tar(content, budget, MAX_ENTRIES + 1)
    if len(found) > MAX_ENTRIES:
        raise ArchiveError(_("it holds more than {limit} files", limit=MAX_ENTRIES))
    seen: set[str] = set()
    read = []
    for e in found:
        if e.refusal:
            raise ArchiveError(f"{e.origin}: {e.refusal}")
        if (name := same_name(e.origin)) in seen:
            raise ArchiveError(_("it holds {name} twice, or two names that differ in their case alone", name=e.origin))
        seen.add(name)
        inside = e.source(budget + 1)
        budget -= len(inside)
        if budget < 0:
            raise _too_large()
        read.append(replace(e, origin=f"{origin}/{e.origin}", source=partial(_first, inside)))
    return read


def _first(content: bytes, limit: int) -> bytes:
    return content[:limit]


def _too_large() -> ArchiveError:
    return ArchiveError(
        _(
            "it expands to more than {limit} bytes, or to more than {ratio} times its size",
            limit=MAX_UNPACKED,
            ratio=MAX_RATIO,
        )
    )


def open_download(file: BinaryIO, origin: str) -> list[Entry]:
    """Return the files of an archive that holds many hand-ins; read from `file`, which must stay open, when asked for.

    Raises SubmissionError if it is no archive, or broken as a whole.
    """
    try:
        start = file.read(_BLOCK)
        file.seek(0)
        if _is_zip(start):
            return _zip_entries(zipfile.ZipFile(file))
        content = file.read(_MAX_TAR_DOWNLOAD + 1)
        if len(content) <= _MAX_TAR_DOWNLOAD:
            return _tar(content, _MAX_TAR_DOWNLOAD, None)
        raise ArchiveError(_("it is too large to be read without unpacking it"))
    except ArchiveError as error:
        why = str(error)
    except _BROKEN as error:
        why = _("it is broken ({error})", error=printable(str(error)))
    raise SubmissionError(
        _("{path}: this archive is not opened: {why}. Unpack it, and name the folder instead.", path=origin, why=why)
    )


def _is_zip(content: bytes) -> bool:
    return content.startswith((b"PK\3\4", b"PK\5\6"))


def _opened(content: bytes) -> zipfile.ZipFile:
    """Open a zip, once its directory is known to be of a size that is worth reading."""
    end = len(content) - 22
    if content[end : end + 4] != b"PK\5\6" or content[-2:] != b"\0\0":
        end = content.rfind(b"PK\5\6")
    record = content[end : end + 22]
    if end < 0 or len(record) < 22:
        raise ArchiveError(_("it is cut off, or not a zip"))
    if content[max(end - 20, 0) : end].startswith(b"PK\6\7") or struct.unpack_from("<I", record, 12)[0] > MAX_DIRECTORY:
        raise ArchiveError(_("it has a directory of more than {limit} bytes", limit=MAX_DIRECTORY))
    return zipfile.ZipFile(io.BytesIO(content))


def _zip_entries(archive: zipfile.ZipFile) -> list[Entry]:
    infos = archive.infolist()
    overlapping = _overlapping(infos, archive.start_dir)
    names = Counter(info.orig_filename for info in infos)
    found = []
    for info in infos:
        name = _zip_name(info)
        refusal = _zip_refusal(info, names[info.orig_filename] > 1, info.header_offset in overlapping)
        found.append(entry(name, _inflater(archive, info, name), refusal, folder=info.is_dir()))
    return found


def _zip_refusal(info: zipfile.ZipInfo, twice: bool, overlaps: bool) -> str:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return _("it is a link")
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        return _("it is a device or a named pipe")
    if info.flag_bits & 0x2041:
        return _("it is encrypted")
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        return _("it is compressed in a way that is not read")
    if twice:
        return _("the archive holds this name twice")
    if overlaps:
        return _("it shares its bytes with another file of the archive")
    return ""


def _overlapping(infos: Sequence[zipfile.ZipInfo], end: int) -> set[int]:
    """Return where entries begin that run into the next one, or into the directory, which begins at `end`."""
    spans = sorted((i.header_offset, i.header_offset + 30 + i.compress_size) for i in infos)
    spans.append((end, end))
    return {start for (start, stop), (following, _stop) in pairwise(spans) if stop > following}


def _zip_name(info: zipfile.ZipInfo) -> str:
    """Return the name. If it does not say how it is encoded, it may be UTF-8, or EUC-KR as a Korean Windows writes."""
    if info.flag_bits & 0x800 or info.orig_filename.isascii():
        return info.orig_filename
    raw = info.orig_filename.encode("cp437")
    for encoding in ("utf-8", "euc_kr"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return info.orig_filename


def _inflater(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> Callable[[int], bytes]:
    def source(limit: int) -> bytes:
        try:
            with archive.open(info) as stream:
                content = stream.read(limit)
            if len(content) < min(limit, info.file_size):
                raise zipfile.BadZipFile(f"{len(content)} != {info.file_size}")
        except _BROKEN as error:
            raise SubmissionError(
                _("{path}: could not be unpacked ({error}).", path=printable(name), error=printable(str(error)))
            ) from error
        return content

    return source


def _tar(content: bytes, limit: int, most: int | None) -> list[Entry]:
    """Return the entries of a tar file, compressed or not; expand it to `limit` bytes; `most` of them."""
    for magic, decompressor in _STREAMS.items():
        if content.startswith(magic):
            content = _expanded(decompressor(), content, limit)
            break
    if not looks_like_tar(content[:_BLOCK]):
        raise ArchiveError(_("it is neither a zip nor a tar file"))
    return list(islice(tar_entries(content), most))


def _expanded(stream: _Decompressor, content: bytes, limit: int) -> bytes:
    expanded = stream.decompress(content, limit + 1)
    if len(expanded) > limit:
        raise _too_large()
    if not stream.eof or stream.unused_data.strip(b"\0"):
        raise ArchiveError(_("it is cut off, or has something after its end"))
    return expanded
