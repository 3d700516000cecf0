"""States of maps, by the experiments that they are of."""

from collections.abc import Mapping

import numpy as np

from topodream.arrays import Array
from topodream.models import MODELS
from topodream.models.model import State
from topodream.settings.config import Experiment


def start(experiment: Experiment, n_inputs: int, rng: np.random.Generator) -> State:
    """Return the state that an experiment's training starts from."""
    model, dtype = MODELS[experiment.model], experiment.dtype
    begun: State = model.start(experiment.settings, experiment.grid, n_inputs, dtype, rng)
    return begun


def taken_over(experiment: Experiment, state: State) -> State:
    """Return a map's state as one that an experiment's training starts from: a copy of it."""
    begun = state_of(
        experiment, {name: array.astype(experiment.dtype) for name, array in state.arrays.items()}
    )
    begun.begin_epoch()  # the activity of its last step is no part of it
    return begun


def shapes_of(experiment: Experiment, n_inputs: int) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a state's arrays by their names."""
    return MODELS[experiment.model].shapes(experiment.grid, n_inputs)


def state_of(experiment: Experiment, arrays: Mapping[str, Array]) -> State:
    """Return the state that is made of arrays; KeyError names the one that is missing."""
    made: State = MODELS[experiment.model].state_of(arrays)
    return made
