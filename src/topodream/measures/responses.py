"""How a map responds to samples: what most measures, and pictures, are taken of."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from topodream import models
from topodream.config import Experiment, Mwta
from topodream.errors import InputError
from topodream.grid import Floats
from topodream.models import mwta, sparse_dream
from topodream.models.prototypes import drive, reconstruct

# Samples at a time: scores of a block are several times its activity.
BLOCK = 250

Indices = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Responses:
    """How a map responds to samples.

    Attributes
    ----------
    activity : (n_samples, n_units)
        With a trace where the map has one.
    fresh : (n_samples, n_units)
        Activity that each sample evokes by itself: without a trace.
    ranked : (n_samples, n_ranked)
        Numbers of the units of largest score (SparseDream: of largest activity), best first:
        as many as win, and two at least where there are two.
    clear : (n_samples,) bool
        Whether the first two of them are: where more units have as large a score, numbers
        alone decide.
    n_winners : int
        How many of them win a sample that they answer to; SparseDream: 1.
    wins : (n_units,) int64
        Samples that the unit won, see :class:`topodream.engines.Tally`.
    reconstructions : (n_samples, n_inputs)
    """

    activity: Floats
    fresh: Floats
    ranked: Indices
    clear: npt.NDArray[np.bool_]
    n_winners: int
    wins: npt.NDArray[np.int64]
    reconstructions: Floats


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
    fresh, ranked, clear = (np.concatenate(part) for part in list(zip(*blocks, strict=True))[:3])
    activity = with_trace(fresh, experiment)
    settings = experiment.settings
    return Responses(
        activity=activity,
        fresh=fresh,
        ranked=ranked,
        clear=clear,
        n_winners=settings.n_winners if isinstance(settings, Mwta) else 1,
        wins=np.sum([wins for *_, wins in blocks], axis=0),
        reconstructions=_reconstruct(state.weights, activity),
    )


def _reconstruct(weights: Floats, activity: Floats) -> Floats:
    """Return W^T a of each sample: (n_samples, n_inputs).

    Where few units are active, of these alone: ten times as fast for a large map.
    """
    if np.count_nonzero(activity) > 0.02 * activity.size:
        return reconstruct(weights, activity)
    drawn = np.empty((len(activity), weights.shape[1]), np.result_type(weights, activity))
    samples, units = np.nonzero(activity)
    ends = np.searchsorted(samples, np.arange(1, len(activity)))
    for row, active in enumerate(np.split(units, ends)):
        drawn[row] = reconstruct(weights[active], activity[row, active])
    return drawn


def _respond(
    state: models.State, samples: Floats, experiment: Experiment
) -> tuple[Floats, Indices, npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
    """Return the activity that samples evoke, units ranked, what is clear, wins per unit."""
    settings, grid = experiment.settings, experiment.grid
    pair = min(2, grid.n_units)
    if isinstance(settings, Mwta):
        gain = mwta.lateral_gain(settings.lateral, grid, experiment.dtype)
        driven = drive(state.weights, samples)
        scores = mwta.score(driven, gain, settings.lateral, grid)
        ranked = best_units(scores, max(pair, settings.n_winners))
        answers = driven if settings.activation == "drive" else scores
        activity = mwta.activity_of(ranked[:, : settings.n_winners], answers)
        return activity, ranked, _clear(scores, ranked), np.count_nonzero(activity, axis=0)
    assert isinstance(state, sparse_dream.State)  # noqa: S101
    activity = sparse_dream.respond(state, samples, settings)[1]
    ranked = best_units(activity, pair)
    wins = np.bincount(ranked[activity.any(axis=1), 0], minlength=grid.n_units)
    return activity, ranked, _clear(activity, ranked), wins


def _clear(values: Floats, ranked: Indices) -> npt.NDArray[np.bool_]:
    """Return whether no unit has as large a value as the first two: (n_samples,)."""
    second = np.take_along_axis(values, ranked[:, :2][:, -1:], axis=1)
    clear: npt.NDArray[np.bool_] = np.count_nonzero(values >= second, axis=1) <= 2
    return clear


def best_units(values: Floats, count: int) -> Indices:
    """Return the units of largest value, best first: (n_samples, count).

    The same as :func:`topodream.models.mwta.choose_winners`, some ten times as fast for a
    few winners, since it sorts nothing.

    Parameters
    ----------
    values : (n_samples, n_units)
    count : int
        At most n_units.

    Examples
    --------
    >>> best_units(np.array([[0.0, 3, 1, 3]]), 3)
    array([[1, 3, 2]])
    """
    left = values.copy()
    best = np.empty((len(values), count), np.intp)
    for place in range(count):
        best[:, place] = left.argmax(axis=1)
        left[np.arange(len(left)), best[:, place]] = -np.inf
    return best


def with_trace(fresh: Floats, experiment: Experiment) -> Floats:
    """Return activity with the trace of an experiment's map, or as it is without one.

    Parameters
    ----------
    fresh : (n_samples, n_units)
        In the order samples are met.
    """
    settings = experiment.settings
    if not isinstance(settings, Mwta) or settings.trace is None:
        return fresh
    traced, previous = np.empty_like(fresh), np.zeros_like(fresh[0])
    for row, now in enumerate(fresh):
        previous = traced[row] = mwta.leave_trace(previous, now, settings.trace)
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
