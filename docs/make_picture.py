"""Draw what `autograder check` prints for a hand-in whose convolutions are dead, for the README.

python docs/make_picture.py
"""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme

from autograder.assignment import load_assignment
from autograder.publish.console import print_result
from autograder.runner import check_submission
from autograder.submission import read_submission

ROOT = Path(__file__).parents[1]
HAND_IN = Path("tests/submissions/cnn/wrong/severed.py")
THEME = TerminalTheme(
    (22, 27, 34),
    (230, 237, 243),
    [(22, 27, 34), (255, 123, 114), (63, 185, 80), (210, 153, 34), (88, 166, 255), (188, 140, 255), (57, 197, 207),
     (177, 186, 196)],
)  # fmt: skip
FORMAT = """\
<svg viewBox="0 0 {terminal_width} {terminal_height}" xmlns="http://www.w3.org/2000/svg" role="img">
<title>autograder check cnn on a hand-in whose convolutions are dead</title>
<style>
.{unique_id}-matrix {{ font-family: Consolas, Menlo, "DejaVu Sans Mono", monospace; font-size: {char_height}px;
line-height: {line_height}px; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="100%" height="100%"/></clipPath>{lines}</defs>
<rect width="100%" height="100%" rx="8" fill="#161b22"/>
<g transform="translate(12, 8) scale(0.975)">{backgrounds}<g class="{unique_id}-matrix">{matrix}</g></g>
</svg>
"""


def main() -> None:
    """Grade the hand-in and write docs/check.svg."""
    result = check_submission(load_assignment("cnn"), read_submission(ROOT / HAND_IN))
    console = Console(record=True, width=132, file=io.StringIO(), force_terminal=True, highlight=False)
    console.print(f"$ autograder check cnn {HAND_IN.as_posix()}", style="bold")
    print_result(console, result)
    picture = console.export_svg(theme=THEME, code_format=FORMAT, unique_id="check")
    (ROOT / "docs" / "check.svg").write_text(picture, "utf-8")


if __name__ == "__main__":
    main()
