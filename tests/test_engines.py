"""Every engine does what the notebooks' arithmetic does, and all of them the same."""

import functools
import itertools
import platform
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from dataclasses import replace

import dense
import numpy as np
import pytest
import yaml
from conftest import ROOT
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from topodream import gpu_check
from topodream.engines import create, fast_mwta, fast_sparse_dream, jit
from topodream.grid import LEAST_ROUND, Grid
from topodream.models import mwta, sparse_dream
from topodream.models.mwta import Lateral, Mwta
from topodream.models.prototypes import Start
from topodream.models.sparse_dream import ColumnInhibition, Excitation, Inhibition, SparseDream
from topodream.settings.config import Experiment
from topodream.training import states

ENGINES = ["reference", "fast"]


def named(prefix, *, without=()):
    names = yaml.safe_load((ROOT / "config.yaml").read_text())["experiments"]
    return [name for name in names if name.startswith(prefix) and name not in without]


DREAMS = named("dream-")
# With each rule of excitation, and without; the others take long.
QUICK_DREAMS = ("dream-symmetric", "dream-hebbian", "dream-oja", "dream-no-excitation")
MWTAS = named("", without=[*DREAMS, "bars"])
# Excited, of many winners, bounded, with a trace and normalised over a neighbourhood of 7 x 7.
ON_A_TORUS = ("excited-20", "digits-ten-winners", "digits-fast-bounded", "trace-40-normalised-r3")


def nothing(_):
    pass


def windows(digits, count):
    """Parts of digits, 20 x 20: quicker than whole ones."""
    return np.ascontiguousarray(digits["train/pixels"][:count, 4:24, 4:24]).reshape(count, -1)


def advanced(experiment, pixels, n_steps, *, start=None, seed=11):
    """Advance an engine by an epoch of n_steps; return it and the tally."""
    rng = np.random.default_rng(seed)
    state = states.start(experiment, pixels.shape[1], rng) if start is None else start
    order = rng.integers(len(pixels), size=n_steps)
    engine = create(experiment, state, pixels)
    return engine, engine.advance(order, nothing), order


def relative_difference(found, expected):
    same = (found == expected) | (np.isnan(found) & np.isnan(expected))
    scale = np.where(same, 1, np.maximum(np.abs(expected), 1e-300))
    return np.max(np.where(same, 0, np.abs(found - expected)) / scale)


def assert_states_agree(found, expected, bound):
    for name, array in expected.arrays.items():
        assert relative_difference(getattr(found, name), array) < bound, name


# ------------------------------------------------------------------ against the notebooks


def dense_mwta(experiment, pixels, n_steps, seed=11):
    rng = np.random.default_rng(seed)
    state = states.start(replace(experiment, dtype="float64"), pixels.shape[1], rng)
    order = rng.integers(len(pixels), size=n_steps)
    grid, model = experiment.grid, experiment.settings
    matrix = dense.lateral_matrix(grid.rows, grid.cols, model.lateral)
    return dense.run_mwta(state.weights, pixels[order] / 255.0, matrix, model)


def winners_step_by_step(experiment, pixels, n_steps, seed=11):
    """Who wins each step, with an engine that is shown one sample at a time.

    Only for models without a trace, which begins anew with each epoch.
    """
    rng = np.random.default_rng(seed)
    state = states.start(experiment, pixels.shape[1], rng)
    order = rng.integers(len(pixels), size=n_steps)
    engine = create(experiment, state, pixels)
    won = [np.flatnonzero(engine.advance(order[i : i + 1], nothing).wins) for i in range(n_steps)]
    return engine.state.weights, np.array(won)


@pytest.fixture(scope="module")
def the_notebook_s_300_steps(catalogue, digits):
    experiment = catalogue.experiments["digits-competition"]
    return dense_mwta(experiment, digits["train/pixels"].reshape(-1, 784), 300)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_mwta_equals_the_notebook_for_300_steps_at_40_x_40(
    engine, catalogue, digits, the_notebook_s_300_steps
):
    shipped = catalogue.experiments["digits-competition"]
    experiment = replace(shipped, dtype="float64", engine=engine)
    pixels = digits["train/pixels"].reshape(-1, 784)
    expected, expected_winners = the_notebook_s_300_steps
    weights, winners = winners_step_by_step(experiment, pixels, 300)
    np.testing.assert_array_equal(winners, expected_winners)
    assert relative_difference(weights, expected) < 1e-12
    # And in one go: blocks of samples, rows that changed within them.
    whole, tally, _ = advanced(experiment, pixels, 300)
    assert relative_difference(whole.state.weights, expected) < 1e-12
    assert tally.wins.tolist() == np.bincount(expected_winners.ravel(), minlength=1600).tolist()


@pytest.fixture(scope="module")
def mwta_trained(catalogue, digits):
    """A function that trains by settings, once: half of the maps share them with another."""
    pixels = windows(digits, 200)
    base = replace(catalogue.experiments["excited-20"], dtype="float64", grid=Grid(7, 8))

    @functools.cache
    def trained(how, settings, engine="reference"):
        experiment = replace(base, engine=engine, settings=settings)
        if how == "notebook":
            return dense_mwta(experiment, pixels, 500)
        if how == "step by step":
            return winners_step_by_step(experiment, pixels, 500)
        whole, tally, _ = advanced(experiment, pixels, 500)
        return whole.state.weights, tally

    return trained


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("edge", "name"),
    [*itertools.product(["notebook", "full"], MWTAS), *itertools.product(["wrap"], ON_A_TORUS)],
)
def test_every_mwta_variant_equals_the_notebook(name, edge, engine, catalogue, mwta_trained):
    settings = catalogue.experiments[name].settings
    settings = replace(settings, lateral=replace(settings.lateral, edge=edge))
    expected, expected_winners = mwta_trained("notebook", settings)
    whole, tally = mwta_trained("at once", settings, engine)
    assert relative_difference(whole, expected) < 1e-9
    assert tally.wins.tolist() == np.bincount(expected_winners.ravel(), minlength=56).tolist()
    if settings.trace is None:
        weights, winners = mwta_trained("step by step", settings, engine)
        np.testing.assert_array_equal(winners, expected_winners)
        assert relative_difference(weights, whole) < 1e-12


@pytest.fixture(scope="module")
def dense_dream(catalogue, digits):
    """A function that trains as the notebook does, once for all engines."""
    pixels = digits["train/pixels"].reshape(-1, 784)
    base = replace(catalogue.experiments[DREAMS[0]], dtype="float64")

    @functools.cache
    def trained(grid, settings, order):
        experiment = replace(base, grid=grid, settings=settings)
        start = states.start(experiment, 784, np.random.default_rng(11))
        samples = pixels[np.frombuffer(order, np.int64)] / 255.0
        return dense.run_sparse_dream(
            tuple(start.arrays.values()), samples, grid.rows, grid.cols, settings
        )

    return trained


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "name",
    [pytest.param(one, marks=[pytest.mark.slow] * (one not in QUICK_DREAMS)) for one in DREAMS],
)
def test_every_sparse_dream_variant_equals_the_notebook(
    name, engine, catalogue, digits, dense_dream
):
    experiment = replace(catalogue.experiments[name], dtype="float64", engine=engine)
    grid, pixels = experiment.grid, digits["train/pixels"].reshape(-1, 784)
    found, tally, order = advanced(experiment, pixels, 500)
    parts, active = dense_dream(grid, experiment.settings, order.tobytes())
    assert_states_agree(found.state, sparse_dream.State(*parts), 1e-9)
    best = active.argmax(axis=1)[active.any(axis=1)]
    assert tally.wins.tolist() == np.bincount(best, minlength=grid.n_units).tolist()
    np.testing.assert_allclose(tally.activity, active.sum(axis=0), rtol=1e-9)


@pytest.mark.parametrize("engine", ENGINES)
def test_mwta_in_float32_stays_near_float64(engine, catalogue, digits):
    shipped = catalogue.experiments["digits-competition"]
    experiment = replace(shipped, grid=Grid(12, 12), engine=engine)
    assert experiment.dtype == "float32"
    pixels = digits["train/pixels"].reshape(-1, 784)
    expected, expected_winners = dense_mwta(experiment, pixels, 200)
    weights, winners = winners_step_by_step(experiment, pixels, 200)
    assert weights.dtype == np.float32
    assert np.mean(winners == expected_winners) > 0.99
    assert np.max(np.abs(weights - expected)) < 1e-4


@pytest.mark.parametrize("engine", ENGINES)
def test_sparse_dream_in_float32_stays_near_float64(engine, catalogue, digits):
    pixels = digits["train/pixels"].reshape(-1, 784)
    experiment = replace(catalogue.experiments["dream-symmetric"], engine=engine)
    single, _, _ = advanced(experiment, pixels, 300)
    double, _, _ = advanced(replace(experiment, dtype="float64"), pixels, 300)
    assert single.state.weights.dtype == np.float32
    assert np.max(np.abs(single.state.weights - double.state.weights)) < 1e-3
    assert np.max(np.abs(single.state.thresholds - double.state.thresholds)) < 0.05


# ------------------------------------------------------------------ any shape


def drawn_pixels(rng, n_samples, n_inputs):
    """Samples, four of five pixels zero, the first and the last one blank."""
    pixels = rng.integers(1, 256, (n_samples, n_inputs)) * (rng.random((n_samples, n_inputs)) < 0.2)
    pixels[[0, -1]] = 0
    return pixels.astype(np.uint8)


COMMON = {
    "name": "drawn",
    "dataset": "drawn",
    "device": "cpu",
    "on_divergence": "keep",
    "seed": 0,
    "epochs": 1,
    "steps_per_epoch": 60,
    "snapshot_every": 1,
    "order": "shuffled",
}


@st.composite
def mwta_experiments(draw):
    edge = draw(st.sampled_from(["full", "notebook", "wrap"]))
    least = LEAST_ROUND if edge == "wrap" else 1
    grid = Grid(draw(st.integers(least, 6)), draw(st.integers(least, 7)))
    most_radius = (min(grid.rows, grid.cols) - 1) // 2 if edge == "wrap" else 9
    strength = draw(st.sampled_from([0, 0.1, 0.3]))
    row_norm, row_sum = draw(st.sampled_from([(None, None), (0.5, None), (None, 0.5)]))
    model = Mwta(
        start=Start(draw(st.sampled_from([0.0, 0.1])), 0.2),
        learning_rate=draw(st.sampled_from([0.0, 0.02])),
        n_winners=draw(st.sampled_from([1, min(3, grid.n_units), grid.n_units])),
        activation=draw(st.sampled_from(["drive", "excited"])),
        trace=draw(st.sampled_from([None, 0.1, 0.5, 1.0])),
        lateral=Lateral(strength, draw(st.integers(0, most_radius)), edge, row_norm, row_sum),
        error_clip=draw(st.sampled_from([None, 1.0])),
        weight_clip=draw(st.sampled_from([None, 0.5])),
    )
    return Experiment(
        model="mwta", engine="fast", dtype="float64", grid=grid, settings=model, **COMMON
    )


@st.composite
def dream_experiments(draw):
    grid = Grid(draw(st.integers(1, 5)), draw(st.integers(1, 6)))
    inhibited = Start(0.0, draw(st.sampled_from([0.0, 0.5])))
    model = SparseDream(
        start=Start(draw(st.sampled_from([0.0, 0.1])), 1.0),
        learning_rate=draw(st.sampled_from([0.0, 0.02, 0.5])),
        sparsity=draw(st.sampled_from([0.01, 0.2])),
        threshold_rate=draw(st.sampled_from([0.0, 1.0])),
        excitation=Excitation(
            reach_rows=draw(st.integers(0, 6)),
            reach_cols=draw(st.integers(0, 7)),
            start=Start(0.01, 0.1),
            rate=0.01,
            learns_from=draw(st.sampled_from(["drive", "activity"])),
            symmetric=draw(st.booleans()),
            uniform=draw(st.booleans()),
            rule=draw(st.sampled_from(["reconstruct", "hebbian", "oja", "fixed"])),
            strength=draw(st.sampled_from([None, 0, 0.1])),
            limit=draw(st.sampled_from([None, 0.05])),
            budget=draw(st.sampled_from([None, 0.2])),
        ),
        global_inhibition=Inhibition(inhibited, 0.001, draw(st.booleans())),
        column_inhibition=ColumnInhibition(inhibited, 0.001, draw(st.booleans())),
        unit_norm=draw(st.booleans()),
    )
    return Experiment(
        model="sparse_dream", engine="fast", dtype="float64", grid=grid, settings=model, **COMMON
    )


def any_twins(weights):
    """Whether two units have one prototype: which of them wins, rounding decides.

    Not those of zeros only: their answers are the same to the bit.
    """
    learnt = weights[weights.any(axis=1)]
    return len(np.unique(np.round(learnt, 6), axis=0)) < len(learnt)


@settings(max_examples=150, deadline=None)
@given(
    experiment=st.one_of(mwta_experiments(), dream_experiments()),
    n_inputs=st.integers(1, 40),
    seed=st.integers(0, 99),
    zeros=st.booleans(),
)
def test_fast_equals_reference_whatever_the_shape(experiment, n_inputs, seed, zeros):
    rng = np.random.default_rng(seed)
    pixels = drawn_pixels(rng, 7, n_inputs)
    start = states.start(experiment, n_inputs, rng)
    if zeros:
        start.weights[rng.random(start.weights.shape) < 0.5] = 0
    found = {}
    for name in ENGINES:
        state = type(start)(**{k: a.copy() for k, a in start.arrays.items()})
        order = np.arange(60) % 7
        engine = create(replace(experiment, engine=name), state, pixels)
        found[name] = engine, engine.advance(order, nothing)
    (fast, fast_tally), (reference, tally) = found["fast"], found["reference"]
    assume(not any_twins(reference.state.weights))
    assert fast_tally.steps == tally.steps
    if tally.steps < 60:
        return  # diverged: at the same step, and what is left means nothing
    assert fast_tally.wins.tolist() == tally.wins.tolist()
    assert fast_tally.measured == tally.measured
    assert fast_tally.squared_error == pytest.approx(tally.squared_error, rel=1e-9, abs=1e-12)
    np.testing.assert_allclose(fast_tally.activity, tally.activity, rtol=1e-9, atol=1e-12)
    for name, array in reference.state.arrays.items():
        np.testing.assert_allclose(getattr(fast.state, name), array, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_fast_follows_the_reference_on_a_torus_and_on_any_images(dtype):
    for case in gpu_check.of_images(5, 7, 60, dtype):
        found = gpu_check.compare_fast(case)
        assert found.holds, case.name
        assert found.other_winners == 0
        assert found.difference < {"float32": 1e-4, "float64": 1e-12}[dtype]


@settings(max_examples=30, deadline=None)
@given(
    engine=st.sampled_from(ENGINES),
    radius=st.integers(0, 2),
    trace=st.sampled_from([None, 0.5]),
    dtype=st.sampled_from(["float32", "float64"]),
    by=st.tuples(st.integers(0, 4), st.integers(0, 5)),
    seed=st.integers(0, 99),
)
def test_a_torus_that_is_rolled_learns_the_same_rolled(engine, radius, trace, dtype, by, seed):
    """It has no border: no unit is in another place than any other."""
    grid, rng = Grid(5, 6), np.random.default_rng(seed)
    lateral = Lateral(0.1, radius, "wrap", 0.5)
    model = Mwta(Start(0.1, 0.2), 0.02, 3, "excited", trace, lateral, 1.0, None)
    experiment = Experiment(
        model="mwta", engine=engine, dtype=dtype, grid=grid, settings=model, **COMMON
    )
    pixels = drawn_pixels(rng, 7, 40)[1:-1]  # to a blank sample all answer alike
    places = np.roll(grid.sheet(np.arange(30)), by, (0, 1)).ravel()
    start = states.start(experiment, 40, rng).weights
    found = []
    for weights in (start.copy(), start[places]):
        state = mwta.State(weights, np.zeros(30, dtype))
        running = create(experiment, state, pixels)
        tally = running.advance(np.arange(60) % 5, nothing)
        found.append((running.state.weights, tally.wins))
    assert found[1][1].tolist() == found[0][1][places].tolist()
    # Scores are the same to the bit. The reference adds up reconstructions unit by unit.
    if engine == "fast":
        np.testing.assert_array_equal(found[1][0], found[0][0][places])
    np.testing.assert_allclose(found[1][0], found[0][0][places], rtol=1e3 * np.finfo(dtype).eps)


# ------------------------------------------------------------------ work that changes nothing


def traced(small_experiment, digits, dtype, **rule):
    """Train with a trace, some of the engine's rule replaced; return weights and rows active."""
    experiment = small_experiment(
        grid={"rows": 20, "cols": 20}, order="sequential", trace=0.5, dtype=dtype, n_winners=3
    )
    state = states.start(experiment, 400, np.random.default_rng(3))
    engine = create(experiment, state, windows(digits, 400))
    engine._rule = engine._rule._replace(**{k: np.dtype(dtype).type(v) for k, v in rule.items()})
    engine.advance(np.arange(400), nothing)
    return engine.state.weights, np.count_nonzero(engine.state.activity)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rows_that_are_skipped_would_not_have_changed(dtype, small_experiment, digits):
    eps = np.finfo(dtype).eps
    as_shipped, _ = traced(small_experiment, digits, dtype)
    stated, _ = traced(small_experiment, digits, dtype, least_change=eps / 4)
    unskipped, _ = traced(small_experiment, digits, dtype, least_change=0)
    assert as_shipped.tobytes() == stated.tobytes() == unskipped.tobytes()
    # And the bound is no stricter than needed by orders of magnitude: this test could fail.
    looser, _ = traced(small_experiment, digits, dtype, least_change=64 * eps)
    assert looser.tobytes() != unskipped.tobytes()


@pytest.mark.parametrize(("dtype", "bound"), [("float32", 1e-3), ("float64", 1e-11)])
def test_forgetting_what_has_faded_changes_no_more_than_rounding(
    dtype, bound, small_experiment, digits
):
    forgetful, few = traced(small_experiment, digits, dtype)
    remembering, many = traced(small_experiment, digits, dtype, negligible=0)
    assert few < many
    np.testing.assert_allclose(forgetful, remembering, rtol=bound)


@pytest.mark.parametrize("trace", [None, 0.5])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_no_bit_depends_on_where_a_block_begins(
    trace, dtype, small_experiment, digits, monkeypatch
):
    experiment = small_experiment(grid={"rows": 6, "cols": 11}, trace=trace, dtype=dtype)
    pixels, results = windows(digits, 200), []
    for samples in (1, 7, 30):
        monkeypatch.setattr(fast_mwta, "SAMPLES_AHEAD_IN_CACHE", samples)
        engine, _, _ = advanced(experiment, pixels, 203)
        results.append(engine.state.weights.tobytes())
    assert results[0] == results[1] == results[2]


def test_pixels_that_are_left_out_are_above_the_floor(catalogue, digits):
    """With every pixel looked at, SparseDream learns the same to the bit."""
    pixels = digits["train/pixels"].reshape(-1, 784)
    for name in ("dream-symmetric", "dream-symmetric-r3-dense"):
        experiment = replace(catalogue.experiments[name], dtype="float64")
        results = []
        for looks in (False, True):
            state = states.start(experiment, 784, np.random.default_rng(3))
            # Some weights near the floor, where it matters.
            rng = np.random.default_rng(4)
            faint = rng.random(state.weights.shape) < 0.5
            state.weights[faint] *= 10.0 ** -rng.integers(6, 10, np.count_nonzero(faint))
            engine = create(experiment, state, pixels)
            if looks:
                engine._rule = engine._rule._replace(least_share=0.0)
            engine.advance(np.arange(1500), nothing)
            results.append(engine.state.weights.copy())
        np.testing.assert_allclose(*results, rtol=1e-12)


@settings(deadline=None)
@given(
    scores=st.lists(st.integers(0, 5), min_size=1, max_size=200),
    n_winners=st.integers(1, 200),
)
def test_ties_go_to_the_smaller_number(scores, n_winners):
    winners = np.zeros(min(n_winners, len(scores)), np.uint32)
    fast_mwta._choose_winners(np.array(scores, float), winners)
    expected = mwta.choose_winners(np.array(scores, float), len(winners))
    assert winners.tolist() == expected.tolist()


@pytest.mark.parametrize("n_steps", [1, 50, 100, 101, 150])
def test_weights_that_fade_are_pruned_when_they_are_in_the_notebook(n_steps, catalogue, digits):
    pixels = digits["train/pixels"].reshape(-1, 784)
    shipped = replace(catalogue.experiments["dream-symmetric-r3-dense"], dtype="float64")
    rng = np.random.default_rng(5)
    # Here and there, and for all units at some pixels: those are reconstructed below the floor.
    faint = (rng.random((100, 784)) < 0.3) | (rng.random(784) < 0.3)
    weights = np.where(faint, rng.uniform(0.5e-10, 3e-10, faint.shape), rng.random(faint.shape))
    found = []
    for engine in ENGINES:
        state = states.start(shipped, 784, np.random.default_rng(3))
        state.weights[...] = weights
        state.thresholds[:] = 30
        running = create(replace(shipped, engine=engine), state, pixels)
        running.advance(np.arange(n_steps), nothing)
        found.append(running.state.weights)
    reference, fast = found
    assert np.count_nonzero(weights) > np.count_nonzero(reference)
    np.testing.assert_array_equal(fast == 0, reference == 0)
    np.testing.assert_allclose(fast, reference, rtol=1e-9)


# ------------------------------------------------------------------ what fades


def faded_start(experiment, name, n_inputs):
    """A start of which a third of a matrix can fade no further; of weights some are below 0, or 0."""
    rng = np.random.default_rng(11)
    state = states.start(experiment, n_inputs, rng)
    matrix = getattr(state, name)
    share = rng.random(matrix.shape)
    least = np.finfo(experiment.dtype).tiny
    matrix[(share < 0.3) & (matrix != 0)] = least
    if name == "weights":
        matrix[share < 0.2] = -least
        matrix[share < 0.1] = 0
    return state


def fading(catalogue):
    """Experiments, and what fades in them."""
    grid = Grid(6, 7)
    for name in ("digits-competition", "trace-40"):
        yield replace(catalogue.experiments[name], grid=grid), "weights"
    for name in ("dream-drive-trained", "dream-activity-trained"):
        yield catalogue.experiments[name], "excitation"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_weights_fade_to_the_smallest_normal_number_and_not_to_0(dtype, catalogue, digits):
    pixels = digits["train/pixels"].reshape(-1, 784)
    least = np.finfo(dtype).tiny
    for shipped, matrix in fading(catalogue):
        experiment = replace(shipped, dtype=dtype)
        ends = []
        for engine in ENGINES:
            start = faded_start(experiment, matrix, 784)
            none_left = getattr(start, matrix) == 0
            of_one, _, _ = advanced(replace(experiment, engine=engine), pixels, 60, start=start)
            end = getattr(of_one.state, matrix)
            np.testing.assert_array_equal(end == 0, none_left)
            assert np.abs(end[~none_left]).min() == least
            ends.append(end)
        reference, fast = ends
        for value in (least, -least):
            np.testing.assert_array_equal(fast == value, reference == value)


ON_X86 = platform.machine() in ("x86_64", "AMD64")


@pytest.mark.skipif(not ON_X86, reason="only x86 processors are told to leave subnormals out")
def test_fast_engines_leave_subnormal_numbers_out(small_experiment, catalogue, digits):
    """Sums that are smaller than any normal number are 0; what runs meanwhile doesn't notice."""
    small, smaller = np.float32(1e-30), np.float32(1e-15)
    seen = []

    def tick(_):
        seen.append(small * smaller)

    pixels = np.zeros((1, 400), np.uint8)
    pixels[0, 7] = 1
    for engine, wins in (("reference", 6), ("fast", 0)):
        experiment = small_experiment(
            engine=engine, dtype="float32", n_winners=2, lateral={"strength": 0}
        )
        state = states.start(experiment, 400, np.random.default_rng(0))
        state.weights[...] = np.finfo(np.float32).tiny
        tally = create(experiment, state, pixels).advance(np.zeros(3, int), tick)
        assert tally.wins.sum() == wins
    shipped = catalogue.experiments["dream-wide"]
    state = states.start(shipped, 784, np.random.default_rng(0))
    state.thresholds[:] = 500
    state.thresholds[0] = 88
    state.weights[:] = 0
    dreams = create(shipped, state, digits["train/pixels"].reshape(-1, 784))
    assert dreams.advance(np.arange(1), tick).activity.sum() == 0
    assert sparse_dream.sigmoid(np.float32(-88)) > 0
    assert np.all(seen)
    assert len(seen) == 3


@pytest.mark.skipif(not ON_X86, reason="only x86 processors are told to leave subnormals out")
def test_subnormals_are_back_after_an_error_and_stay_in_other_threads():
    small, smaller = np.full(9, 1e-30, np.float32), np.float32(1e-15)
    other = ThreadPoolExecutor(1)
    other.submit(nothing, 0).result()  # its thread runs from here on
    with other, suppress(KeyError), jit.without_subnormals():
        assert not (small * smaller).any()
        elsewhere = other.submit(np.multiply, small, smaller).result()
        with jit.without_subnormals():
            pass
        assert not (small * smaller).any()
        raise KeyError
    assert (small * smaller).all()
    assert elsewhere.all()


@pytest.mark.parametrize("trace", [None, 0.5])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_subnormal_numbers_change_no_bit_of_a_map(
    trace, dtype, small_experiment, digits, monkeypatch
):
    """So a map is the same on processors that can't leave them out."""
    experiment = small_experiment(grid={"rows": 6, "cols": 11}, trace=trace, dtype=dtype)
    ends = []
    for _ in range(2):
        start = faded_start(experiment, "weights", 400)
        engine, _, _ = advanced(experiment, windows(digits, 200), 300, start=start)
        ends.append(engine.state.weights.tobytes())
        monkeypatch.setattr(jit, "without_subnormals", nullcontext)
    assert ends[0] == ends[1]


def test_tally_of_a_blank_sample(small_experiment):
    for engine in ENGINES:
        experiment = small_experiment(engine=engine)
        _, tally, _ = advanced(experiment, np.zeros((2, 9), np.uint8), 10)
        assert tally.squared_error == 0
        assert tally.wins.sum() == 0


# ------------------------------------------------------------------ going astray


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_stops_before_the_step_that_is_beyond_all_bounds(
    engine, small_experiment, digits
):
    experiment = small_experiment(
        engine=engine,
        learning_rate=10,
        activation="excited",
        error_clip=None,
        lateral={"strength": 2},
    )
    _, tally, _ = advanced(experiment, windows(digits, 50), 200)
    assert tally.steps < 200
    assert not tally.last_error <= 1e12


@pytest.mark.parametrize("engine", ENGINES)
def test_the_constrained_dream_turns_to_nan(engine, catalogue, digits):
    experiment = replace(catalogue.experiments["dream-constrained"], engine=engine)
    assert experiment.dtype == "float64"
    _, tally, _ = advanced(experiment, digits["train/pixels"].reshape(-1, 784), 1500)
    assert 1000 < tally.steps < 1150
    assert np.isnan(tally.last_error)


def test_progress_is_told_for_every_step(small_experiment, digits, catalogue):
    dream = replace(catalogue.experiments["dream-symmetric"], grid=Grid(3, 3))
    for experiment in (small_experiment(), small_experiment(engine="reference"), dream):
        ticks = []
        state = states.start(experiment, 784, np.random.default_rng(0))
        pixels = digits["train/pixels"][:5].reshape(5, -1)
        create(experiment, state, pixels).advance(np.arange(903) % 5, ticks.append)
        assert sum(ticks) == 903
        assert len(ticks) > 1


def test_steps_per_call_are_no_part_of_the_result(catalogue, digits, monkeypatch):
    experiment = replace(catalogue.experiments["dream-wide"], grid=Grid(4, 5))
    pixels, results = digits["train/pixels"].reshape(-1, 784), []
    for steps in (7, 250):
        monkeypatch.setattr(fast_sparse_dream, "STEPS_PER_CALL", steps)
        engine, tally, _ = advanced(experiment, pixels, 260)
        results.append((engine.state.weights.tobytes(), tally.squared_error))
    assert results[0][0] == results[1][0]


def test_a_state_of_another_model_is_refused(catalogue, digits):
    state = mwta.State(np.zeros((100, 784)), np.zeros(100))
    with pytest.raises(TypeError, match="another model than sparse_dream"):
        create(catalogue.experiments["dream-symmetric"], state, np.zeros((1, 784), np.uint8))
