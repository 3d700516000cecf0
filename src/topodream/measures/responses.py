"""How a map responds to samples: what most measures, and pictures, are taken of."""

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from topodream.arrays import Array, Floats, Indices
from topodream.blocks import CACHED, blocks
from topodream.data.samples import Vectors
from topodream.files.errors import InputError
from topodream.models import MODELS
from topodream.models.model import State
from topodream.models.prototypes import leave_trace, reconstruct
from topodream.settings.config import Experiment
from topodream.traits import ACTIVATION

# Samples at a time: scores of a block are several times its activity.
BLOCK = 250


@dataclass(frozen=True)
class Winning:
    """Activity that is 0 but of those units that win a sample, and kept of these alone.

    Attributes
    ----------
    units : (n_samples, n_winners)
        Their numbers, ascending.
    answers : (n_samples, n_winners)
        Their activity.
    n_units : int
        How many units there are.
    """

    units: Indices
    answers: Floats
    n_units: int

    @property
    def shape(self) -> tuple[int, int]:
        """How many samples, and of how many units."""
        return len(self.units), self.n_units

    def pick(self, rows: Any) -> "Winning":
        """Return that to some samples."""
        return Winning(self.units[rows], self.answers[rows], self.n_units)

    def __getitem__(self, rows: Any) -> Floats:
        """Return the activity of all units to some samples: (n_rows, n_units)."""
        some = self.pick(rows)
        activity = np.zeros(some.shape, some.answers.dtype)
        np.put_along_axis(activity, some.units, some.answers, axis=1)
        return activity


@dataclass(frozen=True)
class Responses:
    """How a map responds to samples.

    Attributes
    ----------
    evoked : (n_samples, n_units)
        Activity that each sample evokes by itself: without a trace.
    left : (n_samples, n_units), or None
        Activity with a trace, where the map has one.
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

    evoked: Floats | Winning
    left: Floats | None
    ranked: Indices
    clear: npt.NDArray[np.bool_]
    n_winners: int
    wins: npt.NDArray[np.int64]
    weights: Floats

    @cached_property
    def fresh(self) -> Floats:
        """Activity that each sample evokes by itself, as an array: (n_samples, n_units)."""
        return self.evoked[:]

    @property
    def activity(self) -> Floats:
        """Activity, with a trace where the map has one: (n_samples, n_units)."""
        return self.fresh if self.left is None else self.left

    @property
    def winners(self) -> Indices:
        """Numbers of the units that win, best first: (n_samples, n_winners)."""
        return self.ranked[:, : self.n_winners]

    @property
    def sparse(self) -> "Sparse":
        """Activity, with a trace where the map has one, without what is 0."""
        return sparse(self.evoked if self.left is None else self.left)

    @property
    def drawn(self) -> "Drawn":
        """Reconstructions, yet to be made."""
        return Drawn(self.weights, self.evoked if self.left is None else self.left)

    @property
    def reconstructions(self) -> Floats:
        """Reconstructions of all samples: (n_samples, n_inputs)."""
        return self.drawn[:]


class Sparse(NamedTuple):
    """Activity without what is 0, as ``scipy.sparse.csr_matrix`` takes it.

    Attributes
    ----------
    data : (n_active,)
        Activity, sample by sample.
    indices : (n_active,) int32
        The unit of each, ascending within a sample.
    indptr : (n_samples + 1,) int64
        Those of sample ``i`` are from ``indptr[i]`` to ``indptr[i + 1]``.
    """

    data: Floats
    indices: Indices
    indptr: Indices


def sparse(activity: Floats | Winning) -> Sparse:
    """Return activity without what is 0.

    >>> sparse(np.array([[0, 0.5, 0], [0, 0, 0], [0.25, 0, 2]]))
    Sparse(data=array([0.5 , 0.25, 2.  ]), indices=array([1, 0, 2], dtype=int32), indptr=array([0, 1, 1, 3]))
    """
    answers, data, indices = _kept(activity), [], []
    n_active = np.zeros(len(answers) + 1, np.int64)
    for rows in blocks(answers.shape):
        active = answers[rows] != 0
        n_active[1:][rows] = np.count_nonzero(active, axis=1)
        data.append(answers[rows][active])
        units = (
            activity.units[rows][active] if isinstance(activity, Winning) else active.nonzero()[1]
        )
        indices.append(units.astype(np.int32))
    return Sparse(np.concatenate(data), np.concatenate(indices), n_active.cumsum())


@dataclass(frozen=True)
class Drawn:
    """Reconstructions, made when they are asked for: W^T a of each sample.

    Attributes
    ----------
    weights : (n_units, n_inputs)
    activity : (n_samples, n_units)
    """

    weights: Floats
    activity: Floats | Winning

    @property
    def shape(self) -> tuple[int, int]:
        """How many samples, and of how many pixels."""
        return self.activity.shape[0], self.weights.shape[1]

    @cached_property
    def _are_few_active(self) -> bool:
        n_active = np.count_nonzero(_kept(self.activity))
        return bool(n_active <= 0.02 * math.prod(self.activity.shape))

    def __getitem__(self, rows: Any) -> Floats:
        """Return some reconstructions, by a slice or by numbers: (n_rows, n_inputs).

        Where few units are active, of these alone: ten times as fast for a large map.
        """
        if not self._are_few_active:
            return reconstruct(self.weights, self.activity[rows])
        answers = _kept(self.activity)[rows]
        units = self.activity.units[rows] if isinstance(self.activity, Winning) else None
        shape = len(answers), self.weights.shape[1]
        drawn = np.empty(shape, np.result_type(self.weights, answers))
        for row, of_sample in enumerate(answers):
            active = np.flatnonzero(of_sample)
            numbers = active if units is None else units[row, active]
            drawn[row] = reconstruct(self.weights[numbers], of_sample[active])
        return drawn


def _kept(activity: Floats | Winning) -> Floats:
    return activity.answers if isinstance(activity, Winning) else activity


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
    grid = experiment.grid
    wins, before = np.zeros(grid.n_units, np.int64), None
    parts = []
    for first in range(0, len(samples), BLOCK):
        shown, won, n_winners = _respond(state, samples[first : first + BLOCK], experiment, before)
        before = shown["left"][-1] if "left" in shown else None
        rows = slice(None) if kept is None else kept[kept // BLOCK == first // BLOCK] % BLOCK
        parts.append({name: array[rows] for name, array in shown.items()})
        wins += np.bincount(won, minlength=grid.n_units)
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    units, answers = joined.get("units"), joined["answers"]
    return Responses(
        evoked=answers if units is None else Winning(units, answers, grid.n_units),
        left=joined.get("left"),
        ranked=joined["ranked"],
        clear=joined["clear"],
        n_winners=n_winners or 1,
        wins=wins,
        weights=state.weights,
    )


def _respond(
    state: State, samples: Floats, experiment: Experiment, before: Floats | None
) -> tuple[dict[str, Array], Indices, int | None]:
    """Show a map some samples, after activity that left a trace.

    Returns
    -------
    shown : dict
        Of each sample: units ``ranked``, whether the first two are ``clear``, ``answers`` and, where
        winners alone answer, their ``units``; with a trace, the activity that is ``left``.
    won : (n_wins,) int
        Numbers of the units that won, one by one.
    n_winners : int or None
    """
    settings, grid = experiment.settings, experiment.grid
    scores, answers, n_winners = MODELS[experiment.model].answer(state, samples, settings, grid)
    ranked = best_units(scores, max(min(2, grid.n_units), n_winners or 1))
    shown = {"ranked": ranked, "clear": _clear(scores, ranked), "answers": answers}
    evoked: Floats | Winning = answers
    won = ranked[answers.any(axis=1), 0]
    if n_winners is not None:
        shown["units"] = units = np.sort(ranked[:, :n_winners], axis=1)
        shown["answers"] = answers = np.take_along_axis(answers, units, axis=1)
        evoked, won = Winning(units, answers, grid.n_units), units[answers != 0]
    if experiment.has_trace:
        shown["left"] = traced(evoked[:], experiment, before)
    return shown, won, n_winners


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
    best = np.empty((len(values), count), np.intp)
    for rows in blocks(values.shape, CACHED):
        left = values[rows].copy()
        for place in range(count):
            best[rows, place] = left.argmax(axis=1)
            left[np.arange(len(left)), best[rows, place]] = -np.inf
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
    least = least_trace(fresh.dtype)
    for row, now in enumerate(fresh):
        previous = leave_trace(previous, now, trace)
        previous[np.abs(previous) < least] = 0
        mixed[row] = previous
    return mixed


def least_trace(dtype: np.dtype[Any]) -> float:
    """Return what activity that fades is at least; below, it has faded, and is 0.

    It is the root of the smallest normal number, so that products of two are normal too. A trace fades
    by a factor at each sample, and would soon be subnormal: some processors take a hundred times as
    long for such numbers, of which no sum keeps a digit (docs/decisions/11-faded-weights.md).
    """
    return float(np.sqrt(np.finfo(dtype).tiny))


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
