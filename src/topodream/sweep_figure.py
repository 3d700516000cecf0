"""The picture of a sweep: measures against the parameter that was varied, over seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from topodream.figure_parts import Axes, Figure
from topodream.figures import DPI, HELD_OUT_COLOUR, REFERENCE_COLOUR, TRAINING_COLOUR

# Values that are labelled along an axis, at most, and how many letters stand side by side there.
MOST_TICKS, MOST_LETTERS = 12, 40
# In inches; a data set more is a line more below.
PANEL_WIDTH, PANEL_HEIGHT, FOOTER_HEIGHT, LINE_HEIGHT = 4.4, 3.4, 0.4, 0.15
# Values from here on, largest by smallest, are a decade apart, whatever they were rounded to.
DECADE = 9.99

# Colours of several lines that colour-blind people tell apart (Okabe and Ito).
LINE_COLOURS = (TRAINING_COLOUR, "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#000000")

Value = float | str | None
# Value of the parameter -> its place on the axis.
Places = Mapping[Value, float]


@dataclass(frozen=True)
class SweepPoint:
    """One map of a sweep.

    Attributes
    ----------
    value : float, str or None
        Of the parameter that is swept; None where it is switched off.
    line : str
        What else is swept, with its value: points of one line are joined.
    seed : int
    diverged : bool
        Its measures, of the map before it diverged, are left out.
    measures : mapping
        Measure -> value; None or NaN where there is none.
    """

    value: Value
    line: str
    seed: int
    diverged: bool
    measures: Mapping[str, float | None]


@dataclass(frozen=True)
class SweepPanel:
    """A measure to draw against the parameter, and one to compare it with.

    Attributes
    ----------
    measure : str
        Its name among the measures of a point.
    label : str
    null : str or None
        The measure that says what nothing would give.
    null_label : str
    """

    measure: str
    label: str
    null: str | None = None
    null_label: str = "null"


def sweep(
    points: Sequence[SweepPoint],
    panels: Sequence[SweepPanel],
    parameter: str,
    title: str,
    data: str,
) -> Figure:
    """Draw measures against a parameter: every seed, their mean, the band between extremes.

    The axis is logarithmic where the values above 0 span a decade and none is below; 0 then
    stands to the left of it, unconnected, and so does a parameter switched off on any axis.
    Maps that diverged are crosses at the upper edge, and no part of the rest.

    Parameters
    ----------
    points : sequence of SweepPoint
        At least one.
    panels : sequence of SweepPanel
        At least one; each gets axes of its own.
    parameter : str
        The name of what is swept.
    title, data : str
        Of several data sets each after "; ".
    """
    places, logarithmic = places_of([point.value for point in points])
    per_row = min(3, len(panels))
    n_rows = -(-len(panels) // per_row)
    footer = FOOTER_HEIGHT + LINE_HEIGHT * data.count("; ")
    size = (PANEL_WIDTH * max(per_row, 1.4), PANEL_HEIGHT * n_rows + footer)
    figure = Figure(figsize=size, dpi=DPI, layout="constrained")
    all_axes = figure.subplots(n_rows, per_row, squeeze=False).ravel()
    for axes, panel in zip(all_axes, panels, strict=False):
        axes.set_xscale("log" if logarithmic else "linear")
        lines = list(dict.fromkeys(point.line for point in points))
        for i, line in enumerate(lines):
            of_line = [point for point in points if point.line == line]
            colour = LINE_COLOURS[i % len(LINE_COLOURS)]
            _draw_measure(axes, of_line, panel.measure, places, colour, line)
        if len(lines) > 1:
            axes.legend(fontsize="small")
        if panel.null is not None:
            _draw_null(axes, points, panel.null, panel.null_label, places)
        _mark_diverged(axes, points, places)
        _label_ticks(axes, places)
        axes.set(xlabel=parameter, ylabel=panel.label)
        axes.grid(alpha=0.25)
    for axes in all_axes[len(panels) :]:
        axes.set_axis_off()
    figure.suptitle(title)
    named = data.replace("; ", ";\n")
    figure.supxlabel(f"{_explained(points)}\nData: {named}.", fontsize="small")
    return figure


def _label_ticks(axes: Axes, places: Mapping[Value, float]) -> None:
    """Label the swept values: all, or of many an even choice that can be read."""
    every = -(-len(places) // MOST_TICKS)
    labelled = dict(list(places.items())[::every])
    names = [_name(value) for value in labelled]
    crowded = len(names) > 6 or sum(map(len, names)) > MOST_LETTERS
    axes.set_xticks(list(labelled.values()), names, rotation=45 if crowded else 0)
    axes.set_xticks([], minor=True)


def _name(value: Value) -> str:
    if value is None:
        return "off"
    return value if isinstance(value, str) else f"{value:g}"


def places_of(values: Sequence[Value]) -> tuple[dict[Value, float], bool]:
    """Return where values of a parameter stand on the axis, and whether it is logarithmic.

    Where some of them are texts, all stand side by side in their order.

    >>> places_of(["b", "a", "b"])
    ({'b': 0.0, 'a': 1.0}, False)
    >>> places_of([2, 1, None, 2])
    ({None: 0.0, 1.0: 1.0, 2.0: 2.0}, False)
    """
    if any(isinstance(value, str) for value in values):
        return {value: float(place) for place, value in enumerate(dict.fromkeys(values))}, False
    numbers = sorted({float(value) for value in values if value is not None})
    positive = [number for number in numbers if number > 0]
    spread = len(positive) > 1 and positive[-1] >= DECADE * positive[0]
    logarithmic = spread and numbers[0] >= 0
    scale = positive if logarithmic else numbers
    beside = [value for value in (None, 0) if value in values and value not in scale]
    even = np.log10(scale) if logarithmic else np.array(scale or [0], dtype=float)
    step = even[1] - even[0] if len(even) > 1 else 1.0
    left = even[0] - step * np.arange(len(beside), 0, -1)
    at: list[float] = (10**left if logarithmic else left).tolist()
    places: dict[Value, float] = {**dict(zip(beside, at, strict=True)), **{n: n for n in scale}}
    return places, logarithmic


def _at(points: Sequence[SweepPoint], value: Value) -> list[SweepPoint]:
    return [point for point in points if point.value == value]


def _sound(points: Sequence[SweepPoint], measure: str) -> list[float]:
    """Return a measure of the points that did not diverge and have it."""
    values = [point.measures.get(measure) for point in points if not point.diverged]
    return [value for value in values if value is not None and np.isfinite(value)]


def _draw_measure(
    axes: Axes,
    points: Sequence[SweepPoint],
    measure: str,
    places: Places,
    colour: str,
    label: str,
) -> None:
    style: Any = {"color": colour}
    by_value = {value: _sound(_at(points, value), measure) for value in places}
    for value, found in by_value.items():
        axes.plot([places[value]] * len(found), found, ".", alpha=0.5, **style)
        if found:
            axes.plot(places[value], np.mean(found), "_", markersize=14, **style)
    # What stands beside the axis isn't connected.
    joined = [value for value, found in by_value.items() if found and places[value] == value]
    x = [places[value] for value in joined]
    low, mean, high = ([float(f(by_value[value])) for value in joined] for f in (min, np.mean, max))
    axes.plot(x, mean, "-", linewidth=1.8, label=label or None, **style)
    axes.fill_between(x, low, high, alpha=0.15, linewidth=0, **style)
    if not any(by_value.values()):
        axes.text(0.5, 0.5, "no values", ha="center", transform=axes.transAxes)


def _draw_null(
    axes: Axes, points: Sequence[SweepPoint], null: str, label: str, places: Places
) -> None:
    by_value = {value: _sound(_at(points, value), null) for value in places}
    drawn = [value for value, found in by_value.items() if found]
    x, y = [places[value] for value in drawn], [np.mean(by_value[value]) for value in drawn]
    axes.plot(x, y, ":", color=REFERENCE_COLOUR, label=label)
    axes.legend(fontsize="small")


def _mark_diverged(axes: Axes, points: Sequence[SweepPoint], places: Places) -> None:
    """Put crosses at the upper edge, whatever the measure's scale, each with how many it is."""
    style: Any = {"transform": axes.get_xaxis_transform(), "color": HELD_OUT_COLOUR}
    for value, place in places.items():
        here = _at(points, value)
        diverged = sum(point.diverged for point in here)
        if diverged:
            axes.plot(place, 1, "x", markersize=8, markeredgewidth=2, clip_on=False, **style)
            share = f"{diverged}/{len(here)}"
            axes.text(place, 1.04, share, ha="center", va="bottom", fontsize="small", **style)


def _explained(points: Sequence[SweepPoint]) -> str:
    n_seeds = len({point.seed for point in points})
    seeds = "1 seed" if n_seeds == 1 else f"{n_seeds} seeds"
    said = f"Dots: single maps ({seeds}). Line: their mean; band: smallest to largest."
    if any(point.diverged for point in points):
        said += "\nCrosses: how many of the maps there diverged; they are left out of the rest."
    return said
