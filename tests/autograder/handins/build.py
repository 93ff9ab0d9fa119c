"""Archives as students and systems make them, and as attackers do."""

from __future__ import annotations

import io
import tarfile
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def zipped(files: Mapping[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def tarred(files: Mapping[str, str | bytes], compression: str = "", form: int = tarfile.PAX_FORMAT) -> bytes:
    return tarred_members([(member(name, content), content) for name, content in files.items()], compression, form)


def member(name: str, content: str | bytes = b"", kind: bytes = tarfile.REGTYPE, to: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, to
    info.size = len(content.encode() if isinstance(content, str) else content)
    return info


def tarred_members(
    members: list[tuple[tarfile.TarInfo, str | bytes]], compression: str = "", form: int = tarfile.PAX_FORMAT
) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=f"w:{compression}", format=form) as archive:  # type: ignore[call-overload]  # a mode that is put together
        for info, content in members:
            archive.addfile(info, io.BytesIO(content.encode() if isinstance(content, str) else content))
    return buffer.getvalue()


def laid_out(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write files below a folder, and return it."""
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder
