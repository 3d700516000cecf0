"""Foldiak's net: units that answer yes or no, and learn to do so apart from each other.

Foldiak 1990, "Forming sparse representations by local anti-Hebbian learning", Biological
Cybernetics 64. One function per equation of docs/model.md, in its order. Functions that return
take one sample, or many along leading axes; functions that learn change their first argument in
place, by one sample.

Axes: ``weights`` (n_units, n_inputs), ``sample`` (n_inputs,), ``drive``, ``outputs``, ``activity``
and ``thresholds`` (n_units,); ``inhibition`` (n_units, n_units): row i holds what inhibits unit i.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from topodream.arrays import Floats, Indices
from topodream.grid import Grid
from topodream.models import model
from topodream.models.model import Answers, LateralWeights, Model
from topodream.models.prototypes import Start, draw, drive, reconstruct, sigmoid
from topodream.traits import GLOBAL_INHIBITION

# A unit whose output settles above it is active.
ACTIVE_ABOVE = 0.5


@dataclass(frozen=True)
class Thresholds:
    """How thresholds learn; see ``foldiak.schema.yaml`` for each key."""

    start: float
    rate: float
    warm_up_steps: int
    warm_up_rate: float


@dataclass(frozen=True)
class Settling:
    """How outputs settle: a differential equation, by Euler's method."""

    gain: float
    dt: float
    steps: int
    tolerance: float


@dataclass(frozen=True)
class Foldiak:
    """Settings of the model."""

    start: Start
    learning_rate: float
    sparsity: float
    inhibition_rate: float
    thresholds: Thresholds
    settling: Settling


@dataclass
class State(model.State):
    """What training changes.

    Attributes
    ----------
    weights : (n_units, n_inputs)
        The prototypes.
    global_inhibition : (n_units, n_units)
        Foldiak's w, with the other sign: at least 0, on the diagonal 0.
    thresholds : (n_units,)
    warm_up : (1,)
        How many steps there are left in which thresholds alone learn. So a training that goes on
        from a checkpoint knows, and a map that starts from another one has none of its own.
    """

    global_inhibition: Floats
    thresholds: Floats
    warm_up: Floats


def start(
    settings: Foldiak, grid: Grid, n_inputs: int, dtype: str, rng: np.random.Generator
) -> State:
    """Return the state that training starts from, drawn in float64 whatever ``dtype`` is."""
    weights = draw(settings.start, (grid.n_units, n_inputs), rng)
    norms = np.linalg.norm(weights, axis=1, keepdims=True)
    weights /= np.where(norms == 0, 1, norms)
    return State(
        weights.astype(dtype),
        np.zeros((grid.n_units, grid.n_units), dtype),
        np.full(grid.n_units, settings.thresholds.start, dtype),
        np.full(1, settings.thresholds.warm_up_steps, dtype),
    )


def settle(drive: Floats, inhibition: Floats, thresholds: Floats, settings: Settling) -> Floats:
    """Return what outputs settle to, from 0 on: equation 2.

    Each sample by itself, until no output changes by as much as the tolerance in a step.
    """
    outputs = np.zeros_like(drive)
    moving = np.ones((*drive.shape[:-1], 1), bool)
    for _ in range(settings.steps):
        towards = sigmoid(settings.gain * (drive - outputs @ inhibition.T - thresholds))
        change = moving * (settings.dt * (towards - outputs))
        outputs += change
        moving = np.abs(change).max(axis=-1, keepdims=True) >= settings.tolerance
        if not moving.any():
            break
    return outputs


def respond(state: State, samples: Floats, settings: Foldiak) -> tuple[Floats, Floats]:
    """Return the outputs that samples settle to, and the activity, 0 or 1: equations 1 to 3."""
    driven = drive(state.weights, samples)
    outputs = settle(driven, state.global_inhibition, state.thresholds, settings.settling)
    return outputs, (outputs > ACTIVE_ABOVE).astype(outputs.dtype)


def learn(state: State, sample: Floats, settings: Foldiak) -> tuple[Floats, float]:
    """Change the state by one sample: all equations in turn.

    Returns
    -------
    activity : (n_units,)
    squared_error : float
        Mean squared reconstruction error, before the change.
    """
    _, activity = respond(state, sample, settings)
    error = sample - reconstruct(state.weights, activity)
    threshold_rate = settings.thresholds.rate
    if state.warm_up[0] > 0:
        state.warm_up -= 1
        threshold_rate = settings.thresholds.warm_up_rate
    else:
        inhibit(state.global_inhibition, activity, settings)
        learn_sample(state.weights, activity, sample, settings.learning_rate)
    state.thresholds += threshold_rate * (activity - settings.sparsity)
    return activity, float(np.mean(error * error))


def inhibit(inhibition: Floats, activity: Floats, settings: Foldiak) -> None:
    """Inhibit more what is active together, less what is not, never below 0: equation 4."""
    together = np.outer(activity, activity) - settings.sparsity**2
    inhibition += settings.inhibition_rate * together
    np.maximum(inhibition, 0, out=inhibition)
    np.fill_diagonal(inhibition, 0)


def learn_sample(weights: Floats, activity: Floats, sample: Floats, rate: float) -> None:
    """Move prototypes of active units towards the sample: equation 5."""
    weights += rate * activity[:, None] * (sample - weights)


class _Foldiak(Model[Foldiak, State]):
    """Foldiak's net, for all others."""

    settings = Foldiak
    state = State
    traits = frozenset({GLOBAL_INHIBITION})
    engines: ClassVar = {"fast": "fast_foldiak.FastFoldiak"}

    def start(
        self, settings: Foldiak, grid: Grid, n_inputs: int, dtype: str, rng: np.random.Generator
    ) -> State:
        return start(settings, grid, n_inputs, dtype, rng)

    def shapes(self, grid: Grid, n_inputs: int) -> dict[str, tuple[int, ...]]:
        return {
            "weights": (grid.n_units, n_inputs),
            "global_inhibition": (grid.n_units, grid.n_units),
            "thresholds": (grid.n_units,),
            "warm_up": (1,),
        }

    def step(
        self, state: State, sample: Floats, settings: Foldiak, grid: Grid, number: int
    ) -> tuple[Floats, Indices, float]:
        activity, error = learn(state, sample, settings)
        return activity, np.flatnonzero(activity), error

    def answer(self, state: State, samples: Floats, settings: Foldiak, grid: Grid) -> Answers:
        """All units may answer, and all that do win: they are ranked by what they settle to."""
        return Answers(*respond(state, samples, settings), n_winners=grid.n_units)

    def lateral(self, state: State, settings: Foldiak, grid: Grid) -> list[LateralWeights]:
        return [
            LateralWeights(
                "global_inhibition",
                "global inhibition",
                True,
                lambda units: -state.global_inhibition[units],
            )
        ]

    def in_browser(self, state: State, settings: Foldiak, grid: Grid) -> Mapping[str, Any]:
        return {"rule": "settle", "thresholds": state.thresholds, **asdict(settings.settling)}


MODEL = _Foldiak()
