"""Mistakes to plant in the engine, to see whether the checks would see them.

Each is planted in a copy of the sources. The checks are: *agreement* with the reference, threads and
blocks in ascending order; *orders*, the same in other orders; *emulator*, an error of the emulator or
of the stand-in for CuPy; *races*.
"""

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import forking

from emulator import races

TESTS = Path(__file__).parents[1]
SRC = TESTS.parent / "src"
ENGINES = Path("topodream/engines")
AGREEMENT, ORDERS, EMULATOR, RACES = CHECKS = ("agreement", "orders", "emulator", "races")

BARRIER = re.compile(r"__sync(?:threads|warp)\(\);")


@dataclass(frozen=True)
class Fault:
    """A mistake: what stands in a file of the engine, what takes its place.

    ``case`` is the variant that is trained, ``seen_by`` the check that has to see it.
    """

    name: str
    file: str
    right: str
    wrong: str
    case: str
    seen_by: str

    def plant(self, folder: Path) -> Path:
        """Copy the sources to a folder, with the mistake; return where they are."""
        copy = folder / "src"
        shutil.copytree(SRC, copy, ignore=shutil.ignore_patterns("*.nb?"))  # no machine code
        path = copy / ENGINES / self.file
        text = path.read_text()
        if text.count(self.right) != 1:
            raise ValueError(f"{self.name}: {text.count(self.right)} places in {self.file}")
        path.write_text(text.replace(self.right, self.wrong))
        return copy


def look(sources: Path, case: str, checks: Sequence[str] = CHECKS) -> dict[str, str]:
    """Return what checks see in sources, by their names; nothing of those that see nothing."""
    seen = {} if tuple(checks) == (RACES,) else _differences(sources, case, ORDERS in checks)
    if RACES in checks:
        # A mistake that the emulator stops at may have shown a race before.
        with suppress(races.StoppedError):
            if found := races.find(for_races(case), sources):
                seen[RACES] = found[0]
    return seen


def _differences(sources: Path, case: str, in_other_orders: bool) -> dict[str, str]:
    seen: dict[str, str] = {}
    script = SCRIPT.format(case=case, orders=(0, 1, 5) if in_other_orders else (0,))
    done = forking.python(script, sources, TESTS)
    for line in done.stdout.splitlines():
        order, _, what = line.partition(" ")
        if what.startswith("error"):
            seen.setdefault(EMULATOR, what.removeprefix("error "))
        elif what == "differs":
            seen.setdefault(AGREEMENT if order == "0" else ORDERS, "differs from the reference")
    if done.returncode:  # as of a mistake that ends the process
        seen.setdefault(EMULATOR, (done.stderr.strip().splitlines() or ["it crashed"])[-1])
    return seen


SCRIPT = """
import sys
sys.path[:0] = sys.argv[1:]
from emulator.stand_in import DeviceError, StandIn
from topodream import gpu_check
from topodream.engines import cupy
cupy.THREADS_PER_MAP = cupy.THREADS_OF_UNITS = 96
case = next(case for case in gpu_check.variants(5, 7, 400, 40) if case.name == {case!r})
for order in {orders}:
    try:
        print(order, "holds" if gpu_check.compare(case, StandIn(order)).holds else "differs")
    except DeviceError as error:
        print(order, "error", error)
"""

# Fewer threads: ThreadSanitizer takes its time for each. Two warps need every barrier that more do.
FOR_RACES = """
from emulator.stand_in import StandIn
from topodream import gpu_check
from topodream.engines import cupy, cupy_mwta, cupy_sparse_dream
cupy.THREADS_PER_MAP = cupy.THREADS_OF_UNITS = 64
if {in_phases}:  # each of them by several blocks
    cupy_sparse_dream.MOST_BYTES_OF_ONE_BLOCK = 0
cupy_mwta.AHEAD = 2  # a map is taken up again after so many steps
cupy_mwta.CupyMwta.constants = {{**cupy_mwta.CupyMwta.constants, "AHEAD": 2}}
case = next(case for case in gpu_check.variants(3, 4, 400, 6) if case.name == {case!r})
pixels, experiments = case.samples(), case.experiments()
gpu_check.train_on_device(experiments, case.starts(), pixels, StandIn(races=True))
"""


def for_races(case: str, *, in_phases: bool = False) -> str:
    """Return a script that trains a variant while ThreadSanitizer watches."""
    return FOR_RACES.format(case=case, in_phases=in_phases)


# By the function it stands in, a variant whose training comes there.
CASE_OF = {
    "block_extent": "MWTA",
    "mwta_drives": "MWTA",
    "score_units": "MWTA",
    "choose_winners": "MWTA, ten winners, bounded",
    "take_up": "trace",
    "mwta_learn": "MWTA beside a trace",
    "dream_learn": "SparseDream",
}


def barriers() -> Iterator[Fault]:
    """Yield a fault for each barrier of the kernels, of a block or a warp: that it is not there."""
    for file in ("cupy.cu", "cupy_mwta.cu", "cupy_sparse_dream.cu"):
        lines = (SRC / ENGINES / file).read_text().splitlines(keepends=True)
        function, count, text = "", 0, "".join(lines)
        for number, line in enumerate(lines):
            if found := re.match(r"(?:__device__|extern) .*?(\w+)\((?!\d)", line):
                function, count = found[1], 0
            if BARRIER.search(line):
                count += 1
                # With as many lines before it as it takes to be the only such place.
                first = number
                while text.count("".join(lines[first : number + 1])) > 1:
                    first -= 1
                before, after = "".join(lines[first:number]), BARRIER.sub("", line)
                name = f"{function} without barrier {count}"
                case = CASE_OF[function]
                yield Fault(name, file, before + line, before + after, case, RACES)


MWTA, DREAM, HOST = "cupy_mwta.cu", "cupy_sparse_dream.cu", "cupy.py"

OTHERS = [
    Fault(
        "a barrier that one warp alone reaches", "cupy.cu",
        "        room[MOST_WARPS + warp()] = other;\n    }\n    __syncthreads();",
        "        room[MOST_WARPS + warp()] = other;\n    }\n    if (warp() == 0) __syncthreads();",
        "MWTA", EMULATOR,
    ),
    Fault(
        "a shuffle that half a warp reaches", MWTA,
        "    return warp_sum(drive);", "    return lane() < 16 ? warp_sum(drive) : 0;",
        "MWTA", EMULATOR,
    ),
    Fault(
        "a counter that all threads add to", MWTA,
        "if (threadIdx.x == blockDim.x - 1) {", "{",
        "MWTA", RACES,
    ),
    Fault(
        "a block that reads what others write in the same launch", DREAM,
        "const real* a = map.before;", "const real* a = map.activity;",
        "SparseDream", RACES,
    ),
    Fault(
        "two threads that change the same pair", DREAM,
        "if (other <= unit) continue;", "if (other < 0) continue;",
        "SparseDream", RACES,
    ),
    Fault(
        "a unit too many", MWTA,
        "for (int i = threadIdx.x; i < n_units; i += blockDim.x) a[i] = 0;",
        "for (int i = threadIdx.x; i <= n_units; i += blockDim.x) a[i] = 0;",
        "MWTA", EMULATOR,
    ),
    Fault(
        "shared memory that is too small", "cupy_mwta.py",
        "n_ints = MOST_WARPS + n_winners", "n_ints = MOST_WARPS - 16 + n_winners",
        "MWTA", EMULATOR,
    ),
    Fault(
        "a list that is not emptied", MWTA,
        "if (threadIdx.x == 0) *listed.count = 0;", "", "MWTA", AGREEMENT,
    ),
    Fault(
        "drives that are not computed again", MWTA,
        "if (goes_on) across[unit] = next;", "", "MWTA", AGREEMENT,
    ),
    Fault(
        "of equal scores the larger number wins", "cupy.cu",
        "(other.unit < one.unit)", "(other.unit > one.unit)",
        "MWTA, units alike", AGREEMENT,
    ),
    Fault(
        "a unit that hears itself", MWTA,
        "if (y < sheet.heard_rows && x < sheet.heard_cols) sum -= drive[i];", "", "MWTA", AGREEMENT,
    ),
    Fault(
        "the last column is heard", MWTA,
        "sheet.heard_cols, 1, sheet.wraps", "cols, 1, sheet.wraps", "MWTA", AGREEMENT,
    ),
    Fault(
        "a torus that ends at its border", MWTA,
        "return place < 0 ? place + n : (place < n ? place : place - n);",
        "return min(max(place, 0), n - 1);",
        "MWTA, torus", AGREEMENT,
    ),
    Fault(
        "a torus whose rows alone go round", MWTA,
        "sheet.heard_rows, cols, sheet.wraps", "sheet.heard_rows, cols, false", "MWTA, torus", AGREEMENT,
    ),
    Fault(
        "the settings of another map", MWTA,
        "#define SETTING(name) settings[map * N_SETTINGS + name]",
        "#define SETTING(name) settings[name]",
        "MWTA, four maps", AGREEMENT,
    ),
    Fault(
        "a map that goes on after it diverged", MWTA,
        "if (!(error <= LARGEST_ERROR)) break;  // the same", "// the same",
        "MWTA, one of two maps diverges", AGREEMENT,
    ),
    Fault(
        "weights without bounds", "cupy_mwta.py",
        '"CLIP_ABOVE": np.inf if settings.weight_clip is None else settings.weight_clip',
        '"CLIP_ABOVE": np.inf',
        "MWTA, ten winners, bounded", AGREEMENT,
    ),
    Fault(
        "a weight that fades to nothing", "cupy.cu",
        "? copysign(least, changed) : changed", "? 0 : changed",
        "MWTA, faded weights", AGREEMENT,
    ),
    Fault(
        "a trace that is left out", MWTA,
        "listed.share[k] += trace * (fresh - listed.share[k]);", "listed.share[k] = fresh;",
        "trace", AGREEMENT,
    ),
    Fault(
        "an eighth of the units is left out", MWTA,
        "for (int p = 0; p < PARTS; ++p) reconstruction", "for (int p = 1; p < PARTS; ++p) reconstruction",
        "trace", AGREEMENT,
    ),
    Fault(
        "the last step's changes are not made", "cupy_sparse_dream.py",
        "            self._launch_phases(epoch, room, epoch.n_steps, PHASES.index(\"SEE\"))",
        "            pass",
        "SparseDream", AGREEMENT,
    ),
    Fault(
        "weights are pruned a step late", DREAM,
        "(map.step - 1) % PRUNE_EVERY == 0", "map.step % PRUNE_EVERY == 0", "SparseDream, pruned", AGREEMENT,
    ),
    Fault(
        "excitation that differs both ways", DREAM,
        "there = back = (real)0.5 * (there + back);", "there = (real)0.5 * (there + back);",
        "SparseDream", AGREEMENT,
    ),
    Fault(
        "inhibition that misses a step", DREAM,
        "map.learns = step > 0,", "map.learns = step > 1,", "SparseDream", AGREEMENT,
    ),
    Fault(
        "inhibition of pairs that are spared", DREAM,
        "if (j == unit || spares)", "if (j == unit)",
        "SparseDream, fixed, pairs spared", AGREEMENT,
    ),
    Fault(
        "pairs of a column that are spared too", DREAM,
        "inside && other % cols != unit % cols", "inside",
        "SparseDream, fixed, pairs spared", AGREEMENT,
    ),
    Fault(
        "fixed excitation that learns", DREAM,
        "n_done > step && WHOLE(RULE) != FIXED", "n_done > step",
        "SparseDream, fixed, pairs spared", AGREEMENT,
    ),
    Fault(
        "a map that learns by another's rule", DREAM,
        "map.whole = whole + number * N_WHOLE;", "map.whole = whole;",
        "SparseDream, four rules", AGREEMENT,
    ),
    Fault(
        "excitation between units that are not active together", DREAM,
        "rate * (own * other - squared_sparsity)", "rate * (own * other)",
        "SparseDream, Hebb's rule", AGREEMENT,
    ),
    Fault(
        "excitation below 0", DREAM,
        "return weight < 0 ? 0 : weight;", "return weight;",
        "SparseDream, Hebb's rule on activity, within limits", AGREEMENT,
    ),
    Fault(
        "a unit that forgets by the other's activity", DREAM,
        "(other - own * weight)", "(other - other * weight)",
        "SparseDream, Oja's rule", AGREEMENT,
    ),
    Fault(
        "a limit that is forgotten", DREAM,
        "weight = weight > limit ? limit : weight;", "",
        "SparseDream, Hebb's rule on activity, within limits", AGREEMENT,
    ),
    Fault(
        "a budget of what the limit cuts off", DREAM,
        "weight = weight > limit ? limit : weight;\n        excites[other] = weight;\n"
        "        total += weight;",
        "total += weight;\n        excites[other] = weight > limit ? limit : weight;",
        "SparseDream, Hebb's rule on activity, within limits", AGREEMENT,
    ),
    Fault(
        "limits that miss the last step", DREAM,
        "if (map.learns && WHOLE(RULE) != FIXED)",
        "if (map.learns && map.shows && WHOLE(RULE) != FIXED)",
        "SparseDream, Oja's rule", AGREEMENT,
    ),
    Fault(
        "a whole number of Python's", HOST,
        "typed = tuple(np.int32(x) if isinstance(x, int) else x for x in arguments)",
        "typed = tuple(arguments)",
        "MWTA", EMULATOR,
    ),
    Fault(
        "an array of another type", HOST,
        "order = np.array(list(orders.values()), np.int32)",
        "order = np.array(list(orders.values()), np.int64)",
        "MWTA", EMULATOR,
    ),
    Fault(
        "a missing argument", "cupy_mwta.py",
        "room[\"outside\"], room[\"outside_size\"], ", "room[\"outside\"], ",
        "MWTA", EMULATOR,
    ),
    Fault(
        "an array that stayed on the host", HOST,
        "self._pixels = xp.asarray(self._padded(pixels))", "self._pixels = self._padded(pixels)",
        "MWTA", EMULATOR,
    ),
    Fault(
        "rows taken for columns", "cupy_mwta.py",
        "grid.rows, grid.cols, self._n_inputs,", "grid.cols, grid.rows, self._n_inputs,",
        "MWTA", AGREEMENT,
    ),
    Fault(
        "a unit that is listed twice", MWTA,
        "if (listed.place[winners[r]] >= 0) continue;", "", "trace", EMULATOR,
    ),
    Fault(
        "a trace that ends with a launch", MWTA,
        "*listed.count = n_staying + stays;", "*listed.count = 0;", "trace", AGREEMENT,
    ),
    Fault(
        "changes that are left out though they count", MWTA,
        "<= (real)EPSILON / 4;", "<= 1e-3;", "trace", AGREEMENT,
    ),
    Fault(
        "drives by other samples", MWTA,
        "is_upper ? sums[u][s] : sums[u][s + apart]", "is_upper ? sums[u][s + apart] : sums[u][s]",
        "MWTA", AGREEMENT,
    ),
    Fault(
        "a winner whose next best is forgotten", MWTA,
        "best_from(score, owner * 32 + lane(), blockDim.x, n_units)",
        "best_from(score, owner * 32, blockDim.x, n_units)",
        "MWTA, ten winners, bounded", EMULATOR,
    ),
    Fault(
        "rows without their last vector", HOST,
        "self.n_vectors = -(-self._n_inputs // self._width)",
        "self.n_vectors = self._n_inputs // self._width - 1",
        "MWTA", EMULATOR,
    ),
    Fault(
        "excitation that stays in shared memory", DREAM,
        "copy(map.excitation, excitation + of_pairs, n_pairs);", "", "SparseDream", AGREEMENT,
    ),
    Fault(
        "the activity of the step before the last", DREAM,
        "copy((first + count) % 2 ? even : odd,", "copy((first + count) % 2 ? odd : even,",
        "SparseDream", AGREEMENT,
    ),
]  # fmt: skip


def all_faults() -> list[Fault]:
    """Return all of them."""
    return [*barriers(), *OTHERS]
