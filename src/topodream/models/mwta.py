"""MWTA: multiple winners take all, with lateral excitation.

One function per equation of docs/model.md, in its order; those on prototypes are in
:mod:`topodream.models.prototypes`. All but :func:`learn` take one
sample, or many along leading axes; a trace makes samples depend on their order and is
applied by whoever walks through them.

Axes: ``weights`` (n_units, n_inputs), ``sample`` (n_inputs,), ``drive``, ``score`` and
``activity`` (n_units,), ``winners`` (n_winners,).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from topodream.arrays import Floats, Indices
from topodream.blocks import CACHED, blocks
from topodream.grid import LEAST_ROUND, Grid, Torus, neighbour_sum, sources
from topodream.models import model
from topodream.models.model import Answers, Breach, LateralWeights, Model
from topodream.models.prototypes import (
    Start,
    activity_of,
    draw,
    drive,
    leave_trace,
    multiply,
    reconstruct,
    relative,
)
from topodream.traits import ACTIVATION, LATERAL_EXCITATION, TRACE


@dataclass(frozen=True)
class Lateral:
    """Lateral excitation; see ``mwta.schema.yaml`` for each key."""

    strength: float
    radius: int
    edge: str
    row_norm: float | None
    row_sum: float | None = None


@dataclass(frozen=True)
class Mwta:
    """Settings of the model: multiple winners take all with lateral excitation."""

    start: Start
    learning_rate: float
    n_winners: int
    activation: str
    trace: float | None
    lateral: Lateral
    error_clip: float | None
    weight_clip: float | None


@dataclass
class State(model.State):
    """What training changes.

    Attributes
    ----------
    weights : (n_units, n_inputs)
        The prototypes.
    activity : (n_units,)
        The activity of the last step, from which a trace continues.
    """

    activity: Floats

    def begin_epoch(self) -> None:
        """Make it ready for an epoch: activity starts it at zero."""
        self.activity[:] = 0


def start(settings: Mwta, grid: Grid, n_inputs: int, dtype: str, rng: np.random.Generator) -> State:
    """Return the state that training starts from, drawn in float64 whatever ``dtype`` is."""
    weights = draw(settings.start, (grid.n_units, n_inputs), rng)
    return State(weights.astype(dtype), np.zeros(grid.n_units, dtype))


@cache
def lateral_gain(lateral: Lateral, grid: Grid, dtype: str) -> Floats:
    """Return the weight of a neighbour's drive in each unit's score: (n_units,).

    It is ``strength``, or, where lateral weights are normalised, such that each unit's
    have the L2 norm ``row_norm``, or the sum ``row_sum``. A unit that hears nobody has 0 then.
    To be read only: it is worked out once.
    """
    scaled = lateral.row_norm if lateral.row_sum is None else lateral.row_sum
    if scaled is None:
        return np.full(grid.n_units, lateral.strength, dtype)
    ones = np.ones((grid.rows, grid.cols))
    n_heard = neighbour_sum(ones, lateral.radius, lateral.edge).reshape(-1)
    parts = np.sqrt(n_heard) if lateral.row_sum is None else n_heard
    gain = np.divide(scaled, parts, where=n_heard > 0, out=np.zeros_like(n_heard))
    return gain.astype(dtype)


def score(drive: Floats, gain: Floats, lateral: Lateral, grid: Grid) -> Floats:
    """Return each unit's drive and its neighbours' share in it: equation 2."""
    excitation = neighbour_sum(grid.sheet(drive), lateral.radius, lateral.edge)
    return drive + gain * excitation.reshape(drive.shape)


def choose_winners(score: Floats, n_winners: int) -> npt.NDArray[np.intp]:
    """Return the units of largest score, best first: equation 3.

    Of units with equal scores those with the smaller number come first.
    """
    return np.argsort(-score, axis=-1, kind="stable")[..., :n_winners]


def respond(
    weights: Floats, sample: Floats, gain: Floats, settings: Mwta, grid: Grid
) -> tuple[npt.NDArray[np.intp], Floats]:
    """Return the winners and the activity that a sample evokes: equations 1 to 4, no trace."""
    driven = drive(weights, sample)
    scores = score(driven, gain, settings.lateral, grid)
    winners = choose_winners(scores, settings.n_winners)
    return winners, activity_of(winners, driven if settings.activation == "drive" else scores)


def learn(weights: Floats, activity: Floats, sample: Floats, settings: Mwta) -> float:
    """Change the weights in place by one sample: equations 6 to 8.

    Returns
    -------
    float
        Mean squared reconstruction error, before the change.
    """
    # Where activity is 0 the factor is 1: those rows stay as they are, to the bit.
    active = np.flatnonzero(activity)
    rows, active_activity = weights[active], activity[active]
    reconstruction = reconstruct(rows, active_activity)
    error = sample - reconstruction
    squared_error = float(np.mean(error * error))
    if settings.error_clip is not None:
        error = np.clip(error, -settings.error_clip, settings.error_clip)
    change = np.outer(active_activity, relative(error, reconstruction))
    rows = multiply(rows, 1 + settings.learning_rate * change)
    if settings.weight_clip is not None:
        np.clip(rows, 0, settings.weight_clip, out=rows)
    weights[active] = rows
    return squared_error


def fixed_excitation(lateral: Lateral, grid: Grid, units: Indices) -> Floats:
    """Return the weights by which units hear others' drives: (n_shown, n_units).

    They are rows of the matrix that :func:`score` multiplies drives by, without the units' own
    drives.

    Parameters
    ----------
    lateral : Lateral
    grid : Grid
    units : (n_shown,) numbers of units
    """
    each = np.zeros((len(units), grid.n_units))
    each[np.arange(len(units)), units] = 1
    # Who is within the radius of a unit has it within the radius too.
    both_ways = "wrap" if lateral.edge == "wrap" else "full"
    near = neighbour_sum(grid.sheet(each), lateral.radius, both_ways)
    heard = sources(np.ones((grid.rows, grid.cols)), lateral.edge)
    gain = lateral_gain(lateral, grid, "float64")
    return (near * heard).reshape(each.shape) * gain[units, None]


def _breaches_of_a_torus(radius: int, grid: Grid) -> Iterator[Breach]:
    """Yield what would let a unit hear another one twice, or itself."""
    size, least = f"a grid of {grid.rows} x {grid.cols}", min(grid.rows, grid.cols)
    if least < LEAST_ROUND:
        allowed = f"full or notebook on {size}; wrap needs {LEAST_ROUND} rows and columns"
        yield ("lateral", "edge"), allowed
    elif 2 * radius + 1 > least:
        allowed = f"at most {(least - 1) // 2} where lateral.edge is wrap, on {size}"
        yield ("lateral", "radius"), allowed


class _Mwta(Model[Mwta, State]):
    """MWTA, for all others."""

    settings = Mwta
    state = State
    traits = frozenset({ACTIVATION, TRACE, LATERAL_EXCITATION})
    engines: ClassVar = {"fast": "fast_mwta.FastMwta", "cupy": "cupy_mwta.CupyMwta"}

    def start(
        self, settings: Mwta, grid: Grid, n_inputs: int, dtype: str, rng: np.random.Generator
    ) -> State:
        return start(settings, grid, n_inputs, dtype, rng)

    def shapes(self, grid: Grid, n_inputs: int) -> dict[str, tuple[int, ...]]:
        return {"weights": (grid.n_units, n_inputs), "activity": (grid.n_units,)}

    def step(
        self,
        state: State,
        sample: Floats,
        settings: Mwta,
        grid: Grid,
        number: int,
    ) -> tuple[Floats, Indices, float]:
        gain = lateral_gain(settings.lateral, grid, state.weights.dtype.name)
        winners, fresh = respond(state.weights, sample, gain, settings, grid)
        state.activity = leave_trace(state.activity, fresh, settings.trace)
        error = learn(state.weights, state.activity, sample, settings)
        return state.activity, winners[fresh[winners] != 0], error

    def answer(self, state: State, samples: Floats, settings: Mwta, grid: Grid) -> Answers:
        gain = lateral_gain(settings.lateral, grid, state.weights.dtype.name)
        driven = drive(state.weights, samples)
        scores = np.empty_like(driven)
        for rows in blocks(driven.shape, CACHED):
            scores[rows] = score(driven[rows], gain, settings.lateral, grid)
        answers = driven if settings.activation == "drive" else scores
        return Answers(scores, answers, settings.n_winners)

    def breaches(self, settings: Mwta, grid: Grid) -> Iterator[Breach]:
        if settings.n_winners > grid.n_units:
            size = f"{grid.rows} x {grid.cols}"
            yield ("n_winners",), f"at most the {grid.n_units} units of a grid of {size}"
        if settings.weight_clip is not None and settings.start.high > settings.weight_clip:
            yield ("start", "high"), f"at most weight_clip, {settings.weight_clip}"
        scaled = [
            key for key in ("row_norm", "row_sum") if getattr(settings.lateral, key) is not None
        ]
        if scaled and settings.lateral.strength == 0:
            allowed = "null where lateral.strength is 0, there is nothing to scale"
            yield ("lateral", scaled[0]), allowed
        if len(scaled) > 1:
            yield ("lateral", "row_sum"), "null where lateral.row_norm says how rows are scaled"
        if settings.lateral.edge == "wrap":
            yield from _breaches_of_a_torus(settings.lateral.radius, grid)

    def surface(self, settings: Mwta, grid: Grid) -> Grid:
        return Torus(grid.rows, grid.cols) if settings.lateral.edge == "wrap" else grid

    def n_active(self, settings: Mwta, grid: Grid) -> int:
        return settings.n_winners

    def lateral(self, state: State, settings: Mwta, grid: Grid) -> list[LateralWeights]:
        def effects(units: Indices) -> Floats:
            return fixed_excitation(settings.lateral, grid, units)

        return [LateralWeights("lateral_excitation", "lateral excitation, fixed", True, effects)]

    def in_browser(self, state: State, settings: Mwta, grid: Grid) -> Mapping[str, Any]:
        keys = ("n_winners", "activation")
        return {"rule": "compete", **{key: getattr(settings, key) for key in keys}}


MODEL = _Mwta()
