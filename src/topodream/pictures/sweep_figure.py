"""The picture of a sweep: measures against the parameter that was varied, over seeds."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from topodream.pictures.canvas import (
    HELD_OUT_COLOUR,
    LINE_OF_TEXT,
    REFERENCE_COLOUR,
    fitted,
    size_of,
    text_width,
    words,
)
from topodream.pictures.figure_parts import Axes, Figure, Line2D
from topodream.pictures.lettering import apart, rows_apart, wrapped
from topodream.pictures.pages import DPI, page
from topodream.words import NONE

# In inches.
PANEL_WIDTH, PANEL_HEIGHT, FOOTER_HEIGHT = 4.4, 3.4, 0.4
# On paper panels are flatter; how many stand side by side, where each has what it needs in pixels.
FLATTER, MOST_BESIDE, LEAST_PANEL = 0.7, 3, 320
# In pixels: an axis along which values are labelled, about; what a label at a slant takes of it;
# the longest name of a line that stands above a panel, and in a legend beside the panels; what a
# legend takes besides a name.
AXIS, SLANTED, LONGEST_ON_PANEL, LONGEST_NAME, HANDLE = 330, 18, 200, 330, 44
# Where a legend begins above a panel, in its heights, and where crosses have their numbers there.
ABOVE, ABOVE_CROSSES = 1.0, 1.13
# Values that are labelled along an axis, at most.
MOST_TICKS = 12
# Columns of the legend beside the panels, at most; with more names the figure gets higher.
MOST_COLUMNS = 4
# Values from here on, largest by smallest, are a decade apart, whatever they were rounded to.
DECADE = 9.99
# A measure that spans that much is drawn on a logarithmic axis, or all but the largest is at 0.
WIDE_SPAN = 1000

# Colours of lines. In grey, too, no two are alike, and all are dark enough on white; people who
# confuse red with green tell them apart as well. Each line has other dots besides; then there are
# other dashes.
LINE_COLOURS = ("#1177ef", "#400011", "#d18100", "#49017c", "#b72170", "#980701")
DOTS = (".", "s", "^", "D", "v", "P", "X", "*", "<", ">", "p", "h", "d")
DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (5, 2, 1, 2)), (0, (2, 2)))

Value = float | str | None
# Value of the parameter -> its place on the axis.
Places = Mapping[Value, float]


@dataclass(frozen=True)
class SweepPoint:
    """One map of a sweep.

    Attributes
    ----------
    value : float, str or None
        Of the parameter that is swept; None where it is null.
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
    stands to the left of it, unconnected, and so does a parameter of null on any axis.
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
    per_row = min(_most_beside(), len(panels))
    n_rows = -(-len(panels) // per_row)
    axis = _labelled(places, logarithmic)
    styles = _styles(dict.fromkeys(point.line for point in points))
    on_panels = len(styles) <= len(LINE_COLOURS) and max(map(_width, styles)) <= LONGEST_ON_PANEL
    named = {line: style for line, style in styles.items() if line and on_panels}
    above = ABOVE_CROSSES if any(point.diverged for point in points) else ABOVE
    width = page().across(PANEL_WIDTH * max(per_row, 1.4) * DPI)
    of_data = data.replace("; ", ";\n")
    said = words(title, f"{_explained(points)}\nData: {of_data}.", width, lines=3)
    more = said.above + said.below - 2 * LINE_OF_TEXT
    legend = LINE_OF_TEXT * max(_rows(named, panel) for panel in panels)
    panel_height = _panel_height() + (axis.more_height + legend) / DPI
    height = panel_height * n_rows + FOOTER_HEIGHT + more / DPI
    figure = said.figure(width, height * DPI, layout="constrained")
    all_axes = figure.subplots(n_rows, per_row, squeeze=False).ravel()
    for axes, panel in zip(all_axes, panels, strict=False):
        axes.set_xscale("log" if logarithmic else "linear")
        axes.set_yscale("log" if _spans(points, panel) else "linear")
        for line, style in styles.items():
            of_line = [point for point in points if point.line == line]
            _draw_measure(axes, of_line, panel.measure, places, style)
        if panel.null is not None:
            _draw_null(axes, points, panel.null, panel.null_label, places)
        _draw_legend(axes, named, panel, above)
        _mark_diverged(axes, points, places, logarithmic)
        _label_ticks(axes, axis)
        axes.set(xlabel=fitted(parameter, _axis(), "medium")[0], ylabel=panel.label)
        axes.grid(alpha=0.25)
    for axes in all_axes[len(panels) :]:
        axes.set_axis_off()
    if not on_panels:
        _list_lines(figure, styles)
    middle = width / DPI / figure.get_figwidth() / 2
    figure.suptitle(said.title, x=middle)
    figure.supxlabel(said.note, x=middle, fontsize="small")
    return figure


def _most_beside() -> int:
    """Return how many panels stand side by side at most."""
    return max(1, int(page().across(MOST_BESIDE * LEAST_PANEL) // LEAST_PANEL))


def _panel_height() -> float:
    """Return how high a panel is, in inches."""
    return FLATTER * PANEL_HEIGHT if page().is_paper else PANEL_HEIGHT


def _axis() -> float:
    """Return how long an axis is along which values are labelled, in pixels, about."""
    return min(AXIS, page().across(math.inf) / _most_beside() - 110)


def _width(text: str) -> float:
    return text_width(text, "small")


def _styles(lines: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return how each line is drawn: no two have colour, dots and dashes in common.

    Those that can be told apart are 312; who draws more sees some twice.
    """
    dashed_anew = math.lcm(len(LINE_COLOURS), len(DOTS))
    return {
        line: {
            "color": LINE_COLOURS[number % len(LINE_COLOURS)],
            "marker": DOTS[number % len(DOTS)],
            "linestyle": DASHES[number // dashed_anew % len(DASHES)],
        }
        for number, line in enumerate(lines)
    }


def _draw_legend(
    axes: Axes, named: Mapping[str, Mapping[str, Any]], panel: SweepPanel, above: float
) -> None:
    """Name lines, and what to compare with, above a panel: there they cover no value."""
    handles = [_handle(line, style) for line, style in named.items()]
    if panel.null is not None:
        dotted = {"color": REFERENCE_COLOUR, "linestyle": ":", "marker": ""}
        handles.append(_handle(panel.null_label, dotted))
    if handles:
        axes.legend(
            handles=handles, fontsize="small", ncols=_columns(named, panel), loc="lower left",
            bbox_to_anchor=(0, above), frameon=False, borderpad=0, borderaxespad=0.2,
            labelspacing=0.3, columnspacing=1,
        )  # fmt: skip


def _columns(named: Iterable[str], panel: SweepPanel) -> int:
    """Return in how many columns names have room above a panel."""
    widest = max(map(_width, [*named, panel.null_label if panel.null else ""]))
    return max(1, int(_axis() / (widest + HANDLE)))


def _rows(named: Collection[str], panel: SweepPanel) -> int:
    """Return how many rows these are."""
    return -(-(len(named) + (panel.null is not None)) // _columns(named, panel))


def _handle(name: str, style: Mapping[str, Any]) -> Line2D:
    """Return a line as a legend shows it."""
    return Line2D([], [], label=name, markersize=_size(style["marker"]), **style)


def _list_lines(figure: Figure, styles: Mapping[str, Mapping[str, Any]]) -> None:
    """Name all lines beside the panels, in columns; the figure grows as they need it."""
    names = [wrapped(line, LONGEST_NAME, _width) for line in styles]
    handles = [
        _handle("\n".join(name), style) for name, style in zip(names, styles.values(), strict=True)
    ]
    row = LINE_OF_TEXT * max(map(len, names)) + 4
    if page().is_paper:
        _list_below(figure, handles, names)
        return
    rows = max(1, int(figure.get_figheight() * DPI - 60) // row)
    legend = figure.legend(
        handles=handles, loc="outside right upper", fontsize="small",
        ncols=min(MOST_COLUMNS, -(-len(names) // rows)),
    )  # fmt: skip
    width, height = size_of(legend)
    figure.set_figwidth(figure.get_figwidth() + (width + 10) / DPI)
    figure.set_figheight(max(figure.get_figheight(), (height + 60) / DPI))


def _list_below(figure: Figure, handles: Sequence[Line2D], names: Sequence[Sequence[str]]) -> None:
    """Name all lines below the panels, in as many columns as the page is wide."""
    widest = max(_width(line) for name in names for line in name)
    columns = max(1, int(figure.get_figwidth() * DPI / (widest + HANDLE + 20)))
    legend = figure.legend(
        handles=handles, loc="outside lower left", fontsize="small", ncols=columns
    )
    figure.set_figheight(figure.get_figheight() + (size_of(legend)[1] + 10) / DPI)


def _spans(points: Sequence[SweepPoint], panel: SweepPanel) -> bool:
    """Say whether a measure, or its null, spans orders of magnitude, and all is above 0."""
    values = [value for key in (panel.measure, panel.null) if key for value in _sound(points, key)]
    return bool(values) and min(values) > 0 and max(values) >= WIDE_SPAN * min(values)


@dataclass(frozen=True)
class _Ticks:
    """The labelled values of an axis: where, as what, turned by how many degrees, in which row."""

    places: list[float]
    names: list[str]
    rotation: int
    rows: list[int]
    more_height: int = 0


def _labelled(places: Places, logarithmic: bool) -> _Ticks:
    """Label the swept values: all, or of many an even choice that can be read."""
    every = -(-len(places) // MOST_TICKS)
    values = list(places)[::every]
    at, names = [places[value] for value in values], [_name(value) for value in values]
    pixels = _along(at, logarithmic, list(places.values()))
    wide = [text_width(name, "medium") + 4 for name in names]
    rows = rows_apart(pixels, wide)
    texts = any(isinstance(value, str) for value in values)
    if len(names) <= 6 and not (texts and max(rows)):
        return _Ticks(at, names, 0, rows, LINE_OF_TEXT * max(rows))
    if texts and max(wide) > 60:
        return _upright(at, names)
    kept = apart(pixels, [SLANTED] * len(names))
    return _Ticks([at[i] for i in kept], [names[i] for i in kept], 45, [0] * len(kept))


def _upright(places: list[float], names: list[str]) -> _Ticks:
    """Label texts that are long: upwards, on up to three lines."""
    lines = max(1, min(3, int(_axis() / len(places) / 18)))
    room = max(120, 1.2 * max(text_width(name, "medium") for name in names) / lines)
    turned = [fitted(name, room, "medium")[0] for name in names]
    longest = max(text_width(line, "medium") for name in turned for line in name.split("\n"))
    return _Ticks(places, turned, 90, [0] * len(places), max(0, int(longest) - 40))


def _along(places: Sequence[float], logarithmic: bool, all_places: Sequence[float]) -> list[float]:
    """Return where places are along an axis of all of them, in pixels, about."""
    straight = np.log10 if logarithmic else np.array
    first, last = straight([min(all_places), max(all_places)])
    pixels = (straight(places) - first) / ((last - first) or 1) * _axis() / 1.1
    return [float(pixel) for pixel in pixels]


def _label_ticks(axes: Axes, ticks: _Ticks) -> None:
    axes.set_xticks(ticks.places, ticks.names, rotation=ticks.rotation)
    axes.set_xticks([], minor=True)
    for label, row in zip(axes.get_xticklabels(), ticks.rows, strict=True):
        label.set_y(-row * LINE_OF_TEXT / (_panel_height() * DPI * 0.6))


def _name(value: Value) -> str:
    if value is None:
        return NONE
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
    style: Mapping[str, Any],
) -> None:
    colour, dots, dashes = style["color"], style["marker"], style["linestyle"]
    size = _size(dots)
    by_value = {value: _sound(_at(points, value), measure) for value in places}
    for value, found in by_value.items():
        axes.plot(
            [places[value]] * len(found), found, dots, alpha=0.6, color=colour, markersize=size
        )
        if found:
            axes.plot(places[value], np.mean(found), "_", markersize=14, color=colour)
    # What stands beside the axis isn't connected.
    joined = [value for value, found in by_value.items() if found and places[value] == value]
    x = [places[value] for value in joined]
    low, mean, high = ([float(f(by_value[value])) for value in joined] for f in (min, np.mean, max))
    axes.plot(x, mean, linestyle=dashes, linewidth=1.8, color=colour)
    axes.fill_between(x, low, high, alpha=0.15, linewidth=0, color=colour)
    if not any(by_value.values()):
        axes.text(0.5, 0.5, "no values", ha="center", transform=axes.transAxes)


def _size(dots: str) -> float:
    """Return how large dots are drawn: points are small for their size."""
    return 7 if dots == "." else 5


def _draw_null(
    axes: Axes, points: Sequence[SweepPoint], null: str, label: str, places: Places
) -> None:
    by_value = {value: _sound(_at(points, value), null) for value in places}
    drawn = [value for value, found in by_value.items() if found]
    x, y = [places[value] for value in drawn], [np.mean(by_value[value]) for value in drawn]
    axes.plot(x, y, ":", color=REFERENCE_COLOUR, label=label)


def _mark_diverged(
    axes: Axes, points: Sequence[SweepPoint], places: Places, logarithmic: bool
) -> None:
    """Put crosses at the upper edge, whatever the measure's scale, each with how many it is.

    Of many side by side, only some have their number.
    """
    style: Any = {"transform": axes.get_xaxis_transform(), "color": HELD_OUT_COLOUR}
    at, shares = [], []
    for value, place in places.items():
        here = _at(points, value)
        diverged = sum(point.diverged for point in here)
        if diverged:
            axes.plot(place, 1, "x", markersize=8, markeredgewidth=2, clip_on=False, **style)
            at.append(place)
            shares.append(f"{diverged}/{len(here)}")
    pixels = _along(at, logarithmic, list(places.values()))
    for i in apart(pixels, [_width(share) + 2 for share in shares]):
        axes.text(at[i], 1.04, shares[i], ha="center", va="bottom", fontsize="small", **style)


def _explained(points: Sequence[SweepPoint]) -> str:
    n_seeds = len({point.seed for point in points})
    seeds = "1 seed" if n_seeds == 1 else f"{n_seeds} seeds"
    said = f"Dots: single maps ({seeds}). Line: their mean; band: smallest to largest."
    if any(point.diverged for point in points):
        said += "\nCrosses: how many of the maps there diverged; they are left out of the rest."
    return said
