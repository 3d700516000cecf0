"""The file of a trained map."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from topodream import models
from topodream.config import Experiment, experiment_from, to_mapping
from topodream.datasets import Data, read_data
from topodream.errors import InputError
from topodream.storage import Content, complete, read_hdf5, write_hdf5
from topodream.trained import Divergence, History, Snapshot, Trained

# What a model file says of its origin, and what is made of it repeats.
ORIGIN = ("made_by", "commit", "code_sha256", "versions")


@dataclass(frozen=True)
class Map:
    """A trained map with what made it.

    Attributes
    ----------
    experiment : Experiment
    trained : Trained
        State, history, and snapshots (none unless they were asked for).
    image_shape : (height, width) of a prototype
    data : str
        What it learnt, in words.
    data_sha256 : str
        Digest of the content of the data set it learnt.
    content_sha256 : str
        Digest of the content of the model file.
    origin : mapping of str
        The provenance of the model file.
    """

    experiment: Experiment
    trained: Trained
    image_shape: tuple[int, int]
    data: str
    data_sha256: str
    content_sha256: str
    origin: Mapping[str, str]

    @property
    def identity(self) -> dict[str, str]:
        """What is made of it says: which experiment, its settings, which model file, which data."""
        return {
            "experiment": self.experiment.name,
            "settings": json.dumps(to_mapping(self.experiment)),
            "model_sha256": self.content_sha256,
            "data_sha256": self.data_sha256,
        }

    @property
    def last_wins(self) -> npt.NDArray[np.int64]:
        """Wins per unit in the last epoch; none where training diverged in its first."""
        wins = self.trained.history.wins
        return wins[-1] if len(wins) else np.zeros(self.experiment.grid.n_units, np.int64)

    @property
    def title(self) -> str:
        """What pictures call it: its name, and of which epoch it is where not of the last."""
        divergence = self.trained.divergence
        if divergence is None:
            return self.experiment.name
        after = f"the start, it diverged in epoch {divergence.epoch}"
        if divergence.epoch > 1:
            after = f"after epoch {divergence.epoch - 1}, it diverged in the next"
        return f"{self.experiment.name} ({after})"


def write_map(
    path: Path, experiment: Experiment, trained: Trained, data: Data, origin: Mapping[str, str]
) -> None:
    """Write a trained map, the settings it was trained with and the data's digest."""
    history = dataclasses.asdict(trained.history)
    arrays = {
        **{f"state/{name}": array for name, array in models.arrays_of(trained.state).items()},
        **{f"history/{name}": values for name, values in history.items()},
        "snapshots/epochs": np.array([snapshot.epoch for snapshot in trained.snapshots]),
    }
    for name in trained.snapshots[0].arrays:
        stack = [snapshot.arrays[name] for snapshot in trained.snapshots]
        arrays[f"snapshots/{name}"] = np.array(stack)
    divergence = trained.divergence
    attributes = {
        "settings": json.dumps(to_mapping(experiment)),
        "image_shape": data.train.image_shape,
        "data": data.described,
        "data_sha256": data.content_sha256,
        "divergence": json.dumps(divergence and dataclasses.asdict(divergence)),
    }
    write_hdf5(path, Content("map", arrays, attributes), origin)


def read_map(path: Path, *, with_snapshots: bool = False) -> Map:
    """Read a trained map.

    Raises
    ------
    InputError
        If the file is no whole map, or its parts don't fit together.
    """
    parts = ["state/", "history/", *(["snapshots/"] if with_snapshots else [])]
    content = read_hdf5(path, ("map",), parts)
    attributes = content.attributes
    with complete(path):
        experiment = experiment_from(json.loads(attributes["settings"]), str(path))
        divergence = json.loads(attributes["divergence"])
        trained = Trained(
            state=models.state_of(experiment, _group(content, "state")),
            history=History(**_group(content, "history")),
            snapshots=_snapshots(_group(content, "snapshots")),
            divergence=divergence and Divergence(**divergence),
        )
        height, width = (int(length) for length in attributes["image_shape"])
        expected = (experiment.grid.n_units, height * width)
        if trained.weights.shape != expected:
            raise ValueError(f"weights of shape {trained.weights.shape} in place of {expected}")
        return Map(
            experiment=experiment,
            trained=trained,
            image_shape=(height, width),
            data=attributes["data"],
            data_sha256=attributes["data_sha256"],
            content_sha256=attributes["content_sha256"],
            origin={key: attributes[key] for key in ORIGIN},
        )


def _group(content: Content, name: str) -> dict[str, models.Array]:
    """Return the arrays of a group of the file, by their names in it."""
    prefix = f"{name}/"
    return {
        key.removeprefix(prefix): array
        for key, array in content.arrays.items()
        if key.startswith(prefix)
    }


def _snapshots(group: dict[str, models.Array]) -> list[Snapshot]:
    epochs = group.pop("epochs", np.array([]))
    return [
        Snapshot(int(epoch), {name: stack[i] for name, stack in group.items()})
        for i, epoch in enumerate(epochs)
    ]


def read_map_and_data(model: Path, data: Path, *, with_snapshots: bool = False) -> tuple[Map, Data]:
    """Read a trained map and the data set it learnt; no other data set will do."""
    found, learnt = read_map(model, with_snapshots=with_snapshots), read_data(data)
    if found.data_sha256 != learnt.content_sha256:
        raise InputError(
            f"{model} was not trained on {data}: it learnt {found.data}, content sha256 "
            f"{found.data_sha256}, and this is {learnt.described}, {learnt.content_sha256}"
        )
    return found, learnt
