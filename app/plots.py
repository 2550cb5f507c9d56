"""Plots as SVG files, drawn by matplotlib where it is installed (the extra `train`)."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path

COLOURS = {"full": "#7a7f87", "window": "#d9822b", "ahn": "#2463c5", "recall": "#2f9e6e"}
NAMES = {"full": "full attention", "window": "window only", "ahn": "AHN"}

Points = tuple[Sequence[float], Sequence[float]]  # x and y


def available() -> bool:
    """Whether matplotlib is installed."""
    return importlib.util.find_spec("matplotlib") is not None


def lines(
    path: Path,
    curves: Mapping[str, Points],
    *,
    title: str,
    x_label: str,
    y_label: str,
    faint: Mapping[str, Points] | None = None,
    marks: Mapping[str, float] | None = None,
) -> None:
    """Write a line plot: `curves` by name, `faint` ones behind them, and `marks` as vertical lines."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7.2, 4.2), layout="constrained")
    for name, (x, y) in (faint or {}).items():
        axes.plot(x, y, color=COLOURS.get(name, "#2463c5"), alpha=0.25, linewidth=0.8)
    for name, (x, y) in curves.items():
        axes.plot(x, y, color=COLOURS.get(name, "#2463c5"), label=NAMES.get(name, name), linewidth=1.6)
    for name, x_at in (marks or {}).items():
        axes.axvline(x_at, color="#7a7f87", linestyle=":", linewidth=1)
        axes.annotate(
            name, (x_at, 1), xycoords=("data", "axes fraction"), rotation=90, va="top", ha="right", fontsize=8
        )
    axes.set(title=title, xlabel=x_label, ylabel=y_label)
    axes.grid(alpha=0.25)
    axes.legend(frameon=False)
    figure.savefig(path, format="svg", metadata={"Date": None})
    pyplot.close(figure)


def bars(
    path: Path,
    labels: Sequence[str],
    heights: Mapping[str, Sequence[float | None]],
    *,
    title: str,
    y_label: str,
    colours: Sequence[str],
) -> None:
    """Write grouped bars: a group a label, a bar in it for each of `heights` by name; None leaves its place empty."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(max(7.2, 0.5 * len(labels) + 2), 4.2), layout="constrained")
    width = 0.8 / max(len(heights), 1)
    for at, ((name, values), colour) in enumerate(zip(heights.items(), colours, strict=True)):
        places = [(number + (at - (len(heights) - 1) / 2) * width) for number in range(len(labels))]
        drawn = [(place, value) for place, value in zip(places, values, strict=True) if value is not None]
        axes.bar(
            [place for place, _ in drawn], [value for _, value in drawn], width, color=colour, label=name
        )
    axes.set(title=title, ylabel=y_label, xticks=range(len(labels)))
    axes.set_xticklabels(labels, rotation=40, ha="right", fontsize=8)
    axes.grid(alpha=0.25, axis="y")
    axes.legend(frameon=False)
    figure.savefig(path, format="svg", metadata={"Date": None})
    pyplot.close(figure)
