"""Whether a GPU computes what the reference does, and how fast: what check_gpu.py reports.

The cases are tests too, of which continuous integration runs the smaller ones with the kernels
emulated on a CPU (docs/gpu-evidence.md), and with the fast engines. Their samples are the embedded digits, or
such as filtered photographs give: all inputs lit, or half of them.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache, partial
from typing import Any

import numpy as np

from topodream import engines
from topodream.arrays import Bytes, Floats, Integers
from topodream.data.mnist import mnist_content, read_embedded
from topodream.engines import Tally
from topodream.grid import Grid
from topodream.models import MODELS
from topodream.models.model import State
from topodream.models.mwta import Lateral, Mwta
from topodream.models.prototypes import Start, least_weight
from topodream.models.sparse_dream import ColumnInhibition, Excitation, Inhibition, SparseDream
from topodream.settings.config import Experiment
from topodream.training import states

Settings = Mwta | SparseDream
Train = Callable[[Sequence[Experiment], Sequence[State], Bytes], "list[Run]"]

# What has a part in it by registries: models, and their engines for a GPU.
MODULES = tuple(
    name
    for model in MODELS.values()
    for name in (
        type(model).__module__,
        *(f"topodream.engines.{engine.split('.')[0]}" for engine in model.engines.values()),
    )
)

# The largest difference between a GPU's map and the reference's, relative to the largest value
# of each array, after a few hundred steps, and the share of wins that may go to other units: in
# float32 two units can be so near to each other that rounding decides.
ALLOWED = {"float64": 1e-9, "float32": 1e-3}
OTHER_WINNERS_ALLOWED = {"float64": 0.0, "float32": 0.1}
N_SAMPLES = 1000
EPOCHS = 2  # of each case: what is due at the end of one must be done by the next
SEED = 7

MWTA = Mwta(
    start=Start(0.15, 0.16),
    learning_rate=0.03,
    n_winners=5,
    activation="drive",
    trace=None,
    lateral=Lateral(strength=0.1, radius=2, edge="notebook", row_norm=None),
    error_clip=1,
    weight_clip=None,
)
NORMALISED = Lateral(strength=1, radius=3, edge="full", row_norm=0.5)
SUMMED = Lateral(strength=1, radius=3, edge="full", row_norm=None, row_sum=0.8)
NORMED_TORUS = Lateral(strength=1, radius=1, edge="wrap", row_norm=0.5)
TORUS = Lateral(strength=0.1, radius=2, edge="wrap", row_norm=None)
ALONE = Lateral(strength=0, radius=0, edge="full", row_norm=None)
DREAM = SparseDream(
    start=Start(0.1, 1),
    learning_rate=0.02,
    sparsity=0.01,
    threshold_rate=3,
    excitation=Excitation(0, 1, Start(0.01, 0.1), 0.01, "drive", symmetric=True, uniform=False),
    global_inhibition=Inhibition(Start(0, 0), 0.001),
    column_inhibition=ColumnInhibition(Start(0, 0), 0.001, acts=True),
    unit_norm=False,
)
WIDE = Excitation(1, 3, Start(0.1, 1), 0.02, "activity", symmetric=False, uniform=False)


@dataclass(frozen=True)
class Case:
    """Maps of one shape that learn side by side.

    ``name`` says in words what they are; ``settings`` has those of each map, ``shown`` names
    their samples, see SAMPLES. Where faded, a third of the weights that change by factors start
    where they can fade no further: those of excitation if there are any.
    """

    name: str
    settings: tuple[Settings, ...]
    rows: int
    cols: int
    n_inputs: int
    dtype: str
    n_steps: int
    shown: str = "digits"
    is_faded: bool = False

    @property
    def n_maps(self) -> int:
        """How many maps there are."""
        return len(self.settings)

    @property
    def per_epoch(self) -> int:
        """Steps of an epoch."""
        return self.n_steps // EPOCHS

    def samples(self) -> Bytes:
        """Return what they are shown: (N_SAMPLES, n_inputs)."""
        return SAMPLES[self.shown](self.n_inputs)

    def experiments(self) -> list[Experiment]:
        """Return the experiment that each map is of; they differ in seed too."""
        kind = type(self.settings[0])
        (model,) = (name for name, one in MODELS.items() if one.settings is kind)
        return [
            Experiment(
                name=f"{self.name} {number}",
                model=model,
                dataset=self.shown,
                device="cpu",
                engine="reference",
                dtype=self.dtype,
                on_divergence="keep",
                seed=SEED + number,
                epochs=EPOCHS,
                steps_per_epoch=self.per_epoch,
                snapshot_every=1,
                order="shuffled",
                grid=Grid(self.rows, self.cols),
                settings=settings,
            )
            for number, settings in enumerate(self.settings)
        ]

    def starts(self) -> list[State]:
        """Return where each map starts, anew at every call: who trains takes them over."""
        found = []
        for experiment in self.experiments():
            rng = np.random.default_rng(experiment.seed)
            state = states.start(experiment, self.n_inputs, rng)
            if self.is_faded:
                weights = state.arrays.get("excitation", state.weights)
                fades = (rng.random(weights.shape) < 1 / 3) & (weights != 0)
                weights[fades] = least_weight(weights.dtype)
            found.append(state)
        return found


def variants(
    rows: int, cols: int, n_inputs: int, n_steps: int, dtype: str = "float64"
) -> list[Case]:
    """Return a case for everything that kernels decide by settings, at one size."""
    with_trace = replace(MWTA, trace=0.5)
    excited = replace(MWTA, activation="excited", error_clip=None, learning_rate=0.01)
    # Small weights grow, up to where they are clipped.
    torus = replace(MWTA, lateral=TORUS)
    bounded = replace(MWTA, start=Start(0, 0.02), weight_clip=0.05, n_winners=10, learning_rate=0.1)
    grows = replace(excited, learning_rate=8.0)
    uneven = replace(
        DREAM,
        sparsity=0.05,
        excitation=WIDE,
        global_inhibition=Inhibition(Start(0, 0.01), 0.0005),
        column_inhibition=ColumnInhibition(Start(0, 0.1), 0.02, acts=False),
    )
    normed = replace(DREAM, excitation=replace(DREAM.excitation, reach_rows=2), unit_norm=True)
    # So large a step makes weights negative, which are pruned.
    pruned = replace(DREAM, learning_rate=3)
    # Excitation that is evened out grows at every step: it is compared for a few.
    uniform = replace(DREAM, excitation=replace(DREAM.excitation, uniform=True))
    # Weights so small that units answer in part, not all of them by 1, then all by 0.
    calm = replace(DREAM, start=Start(0, 0.1), sparsity=0.2, threshold_rate=1)
    hebbian = replace(
        calm, excitation=replace(DREAM.excitation, rule="hebbian", strength=0, rate=0.02)
    )
    grown = replace(WIDE, start=Start(0, 0.1), rate=0.1)
    limited = replace(
        calm, excitation=replace(grown, rule="hebbian", symmetric=True, limit=0.04, budget=0.3)
    )
    forgets = replace(calm, excitation=replace(grown, rule="oja", budget=1))
    spared = replace(
        calm,
        excitation=replace(WIDE, rule="fixed", strength=0.02),
        global_inhibition=Inhibition(Start(0, 0.01), 0.0005, spares_excited_pairs=True),
    )
    even_within = replace(calm, excitation=replace(uniform.excitation, reach_cols=2, limit=0.08))
    # Its first step makes weights so large that no later one can be learnt.
    hasty = replace(DREAM, start=Start(0, 0.001), learning_rate=1e8)
    named: dict[str, tuple[Settings, ...]] = {
        "MWTA": (MWTA,),
        "MWTA, excited scores, no clip": (excited,),
        "MWTA, normalised neighbourhoods": (replace(MWTA, lateral=NORMALISED),),
        "MWTA, torus": (torus,),
        "MWTA, torus beside borders": (torus, MWTA, replace(excited, lateral=NORMED_TORUS)),
        "MWTA, units alike": (replace(MWTA, start=Start(0.125, 0.125), lateral=ALONE),),
        "MWTA, one winner, no neighbours": (replace(MWTA, n_winners=1, lateral=ALONE),),
        "MWTA, ten winners, bounded": (bounded,),
        "MWTA, four maps": (MWTA, excited, replace(MWTA, lateral=SUMMED), bounded),
        "MWTA, one of two maps diverges": (grows, excited),
        "trace": (with_trace,),
        "trace, torus": (replace(with_trace, lateral=TORUS),),
        "trace, excited, bounded": (replace(bounded, activation="excited", trace=0.3),),
        "trace, three maps": (with_trace, replace(excited, trace=0.9), replace(bounded, trace=0.1)),
        "trace, one of two maps diverges": (replace(grows, trace=0.9), with_trace),
        "MWTA beside a trace": (with_trace, MWTA, replace(bounded, trace=0.1)),
        "SparseDream": (DREAM,),
        "SparseDream, from activity, uneven": (uneven,),
        "SparseDream, unit norm": (normed,),
        "SparseDream, evened out": (uniform,),
        "SparseDream, pruned": (pruned,),
        "SparseDream, Hebb's rule": (hebbian,),
        "SparseDream, Hebb's rule on activity, within limits": (limited,),
        "SparseDream, Oja's rule": (forgets,),
        "SparseDream, fixed, pairs spared": (spared,),
        "SparseDream, four rules": (even_within, hebbian, forgets, spared),
        "SparseDream, three maps": (DREAM, uneven, normed),
        "SparseDream, one of two maps diverges": (hasty, uneven),
    }
    few = {"MWTA, units alike": EPOCHS, "SparseDream, evened out": 16, "SparseDream, pruned": 8}
    # float32, in which a GPU takes numbers for 0 that are smaller still.
    faded = [
        Case(f"{name}, faded weights", named[name], rows, cols, n_inputs, "float32", n_steps,
             is_faded=True)
        for name in ("MWTA", "trace", "SparseDream, from activity, uneven")
    ]  # fmt: skip
    return [
        Case(
            name, maps, rows, cols, n_inputs, dtype, few.get(name, n_steps),
            shown="black and white" if name == "MWTA, units alike" else "digits",
        )
        for name, maps in named.items()
    ] + faded  # fmt: skip


def of_images(rows: int, cols: int, n_steps: int, dtype: str = "float64") -> list[Case]:
    """Return a case for the inputs that filtered, dense and colour images have, at one size."""
    torus = replace(MWTA, lateral=TORUS)
    shapes: list[tuple[str, Settings, str, int]] = [
        ("MWTA, torus, ON and OFF", torus, "ON and OFF", 288),
        ("MWTA, torus, colour, ON and OFF", torus, "ON and OFF", 864),
        ("MWTA, dense", MWTA, "grain", 1024),
        ("MWTA, torus, dense, colour", torus, "grain", 3072),
        ("trace, torus, ON and OFF", replace(torus, trace=0.5), "ON and OFF", 288),
        ("SparseDream, ON and OFF", DREAM, "ON and OFF", 288),
    ]
    return [
        Case(name, (settings,), rows, cols, n_inputs, dtype, n_steps, shown)
        for name, settings, shown, n_inputs in shapes
    ]


def agreements() -> list[Case]:
    """Return the cases to compare: every variant at three sizes, and the largest maps."""
    large = replace(DREAM, excitation=replace(WIDE, start=Start(0, 0.01)))
    return [
        *variants(8, 9, 400, 60),
        *variants(20, 20, 400, 200, "float32"),
        *variants(40, 40, 784, 100),
        *of_images(20, 20, 100, "float32"),
        *of_images(40, 40, 60),
        Case("MWTA", (MWTA,), 100, 100, 784, "float64", 100),
        # In float32 two of so many units are soon nearer to each other than rounding.
        Case("MWTA", (MWTA,), 100, 100, 3072, "float64", 40),
        Case("MWTA", (MWTA,), 100, 100, 3072, "float32", 8),
        Case("trace", (replace(MWTA, trace=0.5),), 100, 100, 784, "float64", 20),
        Case("SparseDream", (large,), 50, 50, 784, "float32", 20),
    ]


# ------------------------------------------------------------------ samples


def digits(n_inputs: int) -> Bytes:
    """Return embedded digits: whole ones, their middles (400), or several beside each other."""
    found = mnist_content("embedded", read_embedded()).arrays["train/pixels"]
    if n_inputs == 400:
        return np.ascontiguousarray(found[:N_SAMPLES, 4:24, 4:24]).reshape(N_SAMPLES, -1)
    n_beside = -(-n_inputs // found[0].size)
    joined = found[: N_SAMPLES * n_beside].reshape(N_SAMPLES, -1)
    return np.ascontiguousarray(joined[:, :n_inputs])


def black_and_white(n_inputs: int) -> Bytes:
    """Return digits without greys.

    Sums of them are exact, so that units that are alike are so to the bit in whatever order they
    are added up.
    """
    found: Bytes = np.where(digits(n_inputs) > 127, 255, 0).astype(np.uint8)
    return found


def grain(n_inputs: int) -> Bytes:
    """Return images of random grain without a zero, as those of a camera."""
    found: Bytes = np.clip(128 + 50 * _noise(n_inputs), 1, 255).astype(np.uint8)
    return found


def on_and_off(n_inputs: int) -> Bytes:
    """Return signed grain, what is above 0 in the first half of the inputs, what is below in the other.

    So filtered photographs are shown: nearly half of the inputs are lit, anywhere.
    """
    signed = _noise(n_inputs // 2) / 2.5
    both = np.hstack([np.clip(signed, 0, 1), np.clip(-signed, 0, 1)])
    found: Bytes = np.rint(255 * both).astype(np.uint8)
    return found


def _noise(n_inputs: int) -> Floats:
    """Return noise of mean 0 and variance 1 in which inputs beside each other are alike."""
    rng = np.random.default_rng(SEED)
    coarse = rng.normal(0, 1, (N_SAMPLES, -(-n_inputs // 4))).repeat(4, axis=1)[:, :n_inputs]
    fine = rng.normal(0, 1, (N_SAMPLES, n_inputs))
    mixed: Floats = np.sqrt(0.9) * coarse + np.sqrt(0.1) * fine
    return mixed


# What cases are shown, each (N_SAMPLES, n_inputs) uint8.
SAMPLES: Mapping[str, Callable[[int], Bytes]] = {
    "digits": digits,
    "black and white": black_and_white,
    "grain": grain,
    "ON and OFF": on_and_off,
}


# ------------------------------------------------------------------ agreement


@dataclass(frozen=True)
class Agreement:
    """How near a case comes to the reference.

    Attributes
    ----------
    case : Case
    same_steps : bool
        Whether every map did as many steps: one that diverges stops at the same one.
    same_alone : bool
        Whether every map is the same, to the bit, if it trains alone on the device.
    other_winners : float
        The share of wins that went to other units.
    weight_difference : float
        The largest between the prototypes, in units of a pixel's full range.
    difference : float
        The largest of anything learnt, relative to the largest value of its array.
    zeros_differ : int
        How many weights are 0 in one of both alone: from there none comes back.
    """

    case: Case
    same_steps: bool
    same_alone: bool
    other_winners: float
    weight_difference: float
    difference: float
    zeros_differ: int

    @property
    def holds(self) -> bool:
        """Whether that is within what rounding explains."""
        dtype = self.case.dtype
        near = self.difference <= ALLOWED[dtype]
        won = self.other_winners <= OTHER_WINNERS_ALLOWED[dtype]
        return self.same_steps and self.same_alone and near and won and self.zeros_differ == 0


@dataclass(frozen=True)
class Run:
    """A map after its last epoch, and what was counted in each; in its last one it may diverge."""

    state: State
    tallies: list[Tally]

    @property
    def counted(self) -> list[tuple[int, int]]:
        """Steps of each epoch, and those of them whose error was measured."""
        return [(tally.steps, tally.measured) for tally in self.tallies]

    @property
    def wins(self) -> Integers:
        """Steps that each unit won."""
        total: Integers = np.sum([tally.wins for tally in self.tallies], axis=0)
        return total


def compare(case: Case, xp: Any, true: Sequence[Run] | None = None) -> Agreement:
    """Train a case's maps on a GPU, all of them together, and each by the reference.

    Parameters
    ----------
    case : Case
    xp : module
        CuPy, see :func:`topodream.engines.cupy.find`.
    true : sequence of Run, optional
        What :func:`by_reference` has found, if it has been called.
    """
    return _compare(case, partial(train_on_device, xp=xp), true or by_reference(case))


def compare_fast(case: Case) -> Agreement:
    """Train a case's maps by the fast engine of their model, and by the reference."""
    return _compare(case, partial(train_on_cpu, engine="fast"), by_reference(case))


def by_reference(case: Case) -> list[Run]:
    """Train a case's maps by the reference."""
    return train_on_cpu(case.experiments(), case.starts(), case.samples(), "reference")


def _compare(case: Case, train: Train, true: Sequence[Run]) -> Agreement:
    pixels, experiments = case.samples(), case.experiments()
    found = train(experiments, case.starts(), pixels)
    alone = [
        train([experiment], [start], pixels)[0] if case.n_maps > 1 else of_all
        for experiment, start, of_all in zip(experiments, case.starts(), found, strict=True)
    ]
    # Of a map that diverged nothing is promised but the step.
    sound = [
        number for number, of_one in enumerate(true) if of_one.counted[-1][0] == case.per_epoch
    ]
    n_others = [np.maximum(t.wins - f.wins, 0).sum() for f, t in zip(found, true, strict=True)]
    ends = [(found[number].state, true[number].state) for number in sound]
    return Agreement(
        case,
        same_steps=all(f.counted == t.counted for f, t in zip(found, true, strict=True)),
        same_alone=all(_are_equal(found[number].state, alone[number].state) for number in sound),
        other_winners=float(sum(n_others) / sum(of_one.wins.sum() for of_one in true)),
        weight_difference=max(float(np.abs(f.weights - t.weights).max()) for f, t in ends),
        difference=max(_difference(f, t) for f, t in ends),
        zeros_differ=sum(_zeros_differ(f, t) for f, t in ends),
    )


def train_on_device(
    experiments: Sequence[Experiment], starts: Sequence[State], pixels: Bytes, xp: Any
) -> list[Run]:
    """Train maps together, all epochs."""
    ensemble = engines.create_ensemble(experiments, starts, pixels, xp)
    tallies: list[list[Tally]] = [[] for _ in experiments]
    going = list(range(len(experiments)))
    for epoch in range(EPOCHS):
        for number in going:
            ensemble.states[number].begin_epoch()
        orders = {number: _order(experiments[number], len(pixels), epoch) for number in going}
        thorough = [number for number in going if _is_thorough(experiments[number])]
        for number, tally in ensemble.advance(orders, _nothing, thorough).items():
            tallies[number].append(tally)
            if tally.steps < len(orders[number]):
                going.remove(number)
    return [Run(state, of_one) for state, of_one in zip(ensemble.states, tallies, strict=True)]


def train_on_cpu(
    experiments: Sequence[Experiment], starts: Sequence[State], pixels: Bytes, engine: str
) -> list[Run]:
    """Train maps one after another, all epochs."""
    return [
        _train_one(replace(experiment, engine=engine), start, pixels)
        for experiment, start in zip(experiments, starts, strict=True)
    ]


def _train_one(experiment: Experiment, start: State, pixels: Bytes) -> Run:
    engine = engines.create(experiment, start, pixels)
    tallies = []
    for epoch in range(EPOCHS):
        engine.state.begin_epoch()
        order = _order(experiment, len(pixels), epoch)
        tallies.append(engine.advance(order, _nothing, _is_thorough(experiment)))
        if tallies[-1].steps < len(order):
            break
    return Run(engine.state, tallies)


def _order(experiment: Experiment, n_samples: int, epoch: int) -> Integers:
    rng = np.random.default_rng([experiment.seed, epoch])
    return rng.integers(n_samples, size=experiment.steps_per_epoch)


def _is_thorough(experiment: Experiment) -> bool:
    """Of maps that train together some measure every error and others don't."""
    return experiment.seed == SEED


def _are_equal(one: State, other: State) -> bool:
    arrays = other.arrays
    return all(np.array_equal(array, arrays[name]) for name, array in one.arrays.items())


def _difference(found: State, true: State) -> float:
    differences = []
    for name, expected in true.arrays.items():
        largest = max(float(np.abs(expected).max()), 1e-30)
        apart = np.abs(found.arrays[name] - expected).max()
        differences.append(float(apart) / largest)
    return float(np.max(differences))  # unlike max, it keeps what is no number


def _zeros_differ(found: State, true: State) -> int:
    pairs = zip(found.arrays.values(), true.arrays.values(), strict=True)
    return sum(int(((f == 0) != (t == 0)).sum()) for f, t in pairs if f.ndim == 2)


def _nothing(_: int) -> None:
    pass


# ------------------------------------------------------------------ speed


@dataclass(frozen=True)
class Rate:
    """How fast a case's maps learn: steps of all of them in a second.

    ``overhead`` are the seconds that an epoch takes besides, whatever its length: to send the maps
    to the device, and to fetch them. ``cpu_steps_per_second`` is that of one such map on the fast
    engine, on one thread; it is missing where Numba can't be imported. ``device_bytes`` is the most
    memory that the device held for them.
    """

    case: Case
    steps_per_second: float
    overhead: float
    cpu_steps_per_second: float | None
    device_bytes: int


def rate(case: Case, xp: Any, seconds: float) -> Rate:
    """Measure how fast a case's maps learn, over at least so many seconds on either device."""
    pixels, experiments = case.samples(), case.experiments()
    rng = np.random.default_rng(SEED)
    pool = xp.get_default_memory_pool()
    pool.free_all_blocks()
    ensemble = engines.create_ensemble(experiments, case.starts(), pixels, xp)

    def on_device(n_steps: int) -> None:
        orders = rng.integers(len(pixels), size=(case.n_maps, n_steps))
        ensemble.advance(dict(enumerate(orders)), _nothing)

    on_device(case.n_steps)  # compiles
    per_step, overhead = _seconds_per_step(on_device, case.n_steps, seconds)
    device_bytes = int(pool.total_bytes())
    alone = replace(case, settings=case.settings[:1])
    return Rate(case, case.n_maps / per_step, overhead, _rate_on_cpu(alone, seconds), device_bytes)


@cache  # the same map alone, however many there are
def _rate_on_cpu(alone: Case, seconds: float) -> float | None:
    """Return how fast the fast engine is on one thread of the CPU, if it is there."""
    (experiment,), (start,), pixels = alone.experiments(), alone.starts(), alone.samples()
    try:
        engine = engines.create(replace(experiment, engine="fast"), start, pixels)
    except ImportError:
        return None
    rng = np.random.default_rng(SEED)

    def advance(n_steps: int) -> None:
        engine.advance(rng.integers(len(pixels), size=n_steps), _nothing)

    advance(alone.n_steps)  # compiles
    return 1 / _seconds_per_step(advance, alone.n_steps, seconds)[0]


def _seconds_per_step(
    advance: Callable[[int], None], n_steps: int, seconds: float
) -> tuple[float, float]:
    """Return how long a step takes, and what a call takes besides.

    A call of so many steps, and one of three times as many, differ by steps alone. Both get
    longer until that difference is long enough to time.
    """
    while True:
        few, many = (_seconds(advance, n) for n in (n_steps, 3 * n_steps))
        if many - few >= seconds / 2:
            per_step = (many - few) / (2 * n_steps)
            return per_step, max(0.0, few - n_steps * per_step)
        n_steps *= 2


def _seconds(advance: Callable[[int], None], n_steps: int) -> float:
    started = time.perf_counter()
    advance(n_steps)
    return time.perf_counter() - started


def sizes() -> list[Case]:
    """Return the cases to time: maps alone and many together, small ones and large ones."""
    with_trace = replace(MWTA, trace=0.5)
    shapes: list[tuple[str, Settings, tuple[int, int, int], Sequence[int]]] = [
        ("MWTA", MWTA, (20, 20, 400), (1, 16, 128)),
        ("MWTA", MWTA, (40, 40, 784), (1, 16, 128)),
        ("MWTA", MWTA, (100, 100, 784), (1, 16)),
        ("MWTA", MWTA, (100, 100, 3072), (1,)),
        ("MWTA", MWTA, (100, 100, 400), (1,)),
        ("trace", with_trace, (40, 40, 400), (1, 16, 128)),
        ("SparseDream", DREAM, (10, 10, 784), (1, 16, 256)),
        ("SparseDream", DREAM, (40, 40, 784), (1,)),
    ]
    return [
        Case(name, (settings,) * n_maps, rows, cols, n_inputs, "float32", 128)
        for name, settings, (rows, cols, n_inputs), counts in shapes
        for n_maps in counts
    ]


# ------------------------------------------------------------------ report


def as_mapping(result: Agreement | Rate) -> dict[str, Any]:
    """Return a result for a JSON file: what was computed, and what came out."""
    case, found = result.case, asdict(result)
    del found["case"]
    # JSON has no word for what is no number.
    found = {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in found.items()
    }
    computed = {
        "variant": case.name,
        "maps": case.n_maps,
        "units": case.rows * case.cols,
        "inputs": case.n_inputs,
        "dtype": case.dtype,
        "steps": case.n_steps,
    }
    return computed | found | ({"holds": result.holds} if isinstance(result, Agreement) else {})


def agreement_table(found: Sequence[Agreement]) -> str:
    """Return Markdown: what was compared, and how near it came."""
    lines = [
        "| variant | maps | units | inputs | dtype | steps | same winners "
        "| largest weight difference | relative, of all that is learnt | as alone | |",
        "|---|--:|--:|--:|---|--:|---|--:|--:|---|---|",
    ]
    for one in found:
        case = one.case
        winners = "all" if one.other_winners == 0 else f"all but {one.other_winners:.1%}"
        alone = "" if case.n_maps == 1 else ("the same" if one.same_alone else "**other**")
        lines.append(
            f"| {case.name} | {case.n_maps} | {case.rows * case.cols:,} | {case.n_inputs:,} "
            f"| {case.dtype} | {case.n_steps} | {winners} | {one.weight_difference:.1e} "
            f"| {one.difference:.1e} | {alone} | {'holds' if one.holds else '**fails**'} |"
        )
    return "\n".join(lines)


def rate_table(found: Sequence[Rate]) -> str:
    """Return Markdown: what was timed, and how fast it was."""
    lines = [
        "| model | units | inputs | maps | steps/s, all maps | an epoch besides "
        "| steps/s, one map on a CPU thread | times as many | device memory |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for one in found:
        case, on_cpu = one.case, one.cpu_steps_per_second
        beside = (
            "| | " if on_cpu is None else f"| {on_cpu:,.0f} | {one.steps_per_second / on_cpu:.1f} "
        )
        lines.append(
            f"| {case.name} | {case.rows * case.cols:,} | {case.n_inputs:,} | {case.n_maps} "
            f"| {one.steps_per_second:,.0f} | {1000 * one.overhead:,.0f} ms {beside}"
            f"| {one.device_bytes / 2**20:,.0f} MiB |"
        )
    return "\n".join(lines)


def report(content: Mapping[str, Any], agreed: Sequence[Agreement], rates: Sequence[Rate]) -> str:
    """Return the whole report as Markdown."""
    n_failed = sum(not one.holds for one in agreed)
    verdict = f"**{n_failed} of {len(agreed)} fail.**" if n_failed else f"All {len(agreed)} hold."
    versions = ", ".join(f"{name} {version}" for name, version in content["software"].items())
    return f"""# What a GPU computes, and how fast

{content["device"]}; {versions}. Took {content["seconds"]:,.0f} seconds.

## Agreement with the reference

{verdict} Compared are the arrays of each map after {EPOCHS} epochs of half the steps each. Within
what rounding explains is a relative difference of {ALLOWED["float64"]:.0e} in float64, and of
{ALLOWED["float32"]:.0e} in float32, where {OTHER_WINNERS_ALLOWED["float32"]:.0%} of the wins may go
to other units. *As alone*: whether maps that train together end in the same bits as each of them
by itself.

{agreement_table(agreed)}

## Speed

Steps of all maps together in a second, beside one map on the fast engine on one thread of this
machine's CPU. *An epoch besides*: what an epoch of any length takes to send the maps to the device and
to fetch them. Device memory is what CuPy held at most.

{rate_table(rates)}
"""
