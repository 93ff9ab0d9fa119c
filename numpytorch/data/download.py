"""Fetch the full MNIST set from public mirrors. Nothing is written before it has been verified."""

from __future__ import annotations

import os
import urllib.request
import uuid
from http.client import HTTPException, HTTPResponse
from typing import TYPE_CHECKING
from urllib.error import HTTPError

from tqdm import tqdm

from numpytorch.data.files import FULL_SHA256, check_sha256, find_file
from numpytorch.data.idx import DataError, decompress, read_content

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
_TIMEOUT = 30.0
_CHUNK = 1 << 16


def download_mnist(
    folder: Path,
    *,
    mirrors: Sequence[str] = MIRRORS,
    checksums: Mapping[str, str] = FULL_SHA256,
    timeout: float = _TIMEOUT,
) -> None:
    """Put the files of MNIST into a folder, as `name.gz`; one that is there and right is not fetched again.

    mirrors: addresses that end in a slash, tried in turn; checksums: name -> SHA-256 before compression;
    timeout: seconds to wait for a mirror's next bytes.
    A file that is there and wrong is replaced, once the right one has come.
    Raises DataError if no mirror gives a file, or it cannot be written; no half-written file stays behind.
    """
    for name, sha256 in checksums.items():
        if not _is_there(folder, name, sha256):
            _save(folder / f"{name}.gz", _fetch(f"{name}.gz", mirrors, sha256, timeout))


def _is_there(folder: Path, name: str, sha256: str) -> bool:
    path = find_file(folder, name)
    if path is None:
        return False
    try:
        check_sha256(read_content(path), sha256, str(path))
    except DataError:
        return False
    return True


def _fetch(name: str, mirrors: Sequence[str], sha256: str, timeout: float) -> bytes:
    failures: list[str] = []
    for mirror in mirrors:
        try:
            stored = _get(mirror + name, timeout)
            check_sha256(decompress(stored, mirror + name), sha256, mirror + name)
        except DataError as error:
            failures.append(str(error))
        else:
            return stored
    raise DataError(
        f"{name}: expected one of {len(mirrors)} mirrors to give the file, got:\n  "
        + "\n  ".join(failures)
        + "\nCheck the network and try again, or copy the file by hand and call mnist(folder)."
    )


def _get(url: str, timeout: float) -> bytes:
    parts: list[bytes] = []
    try:
        response: HTTPResponse
        with urllib.request.urlopen(url, timeout=timeout) as response:  # noqa: S310 - our own list of mirrors
            expected = response.length
            name = url.rsplit("/", 1)[-1]
            # disable=None: no bar where nobody looks, as in a log file.
            with tqdm(total=expected, desc=name, unit="B", unit_scale=True, disable=None) as bar:
                while part := response.read(_CHUNK):
                    parts.append(part)
                    bar.update(len(part))
    except HTTPError as error:
        error.close()
        raise DataError(f"{url}: expected the file, got HTTP status {error.code} {error.reason}.") from error
    except (OSError, HTTPException) as error:
        raise DataError(f"{url}: expected the file, got: {error}.") from error
    stored = b"".join(parts)
    # A connection that closes early looks to read() like the end of the file.
    if expected is not None and len(stored) != expected:
        raise DataError(f"{url}: expected {expected} bytes, got {len(stored)}: the connection was cut.")
    return stored


def _save(path: Path, stored: bytes) -> None:
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            part.write_bytes(stored)
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise DataError(
            f"{path}: expected a place that can be written to, got: {error}. Name another folder."
        ) from error
