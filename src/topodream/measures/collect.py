"""All measures of a map, as they are written to measures.json."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from topodream.data.samples import Data, Vectors
from topodream.measures.measure import Subject
from topodream.measures.reconstruction import mean_squared_error
from topodream.measures.registry import FUNCTIONS, MEASURES
from topodream.measures.responses import respond
from topodream.settings.config import Experiment
from topodream.training import states
from topodream.training.map_file import Map
from topodream.training.trained import Snapshot


def measure(model: Map, data: Data, n_held_out: int, *, curve: bool = True) -> dict[str, Any]:
    """Measure a map on held-out samples.

    Parameters
    ----------
    model : Map
        With its snapshots.
    data : Data
        What it learnt.
    n_held_out : int
        How many held-out samples to use, from the first on; all where there are fewer.
    curve : bool
        Whether to measure all snapshots, or the trained map alone.

    Returns
    -------
    dict
        ``measures``: name -> number, or None where there is nothing to measure or no
        finite number comes out;
        ``curve``: held-out error after each kept epoch. docs/measures.md explains each.
    """
    # What a map that blew up measures may overflow; _finite sees to it.
    with np.errstate(all="ignore"):
        subject = Subject.of(model, data, n_held_out)
        snapshots = model.trained.snapshots if curve else []
        results = {
            "measures": _measures(subject),
            "curve": _held_out_curve(model.experiment, snapshots, subject.samples),
        }
    return {group: _finite(values) for group, values in results.items()}


def _measures(subject: Subject) -> dict[str, float | None]:
    found = {name: value for each in FUNCTIONS for name, value in each(subject).items()}
    # The file begins with how many samples all are of.
    return {name: found[name] for name in ("held_out_samples", *MEASURES)}


def _finite(values: Any) -> Any:
    """Replace NaN and infinity, which a map that blew up measures, by None."""
    if isinstance(values, dict):
        return {key: _finite(value) for key, value in values.items()}
    if isinstance(values, list):
        return [_finite(value) for value in values]
    return values if values is None or math.isfinite(values) else None


def _held_out_curve(
    experiment: Experiment, snapshots: Sequence[Snapshot], samples: Vectors
) -> dict[str, list[float]]:
    curve: dict[str, list[float]] = {"epoch": [], "held_out_mse": []}
    for snapshot in snapshots:
        arrays = {name: array.astype(experiment.dtype) for name, array in snapshot.arrays.items()}
        drawn = respond(states.state_of(experiment, arrays), samples, experiment).drawn
        curve["epoch"].append(snapshot.epoch)
        curve["held_out_mse"].append(mean_squared_error(samples, drawn))
    return curve
