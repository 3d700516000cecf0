"""What a trained map is worth: measures, and the baselines to compare them with."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from topodream import models
from topodream.config import Experiment, Mwta
from topodream.datasets import Samples
from topodream.errors import InputError
from topodream.grid import Floats, Grid
from topodream.maps import Map
from topodream.models import mwta, sparse_dream
from topodream.models.prototypes import reconstruct

# Samples at a time: scores and sorted units of a block are several times its activity.
BLOCK = 250
RANDOM_PAIRS = 20_000

Indices = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Responses:
    """How a map responds to samples.

    Attributes
    ----------
    activity : (n_samples, n_units)
    reconstructions : (n_samples, n_inputs)
    wins : (n_units,) int64
        Samples that the unit won, see :class:`topodream.engines.Tally`.
    """

    activity: Floats
    reconstructions: Floats
    wins: npt.NDArray[np.int64]


def show(state: models.State, samples: Floats, experiment: Experiment) -> Responses:
    """Show samples to a map, without learning, and return how it responds.

    Parameters
    ----------
    state : State
    samples : (n_samples, n_inputs), in [0, 1]
        With a trace, in the order they are met.
    experiment : Experiment
        Its activation and trace are those that training used; override them with
        :func:`with_activation` to see what another activation would have drawn.
    """
    blocks = [
        _respond(state, samples[first : first + BLOCK], experiment)
        for first in range(0, len(samples), BLOCK)
    ]
    fresh = np.concatenate([activity for activity, _ in blocks])
    wins = np.sum([wins for _, wins in blocks], axis=0)
    trace = experiment.settings.trace if isinstance(experiment.settings, Mwta) else None
    activity = fresh if trace is None else _with_trace(fresh, trace)
    return Responses(activity, reconstruct(state.weights, activity), wins)


def _respond(
    state: models.State, samples: Floats, experiment: Experiment
) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Return the activity that samples evoke, and how many of them each unit wins."""
    settings, grid = experiment.settings, experiment.grid
    if isinstance(settings, Mwta):
        gain = mwta.lateral_gain(settings.lateral, grid, experiment.dtype)
        activity = mwta.respond(state.weights, samples, gain, settings, grid)[1]
        return activity, np.count_nonzero(activity, axis=0)
    assert isinstance(state, sparse_dream.State)  # noqa: S101
    activity = sparse_dream.respond(state, samples, settings)[1]
    best = np.argmax(activity, axis=1)[activity.any(axis=1)]
    return activity, np.bincount(best, minlength=grid.n_units)


def _with_trace(activity: Floats, trace: float) -> Floats:
    traced, previous = np.empty_like(activity), np.zeros_like(activity[0])
    for row, now in enumerate(activity):
        previous = traced[row] = mwta.leave_trace(previous, now, trace)
    return traced


def with_activation(experiment: Experiment, activation: str) -> Experiment:
    """Return the experiment with another activation than it was trained with.

    Raises
    ------
    InputError
        If its model has no activation to choose.
    """
    if not isinstance(experiment.settings, Mwta):
        raise InputError(f"{experiment.name}: {experiment.model} has no activation to choose")
    return replace(experiment, settings=replace(experiment.settings, activation=activation))


def mean_squared_error(samples: Floats, reconstructions: Floats) -> float:
    """Return the mean over samples and inputs of the squared difference."""
    return float(np.mean((samples - reconstructions) ** 2, dtype=float))


def mass_ratio(samples: Floats, reconstructions: Floats) -> float | None:
    """Return the sum of reconstructions over that of samples: above 1 they are too heavy."""
    mass = float(np.sum(samples, dtype=float))
    return float(np.sum(reconstructions, dtype=float)) / mass if mass else None


def pearson(weights: Floats, one: Indices, other: Indices) -> Floats:
    """Return the correlation of pairs of prototypes; 0 where one of them is constant.

    Constant is what varies by no more than rounding.

    Parameters
    ----------
    weights : (n_units, n_inputs)
    one, other : (n_pairs,) numbers of units
    """
    centred = weights - weights.mean(axis=1, keepdims=True, dtype=float)
    norms = np.linalg.norm(centred, axis=1, keepdims=True)
    rounding = 1e-7 * np.linalg.norm(weights, axis=1, keepdims=True)
    unit = np.divide(centred, norms, out=np.zeros_like(centred), where=norms > rounding)
    correlations: Floats = np.einsum("pi,pi->p", unit[one], unit[other])
    return correlations


def neighbour_pairs(grid: Grid) -> tuple[Indices, Indices]:
    """Return every pair of units that touch along a row or a column.

    >>> neighbour_pairs(Grid(2, 2))
    (array([0, 2, 0, 1]), array([1, 3, 2, 3]))
    """
    numbers = grid.sheet(np.arange(grid.n_units))
    one = [numbers[:, :-1].ravel(), numbers[:-1].ravel()]
    other = [numbers[:, 1:].ravel(), numbers[1:].ravel()]
    return np.concatenate(one), np.concatenate(other)


def random_pairs(n_units: int, n_pairs: int, rng: np.random.Generator) -> tuple[Indices, Indices]:
    """Draw pairs of two different units, with repetition."""
    one = rng.integers(n_units, size=n_pairs)
    return one, (one + rng.integers(1, n_units, size=n_pairs)) % n_units


def smoothness(weights: Floats, grid: Grid) -> dict[str, float | None]:
    """Return the mean correlation of neighbouring prototypes and of random pairs.

    A map without order has the same value for both.
    """
    if grid.n_units == 1:
        return {"neighbour_correlation": None, "random_correlation": None}
    pairs = random_pairs(grid.n_units, RANDOM_PAIRS, np.random.default_rng(0))
    return {
        "neighbour_correlation": float(pearson(weights, *neighbour_pairs(grid)).mean()),
        "random_correlation": float(pearson(weights, *pairs).mean()),
    }


def dead_share(wins: npt.NDArray[np.int64]) -> float:
    """Return the share of units that never won."""
    return float(np.mean(wins == 0))


def measure(model: Map, train: Samples, held_out: Samples, n_held_out: int) -> dict[str, Any]:
    """Measure a map on held-out samples.

    Parameters
    ----------
    model : Map
        With its snapshots.
    train, held_out : Samples
    n_held_out : int
        How many held-out samples to use, from the first on; all where there are fewer.

    Returns
    -------
    dict
        ``measures``: name -> number, or None where there is nothing to measure or no
        finite number comes out;
        ``curve``: held-out error after each kept epoch. docs/measures.md explains each.
    """
    # What a map that blew up measures may overflow; _finite sees to it.
    with np.errstate(all="ignore"):
        results = _measure(model, train, held_out, n_held_out)
    return {group: _finite(values) for group, values in results.items()}


def _measure(model: Map, train: Samples, held_out: Samples, n_held_out: int) -> dict[str, Any]:
    experiment, weights = model.experiment, model.trained.weights
    samples = held_out.vectors(experiment.dtype, n_held_out)
    responses = show(model.trained.state, samples, experiment)
    mean_image = train.vectors("float64").mean(axis=0)
    history = model.trained.history
    return {
        "measures": {
            "held_out_samples": len(samples),
            "held_out_mse": mean_squared_error(samples, responses.reconstructions),
            "mean_image_mse": mean_squared_error(samples, mean_image),
            "training_mse": _last(history.training_mse),
            "mass_ratio": mass_ratio(samples, responses.reconstructions),
            "mass_ratio_excited": _excited_mass_ratio(model, samples),
            "total_activity": float(responses.activity.sum(axis=1).mean()),
            **smoothness(weights, experiment.grid),
            "dead_in_training": _last([dead_share(wins) for wins in history.wins]),
            "dead_held_out": dead_share(responses.wins),
        },
        "curve": _held_out_curve(model, samples),
    }


def _last(values: Sequence[float] | Floats) -> float | None:
    """Return the value of the last epoch, or None where training diverged in its first."""
    return float(values[-1]) if len(values) else None


def _excited_mass_ratio(model: Map, samples: Floats) -> float | None:
    """Return the mass ratio as the notebook drew it, or None for a model without activation."""
    if not isinstance(model.experiment.settings, Mwta):
        return None
    drawn = show(model.trained.state, samples, with_activation(model.experiment, "excited"))
    return mass_ratio(samples, drawn.reconstructions)


def _finite(values: Any) -> Any:
    """Replace NaN and infinity, which a map that blew up measures, by None."""
    if isinstance(values, dict):
        return {key: _finite(value) for key, value in values.items()}
    if isinstance(values, list):
        return [_finite(value) for value in values]
    return values if values is None or math.isfinite(values) else None


def _held_out_curve(model: Map, samples: Floats) -> dict[str, list[float]]:
    experiment = model.experiment
    curve: dict[str, list[float]] = {"epoch": [], "held_out_mse": []}
    for snapshot in model.trained.snapshots:
        arrays = {name: array.astype(experiment.dtype) for name, array in snapshot.arrays.items()}
        drawn = show(models.state_of(experiment, arrays), samples, experiment).reconstructions
        curve["epoch"].append(snapshot.epoch)
        curve["held_out_mse"].append(mean_squared_error(samples, drawn))
    return curve
