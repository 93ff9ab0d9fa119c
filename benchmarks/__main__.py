"""python -m benchmarks [ENTRY...]: measure entries, keep what comes of it, write tables and plots."""

from __future__ import annotations

import argparse
import sys

from benchmarks import summary, table
from benchmarks.entries import ENTRIES
from benchmarks.plots import plot
from benchmarks.results import ResultsError, load, save
from benchmarks.turns import Absent, DisagreementError, say


def main(arguments: list[str] | None = None) -> int:
    """Return the exit status: 0; 1 if two sides disagree; 2 for wrong usage, or what cannot run here or be read."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Ours, theirs and the ratio.")
    parser.add_argument("entry", nargs="*", help="what to measure; everything, if none is named")
    parser.add_argument("--list", action="store_true", help="say which entries there are")
    parser.add_argument(
        "--tables", action="store_true", help="measure nothing; write README.md and plots from results/"
    )
    given = parser.parse_args(arguments)
    unknown = [name for name in given.entry if name not in ENTRIES]
    if unknown:
        print(f"benchmarks: there is no entry {unknown[0]!r}. Entries: {', '.join(ENTRIES)}.", file=sys.stderr)
        return 2
    if given.list:
        print("\n".join(f"{entry.name:<10}{entry.title}" for entry in ENTRIES.values()))
        return 0
    wanted = given.entry or list(ENTRIES)
    if not given.tables:
        for name in wanted:
            say(ENTRIES[name].title)
            try:
                result = ENTRIES[name].run()
            except DisagreementError as error:
                print(f"benchmarks: results disagree, nothing was timed. {error}", file=sys.stderr)
                return 1
            except Absent as absent:
                print(f"benchmarks: {name} was not measured: {absent}.", file=sys.stderr)
                if name in given.entry:
                    return 2
                continue
            save(result)
            print(table.markdown(result), flush=True)
    try:
        _show(wanted)
    except ResultsError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 2
    return 0


def _show(names: list[str]) -> None:
    """Draw the entries of these names, and write all results into both README.md. Raises ResultsError."""
    for name in names:
        kept = load(name)
        if kept is not None:
            try:
                plot(kept)
            except ModuleNotFoundError as missing:
                say(f"No plots: {missing.name} is not installed. pip install 'numpytorch[plot]'")
                break
    table.write_readme(table.made_part(ENTRIES.values()), table.README)
    table.write_readme(summary.summary_part(), summary.README)


if __name__ == "__main__":
    sys.exit(main())
