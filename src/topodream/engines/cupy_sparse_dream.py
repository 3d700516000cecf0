"""SparseDream on a GPU: launches the kernel of cupy_sparse_dream.cu, which says how it works."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from topodream.arrays import Bytes
from topodream.engines.cupy import MOST_WARPS, N_LEVELS, CupyEnsemble, Epoch, Room
from topodream.files.errors import InputError
from topodream.models import sparse_dream
from topodream.models.model import State
from topodream.models.sparse_dream import SparseDream
from topodream.settings.config import Experiment

# Of a step, in turn.
PHASES = ("DRIVE", "RESPOND", "SEE", "ACCOUNT", "EXCITE")
# Units of which a reconstruction adds up the shares before it adds up those sums.
CHUNK = 16
# The largest state of a map that one block of threads trains by itself: for larger ones it is
# worth to launch every phase.
MOST_BYTES_OF_ONE_BLOCK = 2**20


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
        "CHUNK": CHUNK,
        "KEEPS": 0,
        **{rule.upper(): place for place, rule in enumerate(sparse_dream.RULES)},
        **{phase: place for place, phase in enumerate(PHASES)},
    }

    def __init__(
        self, experiments: Sequence[Experiment], states: Sequence[State], pixels: Bytes, xp: Any
    ) -> None:
        super().__init__(experiments, states, pixels, xp)
        needed = shared_bytes(self._grid.n_units, self.row_length, self._dtype, keeps=False)
        if needed > self._most_shared_bytes():
            raise InputError(
                f"{experiments[0].name}: {self._n_inputs} inputs in {self._dtype} are too many: they "
                f"need {needed} bytes of shared memory, of which this GPU has "
                f"{self._most_shared_bytes()}"
            )

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
        n_maps, n_units = epoch.n_maps, self._grid.n_units
        return {
            **{name: self._empty(n_maps, n_units) for name in ("drive", "response", "surprise")},
            "activity": self._empty(2, n_maps, n_units),
            "seen": self._empty(n_maps, self._n_chunks, self.row_length),
            "factor": self._empty(n_maps, self.row_length),
        }

    @property
    def _n_chunks(self) -> int:
        return -(-self._grid.n_units // CHUNK)

    def _learn(self, epoch: Epoch, room: Room, first: int, count: int) -> None:
        n_bytes = sum(array.nbytes for array in self.states[0].arrays.values())
        if n_bytes <= MOST_BYTES_OF_ONE_BLOCK:
            self._launch(epoch, room, 1, first, count)
        else:
            for step in range(first, first + count):
                self._launch_phases(epoch, room, step, len(PHASES))
        if first + count == epoch.n_steps:
            # What the last step changed.
            self._launch_phases(epoch, room, epoch.n_steps, PHASES.index("SEE"))

    def _launch_phases(self, epoch: Epoch, room: Room, step: int, count: int) -> None:
        """Launch the first phases of a step, one after another."""
        n_blocks = self._blocks_of_units()
        for phase in range(count):
            alone = PHASES[phase] == "ACCOUNT"
            self._launch(epoch, room, 1 if alone else n_blocks, step, 1, phase)

    def _launch(
        self,
        epoch: Epoch,
        room: Room,
        n_blocks: int,
        first: int,
        count: int,
        phase: int | None = None,
    ) -> None:
        """Launch a phase of some steps, or all of them, with so many blocks for each map."""
        counts, grid, state = epoch.counts, self._grid, epoch.state
        phases = (0, len(PHASES)) if phase is None else (phase, phase + 1)
        least, most = (
            shared_bytes(grid.n_units, self.row_length, self._dtype, keeps=keeps)
            for keeps in (False, True)
        )
        keeps = phase is None and most <= self._most_shared_bytes()
        self._kernels(KEEPS=int(keeps)).launch(
            "dream_learn",
            (n_blocks, epoch.n_maps),
            self.threads_per_map if n_blocks == 1 else self.threads_of_units,
            (
                state["weights"], state["excitation"], state["global_inhibition"],
                state["column_inhibition"], state["thresholds"],
                self._pixels, self._levels, epoch.order, epoch.whole, epoch.settings,
                room["drive"], room["activity"], room["response"], room["surprise"],
                room["seen"], room["factor"],
                counts.done, counts.error_sum, counts.last_error, counts.wins, counts.activity_sum,
                grid.rows, grid.cols, self._n_inputs, self.n_vectors, self._n_chunks,
                epoch.n_steps, first, count, *phases,
            ),
            most if keeps else least,
        )  # fmt: skip


def shared_bytes(n_units: int, row_length: int, dtype: Any, *, keeps: bool) -> int:
    """Return the shared memory of a block, as the kernel lays it out."""
    n_reals, n_bytes = 2 * row_length + N_LEVELS + 3 * MOST_WARPS, 4 * MOST_WARPS
    if keeps:
        n_reals += 3 * n_units**2 + 6 * n_units
        n_bytes += 4 * (n_units + n_units % 2) + 8 * n_units
    return n_reals * int(np.dtype(dtype).itemsize) + n_bytes
