"""The models that learn, each as readable equations on arrays."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from topodream.models import mwta, sparse_dream
from topodream.models.mwta import Mwta
from topodream.settings.config import Experiment

Array = npt.NDArray[Any]
State = mwta.State | sparse_dream.State


def start(experiment: Experiment, n_inputs: int, rng: np.random.Generator) -> State:
    """Return the state that an experiment's training starts from."""
    settings, grid, dtype = experiment.settings, experiment.grid, experiment.dtype
    if isinstance(settings, Mwta):
        return mwta.start(settings, grid, n_inputs, dtype, rng)
    return sparse_dream.start(settings, grid, n_inputs, dtype, rng)


def begin_epoch(state: State) -> None:
    """Make a state ready for an epoch: activity starts it at zero."""
    if isinstance(state, mwta.State):
        state.activity[:] = 0


def arrays_of(state: State) -> dict[str, Array]:
    """Return a state's arrays by their names."""
    return {field.name: getattr(state, field.name) for field in dataclasses.fields(state)}


def shapes_of(experiment: Experiment, n_inputs: int) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a state's arrays by their names."""
    n_units = experiment.grid.n_units
    if isinstance(experiment.settings, Mwta):
        return {"weights": (n_units, n_inputs), "activity": (n_units,)}
    pairs = ("excitation", "global_inhibition", "column_inhibition")
    return {
        "weights": (n_units, n_inputs),
        **dict.fromkeys(pairs, (n_units, n_units)),
        "thresholds": (n_units,),
    }


def state_of(experiment: Experiment, arrays: Mapping[str, Array]) -> State:
    """Return the state that is made of arrays; KeyError names the one that is missing."""
    kind = mwta.State if isinstance(experiment.settings, Mwta) else sparse_dream.State
    return kind(**{field.name: arrays[field.name] for field in dataclasses.fields(kind)})
