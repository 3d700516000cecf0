"""What a training leaves behind: the map, its history, snapshots on the way.

Apart from training itself, so that what reads a map doesn't depend on how it is trained.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from topodream import models
from topodream.grid import Floats

Integers = npt.NDArray[np.int64]


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
    arrays: dict[str, models.Array]


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

    state: models.State
    history: History
    snapshots: list[Snapshot]
    divergence: Divergence | None

    @property
    def weights(self) -> Floats:
        """The prototypes: (n_units, n_inputs)."""
        return self.state.weights
