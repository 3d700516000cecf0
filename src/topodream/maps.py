"""The file of a trained map."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from topodream.config import Experiment, experiment_from, to_mapping
from topodream.datasets import Data, read_data
from topodream.errors import InputError
from topodream.storage import Content, complete, read_hdf5, write_hdf5
from topodream.training import History, Trained


@dataclass(frozen=True)
class Map:
    """A trained map with what made it.

    Attributes
    ----------
    experiment : Experiment
    trained : Trained
        Weights, history, and snapshots (an empty stack unless they were asked for).
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
        """What pictures of it say: which experiment it is of, which model file, which data."""
        return {
            "experiment": self.experiment.name,
            "model_sha256": self.content_sha256,
            "data_sha256": self.data_sha256,
        }


def write_map(
    path: Path, experiment: Experiment, trained: Trained, data: Data, origin: Mapping[str, str]
) -> None:
    """Write a trained map, the settings it was trained with and the data's digest."""
    history = dataclasses.asdict(trained.history)
    arrays = {
        "weights": trained.weights,
        "snapshots/weights": trained.snapshots,
        "snapshots/epochs": trained.snapshot_epochs,
        **{f"history/{name}": values for name, values in history.items()},
    }
    attributes = {
        "settings": json.dumps(to_mapping(experiment)),
        "image_shape": data.train.image_shape,
        "data": data.described,
        "data_sha256": data.content_sha256,
    }
    write_hdf5(path, Content("map", arrays, attributes), origin)


def read_map(path: Path, *, with_snapshots: bool = False) -> Map:
    """Read a trained map.

    Raises
    ------
    InputError
        If the file is no whole map, or its parts don't fit together.
    """
    parts = ["weights", "history/", "snapshots/epochs"]
    parts += ["snapshots/weights"] if with_snapshots else []
    content = read_hdf5(path, ("map",), parts)
    arrays, attributes = content.arrays, content.attributes
    with complete(path):
        fields = dataclasses.fields(History)
        history = History(**{field.name: arrays[f"history/{field.name}"] for field in fields})
        weights = arrays["weights"]
        trained = Trained(
            weights=weights,
            history=history,
            snapshots=arrays.get("snapshots/weights", weights[:0]),
            snapshot_epochs=arrays["snapshots/epochs"],
        )
        height, width = (int(length) for length in attributes["image_shape"])
        experiment = experiment_from(json.loads(attributes["settings"]), str(path))
        expected = (experiment.grid.n_units, height * width)
        if weights.shape != expected:
            raise ValueError(f"weights of shape {weights.shape} in place of {expected}")
        return Map(
            experiment=experiment,
            trained=trained,
            image_shape=(height, width),
            data=attributes["data"],
            data_sha256=attributes["data_sha256"],
            content_sha256=attributes["content_sha256"],
            origin={key: attributes[key] for key in ("made_by", "code_sha256", "versions")},
        )


def read_map_and_data(model: Path, data: Path, *, with_snapshots: bool = False) -> tuple[Map, Data]:
    """Read a trained map and the data set it learnt; no other data set will do."""
    found, learnt = read_map(model, with_snapshots=with_snapshots), read_data(data)
    if found.data_sha256 != learnt.content_sha256:
        raise InputError(
            f"{model} was not trained on {data}: it learnt {found.data}, content sha256 "
            f"{found.data_sha256}, and this is {learnt.described}, {learnt.content_sha256}"
        )
    return found, learnt
