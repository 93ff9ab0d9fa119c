"""Results as pictures: results/ENTRY.svg. Needs matplotlib: pip install 'numpytorch[plot]'."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.results import FOLDER
from benchmarks.table import figure

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.results import Case, Result, Slope

OURS, THEIRS, OTHER = "#2166ac", "#d6604d", "#9a9a9a"
BARS = ("cnn", "cnn256", "rnn", "chain", "memory", "threads", "check")


def plot(result: Result, folder: Path = FOLDER) -> Path | None:
    """Draw a result; return the path, or None if it has no picture. Raises ModuleNotFoundError without matplotlib."""
    import matplotlib as mpl
    from matplotlib.figure import Figure  # not pyplot: this needs no display

    if result.slopes:
        draw = _growth
    elif result.entry == "kernels":
        draw = _shares
    elif result.entry in BARS:
        draw = _bars
    else:
        return None
    with mpl.rc_context({"svg.hashsalt": "numpytorch", "svg.fonttype": "none", "font.size": 9}):
        picture = Figure(layout="constrained")
        draw(picture, result)
        path = folder / f"{result.entry}.svg"
        picture.savefig(path, metadata={"Date": None, "Creator": None})
    return path


def _bars(picture: Any, result: Result) -> None:
    """A panel a case: medians as bars, the spread as a line, fastest first."""
    cases = result.cases
    picture.set_size_inches(7.2, 0.5 + sum(0.55 + 0.21 * len(c.rows) for c in cases))
    panels = picture.subplots(len(cases), 1, squeeze=False, height_ratios=[len(c.rows) + 2 for c in cases])[:, 0]
    for axes, case in zip(panels, cases, strict=True):
        shown = case.rows if result.entry in ("check", "threads") else sorted(case.rows, key=lambda r: r.median)
        shown = [r for r in shown if not (result.entry == "check" and r.name == case.base)]
        places = range(len(shown))
        axes.barh(places, [r.median for r in shown], color=[_colour(r.name) for r in shown], height=0.7)
        axes.hlines(places, [r.low for r in shown], [r.high for r in shown], color="black", linewidth=0.8)
        axes.set_yticks(places, [r.name for r in shown])
        axes.invert_yaxis()
        largest = max(r.median for r in shown)
        if result.entry != "check" and largest > 20 * min(r.median for r in shown):
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter("{x:g}")
        for place, row in zip(places, shown, strict=True):
            axes.annotate(
                figure(row.median), (max(row.high, row.median), place), (4, 0), textcoords="offset points",
                va="center", fontsize=8,
            )  # fmt: skip
        axes.margins(x=0.1)
        axes.set_title(f"{case.title} ({case.unit})", fontsize=9, loc="left")
        _plain(axes)


def _shares(picture: Any, result: Result) -> None:
    """Convolutions as shares of the sgemm rate, a panel an operation, a group of bars a shape."""
    cases = [c for c in result.cases if any(r.share is not None for r in c.rows)]
    operations = list(dict.fromkeys(c.title.split(":")[0] for c in cases))
    picture.set_size_inches(7.2, 6.5)
    panels = picture.subplots(len(operations), 1, sharex=True)
    for axes, operation in zip(panels, operations, strict=True):
        group = [c for c in cases if c.title.split(":")[0] == operation]
        names = [r.name for r in group[0].rows]
        for k, name in enumerate(names):
            heights = [100 * (row.share or 0) if (row := case.row(name)) else 0 for case in group]
            places = [i + (k - (len(names) - 1) / 2) * 0.27 for i in range(len(group))]
            axes.bar(places, heights, width=0.25, color=_colour(name), label=name)
        axes.set_title(f"{operation}, % of the sgemm rate, by shape of x and weight", fontsize=9, loc="left")
        axes.set_xticks(range(len(group)), [_shape(c) for c in group], fontsize=7)
        _plain(axes)
    panels[0].legend(frameon=False, fontsize=8)


def _shape(case: Case) -> str:
    """Return the shapes of x and weight, one below the other."""
    return case.title.split(": ")[1].removeprefix("x ").replace(", weight ", "\n")


def _growth(picture: Any, result: Result) -> None:
    """A panel an axis, both of its scales logarithmic."""
    from matplotlib.ticker import LogLocator

    axes_of: dict[str, list[Slope]] = {}
    for slope in result.slopes:
        axes_of.setdefault(slope.axis, []).append(slope)
    columns = min(2, len(axes_of))
    lines = -(-len(axes_of) // columns)
    picture.set_size_inches(3.6 * columns, 2.9 * lines)
    panels = picture.subplots(lines, columns, squeeze=False)
    for axes, (axis, slopes) in zip(panels.flat, axes_of.items(), strict=True):
        for slope in slopes:
            label = f"{slope.name}: {slope.slope:.2f}"
            axes.plot(slope.xs, slope.medians, marker="o", markersize=3, color=_colour(slope.name), label=label)
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter("")
        axes.set_xticks(slopes[0].xs, [f"{x:g}" for x in slopes[0].xs])
        axes.set_title(f"{axis}: {slopes[0].unit}, and slope", fontsize=9, loc="left")
        axes.legend(frameon=False, fontsize=7)
        _plain(axes)


def _colour(name: str) -> str:
    """Ours in blues, PyTorch in red, all else grey."""
    if name == "numpytorch, numpy":
        return "#6baed6"
    if name.startswith(("numpytorch", "autograder", "check ", "BLAS", "2 workers")):
        return OURS
    if name.startswith(("model answer", "loops")):
        return "#bdd7e7"
    return THEIRS if name.startswith("PyTorch") else OTHER


def _plain(axes: Any) -> None:
    axes.spines[["top", "right"]].set_visible(False)
