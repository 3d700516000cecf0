"""SparseDream on a GPU: launches the kernels of cupy_sparse_dream.cu, which say how they work."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from topodream.engines.cupy import MOST_WARPS, CupyEnsemble, Device, Epoch, Room
from topodream.models import sparse_dream
from topodream.models.sparse_dream import SparseDream


class CupySparseDream(CupyEnsemble):
    """Maps of one grid; other settings are each one's own."""

    kernels = "cupy_sparse_dream.cu"
    whole_settings = (
        "REACH_ROWS",
        "REACH_COLS",
        "HEARS_ACTIVITY",
        "RULE",
        "SYMMETRIC",
        "UNIFORM",
        "SPARES",
        "COLUMN_ACTS",
        "UNIT_NORM",
        "MEASURE_EVERY",
    )
    other_settings = (
        "LEARNING_RATE",
        "SPARSITY",
        "SQUARED_SPARSITY",
        "THRESHOLD_RATE",
        "EXCITATION_RATE",
        "LIMIT",
        "BUDGET",
        "GLOBAL_RATE",
        "COLUMN_RATE",
    )
    constants: ClassVar[Mapping[str, object]] = {
        "PRUNE_EVERY": sparse_dream.PRUNE_EVERY,
        "PRUNE_LEVEL": sparse_dream.PRUNE_LEVEL,
        **{rule.upper(): place for place, rule in enumerate(sparse_dream.RULES)},
    }

    def _settings(self, member: int, thorough: bool) -> Mapping[str, float]:
        settings: SparseDream = self._experiments[member].settings
        excitation, column = settings.excitation, settings.column_inhibition
        return {
            "REACH_ROWS": excitation.reach_rows,
            "REACH_COLS": excitation.reach_cols,
            "HEARS_ACTIVITY": excitation.learns_from == "activity",
            "RULE": sparse_dream.RULES.index(excitation.rule),
            "SYMMETRIC": excitation.symmetric,
            "UNIFORM": excitation.uniform,
            "SPARES": settings.global_inhibition.spares_excited_pairs,
            "COLUMN_ACTS": column.acts,
            "UNIT_NORM": settings.unit_norm,
            "MEASURE_EVERY": 1 if thorough else sparse_dream.MEASURE_EVERY,
            "LEARNING_RATE": settings.learning_rate,
            "SPARSITY": settings.sparsity,
            "SQUARED_SPARSITY": settings.sparsity**2,
            "THRESHOLD_RATE": settings.threshold_rate,
            "EXCITATION_RATE": excitation.rate,
            "LIMIT": np.inf if excitation.limit is None else excitation.limit,
            "BUDGET": np.inf if excitation.budget is None else excitation.budget,
            "GLOBAL_RATE": settings.global_inhibition.rate,
            "COLUMN_RATE": column.rate / self._grid.rows,
        }

    def _make_room(self, epoch: Epoch) -> Room:
        n_maps, n_units, n_inputs = epoch.n_maps, self._grid.n_units, self._n_inputs
        per_unit = ("drive", "response", "surprise", "activity of even steps", "of odd ones")
        return {
            **{name: self._empty(n_maps, n_units) for name in per_unit},
            "seen": self._empty(n_maps, self._n_chunks, n_inputs),
            "factor": self._empty(n_maps, n_inputs),
        }

    def _learn(self, epoch: Epoch, room: Room, first: int, count: int) -> None:
        for step in range(first, first + count):
            self._learn_one(epoch, room, step)

    def _end(self, epoch: Epoch, room: Room) -> None:
        # What the last step changed.
        self._drive(epoch, room, epoch.n_steps)
        self._respond(epoch, room, epoch.n_steps)

    def _learn_one(self, epoch: Epoch, room: Room, step: int) -> None:
        """Launch one step."""
        counts, grid, activity = epoch.counts, self._grid, _activity(room, step)
        self._drive(epoch, room, step)
        self._respond(epoch, room, step)
        self._reconstruct(epoch, activity, room["seen"], step)
        self._per_map(
            "dream_account", epoch,
            (
                room["seen"], self._pixels, epoch.order, epoch.whole, epoch.settings, activity,
                room["factor"],
                counts.done, counts.error_sum, counts.last_error, counts.wins, counts.activity_sum,
                grid.n_units, self._n_inputs, self._n_chunks, epoch.n_steps, step,
            ),
            2 * MOST_WARPS * (self._dtype.itemsize + 4),
        )  # fmt: skip
        heard, excitation = (activity, room["response"]), epoch.state["excitation"]
        self._per_unit(
            "dream_predict", epoch,
            (
                *heard, excitation, room["surprise"], epoch.whole, counts.done,
                grid.rows, grid.cols, step,
            ),
        )  # fmt: skip
        self._per_unit(
            "dream_excite", epoch,
            (
                *heard, room["surprise"], excitation, epoch.whole, epoch.settings, counts.done,
                grid.rows, grid.cols, step,
            ),
        )  # fmt: skip

    def _drive(self, epoch: Epoch, room: Room, step: int) -> None:
        """Launch what the step before changed of prototypes, and the drives of this one."""
        self._per_unit(
            "dream_drive", epoch,
            (
                epoch.state["weights"], self._pixels, epoch.order, _activity(room, step - 1),
                room["factor"], room["drive"], epoch.whole, epoch.counts.done,
                self._grid.n_units, self._n_inputs, epoch.n_steps, step,
            ),
            2 * self._n_inputs * self._dtype.itemsize,
        )  # fmt: skip

    def _respond(self, epoch: Epoch, room: Room, step: int) -> None:
        """Launch what the step before changed between units, and the activity of this one."""
        state = epoch.state
        self._per_unit(
            "dream_respond", epoch,
            (
                room["drive"], _activity(room, step - 1), _activity(room, step), room["response"],
                state["excitation"], state["global_inhibition"], state["column_inhibition"],
                state["thresholds"], epoch.whole, epoch.settings, epoch.counts.done,
                self._grid.rows, self._grid.cols, epoch.n_steps, step,
            ),
        )  # fmt: skip


def _activity(room: Room, step: int) -> Device:
    """Return where the activity of a step is: the next one still needs it."""
    return room["of odd ones" if step % 2 else "activity of even steps"]
