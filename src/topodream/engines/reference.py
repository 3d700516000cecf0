"""The reference: every step as the equations say, in NumPy, one sample after another."""

from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np

from topodream.engines import LARGEST_ERROR, Bytes, Integers, Tally, levels
from topodream.grid import Floats
from topodream.models import State, mwta, sparse_dream
from topodream.models.mwta import Mwta
from topodream.models.sparse_dream import SparseDream
from topodream.settings.config import Experiment

STEPS_PER_TICK = 100


class Reference(ABC):
    """Shows samples one by one; its two kinds know what a step of their model is."""

    state: State
    measure_every = 1

    def __init__(self, experiment: Experiment, pixels: Bytes) -> None:
        self._grid, self._pixels = experiment.grid, pixels
        self._levels = levels(experiment.dtype)

    @abstractmethod
    def _step(self, sample: Floats, step: int) -> tuple[Floats, Integers, float]:
        """Learn one sample; return the activity, who won, and the error."""

    def advance(
        self, order: Integers, tick: Callable[[int], object], thorough: bool = False
    ) -> Tally:
        """Show an epoch's samples; see :class:`topodream.engines.Engine`."""
        squared_error, error, steps, measured = 0.0, 0.0, 0, 0
        measure_every = 1 if thorough else self.measure_every
        wins, activity_sum = np.zeros(self._grid.n_units, np.int64), np.zeros(self._grid.n_units)
        # A map that blows up is found out by its error; it needs no warning at each step.
        with np.errstate(all="ignore"):
            for index in order:
                activity, winners, error = self._step(self._levels[self._pixels[index]], steps)
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


class ReferenceMwta(Reference):
    """Runs the functions of :mod:`topodream.models.mwta` in turn."""

    state: mwta.State

    def __init__(
        self, experiment: Experiment, settings: Mwta, state: mwta.State, pixels: Bytes
    ) -> None:
        super().__init__(experiment, pixels)
        self.state, self._settings = state, settings
        self._gain = mwta.lateral_gain(settings.lateral, experiment.grid, experiment.dtype)

    def _step(self, sample: Floats, _step: int) -> tuple[Floats, Integers, float]:
        settings, state = self._settings, self.state
        winners, fresh = mwta.respond(state.weights, sample, self._gain, settings, self._grid)
        state.activity = mwta.leave_trace(state.activity, fresh, settings.trace)
        error = mwta.learn(state.weights, state.activity, sample, settings)
        return state.activity, winners[fresh[winners] != 0], error


class ReferenceSparseDream(Reference):
    """Runs the functions of :mod:`topodream.models.sparse_dream` in turn."""

    state: sparse_dream.State
    measure_every = sparse_dream.MEASURE_EVERY

    def __init__(
        self,
        experiment: Experiment,
        settings: SparseDream,
        state: sparse_dream.State,
        pixels: Bytes,
    ) -> None:
        super().__init__(experiment, pixels)
        self.state, self._settings = state, settings

    def _step(self, sample: Floats, step: int) -> tuple[Floats, Integers, float]:
        activity, error = sparse_dream.learn(self.state, sample, self._settings, self._grid, step)
        best = np.argmax(activity, keepdims=True)
        return activity, best[activity[best] != 0], error
