"""Checkpoints: a training that was killed goes on after the last epoch it finished.

A folder beside the model file holds ``state.h5``, the state after the last epoch, and an
``epoch-<number>.h5`` for each epoch with what was recorded of it. Every file is written
whole, the state last: whenever training is killed, the state on disk and the epochs up to it
belong together. When the model is written the folder is removed.
"""

import dataclasses
import json
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np

from topodream.arrays import Array
from topodream.files.errors import ContentError
from topodream.files.reading import is_there
from topodream.files.storage import Content, check_array, complete, read_hdf5, write_hdf5
from topodream.settings.config import Experiment, to_mapping
from topodream.training import states
from topodream.training.loop import EpochRecord, Progress
from topodream.training.map_file import START, check_snapshot, checked_state, start_attribute
from topodream.training.trained import Snapshot, record_shapes

STATE = "state.h5"
# Of what made a checkpoint, what has to be the same to go on from it.
CHECKED_ORIGIN = {
    "code_sha256": "by other code",
    "versions": "by other versions",
    "device": "on another device",
}


class Checkpoints:
    """The checkpoints of one training.

    Parameters
    ----------
    model : Path
        The model file that training is to write.
    experiment : Experiment
    data_sha256 : str
        Digest of the content of the data set.
    origin : mapping of str
        What made them, see :func:`topodream.origin.provenance.origin`.
    start_sha256 : str, optional
        Digest of the content of the map that training starts from, if it does.
    """

    def __init__(
        self,
        model: Path,
        experiment: Experiment,
        data_sha256: str,
        origin: Mapping[str, str],
        start_sha256: str | None = None,
    ) -> None:
        self.model, self.folder = model, model.with_suffix(".checkpoint")
        self.experiment, self.origin, self.start_sha256 = experiment, origin, start_sha256
        self._belongs_to = {
            "settings": json.dumps(to_mapping(experiment)),
            "data_sha256": data_sha256,
            **start_attribute(start_sha256),
        }

    def save(self, progress: Progress) -> None:
        """Write what the last epoch added, then the state."""
        record = dataclasses.asdict(progress.records[-1])
        arrays = {name: value for name, value in record.items() if not isinstance(value, float)}
        numbers = {name: value for name, value in record.items() if isinstance(value, float)}
        snapshot = progress.snapshots[-1]
        if snapshot.epoch == progress.epoch:
            arrays |= {f"snapshot/{name}": array for name, array in snapshot.arrays.items()}
        self._write(self._epoch_file(progress.epoch), "epoch", arrays, numbers)
        state = progress.state.arrays
        self._write(self.folder / STATE, "state", state, {"epoch": progress.epoch})

    def restore(self, n_inputs: int) -> Progress | None:
        """Return how far training had come, or None if there is nothing to go on from.

        Parameters
        ----------
        n_inputs : int
            Pixels of a sample.

        Raises
        ------
        ContentError
            If there is something that doesn't belong to this training, or is damaged: it
            says what. It can't be gone on from; :meth:`remove` it.
        InputError
            If it can't be read for the moment. Keep it.
        """
        if not is_there(self.folder / STATE):
            return None
        content = self._read(self.folder / STATE, "state")
        with complete(self.folder / STATE):
            epoch = int(content.attributes["epoch"])
            if not 1 <= epoch <= self.experiment.epochs:
                raise ValueError(f"epoch {epoch} of {self.experiment.epochs}")
            shapes = states.shapes_of(self.experiment, n_inputs)
            state = checked_state(self.experiment, content.arrays, shapes)
        records, snapshots = [], []
        for number in range(1, epoch + 1):
            path = self._epoch_file(number)
            if not is_there(path):
                raise ContentError(f"{path}: no such file, and {STATE} is of epoch {epoch}")
            content = self._read(path, "epoch")
            with complete(path):
                records.append(_record(self.experiment, content))
                arrays = {
                    name.removeprefix("snapshot/"): array
                    for name, array in content.arrays.items()
                    if name.startswith("snapshot/")
                }
                if arrays:
                    snapshots.append(Snapshot(number, _checked_snapshot(arrays, shapes)))
        return Progress(epoch, state, records, snapshots)

    def remove(self) -> None:
        """Remove the folder; the state first, without which the rest is nothing."""
        with suppress(OSError):  # missing, or a folder in its place
            (self.folder / STATE).unlink()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _epoch_file(self, number: int) -> Path:
        return self.folder / f"epoch-{number}.h5"

    def _write(
        self,
        path: Path,
        kind: str,
        arrays: Mapping[str, Array],
        numbers: Mapping[str, float],
    ) -> None:
        attributes = {**numbers, **self._belongs_to}
        write_hdf5(path, Content(kind, arrays, attributes), self.origin)

    def _read(self, path: Path, kind: str) -> Content:
        content = read_hdf5(path, (kind,))
        with complete(path):
            found = content.attributes
            if found["settings"] != self._belongs_to["settings"]:
                changed = self._changed_settings(json.loads(found["settings"]))
                raise ContentError(f"{path} is of other settings ({', '.join(changed)})")
            if found["data_sha256"] != self._belongs_to["data_sha256"]:
                raise ContentError(f"{path} is of other data")
            if found.get(START) != self._belongs_to.get(START):
                raise ContentError(f"{path} began with another map")
            for key, what in CHECKED_ORIGIN.items():
                if found[key] != self.origin[key]:
                    raise ContentError(f"{path} was made {what}")
        return content

    def _changed_settings(self, found: Mapping[str, object]) -> list[str]:
        now = to_mapping(self.experiment)
        return [key for key in now | dict(found) if now.get(key) != found.get(key)]


def _checked_snapshot(
    arrays: dict[str, Array], shapes: Mapping[str, tuple[int, ...]]
) -> dict[str, Array]:
    for name, shape in shapes.items():
        check_snapshot(name, arrays[name], shape)
    return arrays


def _record(experiment: Experiment, content: Content) -> EpochRecord:
    numbers, arrays = content.attributes, content.arrays
    for name, (shape, dtype) in record_shapes(experiment).items():
        found = arrays[name] if shape else np.asarray(numbers[name])
        check_array(name, found, shape, dtype)
    return EpochRecord(
        training_mse=float(numbers["training_mse"]),
        mean_weight=float(numbers["mean_weight"]),
        largest_weight=float(numbers["largest_weight"]),
        wins=arrays["wins"],
        mean_activity=arrays["mean_activity"],
    )
