"""The reference: every step as the equations say, in NumPy, one sample after another."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from topodream.config import Experiment
from topodream.engines import State, Tally
from topodream.models import mwta

STEPS_PER_TICK = 100


class ReferenceEngine:
    """Runs the functions of :mod:`topodream.models.mwta` in turn."""

    def __init__(self, experiment: Experiment, state: State, pixels: npt.NDArray[np.uint8]) -> None:
        self.state = state
        self._settings, self._grid = experiment.mwta, experiment.grid
        self._gain = mwta.lateral_gain(experiment.mwta.lateral, experiment.grid, experiment.dtype)
        self._pixels = pixels

    def advance(self, order: npt.NDArray[np.int64], tick: Callable[[int], object]) -> Tally:
        """Show samples one by one; see :class:`topodream.engines.Engine`."""
        squared_error, wins = 0.0, np.zeros(self._grid.n_units, np.int64)
        # A map that blows up is found out by its weights; it needs no warning at each step.
        with np.errstate(all="ignore"):
            for step, index in enumerate(order, start=1):
                winners, error = self._step(index)
                squared_error += error
                wins[winners] += 1
                if step % STEPS_PER_TICK == 0:
                    tick(STEPS_PER_TICK)
        tick(len(order) % STEPS_PER_TICK)
        return Tally(squared_error, wins)

    def _step(self, index: np.int64) -> tuple[npt.NDArray[np.intp], float]:
        settings, state = self._settings, self.state
        sample = self._pixels[index].astype(state.weights.dtype) / 255
        winners, activity = mwta.respond(state.weights, sample, self._gain, settings, self._grid)
        winners = winners[activity[winners] != 0]
        state.activity = mwta.leave_trace(state.activity, activity, settings.trace)
        return winners, mwta.learn(state.weights, state.activity, sample, settings)
