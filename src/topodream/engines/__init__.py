"""What runs a training loop: engines behind one interface, chosen by name."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from topodream.config import Experiment
from topodream.grid import Floats


@dataclass
class State:
    """The state that training continues from.

    Attributes
    ----------
    weights : (n_units, n_inputs) of the experiment's dtype
        The prototypes.
    activity : (n_units,) of the same dtype
        The activity of the last step, from which a trace continues.
    """

    weights: Floats
    activity: Floats


@dataclass(frozen=True)
class Tally:
    """What is counted over a stretch of steps.

    Attributes
    ----------
    squared_error : float
        Sum over steps of the mean squared reconstruction error before each update.
    wins : (n_units,) int64
        Steps at which the unit was among the winners and its answer was not 0.
    """

    squared_error: float
    wins: npt.NDArray[np.int64]


class Engine(Protocol):
    """A training loop. It may round differently from another, never learn otherwise."""

    state: State

    def advance(self, order: npt.NDArray[np.int64], tick: Callable[[int], object]) -> Tally:
        """Show the samples numbered in ``order``, one by one, and learn from each.

        ``tick`` is called now and then with the number of steps done since the last call.
        """


def create(experiment: Experiment, state: State, pixels: npt.NDArray[np.uint8]) -> Engine:
    """Return the engine that an experiment names.

    Parameters
    ----------
    experiment : Experiment
    state : State
        Where training starts; the engine takes it over.
    pixels : (n_samples, n_inputs) uint8
        All samples; a pixel's value is byte / 255.
    """
    from topodream.engines.reference import ReferenceEngine

    engines = {"reference": ReferenceEngine}
    return engines[experiment.engine](experiment, state, pixels)
