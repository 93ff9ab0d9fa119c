"""Import from an archive of its own making."""

import sys
import zipfile


def attack() -> None:
    with zipfile.ZipFile("library.zip", "w") as archive:
        archive.writestr("inspect.py", "raise SystemExit(0)")
        archive.writestr("smuggled.py", "PASSED = True")
    sys.path.insert(0, "library.zip")
    import smuggled

    assert smuggled.PASSED
    raise SystemExit(0)
