"""What a model is to all others: one object, which its module exports as ``MODEL``.

Axes: ``weights`` (n_units, n_inputs), ``sample`` (n_inputs,), ``samples`` (n_samples, n_inputs),
``activity`` (n_units,), or (n_samples, n_units) of several samples.
"""

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from topodream.arrays import Array, Floats, Indices
from topodream.grid import Grid

# The path of a setting, and what is allowed there.
Breach = tuple[tuple[str, ...], str]


@dataclass
class State:
    """What training changes: arrays by their names. Each model adds its own.

    Attributes
    ----------
    weights : (n_units, n_inputs)
        The prototypes.
    """

    weights: Floats

    @property
    def arrays(self) -> dict[str, Array]:
        """Its arrays by their names."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    def begin_epoch(self) -> None:
        """Make it ready for an epoch."""


class Answers(NamedTuple):
    """What units answer to samples, without learning and without a trace.

    Attributes
    ----------
    scores : (n_samples, n_units)
        By which units are ranked, the largest first; of equal ones the smaller number.
    answers : (n_samples, n_units)
        What a unit answers with, if it may.
    n_winners : int or None
        How many of the best may answer; None: all do, and the best one wins.
    """

    scores: Floats
    answers: Floats
    n_winners: int | None


@dataclass(frozen=True)
class LateralWeights:
    """Lateral weights of one kind, for pictures.

    Attributes
    ----------
    name : str
        That of their picture.
    title : str
        What they are, for readers; and that they don't act, where they don't.
    acts : bool
        Whether they take part in a unit's activity.
    effects : callable
        Numbers of units, (n_shown,) -> what these hear of all, (n_shown, n_units): above 0 it
        excites, below 0 it inhibits.
    """

    name: str
    title: str
    acts: bool
    effects: Callable[[Indices], Floats]


S = TypeVar("S")
T = TypeVar("T", bound=State)


class Model(ABC, Generic[S, T]):
    """A model that learns.

    A subclass states the four class variables and what is abstract; the rest has defaults.

    Attributes
    ----------
    settings : type
        A frozen dataclass of the keys in the model's schema, ``<name>.schema.yaml`` beside its
        module.
    state : type of State
    traits : frozenset of str
        See :mod:`topodream.traits`.
    engines : mapping
        What can train it besides the reference: the engine's name -> module and class in
        :mod:`topodream.engines`. "fast" computes on a CPU, "cupy" on a GPU.
    measure_every : int
        The error is measured at every so many steps of an epoch, of the last one at all.
    """

    settings: ClassVar[type[Any]]
    state: ClassVar[type[Any]]
    traits: ClassVar[frozenset[str]] = frozenset()
    engines: ClassVar[Mapping[str, str]] = {}
    measure_every: ClassVar[int] = 1

    # ------------------------------------------------------------------ what a model has to say

    @abstractmethod
    def start(
        self, settings: S, grid: Grid, n_inputs: int, dtype: str, rng: np.random.Generator
    ) -> T:
        """Return the state that training starts from, drawn in float64 whatever ``dtype`` is."""

    @abstractmethod
    def shapes(self, grid: Grid, n_inputs: int) -> dict[str, tuple[int, ...]]:
        """Return the shapes of a state's arrays by their names."""

    @abstractmethod
    def step(
        self, state: T, sample: Floats, settings: S, grid: Grid, number: int
    ) -> tuple[Floats, Indices, float]:
        """Learn one sample: change the state in place.

        ``number`` is the step's in its epoch, from 0 on.

        Returns
        -------
        activity : (n_units,)
        winners : (n_winners,) int
            Numbers of the units that won, of those whose answer was not 0.
        squared_error : float
            Mean squared reconstruction error, before the change.
        """

    @abstractmethod
    def answer(self, state: T, samples: Floats, settings: S, grid: Grid) -> Answers:
        """Return what units answer to samples, without learning: each by itself, no trace."""

    # ------------------------------------------------------------------ what it may say besides

    def breaches(self, settings: S, grid: Grid) -> Iterator[Breach]:
        """Yield what is wrong between settings, which no schema can say."""
        yield from ()

    def surface(self, settings: S, grid: Grid) -> Grid:
        """Return the grid as its units touch: with its borders, or a torus where they do too."""
        return grid

    def n_active(self, settings: S, grid: Grid) -> int:
        """Return how many units answer to a sample at most, where there is no trace."""
        return grid.n_units

    def of_state(self, settings: S) -> dict[str, object]:
        """Return the settings that a map has in common with one that it starts from.

        By their dotted keys, besides the grid: those without which a state has other weights.
        """
        return {}

    def lateral(self, state: T, settings: S, grid: Grid) -> list[LateralWeights]:
        """Return a map's lateral weights, in the order to show them."""
        return []

    def in_browser(self, state: T, settings: S, grid: Grid) -> Mapping[str, Any] | None:
        """Return how a page computes what :meth:`answer` does, from drives and lateral weights.

        Returns
        -------
        mapping or None
            ``rule``, a function of ``respond.js``, and the numbers and arrays that it asks for. None:
            a page can't, and shows the map without its answers.
        """
        return None

    def faded(self, weights: Floats, settings: S) -> npt.NDArray[np.bool_]:
        """Return which prototypes have faded away, so that they are like no other: (n_units,)."""
        return np.zeros(len(weights), bool)

    # ------------------------------------------------------------------ what follows from that

    def engine(self, name: str) -> str:
        """Return module and class of an engine, in :mod:`topodream.engines`."""
        return {"reference": "reference.Reference", **self.engines}[name]

    def state_of(self, arrays: Mapping[str, Array]) -> T:
        """Return the state that is made of arrays; KeyError names the one that is missing."""
        names = [field.name for field in dataclasses.fields(self.state)]
        made: T = self.state(**{name: arrays[name] for name in names})
        return made
