"""How a map responds to samples: what most measures, and pictures, are taken of."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from topodream.arrays import Floats, Indices
from topodream.data.samples import Vectors
from topodream.files.errors import InputError
from topodream.models import MODELS
from topodream.models.model import State
from topodream.models.prototypes import activity_of, leave_trace, reconstruct
from topodream.settings.config import Experiment
from topodream.traits import ACTIVATION

# Samples at a time: scores of a block are several times its activity.
BLOCK = 250


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
    weights : (n_units, n_inputs)
        The prototypes that reconstruct samples.
    """

    activity: Floats
    fresh: Floats
    ranked: Indices
    clear: npt.NDArray[np.bool_]
    n_winners: int
    wins: npt.NDArray[np.int64]
    weights: Floats

    @property
    def winners(self) -> Indices:
        """Numbers of the units that win, best first: (n_samples, n_winners)."""
        return self.ranked[:, : self.n_winners]

    @property
    def drawn(self) -> "Drawn":
        """Reconstructions, yet to be made."""
        return Drawn(self.weights, self.activity)

    @property
    def reconstructions(self) -> Floats:
        """Reconstructions of all samples: (n_samples, n_inputs)."""
        return self.drawn[:]


@dataclass(frozen=True)
class Drawn:
    """Reconstructions, made when they are asked for: W^T a of each sample.

    Attributes
    ----------
    weights : (n_units, n_inputs)
    activity : (n_samples, n_units)
    """

    weights: Floats
    activity: Floats

    @property
    def shape(self) -> tuple[int, int]:
        """How many samples, and of how many pixels."""
        return len(self.activity), self.weights.shape[1]

    @cached_property
    def _are_few_active(self) -> bool:
        return bool(np.count_nonzero(self.activity) <= 0.02 * self.activity.size)

    def __getitem__(self, rows: Any) -> Floats:
        """Return some reconstructions, by a slice or by numbers: (n_rows, n_inputs).

        Where few units are active, of these alone: ten times as fast for a large map.
        """
        activity = self.activity[rows]
        if not self._are_few_active:
            return reconstruct(self.weights, activity)
        shape = len(activity), self.weights.shape[1]
        drawn = np.empty(shape, np.result_type(self.weights, activity))
        for row, answers in enumerate(activity):
            active = np.flatnonzero(answers)
            drawn[row] = reconstruct(self.weights[active], answers[active])
        return drawn


def respond(
    state: State,
    samples: Floats | Vectors,
    experiment: Experiment,
    kept: Indices | None = None,
) -> Responses:
    """Show samples to a map, without learning, and return how it responds.

    Parameters
    ----------
    state : State
    samples : (n_samples, n_inputs), in [0, 1]
        With a trace, in the order they are met.
    experiment : Experiment
        Its activation and trace are those that training used; override them with
        :func:`with_activation` to see what another activation would have drawn.
    kept : (n_kept,) int, optional
        Numbers, ascending, of the samples whose responses are returned, where not all are; wins
        are of all.
    """
    wins, parts, before = [], [], None
    for first in range(0, len(samples), BLOCK):
        fresh, ranked, clear, won, n_winners = _respond(
            state, samples[first : first + BLOCK], experiment
        )
        activity = traced(fresh, experiment, before)
        before = activity[-1]
        rows = slice(None) if kept is None else kept[kept // BLOCK == first // BLOCK] % BLOCK
        parts.append([part[rows] for part in (fresh, activity, ranked, clear)])
        wins.append(won)
    of_fresh, of_activity, of_ranked, of_clear = zip(*parts, strict=True)
    fresh = np.concatenate(of_fresh)
    return Responses(
        activity=np.concatenate(of_activity) if experiment.has_trace else fresh,
        fresh=fresh,
        ranked=np.concatenate(of_ranked),
        clear=np.concatenate(of_clear),
        n_winners=n_winners or 1,
        wins=np.sum(wins, axis=0),
        weights=state.weights,
    )


def _respond(
    state: State, samples: Floats, experiment: Experiment
) -> tuple[Floats, Indices, npt.NDArray[np.bool_], npt.NDArray[np.int64], int | None]:
    """Return the activity that samples evoke, units ranked, what is clear, wins, n_winners."""
    settings, grid = experiment.settings, experiment.grid
    answered = MODELS[experiment.model].answer(state, samples, settings, grid)
    scores, activity, n_winners = answered
    ranked = best_units(scores, max(min(2, grid.n_units), n_winners or 1))
    if n_winners is None:
        wins = np.bincount(ranked[activity.any(axis=1), 0], minlength=grid.n_units)
    else:
        activity = activity_of(ranked[:, :n_winners], activity)
        wins = np.count_nonzero(activity, axis=0)
    return activity, ranked, _clear(scores, ranked), wins, n_winners


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


def traced(fresh: Floats, experiment: Experiment, before: Floats | None = None) -> Floats:
    """Return activity with the trace of an experiment's map, or as it is without one.

    Parameters
    ----------
    fresh : (n_samples, n_units)
        In the order samples are met.
    experiment : Experiment
    before : (n_units,), optional
        The activity, with its trace, before the first of them; none without it.
    """
    trace = experiment.trace
    if trace is None:
        return fresh
    mixed = np.empty_like(fresh)
    previous = np.zeros_like(fresh[0]) if before is None else before
    for row, now in enumerate(fresh):
        previous = mixed[row] = leave_trace(previous, now, trace)
    return mixed


def with_activation(experiment: Experiment, activation: str) -> Experiment:
    """Return the experiment with another activation than it was trained with.

    Raises
    ------
    InputError
        If its model has no activation to choose.
    """
    if ACTIVATION not in MODELS[experiment.model].traits:
        raise InputError(f"{experiment.name}: {experiment.model} has no activation to choose")
    return replace(experiment, settings=replace(experiment.settings, activation=activation))
