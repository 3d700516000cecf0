"""The reference: every step as the equations say, in NumPy, one sample after another."""

from collections.abc import Callable

import numpy as np

from topodream.arrays import Bytes, Integers
from topodream.engines import LARGEST_ERROR, Tally, levels
from topodream.models import MODELS
from topodream.models.model import State
from topodream.settings.config import Experiment

STEPS_PER_TICK = 100


class Reference:
    """Shows samples one by one, to a map of any model."""

    def __init__(self, experiment: Experiment, state: State, pixels: Bytes) -> None:
        self.state, self._experiment, self._pixels = state, experiment, pixels
        self._levels = levels(experiment.dtype)

    def advance(
        self, order: Integers, tick: Callable[[int], object], thorough: bool = False
    ) -> Tally:
        """Show an epoch's samples; see :class:`topodream.engines.Engine`."""
        model, settings = MODELS[self._experiment.model], self._experiment.settings
        grid = self._experiment.grid
        squared_error, error, steps, measured = 0.0, 0.0, 0, 0
        measure_every = 1 if thorough else model.measure_every
        wins, activity_sum = np.zeros(grid.n_units, np.int64), np.zeros(grid.n_units)
        # A map that blows up is found out by its error; it needs no warning at each step.
        with np.errstate(all="ignore"):
            for index in order:
                sample = self._levels[self._pixels[index]]
                activity, winners, error = model.step(self.state, sample, settings, grid, steps)
                if not error <= LARGEST_ERROR:
                    break
                if steps % measure_every == 0:
                    squared_error += error
                    measured += 1
                wins[winners] += 1
                activity_sum += activity
                steps += 1
                if steps % STEPS_PER_TICK == 0:
                    tick(STEPS_PER_TICK)
        tick(steps % STEPS_PER_TICK)
        return Tally(steps, measured, squared_error, wins, activity_sum, error)
