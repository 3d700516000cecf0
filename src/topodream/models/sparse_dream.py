"""SparseDream: sigmoid units that learn whom to excite and whom to inhibit.

One function per equation of docs/model.md, in its order; those on prototypes are in
:mod:`topodream.models.prototypes`. Functions that return take one sample, or many along
leading axes; functions that learn change their first argument in place, by one sample.

Axes: ``weights`` (n_units, n_inputs), ``sample`` (n_inputs,), ``drive``, ``response``,
``activity`` and ``thresholds`` (n_units,); lateral weights (n_units, n_units): row i holds
what unit i hears of the others.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from topodream.arrays import Floats, Indices
from topodream.grid import Grid
from topodream.models import model
from topodream.models.model import Answers, Breach, LateralWeights, Model
from topodream.models.prototypes import (
    Start,
    draw,
    drive,
    faded,
    multiply,
    reconstruct,
    relative,
    sigmoid,
)
from topodream.traits import (
    COLUMN_INHIBITION,
    FADING,
    GLOBAL_INHIBITION,
    LATERAL_EXCITATION,
    LEARNT_EXCITATION,
)

# Every so many steps of an epoch, from its first on, weights not above this become 0.
PRUNE_EVERY = 100
PRUNE_LEVEL = 1e-10
# The error is recorded at every so many steps of an epoch, but for the last one: between them
# no engine has to reconstruct the pixels that it doesn't learn from.
MEASURE_EVERY = 20
# The rules of excitation: kernels know them by their places.
RULES = ("reconstruct", "hebbian", "oja", "fixed")

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Excitation:
    """Learnt lateral excitation; see ``sparse_dream.schema.yaml`` for each key."""

    reach_rows: int
    reach_cols: int
    start: Start
    rate: float
    learns_from: str
    symmetric: bool
    uniform: bool
    rule: str = "reconstruct"
    strength: float | None = None
    limit: float | None = None
    budget: float | None = None

    @property
    def begins(self) -> Start:
        """Between which weights it starts: those of ``start``, or all at ``strength``."""
        return self.start if self.strength is None else Start(self.strength, self.strength)


@dataclass(frozen=True)
class Inhibition:
    """Learnt inhibition of every unit by every other, unless those that excite it are spared."""

    start: Start
    rate: float
    spares_excited_pairs: bool = False


@dataclass(frozen=True)
class ColumnInhibition:
    """Learnt inhibition between the units of a column."""

    start: Start
    rate: float
    acts: bool


@dataclass(frozen=True)
class SparseDream:
    """Settings of the model: sigmoid units with learnt excitation and inhibition."""

    start: Start
    learning_rate: float
    sparsity: float
    threshold_rate: float
    excitation: Excitation
    global_inhibition: Inhibition
    column_inhibition: ColumnInhibition
    unit_norm: bool


@dataclass
class State(model.State):
    """What training changes.

    Attributes
    ----------
    weights : (n_units, n_inputs)
        The prototypes.
    excitation, global_inhibition, column_inhibition : (n_units, n_units)
    thresholds : (n_units,)
    """

    excitation: Floats
    global_inhibition: Floats
    column_inhibition: Floats
    thresholds: Floats


def start(
    settings: SparseDream, grid: Grid, n_inputs: int, dtype: str, rng: np.random.Generator
) -> State:
    """Return the state that training starts from, drawn in float64 whatever ``dtype`` is."""
    pairs = (grid.n_units, grid.n_units)
    weights = draw(settings.start, (grid.n_units, n_inputs), rng)
    excitation = draw(settings.excitation.begins, pairs, rng)
    excitation *= may_excite(grid, settings.excitation)
    global_inhibition = draw(settings.global_inhibition.start, pairs, rng)
    global_inhibition[~may_inhibit(grid, settings)] = 0
    column_inhibition = draw(settings.column_inhibition.start, pairs, rng)
    column_inhibition *= share_column(grid)
    return State(
        weights.astype(dtype),
        excitation.astype(dtype),
        global_inhibition.astype(dtype),
        column_inhibition.astype(dtype),
        np.zeros(grid.n_units, dtype),
    )


@cache
def may_excite(grid: Grid, excitation: Excitation) -> Mask:
    """Return which pairs excite each other: (n_units, n_units).

    Those at most ``reach_rows`` rows and ``reach_cols`` columns apart, in two columns.

    >>> reach = Excitation(0, 1, Start(0, 1), 0.01, "drive", True, False)
    >>> may_excite(Grid(1, 3), reach).astype(int)
    array([[0, 1, 0],
           [1, 0, 1],
           [0, 1, 0]])
    """
    rows, cols = np.divmod(np.arange(grid.n_units), grid.cols)
    rows_apart = np.abs(rows[:, None] - rows)
    cols_apart = np.abs(cols[:, None] - cols)
    near = (rows_apart <= excitation.reach_rows) & (cols_apart <= excitation.reach_cols)
    excites: Mask = near & (cols_apart > 0)
    return excites


@cache
def may_inhibit(grid: Grid, settings: SparseDream) -> Mask:
    """Return which pairs global inhibition is between: (n_units, n_units).

    All, but for a unit with itself, and for those that excite each other where it spares them.
    """
    inhibits: Mask = ~np.eye(grid.n_units, dtype=bool)
    if settings.global_inhibition.spares_excited_pairs:
        inhibits &= ~may_excite(grid, settings.excitation)
    return inhibits


@cache
def share_column(grid: Grid) -> Mask:
    """Return which pairs are in the same column, a unit with itself too: (n_units, n_units)."""
    cols = np.arange(grid.n_units) % grid.cols
    same: Mask = cols[:, None] == cols
    return same


def respond(state: State, sample: Floats, settings: SparseDream) -> tuple[Floats, Floats]:
    """Return the drive response and the activity that a sample evokes: equations 1 to 3."""
    driven = drive(state.weights, sample)
    lateral = state.excitation - state.global_inhibition
    if settings.column_inhibition.acts:
        lateral = lateral - state.column_inhibition
    response = sigmoid(driven - state.thresholds)
    return response, sigmoid(driven + driven @ lateral.T - state.thresholds)


def learn(
    state: State, sample: Floats, settings: SparseDream, grid: Grid, step: int
) -> tuple[Floats, float]:
    """Change the state by one sample: all equations in turn.

    Parameters
    ----------
    state : State
    sample : (n_inputs,)
    settings : SparseDream
    grid : Grid
    step : int
        The step's number in its epoch, from 0 on.

    Returns
    -------
    activity : (n_units,)
    squared_error : float
        Mean squared reconstruction error, before the change.
    """
    response, activity = respond(state, sample, settings)
    inhibit(state, activity, settings, grid)
    squared_error = learn_sample(state.weights, activity, sample, settings.learning_rate)
    state.thresholds += settings.threshold_rate * (activity - settings.sparsity)
    heard = activity if settings.excitation.learns_from == "activity" else response
    state.excitation[...] = excite(state.excitation, heard, settings, grid)
    if settings.unit_norm:
        normalise(state.weights)
    if step % PRUNE_EVERY == 0:
        prune(state.weights)
    return activity, squared_error


def inhibit(state: State, activity: Floats, settings: SparseDream, grid: Grid) -> None:
    """Inhibit more what is active together, less what is not: equations 4 and 5."""
    together = np.outer(activity, activity) - settings.sparsity**2
    state.global_inhibition += settings.global_inhibition.rate * together
    state.global_inhibition[~may_inhibit(grid, settings)] = 0
    rate = settings.column_inhibition.rate / grid.rows
    state.column_inhibition += rate * together * share_column(grid)


def learn_sample(weights: Floats, activity: Floats, sample: Floats, rate: float) -> float:
    """Move prototypes towards what they failed to reconstruct: equations 6 and 7."""
    reconstruction = reconstruct(weights, activity)
    error = sample - reconstruction
    weights *= 1 + rate * np.outer(activity, relative(error, reconstruction))
    return float(np.mean(error * error))


def excite(excitation: Floats, heard: Floats, settings: SparseDream, grid: Grid) -> Floats:
    """Return excitation after it has learnt from ``heard``: equations 9 to 11."""
    rule = settings.excitation
    if rule.rule == "fixed":
        return excitation
    if rule.rule == "reconstruct":
        learnt = predict(excitation, heard, rule.rate)
    elif rule.rule == "hebbian":
        learnt = associate(excitation, heard, rule.rate, settings.sparsity)
    else:
        learnt = associate_and_forget(excitation, heard, rule.rate)
    excitation = np.where(may_excite(grid, rule), learnt, 0)
    if rule.symmetric:
        excitation = 0.5 * (excitation + excitation.T)
    if rule.uniform:
        norms = np.linalg.norm(excitation, axis=1, keepdims=True)
        excitation = may_excite(grid, rule) * norms
    if rule.limit is not None:
        excitation = np.minimum(excitation, rule.limit)
    if rule.budget is not None:
        excitation = keep_to_budget(excitation, rule.budget)
    return excitation


def predict(excitation: Floats, heard: Floats, rate: float) -> Floats:
    """Return excitation by which units predict each other better: equation 9, ``reconstruct``."""
    predicted = heard @ excitation
    surprise = relative(heard - predicted, predicted)
    return multiply(excitation, 1 + rate * np.outer(heard, surprise))


def associate(excitation: Floats, heard: Floats, rate: float, sparsity: float) -> Floats:
    """Return more excitation between what is active together: equation 9, ``hebbian``.

    It is the rule by which Foldiak's units (1990) inhibit each other, with its sign turned.
    """
    together = np.outer(heard, heard) - sparsity**2
    associated: Floats = np.maximum(excitation + rate * together, 0)
    return associated


def associate_and_forget(excitation: Floats, heard: Floats, rate: float) -> Floats:
    """Return the same, where a unit that is active forgets: equation 9, ``oja`` (Oja 1982)."""
    own = heard[:, None]
    associated: Floats = np.maximum(excitation + rate * own * (heard - own * excitation), 0)
    return associated


def keep_to_budget(excitation: Floats, budget: float) -> Floats:
    """Scale what a unit hears down to a sum of ``budget``, where it is more: equation 11."""
    total = excitation.sum(axis=1, keepdims=True)
    kept: Floats = excitation * np.where(total > budget, budget / np.maximum(total, budget), 1)
    return kept


def normalise(weights: Floats) -> None:
    """Divide every prototype by its L2 norm, unless that is 0: equation 12."""
    norms = np.linalg.norm(weights, axis=1, keepdims=True)
    weights /= np.where(norms == 0, 1, norms)


def prune(weights: Floats) -> None:
    """Set weights to 0 that are not above the level: equation 13."""
    weights[~(weights > PRUNE_LEVEL)] = 0


class _SparseDream(Model[SparseDream, State]):
    """SparseDream, for all others."""

    settings = SparseDream
    state = State
    traits = frozenset(
        {FADING, LATERAL_EXCITATION, LEARNT_EXCITATION, GLOBAL_INHIBITION, COLUMN_INHIBITION}
    )
    engines: ClassVar = {
        "fast": "fast_sparse_dream.FastSparseDream",
        "cupy": "cupy_sparse_dream.CupySparseDream",
    }
    measure_every = MEASURE_EVERY

    def start(
        self, settings: SparseDream, grid: Grid, n_inputs: int, dtype: str, rng: np.random.Generator
    ) -> State:
        return start(settings, grid, n_inputs, dtype, rng)

    def shapes(self, grid: Grid, n_inputs: int) -> dict[str, tuple[int, ...]]:
        pairs = ("excitation", "global_inhibition", "column_inhibition")
        return {
            "weights": (grid.n_units, n_inputs),
            **dict.fromkeys(pairs, (grid.n_units, grid.n_units)),
            "thresholds": (grid.n_units,),
        }

    def step(
        self, state: State, sample: Floats, settings: SparseDream, grid: Grid, number: int
    ) -> tuple[Floats, Indices, float]:
        activity, error = learn(state, sample, settings, grid, number)
        best = np.argmax(activity, keepdims=True)
        return activity, best[activity[best] != 0], error

    def answer(self, state: State, samples: Floats, settings: SparseDream, grid: Grid) -> Answers:
        activity = respond(state, samples, settings)[1]
        return Answers(activity, activity, None)

    def breaches(self, settings: SparseDream, grid: Grid) -> Iterator[Breach]:
        excitation = settings.excitation
        if excitation.rule != "fixed":
            return
        if excitation.strength is None:
            yield ("excitation", "strength"), "a number where excitation.rule is fixed"
        for key, none in (("uniform", "false"), ("limit", "null"), ("budget", "null")):
            if getattr(excitation, key):
                allowed = f"{none} where excitation.rule is fixed, which changes no weight"
                yield ("excitation", key), allowed

    def of_state(self, settings: SparseDream) -> dict[str, object]:
        reach = settings.excitation
        return {
            "excitation.reach_rows": reach.reach_rows,
            "excitation.reach_cols": reach.reach_cols,
            "global_inhibition.spares_excited_pairs": settings.global_inhibition.spares_excited_pairs,
        }

    def lateral(self, state: State, settings: SparseDream, grid: Grid) -> list[LateralWeights]:
        column = "column inhibition"
        if not settings.column_inhibition.acts:
            column += " (does not act)"
        return [
            LateralWeights(
                "lateral_excitation", "excitation", True, lambda units: state.excitation[units]
            ),
            LateralWeights(
                "global_inhibition",
                "global inhibition",
                True,
                lambda units: -state.global_inhibition[units],
            ),
            LateralWeights(
                "column_inhibition",
                column,
                settings.column_inhibition.acts,
                lambda units: -state.column_inhibition[units],
            ),
        ]

    def in_browser(self, state: State, settings: SparseDream, grid: Grid) -> Mapping[str, Any]:
        return {"rule": "interact", "thresholds": state.thresholds}

    def faded(self, weights: Floats, settings: SparseDream) -> Mask:
        """Return which prototypes have no weight as large as the smallest at the start."""
        return faded(weights, settings.start.low)


MODEL = _SparseDream()
