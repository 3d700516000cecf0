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
from pathlib import Path

from topodream import models
from topodream.config import Experiment, to_mapping
from topodream.errors import InputError
from topodream.provenance import content_digest
from topodream.storage import Content, complete, read_hdf5, write_hdf5
from topodream.trained import Snapshot
from topodream.training import EpochRecord, Progress

STATE = "state.h5"


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
        What made them, see :func:`topodream.provenance.record`.
    """

    def __init__(
        self, model: Path, experiment: Experiment, data_sha256: str, origin: Mapping[str, str]
    ) -> None:
        self.folder = model.with_suffix(".checkpoint")
        self._experiment, self._origin = experiment, origin
        self._belongs_to = {
            "settings": json.dumps(to_mapping(experiment)),
            "data_sha256": data_sha256,
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
        state = models.arrays_of(progress.state)
        self._write(self.folder / STATE, "state", state, {"epoch": progress.epoch})

    def restore(self) -> Progress | None:
        """Return how far training had come, or None if there is nothing to go on from.

        Raises
        ------
        InputError
            If there is something that doesn't belong to this training, or is damaged: it
            says what. It can't be gone on from; :meth:`remove` it.
        """
        if not (self.folder / STATE).exists():
            return None
        content = self._read(self.folder / STATE, "state")
        with complete(self.folder / STATE):
            epoch = int(content.attributes["epoch"])
            state = models.state_of(self._experiment, dict(content.arrays))
        records, snapshots = [], []
        for number in range(1, epoch + 1):
            content = self._read(self._epoch_file(number), "epoch")
            with complete(self._epoch_file(number)):
                records.append(_record(content))
            arrays = {
                name.removeprefix("snapshot/"): array
                for name, array in content.arrays.items()
                if name.startswith("snapshot/")
            }
            if arrays:
                snapshots.append(Snapshot(number, arrays))
        return Progress(epoch, state, records, snapshots)

    def remove(self) -> None:
        """Remove the folder; the state first, without which the rest is nothing."""
        (self.folder / STATE).unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _epoch_file(self, number: int) -> Path:
        return self.folder / f"epoch-{number}.h5"

    def _write(
        self,
        path: Path,
        kind: str,
        arrays: Mapping[str, models.Array],
        numbers: Mapping[str, float],
    ) -> None:
        attributes = {**numbers, **self._belongs_to}
        write_hdf5(path, Content(kind, arrays, attributes), self._origin)

    def _read(self, path: Path, kind: str) -> Content:
        content = read_hdf5(path, (kind,))
        with complete(path):
            found = content.attributes
            if found["settings"] != self._belongs_to["settings"]:
                changed = self._changed_settings(json.loads(found["settings"]))
                raise InputError(f"{path} is of other settings ({', '.join(changed)})")
            if found["data_sha256"] != self._belongs_to["data_sha256"]:
                raise InputError(f"{path} is of other data")
            for key, what in (("code_sha256", "code"), ("versions", "versions")):
                if found[key] != self._origin[key]:
                    raise InputError(f"{path} was made by other {what}")
            if found["content_sha256"] != content_digest(content.arrays):
                raise InputError(f"{path} is damaged")
        return content

    def _changed_settings(self, found: Mapping[str, object]) -> list[str]:
        now = to_mapping(self._experiment)
        return [key for key in now | dict(found) if now.get(key) != found.get(key)]


def _record(content: Content) -> EpochRecord:
    numbers, arrays = content.attributes, content.arrays
    return EpochRecord(
        training_mse=float(numbers["training_mse"]),
        mean_weight=float(numbers["mean_weight"]),
        largest_weight=float(numbers["largest_weight"]),
        wins=arrays["wins"],
        mean_activity=arrays["mean_activity"],
    )
