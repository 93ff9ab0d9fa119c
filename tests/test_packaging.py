"""What `pip install .` installs works without the source tree: the command, the assignments, the digits."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_an_installed_wheel_grades_the_model_answer_that_it_carries(tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    wheels = tmp_path / "wheels"
    build = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(wheels), str(ROOT)]
    subprocess.run(build, check=True, timeout=120)

    # An environment with the packages that the tests run with, and numpytorch from the wheel alone.
    home = tmp_path / "environment"
    venv.create(home)
    scheme = sysconfig.get_preferred_scheme("prefix")
    paths = sysconfig.get_paths(scheme, {"base": str(home), "platbase": str(home)})
    (Path(paths["purelib"]) / "outer.pth").write_text(sysconfig.get_paths()["purelib"], "utf-8")
    python = Path(paths["scripts"]) / ("python.exe" if sys.platform == "win32" else "python")
    install = [
        *pip,
        "--python",
        str(python),
        "install",
        "--no-deps",
        "--force-reinstall",
        *map(str, wheels.glob("*.whl")),
    ]
    subprocess.run(install, check=True, timeout=120)

    command = Path(paths["scripts"]) / "autograder"
    where = [str(python), "-c", "import numpytorch, autograder; print(numpytorch.__file__, autograder.__file__)"]
    found = subprocess.run(where, check=True, capture_output=True, text=True, cwd=tmp_path, timeout=60).stdout
    assert str(ROOT) not in found, found
    solution = Path(paths["purelib"]) / "autograder" / "_assignments" / "cnn" / "solution.py"
    done = subprocess.run(
        [str(command), "check", "cnn", str(solution), "--only", "[!m]*"],  # all but those of the model
        capture_output=True, text=True, encoding="utf-8", cwd=tmp_path, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "types.strict" in done.stdout
    options = ["--only", "conv2d.parameters", "--lang", "ko", "--html", "a.html"]
    korean = subprocess.run(
        [str(command), "check", "cnn", str(solution), *options],
        capture_output=True, text=True, encoding="utf-8", cwd=tmp_path, timeout=120, check=False,
        env={**os.environ, "PYTHONUTF8": "1"},
    )  # fmt: skip
    assert "점수: 5점 중 5점" in korean.stdout, korean.stdout + korean.stderr
    assert '<html lang="ko">' in (tmp_path / "a.html").read_text("utf-8")
    count = [str(python), "-c", "from numpytorch.data import mnist; print(*map(len, mnist()))"]
    digits = subprocess.run(count, check=True, capture_output=True, text=True, cwd=tmp_path, timeout=60).stdout
    assert digits.split() == ["5000", "1000"]
