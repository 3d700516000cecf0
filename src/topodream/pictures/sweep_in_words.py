"""What the picture of a sweep shows, in words: for who can't see it."""

from collections.abc import Iterable, Sequence

import numpy as np

from topodream.pictures.sweep_figure import SweepPanel, SweepPoint
from topodream.words import place_of


def said(points: Sequence[SweepPoint], panels: Iterable[SweepPanel], parameter: str) -> str:
    """Say of each measure where it is least and where largest, and where training diverged.

    Parameters
    ----------
    points : sequence of SweepPoint
    panels : iterable of SweepPanel
    parameter : str
        What was varied.
    """
    by_place: dict[str, list[SweepPoint]] = {}
    for point in points:
        by_place.setdefault(place_of(point.value, point.line), []).append(point)
    n_seeds = len({point.seed for point in points})
    seeds = "one seed" if n_seeds == 1 else f"means over {n_seeds} seeds"
    points_in_words = "1 point" if len(by_place) == 1 else f"{len(by_place)} points"
    parts = [f"{points_in_words} over {parameter}, {seeds}"]
    parts += [_range(panel, by_place) for panel in panels]
    if diverged := [place for place, some in by_place.items() if any(one.diverged for one in some)]:
        parts.append(f"training diverged at {', '.join(diverged)}")
    return "; ".join(parts) + "."


def _range(panel: SweepPanel, by_place: dict[str, list[SweepPoint]]) -> str:
    means = {}
    for place, some in by_place.items():
        values = [point.measures.get(panel.measure) for point in some if not point.diverged]
        known = [value for value in values if value is not None and np.isfinite(value)]
        if known:
            means[place] = float(np.mean(known))
    if not means:
        return f"{panel.label}: none"
    least, most = min(means, key=means.__getitem__), max(means, key=means.__getitem__)
    return f"{panel.label} from {means[least]:.3g} at {least} to {means[most]:.3g} at {most}"
