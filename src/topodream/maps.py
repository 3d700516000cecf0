"""The file of a trained map."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from topodream.config import Experiment, experiment_from, to_mapping
from topodream.datasets import Data
from topodream.storage import Content, read_hdf5, write_hdf5
from topodream.training import History, Trained


@dataclass(frozen=True)
class Map:
    """A trained map with what made it.

    Attributes
    ----------
    experiment : Experiment
    trained : Trained
        Without snapshots (an empty stack) unless they were asked for.
    image_shape : (height, width) of a prototype
    data : str
        What it learnt, in words.
    data_sha256 : str
        Digest of the content of the data set it learnt.
    origin : mapping of str
        The provenance of the model file.
    """

    experiment: Experiment
    trained: Trained
    image_shape: tuple[int, int]
    data: str
    data_sha256: str
    origin: Mapping[str, str]


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
    """Read a trained map."""
    parts = ["weights", "history/", "snapshots/epochs"]
    parts += ["snapshots/weights"] if with_snapshots else []
    content = read_hdf5(path, ("map",), parts)
    arrays, attributes = content.arrays, content.attributes
    history = {field.name: arrays[f"history/{field.name}"] for field in dataclasses.fields(History)}
    weights = arrays["weights"]
    trained = Trained(
        weights=weights,
        history=History(**history),
        snapshots=arrays.get("snapshots/weights", weights[:0]),
        snapshot_epochs=arrays["snapshots/epochs"],
    )
    height, width = (int(length) for length in attributes["image_shape"])
    return Map(
        experiment=experiment_from(json.loads(attributes["settings"]), str(path)),
        trained=trained,
        image_shape=(height, width),
        data=attributes["data"],
        data_sha256=attributes["data_sha256"],
        origin={key: attributes[key] for key in ("made_by", "code_sha256", "versions")},
    )
