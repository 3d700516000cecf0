"""What a training leaves behind: the map, its history, snapshots on the way.

Apart from training itself, so that what reads a map doesn't depend on how it is trained.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from topodream.arrays import Array, Floats, Integers
from topodream.models.model import State
from topodream.settings.config import Experiment

# Snapshots are for pictures and curves: half precision halves their prototypes and shows no
# difference, but for a map that blows up, whose weights beyond 65,504 become infinite.
SNAPSHOT_DTYPES = {"weights": "float16"}
OTHER_SNAPSHOT_DTYPE = "float32"


@dataclass(frozen=True)
class History:
    """The records of all epochs, stacked: the first axis of each array is the epoch."""

    training_mse: npt.NDArray[np.float64]
    mean_weight: npt.NDArray[np.float64]
    largest_weight: npt.NDArray[np.float64]
    wins: Integers
    mean_activity: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Snapshot:
    """The state after an epoch (0: the start), in less precision; arrays go by their name."""

    epoch: int
    arrays: dict[str, Array]


@dataclass(frozen=True)
class Divergence:
    """Where and how a training went astray.

    ``step`` counts from 1 on over all epochs, ``epoch`` is the one it belongs to.
    """

    step: int
    epoch: int
    reason: str

    def __str__(self) -> str:
        """Say it in a few words."""
        return f"diverged at step {self.step:,} (epoch {self.epoch}): {self.reason}"


@dataclass(frozen=True)
class Trained:
    """A trained map.

    Attributes
    ----------
    state : State
        After the last epoch; where training diverged, after the last epoch before.
    history : History
        Of the epochs up to that.
    snapshots : list of Snapshot
    divergence : Divergence or None
    """

    state: State
    history: History
    snapshots: list[Snapshot]
    divergence: Divergence | None

    @property
    def weights(self) -> Floats:
        """The prototypes: (n_units, n_inputs)."""
        return self.state.weights


def record_shapes(experiment: Experiment) -> dict[str, tuple[tuple[int, ...], str]]:
    """Return shape and type of what is recorded of an epoch."""
    numbers = ("training_mse", "mean_weight", "largest_weight")
    n_units = (experiment.grid.n_units,)
    return {
        **dict.fromkeys(numbers, ((), "float64")),
        "wins": (n_units, "int64"),
        "mean_activity": (n_units, "float64"),
    }


def snapshot_dtype(name: str) -> str:
    """Return the type that an array of a state has in snapshots."""
    return SNAPSHOT_DTYPES.get(name, OTHER_SNAPSHOT_DTYPE)
