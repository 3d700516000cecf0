"""MWTA on a GPU: launches the kernels of cupy_mwta.cu, which say how they work together."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from topodream.engines.cupy import MOST_WARPS, CupyEnsemble, Epoch, Room
from topodream.models import mwta
from topodream.models.mwta import Mwta

# Samples whose drives are computed at once. More of them leave more to compute again.
AHEAD = 32
# Inputs of them that a block of threads keeps at a time: a multiple of a warp.
TILE = 64


class CupyMwta(CupyEnsemble):
    """Maps of one grid, all of them with a trace or none; other settings are each one's own."""

    kernels = "cupy_mwta.cu"
    whole_settings = ("N_WINNERS", "RADIUS", "HEARD_ROWS", "HEARD_COLS", "WRAPS", "EXCITED")
    other_settings = ("RATE", "TRACE", "ERROR_CLIP", "CLIP_BELOW", "CLIP_ABOVE")
    constants: ClassVar[Mapping[str, object]] = {"AHEAD": AHEAD, "TILE": TILE}

    def _of(self, member: int) -> Mwta:
        settings: Mwta = self._experiments[member].settings
        return settings

    @property
    def _has_trace(self) -> bool:
        return self._of(0).trace is not None

    def _settings(self, member: int, thorough: bool) -> Mapping[str, float]:
        settings = self._of(member)
        unheard = 1 if settings.lateral.edge == "notebook" else 0
        return {
            "N_WINNERS": settings.n_winners,
            "RADIUS": settings.lateral.radius,
            "HEARD_ROWS": self._grid.rows - unheard,
            "HEARD_COLS": self._grid.cols - unheard,
            "WRAPS": settings.lateral.edge == "wrap",
            "EXCITED": settings.activation == "excited",
            "RATE": settings.learning_rate,
            "TRACE": 1 if settings.trace is None else settings.trace,
            "ERROR_CLIP": np.inf if settings.error_clip is None else settings.error_clip,
            "CLIP_BELOW": -np.inf if settings.weight_clip is None else 0,
            "CLIP_ABOVE": np.inf if settings.weight_clip is None else settings.weight_clip,
        }

    def _make_room(self, epoch: Epoch) -> Room:
        n_maps, n_units, xp = epoch.n_maps, self._grid.n_units, self._xp
        settings = [self._of(member) for member in epoch.members]
        gain = [mwta.lateral_gain(s.lateral, self._grid, self._dtype.name) for s in settings]
        most_winners = max(s.n_winners for s in settings)
        scratch = scratch_bytes(
            n_units, self._n_inputs, most_winners, self._dtype, trace=self._has_trace
        )
        shared = scratch if scratch <= self._most_shared_bytes() else 0
        outside = 0 if shared else scratch // 8
        room = {
            "gain": xp.asarray(np.stack(gain)),
            "most_winners": most_winners,
            "shared_bytes": shared,
            # A pointer to nothing can't be had.
            "outside": xp.empty((max(1, n_maps * outside),), np.float64),
            "outside_size": np.int64(outside),
        }
        if not self._has_trace:
            return room | {"drives": self._empty(n_maps, AHEAD, n_units)}
        return room | {
            "drive": self._empty(n_maps, n_units),
            "seen": self._empty(n_maps, self._n_chunks, self._n_inputs),
            "factor": self._empty(n_maps, self._n_inputs),
            "winners": xp.empty((n_maps, most_winners), np.int32),
        }

    def _learn(self, epoch: Epoch, room: Room, first: int, count: int) -> None:
        if self._has_trace:
            for step in range(first, first + count):
                self._learn_with_trace(epoch, room, step)
            return
        end = first + count
        for start in range(first, end, AHEAD):
            self._learn_ahead(epoch, room, start, min(AHEAD, end - start))

    def _end(self, epoch: Epoch, room: Room) -> None:
        if self._has_trace:
            self._drive(epoch, room, epoch.n_steps)  # what the last step changed

    def _learn_ahead(self, epoch: Epoch, room: Room, first: int, count: int) -> None:
        """Launch the steps of samples whose drives are computed at once."""
        weights, counts = epoch.state["weights"], epoch.counts
        self._per_unit(
            "mwta_drives", epoch,
            (
                weights, self._pixels, epoch.order, room["drives"], counts.done,
                self._grid.n_units, self._n_inputs, epoch.n_steps, first, count,
            ),
            AHEAD * TILE * self._dtype.itemsize,
        )  # fmt: skip
        self._per_map(
            "mwta_learn", epoch,
            (
                weights, self._pixels, epoch.order, room["drives"], room["gain"],
                epoch.whole, epoch.settings, epoch.state["activity"],
                counts.done, counts.error_sum, counts.last_error, counts.wins, counts.activity_sum,
                room["outside"], room["outside_size"], room["most_winners"],
                self._grid.rows, self._grid.cols, self._n_inputs, epoch.n_steps, first, count,
            ),
            room["shared_bytes"],
        )  # fmt: skip

    def _learn_with_trace(self, epoch: Epoch, room: Room, step: int) -> None:
        """Launch one step."""
        activity, counts, grid = epoch.state["activity"], epoch.counts, self._grid
        self._drive(epoch, room, step)
        self._per_map(
            "trace_compete", epoch,
            (
                room["drive"], room["gain"], epoch.whole, epoch.settings, activity,
                room["winners"], counts.done, room["outside"], room["outside_size"],
                room["most_winners"], grid.rows, grid.cols, step,
            ),
            room["shared_bytes"],
        )  # fmt: skip
        self._reconstruct(epoch, activity, room["seen"], step)
        self._per_map(
            "trace_account", epoch,
            (
                room["seen"], self._pixels, epoch.order, epoch.whole, epoch.settings, activity,
                room["winners"], room["factor"],
                counts.done, counts.error_sum, counts.last_error, counts.wins, counts.activity_sum,
                room["most_winners"], grid.n_units, self._n_inputs, self._n_chunks,
                epoch.n_steps, step,
            ),
            MOST_WARPS * self._dtype.itemsize,
        )  # fmt: skip

    def _drive(self, epoch: Epoch, room: Room, step: int) -> None:
        """Launch the changes of the step before, and the drives of this one."""
        self._per_unit(
            "trace_drive", epoch,
            (
                epoch.state["weights"], self._pixels, epoch.order, epoch.state["activity"],
                room["factor"], room["drive"], epoch.settings, epoch.counts.done,
                self._grid.n_units, self._n_inputs, epoch.n_steps, step,
            ),
            2 * self._n_inputs * self._dtype.itemsize,
        )  # fmt: skip


def scratch_bytes(n_units: int, n_inputs: int, n_winners: int, dtype: Any, *, trace: bool) -> int:
    """Return the scratch memory of a block that lets units compete, as the kernels lay it out."""
    n_reals = 3 * n_units + n_winners + 2 * MOST_WARPS
    n_ints = n_winners + 2 * MOST_WARPS
    if not trace:
        n_reals += 2 * n_inputs
        n_ints += 2 * n_units + 1
    # In whole doubles, so that one map's may follow another's.
    n_bytes = n_reals * int(np.dtype(dtype).itemsize) + 4 * n_ints
    return -(-n_bytes // 8) * 8
