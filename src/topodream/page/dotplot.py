"""Small plots: beside a claim a dot for each seed, their interval, the threshold; dots on a line.

Only where things lie; the page's template draws them, as SVG.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 360, 84
LEFT, RIGHT = 14, WIDTH - 14
# Dots lie between these heights, the axis below them.
TOP, BOTTOM = 18, 56
TICKS = 4


@dataclass(frozen=True)
class Tick:
    """A number on the axis, and where."""

    x: float
    text: str


@dataclass(frozen=True)
class Dot:
    """A seed's value: where it lies, and what it says when pointed at."""

    x: float
    y: float
    text: str


@dataclass(frozen=True)
class Dotplot:
    """Where the parts of the plot lie, in units of a ``WIDTH`` x ``HEIGHT`` picture.

    Attributes
    ----------
    dots : list of Dot
    ticks : list of Tick
    threshold : Tick
    without : Tick or None
        Where the mean would be without an effect.
    confirms : (left, right)
        The part of the axis on the side of the threshold that confirms the claim.
    mean : float or None
    interval : (left, right) or None
    """

    dots: list[Dot]
    ticks: list[Tick]
    threshold: Tick
    without: Tick | None
    confirms: tuple[float, float]
    mean: float | None
    interval: tuple[float, float] | None


def arrange(claim: Mapping[str, Any]) -> Dotplot:
    """Arrange the plot of one claim of ``findings.json``.

    Parameters
    ----------
    claim : mapping
        With ``values``, ``mean``, ``low``, ``high``, ``effect``, ``threshold`` and ``side``;
        numbers and the effect may be None where there are none.
    """
    known = [(entry["seed"], entry["value"]) for entry in claim["values"]]
    found = [(seed, value) for seed, value in known if value is not None]
    mean, low, high, threshold = (claim[key] for key in ("mean", "low", "high", "threshold"))
    without = claim["effect"]["without"] if claim["effect"] else None
    shown = [value for _, value in found]
    shown += [value for value in (mean, low, high, without) if value is not None]
    first, last = span([*shown, threshold])

    def place(value: float) -> float:
        return round(LEFT + (value - first) / (last - first) * (RIGHT - LEFT), 2)

    # One above the other, so that equal values are seen; a single one in the middle.
    heights = [TOP + (BOTTOM - TOP) * (2 * i + 1) / (2 * len(found)) for i in range(len(found))]
    at = place(threshold)
    return Dotplot(
        dots=[
            Dot(place(value), round(height, 2), f"seed {seed}: {value:.4g}")
            for (seed, value), height in zip(found, heights, strict=True)
        ],
        ticks=[Tick(place(value), f"{value:.6g}") for value in ticks(first, last)],
        threshold=Tick(at, f"{threshold:.4g}"),
        without=None if without is None else Tick(place(without), f"{without:.4g}"),
        confirms=(at, RIGHT) if claim["side"] == "above" else (LEFT, at),
        mean=None if mean is None else place(mean),
        interval=None if low is None or high is None else (place(low), place(high)),
    )


def along(values: Sequence[float | None]) -> list[float | None]:
    """Return where values lie on a line from 0 to the largest, in percent of its length.

    >>> along([0.5, None, 2.0])
    [25.0, None, 100.0]
    """
    most = max([value for value in values if value is not None], default=0) or 1.0
    return [None if value is None else round(100 * value / most, 2) for value in values]


def span(values: Sequence[float]) -> tuple[float, float]:
    """Return the ends of an axis that holds all values, with room beside them.

    >>> span([1.0, 2.0])
    (0.9, 2.1)
    >>> span([5.0])
    (4.5, 5.5)
    """
    least, most = min(values), max(values)
    room = (most - least) / 10 or abs(most) / 10 or 1.0
    return least - room, most + room


def ticks(first: float, last: float) -> list[float]:
    """Return at most a few round numbers between the ends of an axis.

    >>> ticks(-0.02, 0.31)
    [0.0, 0.1, 0.2, 0.3]
    """
    rough = (last - first) / TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    numbers = range(math.ceil(first / step), math.floor(last / step) + 1)
    return [float(f"{number * step:.6g}") for number in numbers]
