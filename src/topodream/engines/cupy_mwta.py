"""MWTA on a GPU: launches the kernels of cupy_mwta.cu, which say how they work together."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from topodream.engines.cupy import (
    MOST_WARPS,
    N_LEVELS,
    VECTOR_BYTES,
    WARP,
    CupyEnsemble,
    Epoch,
    Room,
)
from topodream.models import mwta
from topodream.models.mwta import Mwta

# Samples whose drives are computed at once, a power of 2 up to a warp's lanes. More of them leave
# more to compute again.
AHEAD = 16
# Units whose drives a warp computes together, so that it reads a sample once for all of them.
UNITS_PER_WARP = 2
# Sums that a pixel's reconstruction by many units is added up in.
PARTS = 8


class CupyMwta(CupyEnsemble):
    """Maps of one grid, whatever the settings of each."""

    kernels = "cupy_mwta.cu"
    whole_settings = (
        "N_WINNERS",
        "RADIUS",
        "HEARD_ROWS",
        "HEARD_COLS",
        "WRAPS",
        "EXCITED",
        "FADES",
    )
    other_settings = ("RATE", "TRACE", "ERROR_CLIP", "CLIP_BELOW", "CLIP_ABOVE")
    constants: ClassVar[Mapping[str, object]] = {
        "AHEAD": AHEAD,
        "UNITS_PER_WARP": UNITS_PER_WARP,
        "PARTS": PARTS,
        "IS_OUTSIDE": 0,
    }

    def _of(self, member: int) -> Mwta:
        settings: Mwta = self._experiments[member].settings
        return settings

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
            "FADES": settings.trace is not None,
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
        fades = any(s.trace is not None for s in settings)
        most_listed = n_units if fades else min(n_units, AHEAD * most_winners)
        scratch = scratch_bytes(
            n_units, self.row_length, most_winners, most_listed, self._dtype, fades=fades
        )
        is_outside = scratch > self._most_shared_bytes()
        outside = scratch // 8 if is_outside else 0
        active = np.zeros((n_maps, n_units), np.int32)
        n_active = np.zeros(n_maps, np.int32)
        for number, member in enumerate(epoch.members):
            found = np.flatnonzero(self.states[member].arrays["activity"])
            active[number, : len(found)], n_active[number] = found, len(found)
        return {
            "gain": xp.asarray(np.stack(gain)),
            "drives": self._empty(n_maps, AHEAD, n_units),
            "active": xp.asarray(active),
            "n_active": xp.asarray(n_active),
            "most_winners": most_winners,
            "most_listed": most_listed,
            "kernels": self._kernels(IS_OUTSIDE=int(is_outside)),
            "shared_bytes": 0 if is_outside else scratch,
            # A pointer to nothing can't be had.
            "outside": xp.empty((max(1, n_maps * outside),), np.float64),
            "outside_size": np.int64(outside),
        }

    def _learn(self, epoch: Epoch, room: Room, first: int, count: int) -> None:
        end = first + count
        for start in range(first, end, AHEAD):
            self._learn_ahead(epoch, room, start, min(AHEAD, end - start))

    def _learn_ahead(self, epoch: Epoch, room: Room, first: int, count: int) -> None:
        """Launch the steps of samples whose drives are computed at once."""
        weights, counts, grid = epoch.state["weights"], epoch.counts, self._grid
        room["kernels"].launch(
            "mwta_drives",
            (self._blocks_of_units(UNITS_PER_WARP), epoch.n_maps),
            self.threads_of_units,
            (
                weights, self._pixels, self._levels, epoch.order, room["drives"], counts.done,
                grid.n_units, self.n_vectors, epoch.n_steps, first, count,
            ),
            AHEAD * WARP * VECTOR_BYTES,
        )  # fmt: skip
        room["kernels"].launch(
            "mwta_learn",
            (epoch.n_maps,),
            self.threads_per_map,
            (
                weights, self._pixels, self._levels, epoch.order, room["drives"], room["gain"],
                epoch.whole, epoch.settings, epoch.state["activity"],
                room["active"], room["n_active"],
                counts.done, counts.error_sum, counts.last_error, counts.wins, counts.activity_sum,
                room["outside"], room["outside_size"], room["most_winners"], room["most_listed"],
                grid.rows, grid.cols, self._n_inputs, self.n_vectors, epoch.n_steps, first, count,
            ),
            room["shared_bytes"],
        )  # fmt: skip


def scratch_bytes(
    n_units: int, row_length: int, n_winners: int, n_listed: int, dtype: Any, *, fades: bool
) -> int:
    """Return the scratch memory of a block that learns, as the kernel lays it out."""
    n_reals = 3 * row_length + 3 * n_units + N_LEVELS + n_winners + 3 * MOST_WARPS
    if fades:
        n_reals += PARTS * row_length + n_listed
    n_ints = MOST_WARPS + n_winners + AHEAD + n_units + 3 * n_listed + 1
    n_bytes = 8 * n_listed + n_reals * int(np.dtype(dtype).itemsize) + 4 * n_ints
    # In whole vectors, so that one map's may follow another's.
    return -(-n_bytes // VECTOR_BYTES) * VECTOR_BYTES
