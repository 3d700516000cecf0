"""The file of a trained map."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from topodream.arrays import Array, Floats
from topodream.data.samples import Data, read_data
from topodream.files.errors import InputError, quoted
from topodream.files.reading import named
from topodream.files.storage import (
    Content,
    check_array,
    complete,
    read_hdf5,
    text_of,
    write_hdf5,
)
from topodream.form import Form
from topodream.models import MODELS
from topodream.models.model import State
from topodream.settings.config import Experiment, experiment_from, to_mapping
from topodream.training import states
from topodream.training.trained import (
    Divergence,
    History,
    Snapshot,
    Trained,
    record_shapes,
    snapshot_dtype,
)

# What a model file says of its origin, and what is made of it repeats.
ORIGIN_KEYS = ("made_by", "commit", "code_sha256", "versions", "device")
# What files say of the map that training started from, where it did.
START = "start_sha256"


class Learnt(NamedTuple):
    """What a map learnt: the form of its samples, what they are, their digest."""

    form: Form
    described: str
    content_sha256: str


def learnt_of(data: Data) -> Learnt:
    """Return what a map learns of a data set."""
    return Learnt(data.form, data.described, data.content_sha256)


@dataclass(frozen=True)
class Map:
    """A trained map with what made it.

    Attributes
    ----------
    experiment : Experiment
    trained : Trained
        State, history, and snapshots (none unless they were asked for).
    form : Form
        Of its prototypes.
    data : str
        What it learnt, in words.
    data_sha256 : str
        Digest of the content of the data set it learnt.
    content_sha256 : str
        Digest of the content of the model file.
    origin : mapping of str
        The provenance of the model file.
    start_sha256 : str or None
        Digest of the content of the model file that its training started from, if it did.
    """

    experiment: Experiment
    trained: Trained
    form: Form
    data: str
    data_sha256: str
    content_sha256: str
    origin: Mapping[str, str]
    start_sha256: str | None = None

    @property
    def learnt(self) -> Learnt:
        """What it learnt."""
        return Learnt(self.form, self.data, self.data_sha256)

    @property
    def prototypes(self) -> Floats:
        """The units' prototypes as images: (rows, cols, height, width), or (..., 3) with colours."""
        grid = self.experiment.grid
        images: Floats = self.form.images(self.trained.weights)
        return images.reshape(grid.rows, grid.cols, *self.form.image_shape)

    @property
    def kept(self) -> npt.NDArray[np.bool_]:
        """Units whose prototypes count, since they have not faded away: (n_units,)."""
        model = MODELS[self.experiment.model]
        kept: npt.NDArray[np.bool_] = ~model.faded(self.trained.weights, self.experiment.settings)
        return kept

    def alive(self, weights: Floats, epoch: int) -> npt.NDArray[np.bool_]:
        """Return which units have learnt: (n_units,).

        They have won until that epoch, or may have in the map that training started from; and their
        prototypes haven't faded.

        Parameters
        ----------
        weights : (n_units, n_inputs)
            The prototypes after that epoch.
        epoch : int
        """
        faded = MODELS[self.experiment.model].faded(weights, self.experiment.settings)
        won = self.trained.history.wins[:epoch].any(axis=0) | (self.start_sha256 is not None)
        alive: npt.NDArray[np.bool_] = won & ~faded
        return alive

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


def arrays_of(trained: Trained) -> dict[str, Array]:
    """Return all arrays of a trained map, as its file holds them, by their path in it."""
    history = dataclasses.asdict(trained.history)
    arrays = {
        **{f"state/{name}": array for name, array in trained.state.arrays.items()},
        **{f"history/{name}": values for name, values in history.items()},
        "snapshots/epochs": np.array([snapshot.epoch for snapshot in trained.snapshots]),
    }
    for name in trained.snapshots[0].arrays:
        stack = [snapshot.arrays[name] for snapshot in trained.snapshots]
        arrays[f"snapshots/{name}"] = np.array(stack)
    return arrays


def start_attribute(start_sha256: str | None) -> dict[str, str]:
    """Return what a file says of the map that training started from; nothing where weights were drawn."""
    return {} if start_sha256 is None else {START: start_sha256}


def write_map(
    path: Path,
    experiment: Experiment,
    trained: Trained,
    learnt: Learnt,
    origin: Mapping[str, str],
    start_sha256: str | None = None,
) -> None:
    """Write a trained map, the settings it was trained with, what it learnt and started from."""
    divergence = trained.divergence
    attributes = {
        "settings": json.dumps(to_mapping(experiment)),
        "image_shape": learnt.form.shape,
        **learnt.form.attributes,
        "data": learnt.described,
        "data_sha256": learnt.content_sha256,
        **start_attribute(start_sha256),
        "divergence": json.dumps(divergence and dataclasses.asdict(divergence)),
    }
    write_hdf5(path, Content("map", arrays_of(trained), attributes), origin)


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
        experiment = experiment_from(json.loads(text_of(content, "settings")), named(path))
        form = Form.from_attributes(shape_of(attributes["image_shape"]), attributes)
        shapes = states.shapes_of(experiment, form.n_inputs)
        divergence = _divergence(json.loads(text_of(content, "divergence")), experiment)
        n_epochs = experiment.epochs if divergence is None else divergence.epoch - 1
        trained = Trained(
            state=checked_state(experiment, _group(content, "state"), shapes),
            history=_history(experiment, _group(content, "history"), n_epochs),
            snapshots=_snapshots(_group(content, "snapshots"), shapes, n_epochs),
            divergence=divergence,
        )
        return Map(
            experiment=experiment,
            trained=trained,
            form=form,
            data=text_of(content, "data"),
            data_sha256=text_of(content, "data_sha256"),
            content_sha256=text_of(content, "content_sha256"),
            origin={key: text_of(content, key) for key in ORIGIN_KEYS},
            start_sha256=text_of(content, START) if START in attributes else None,
        )


def shape_of(value: Any) -> tuple[int, ...]:
    """Return the shape of a prototype as an array, as an attribute holds it."""
    lengths = np.asarray(value)
    n_lengths = len(lengths) if lengths.shape in ((3,), (4,)) else 2
    check_array("image_shape", lengths, (n_lengths,), "int64")
    shape = tuple(int(length) for length in lengths)
    if min(shape) < 1:
        raise ValueError(f"image_shape = {' x '.join(map(str, shape))} is no shape")
    return shape


def checked_state(
    experiment: Experiment,
    arrays: Mapping[str, Array],
    shapes: Mapping[str, tuple[int | None, ...]],
) -> State:
    """Return the state that is made of arrays, of these shapes and the experiment's type."""
    for name, shape in shapes.items():
        check_array(name, arrays[name], shape, experiment.dtype)
    return states.state_of(experiment, arrays)


def check_snapshot(name: str, array: Array, shape: tuple[int, ...]) -> None:
    """Check an array of snapshots, by its name in the state."""
    # A map that blew up has infinite weights, in less precision.
    check_array(f"snapshots of {name}", array, shape, snapshot_dtype(name), infinite=True)


def _history(experiment: Experiment, arrays: Mapping[str, Array], n_epochs: int) -> History:
    for name, (shape, dtype) in record_shapes(experiment).items():
        check_array(name, arrays[name], (n_epochs, *shape), dtype)
    return History(**arrays)


def _divergence(found: Any, experiment: Experiment) -> Divergence | None:
    if found is None:
        return None
    divergence = Divergence(**found)
    is_step = isinstance(divergence.step, int) and divergence.step >= 1
    if not is_step or divergence.epoch not in range(1, experiment.epochs + 1):
        raise ValueError(f"divergence {quoted(found)} is at no step of the training")
    if not isinstance(divergence.reason, str):
        raise ValueError("divergence has no reason")
    return divergence


def _group(content: Content, name: str) -> dict[str, Array]:
    """Return the arrays of a group of the file, by their names in it."""
    prefix = f"{name}/"
    return {
        key.removeprefix(prefix): array
        for key, array in content.arrays.items()
        if key.startswith(prefix)
    }


def _snapshots(
    group: dict[str, Array], shapes: Mapping[str, tuple[int, ...]], n_epochs: int
) -> list[Snapshot]:
    if not group:
        return []
    epochs = group["epochs"]
    check_array("snapshots/epochs", epochs, (None,), "int64")
    if not len(epochs) or epochs[0] < 0 or epochs[-1] > n_epochs or (np.diff(epochs) <= 0).any():
        raise ValueError(f"snapshots of epochs {epochs}, of a training of {n_epochs}")
    stacks = {name: group[name] for name in shapes}
    for name, stack in stacks.items():
        check_snapshot(name, stack, (len(epochs), *shapes[name]))
    return [
        Snapshot(int(epoch), {name: stack[i] for name, stack in stacks.items()})
        for i, epoch in enumerate(epochs)
    ]


def read_map_and_data(model: Path, data: Path, *, with_snapshots: bool = False) -> tuple[Map, Data]:
    """Read a trained map and the data set it learnt; no other data set will do."""
    found, learnt = read_map(model, with_snapshots=with_snapshots), read_data(data)
    check_learnt(found, model, learnt, data)
    return found, learnt


def check_learnt(model: Map, model_file: Path, data: Data, data_file: Path) -> None:
    """Refuse a data set that is another than a map learnt; both are named by their files."""
    if model.data_sha256 != data.content_sha256:
        raise InputError(
            f"{model_file} was not trained on {data_file}: it learnt {model.data}, content sha256 "
            f"{model.data_sha256}, and this is {data.described}, {data.content_sha256}; respond.py "
            "shows it any images of its form"
        )
    if model.form != data.form:
        raise InputError(
            f"{model_file} has prototypes of {model.form}, {data_file} has samples of {data.form}"
        )
