"""What runs a training loop: engines behind one interface, chosen by name."""

import importlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from topodream.arrays import Bytes, Floats, Integers
from topodream.models import MODELS
from topodream.models.model import State
from topodream.settings.config import GPU_ENGINE, Experiment

# A step's mean squared error beyond which a map has diverged. Samples are in [0, 1]; maps
# that find their way are known to begin with errors of some thousands.
LARGEST_ERROR = 1e12


@dataclass(frozen=True)
class Tally:
    """What is counted over a stretch of steps.

    Attributes
    ----------
    steps : int
        Steps done: fewer than asked for where the map diverged.
    measured : int
        Steps whose error was measured: all for MWTA; for SparseDream, unless it was to be
        thorough, one in MEASURE_EVERY.
    squared_error : float
        Sum over those steps of the mean squared reconstruction error before each update.
    wins : (n_units,) int64
        Steps that the unit won: where it was among the winners (SparseDream: the most active
        one) and its answer was not 0.
    activity : (n_units,) float64
        Sum of the unit's activity over steps.
    last_error : float
        Mean squared error of the last step, the one that was not done where the map diverged.
    """

    steps: int
    measured: int
    squared_error: float
    wins: Integers
    activity: Floats
    last_error: float


class Engine(Protocol):
    """A training loop. It may round differently from another, never learn otherwise."""

    @property
    def state(self) -> State:
        """The state after the last epoch."""

    def advance(
        self, order: Integers, tick: Callable[[int], object], thorough: bool = False
    ) -> Tally:
        """Show an epoch's samples, numbered in ``order``, one by one, and learn from each.

        ``tick`` is called now and then with the number of steps done since the last call.
        If ``thorough``, the error of every step is measured.
        Before a step whose error is beyond LARGEST_ERROR, or no number, it stops; the state
        is of no use then.
        """


class Ensemble(Protocol):
    """Training loops of several maps of one shape, side by side; each map has a number."""

    @property
    def states(self) -> Sequence[State]:
        """The states after the last epoch."""

    def advance(
        self,
        orders: Mapping[int, Integers],
        tick: Callable[[int], object],
        thorough: Collection[int] = (),
    ) -> dict[int, Tally]:
        """Show some maps an epoch's samples, and let them learn; see :meth:`Engine.advance`.

        ``orders``, all of one length, are the maps' own; those without one rest. ``tick`` counts
        the steps of all. ``thorough`` has the numbers of those whose every error is measured.
        """


class OneByOne:
    """An ensemble of engines that compute for one map each, in turn."""

    def __init__(self, engines: Sequence[Engine]) -> None:
        self._engines = engines

    @property
    def states(self) -> Sequence[State]:
        """The states after the last epoch."""
        return [engine.state for engine in self._engines]

    def advance(
        self,
        orders: Mapping[int, Integers],
        tick: Callable[[int], object],
        thorough: Collection[int] = (),
    ) -> dict[int, Tally]:
        """Show some maps an epoch's samples; see :class:`Ensemble`."""
        return {
            number: self._engines[number].advance(order, tick, number in thorough)
            for number, order in orders.items()
        }


def create_ensemble(
    experiments: Sequence[Experiment], states: Sequence[State], pixels: Bytes, xp: Any = None
) -> Ensemble:
    """Return what trains several maps.

    Parameters
    ----------
    experiments : sequence of Experiment
        All of one shape (:attr:`topodream.settings.config.Experiment.shape`).
    states : sequence of State
        Where training starts; the ensemble takes them over.
    pixels : (n_samples, n_inputs) uint8
    xp : module, optional
        CuPy, to train on a GPU (:func:`topodream.engines.cupy.find`); else each map has the
        engine that its experiment names.
    """
    if xp is None:
        pairs = zip(experiments, states, strict=True)
        return OneByOne([create(experiment, state, pixels) for experiment, state in pairs])
    made: Ensemble = _engine(experiments[0], GPU_ENGINE)(experiments, states, pixels, xp)
    return made


def create(experiment: Experiment, state: State, pixels: Bytes) -> Engine:
    """Return the engine that an experiment names, which computes on the CPU.

    Parameters
    ----------
    experiment : Experiment
    state : State
        Where training starts; the engine takes it over.
    pixels : (n_samples, n_inputs) uint8
        All samples; a pixel's value is byte / 255.
    """
    if not isinstance(state, MODELS[experiment.model].state):
        raise TypeError(f"the state of another model than {experiment.model}")
    made: Engine = _engine(experiment, experiment.engine)(experiment, state, pixels)
    return made


def _engine(experiment: Experiment, name: str) -> Any:
    """Return the class of an engine for an experiment's model."""
    module, _, kind = MODELS[experiment.model].engine(name).partition(".")
    return getattr(load(module), kind)


def load(module: str) -> Any:
    """Import a module of engines by its name, when it is asked for.

    Numba takes a third of a second; and what trains a map depends on its own engine alone
    (:attr:`topodream.settings.config.Experiment.modules`).
    """
    return importlib.import_module(f"{__name__}.{module}")


def levels(dtype: str) -> Floats:
    """Return the value of each byte of a pixel: (256,)."""
    values: Floats = np.arange(256, dtype=np.uint8).astype(dtype) / 255
    return values
