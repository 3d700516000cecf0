"""MWTA: multiple winners take all, with lateral excitation.

One function per equation of docs/model.md, in its order; those on prototypes are in
:mod:`topodream.models.prototypes`. All but :func:`learn` take one
sample, or many along leading axes; a trace makes samples depend on their order and is
applied by whoever walks through them.

Axes: ``weights`` (n_units, n_inputs), ``sample`` (n_inputs,), ``drive``, ``score`` and
``activity`` (n_units,), ``winners`` (n_winners,).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from topodream.grid import Floats, Grid, neighbour_sum
from topodream.models.prototypes import Start, draw, drive, multiply, reconstruct, relative


@dataclass(frozen=True)
class Lateral:
    """Lateral excitation; see ``mwta.schema.yaml`` for each key."""

    strength: float
    radius: int
    edge: str
    row_norm: float | None


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
class State:
    """What training changes.

    Attributes
    ----------
    weights : (n_units, n_inputs)
        The prototypes.
    activity : (n_units,)
        The activity of the last step, from which a trace continues.
    """

    weights: Floats
    activity: Floats


def start(settings: Mwta, grid: Grid, n_inputs: int, dtype: str, rng: np.random.Generator) -> State:
    """Return the state that training starts from, drawn in float64 whatever ``dtype`` is."""
    weights = draw(settings.start, (grid.n_units, n_inputs), rng)
    return State(weights.astype(dtype), np.zeros(grid.n_units, dtype))


def lateral_gain(lateral: Lateral, grid: Grid, dtype: str) -> Floats:
    """Return the weight of a neighbour's drive in each unit's score: (n_units,).

    It is ``strength``, or, where lateral weights are normalised, such that each unit's
    have the L2 norm ``row_norm``. A unit that hears nobody has 0 then.
    """
    if lateral.row_norm is None:
        return np.full(grid.n_units, lateral.strength, dtype)
    ones = np.ones((grid.rows, grid.cols))
    n_heard = neighbour_sum(ones, lateral.radius, lateral.edge).reshape(-1)
    gain = np.divide(
        lateral.row_norm, np.sqrt(n_heard), where=n_heard > 0, out=np.zeros_like(n_heard)
    )
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


def activity_of(winners: npt.NDArray[np.intp], answers: Floats) -> Floats:
    """Return each winner's answer (its drive or its score), 0 elsewhere: equation 4."""
    activity = np.zeros_like(answers)
    np.put_along_axis(activity, winners, np.take_along_axis(answers, winners, -1), -1)
    return activity


def respond(
    weights: Floats, sample: Floats, gain: Floats, settings: Mwta, grid: Grid
) -> tuple[npt.NDArray[np.intp], Floats]:
    """Return the winners and the activity that a sample evokes: equations 1 to 4, no trace."""
    driven = drive(weights, sample)
    scores = score(driven, gain, settings.lateral, grid)
    winners = choose_winners(scores, settings.n_winners)
    return winners, activity_of(winners, driven if settings.activation == "drive" else scores)


def leave_trace(previous: Floats, activity: Floats, trace: float | None) -> Floats:
    """Return the activity moved from its previous value only ``trace`` of the way: equation 5."""
    return activity if trace is None else previous + trace * (activity - previous)


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
