"""What the page's scripts know of the study, as JSON.

Of the maps that are shown all, as it was measured; of other seeds, points of sweeps and curves numbers of
six digits, which is more than a seed's worth, in the order of the measures and without their names: or
four hundred trainings would be most of the page.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from topodream.files.results import MEASURED, check_form, curve, read_result
from topodream.files.storage import complete
from topodream.measures.registry import MEASURES
from topodream.plan.findings import t_quantile

# What the cards of the overview show, and the table of measures shows at first.
KEY_MEASURES = ("held_out_mse", "neighbour_correlation", "dead_in_training")
OF_EXPERIMENTS = (
    "name",
    "laboratory",
    "question",
    "model",
    "dataset",
    "badge",
    "settings",
    "values",
    "shown",
)


def for_scripts(
    experiments: Sequence[Mapping[str, Any]],
    replicates: Mapping[str, Sequence[Mapping[str, Any]]],
    sweeps: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Return what filter, table, comparison and charts need.

    Parameters
    ----------
    experiments : sequence of mappings
        As the templates show them, with ``seed`` and ``curve``.
    replicates : mapping
        Experiment -> its other seeds, of each, see :func:`read_seeds`.
    sweeps : sequence of mappings
        As their files hold them.

    Returns
    -------
    dict
        ``measures``, ``key_measures``; ``experiments``, each with ``seeds``, the one of its settings
        first: ``seed``, ``name``, ``curve`` (``epoch``, ``held_out_mse``), and but for the first,
        which has those of the map, ``values``; ``sweeps``, each with ``points``: ``name``, ``seed``,
        ``settings`` (those that are swept), ``values``; ``t975``, at n the quantile of Student's t for n
        degrees of freedom, by which seeds have an interval of 95 %.
    """
    known = [
        {**{key: one[key] for key in OF_EXPERIMENTS}, "seeds": _seeds(one, replicates[one["name"]])}
        for one in experiments
    ]
    most = max((len(one["seeds"]) for one in known), default=1)
    return {
        "measures": {name: asdict(measure) for name, measure in MEASURES.items()},
        "key_measures": KEY_MEASURES,
        "experiments": known,
        "sweeps": list(map(_sweep, sweeps)),
        "t975": [None, *(rounded(t_quantile(degrees)) for degrees in range(1, most))],
    }


def read_seeds(results: Path, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return what was measured of replicates.

    Raises
    ------
    InputError
        If the measures of one are missing or damaged.
    """
    return [_read_seed(results / name / "measures.json") for name in names]


def curve_of(measured: Mapping[str, Any]) -> dict[str, list[float | None]]:
    """Return the held-out error after each kept epoch; empty where it was not measured."""
    found = measured.get("curve", {"epoch": [], "held_out_mse": []})
    check_form(found, curve)
    return {key: list(map(rounded, found[key])) for key in ("epoch", "held_out_mse")}


def rounded(value: float | None) -> float | None:
    """Return a number with six digits; whole ones stay.

    >>> [rounded(value) for value in (0.0285537828, 1234567, None)]
    [0.0285538, 1234567, None]
    """
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _read_seed(path: Path) -> dict[str, Any]:
    measured = read_result(path, MEASURED)
    with complete(path):
        return {
            "seed": int(json.loads(measured["settings"])["seed"]),
            "name": path.parent.name,
            "curve": curve_of(measured),
            "values": _values(measured["measures"]),
        }


def _seeds(
    experiment: Mapping[str, Any], others: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    own = {key: experiment[key] for key in ("seed", "name", "curve")}
    return [own, *sorted(others, key=lambda one: int(one["seed"]))]


def _sweep(sweep: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{key: sweep[key] for key in ("name", "parameter", "extends")},
        "points": [
            {
                **{key: point[key] for key in ("name", "seed", "settings")},
                "values": _values(point["measures"]),
            }
            for point in sweep["points"]
        ],
    }


def _values(measures: Mapping[str, float | None]) -> list[float | None]:
    return [rounded(measures.get(name)) for name in MEASURES]
