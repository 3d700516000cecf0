"""What a measure is, what it is taken of, and how it registers.

:func:`measured` stands above the function that computes a measure, or several together, and says
all there is to say of each. :mod:`topodream.measures.registry` finds what stands in its modules.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any, Literal, TypeVar, TypeVarTuple, cast

import numpy as np
import numpy.typing as npt

from topodream.arrays import Array, Bytes, Floats
from topodream.data.samples import Data, Vectors
from topodream.grid import Grid
from topodream.measures.responses import Responses, respond
from topodream.models import MODELS
from topodream.settings.config import Experiment
from topodream.training.map_file import Map

# In the order to show them.
GROUPS = (
    "reconstruction",
    "order",
    "usage",
    "prototypes",
    "orientation",
    "colour",
    "coding",
    "sequence",
    "lateral weights",
    "training",
)

# Name of a measure -> number, or None where there is nothing to measure.
Values = Mapping[str, float | None]


T = TypeVar("T")
Ts = TypeVarTuple("Ts")

# ------------------------------------------------------------------ what is measured


@dataclass(frozen=True)
class Shown:
    """The data that maps are measured on, and what measures have found of these alone.

    Attributes
    ----------
    data : Data
        What maps learnt.
    dtype : str
        In which precision they compute.
    samples : Vectors, (n_samples, n_inputs)
        The held-out samples that are used.
    """

    data: Data
    dtype: str
    samples: Vectors
    _found: dict[Any, Any] = field(default_factory=dict)

    @property
    def train(self) -> Vectors:
        """All training samples: (n_training_samples, n_inputs)."""
        return self.data.train.lazy_vectors(self.dtype)

    @property
    def labels(self) -> tuple[Bytes, Bytes]:
        """Labels of all training samples, and of the held-out ones that are used."""
        train, held_out = (part.labels for part in (self.data.train, self.data.held_out))
        # Both are there where data have the trait, without which nobody asks.
        return cast(Bytes, train), cast(Bytes, held_out)[: len(self.samples)]

    def once(self, function: Callable[["Shown", *Ts], T], *args: *Ts) -> T:
        """Return what a function of the data, and of numbers, says: it is asked once for all maps."""
        key = function, args
        if key not in self._found:
            self._found[key] = function(self, *args)
        found: T = self._found[key]
        return found


@lru_cache(maxsize=1)
def shown(data: Data, dtype: str, n_held_out: int) -> Shown:
    """Return the data that several maps are measured on, one after another."""
    return Shown(data, dtype, data.held_out.lazy_vectors(dtype, n_held_out))


@dataclass(frozen=True)
class Subject:
    """What is measured: a map, its data, and how it responds.

    Attributes
    ----------
    model : Map
        With its snapshots.
    shown : Shown
        What it learnt, and the samples that it is measured on.
    responses : Responses
        To these samples.
    """

    model: Map
    shown: Shown
    responses: Responses

    @classmethod
    def of(cls, model: Map, data: Data, n_held_out: int) -> "Subject":
        """Show a map its held-out samples, the first ``n_held_out`` or as many as there are."""
        shows = shown(data, model.experiment.dtype, n_held_out)
        responses = respond(model.trained.state, shows.samples, model.experiment)
        return cls(model, shows, responses)

    @property
    def data(self) -> Data:
        """What the map learnt."""
        return self.shown.data

    @property
    def samples(self) -> Vectors:
        """The held-out samples that are used: (n_samples, n_inputs)."""
        return self.shown.samples

    @property
    def traits(self) -> frozenset[str]:
        """What the map and its data have, see :mod:`topodream.traits`."""
        return MODELS[self.experiment.model].traits | self.data.traits

    @property
    def experiment(self) -> Experiment:
        """The settings that the map was trained with."""
        return self.model.experiment

    @property
    def grid(self) -> Grid:
        """Where its units are, and which touch: a torus where its lateral connections wrap."""
        return self.experiment.surface

    @property
    def weights(self) -> Floats:
        """Its prototypes: (n_units, n_inputs)."""
        return self.model.trained.weights

    @property
    def arrays(self) -> Mapping[str, Array]:
        """The arrays of its state by their names."""
        return self.model.trained.state.arrays

    @property
    def wins(self) -> npt.NDArray[np.int64]:
        """Wins in training, those of the last epoch: (n_units,)."""
        return self.model.last_wins

    @property
    def labels(self) -> tuple[Bytes, Bytes]:
        """Labels of all training samples, and of the held-out ones that are used."""
        return self.shown.labels

    @cached_property
    def kept(self) -> npt.NDArray[np.bool_]:
        """Units whose prototypes count, since they have not faded away: (n_units,)."""
        return self.model.kept


def last(values: Sequence[float] | Floats) -> float | None:
    """Return the value of the last epoch, or None where training diverged in its first."""
    return float(values[-1]) if len(values) else None


# ------------------------------------------------------------------ how it registers


@dataclass(frozen=True)
class Measure:
    """What readers see of a measure; docs/measures.md has its formula.

    Attributes
    ----------
    name : str
        Its key in measures.json.
    label : str
        Its name for readers.
    meaning : str
        What it says, in half a sentence.
    form : str
        How a number is written, as for :func:`format`.
    better : "lower", "higher" or None
        None where neither is better as such.
    null : str or None
        The measure to compare it with: what no order, no learning, equal units give, or the
        samples themselves.
    group : str
        One of GROUPS; :func:`measured` sets it.
    needs : tuple of str
        The traits of the maps that have it, see :mod:`topodream.traits`; set there too.
    """

    name: str
    label: str
    meaning: str
    form: str
    better: Literal["lower", "higher"] | None = None
    null: str | None = None
    group: str = ""
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Measured:
    """A function that computes measures, and what is to be said of each."""

    function: Callable[[Subject], Values]
    measures: tuple[Measure, ...]
    needs: tuple[str, ...]

    def __call__(self, subject: Subject) -> Values:
        """Return the values of its measures: None, uncomputed, where the map lacks what they need."""
        if subject.traits.issuperset(self.needs):
            return self.function(subject)
        return {measure.name: None for measure in self.measures}


def measured(
    *measures: Measure, group: str, needs: tuple[str, ...] = ()
) -> Callable[[Callable[[Subject], Values]], Measured]:
    """Say of a function which measures it computes, all of one group and with the same needs."""
    complete = tuple(replace(measure, group=group, needs=needs) for measure in measures)
    return lambda function: Measured(function, complete, needs)


def by_name(functions: Iterable[Measured]) -> dict[str, Measure]:
    """Return the measures of functions by their names, in the order to show them.

    Raises
    ------
    ValueError
        If two measures have one name, or a group or a null is none.
    """
    found: dict[str, Measure] = {}
    for measure in (measure for function in functions for measure in function.measures):
        if measure.name in found:
            raise ValueError(f"two measures are called {measure.name}")
        if measure.group not in GROUPS:
            raise ValueError(f"{measure.name}: there is no group {measure.group!r} of measures")
        found[measure.name] = measure
    for name, measure in found.items():
        if measure.null is not None and measure.null not in found:
            raise ValueError(f"{name}: its null {measure.null} is no measure")
    return dict(sorted(found.items(), key=lambda item: GROUPS.index(item[1].group)))
