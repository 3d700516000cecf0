"""The GPU engine's kernels, run on a CPU by an emulator: no test here runs on a GPU."""

from dataclasses import replace

import numpy as np
import pytest
from emulator import building
from emulator.stand_in import StandIn
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from test_engines import any_twins, drawn_pixels, dream_experiments, mwta_experiments, nothing

from topodream import gpu_check
from topodream.engines import create, create_ensemble, cupy, cupy_mwta, cupy_sparse_dream
from topodream.files.errors import InputError
from topodream.training import states
from topodream.training.loop import Task, train, train_together

pytestmark = pytest.mark.skipif(bool(building.missing()), reason=f"{building.missing()}")

MODELS = ["MWTA", "trace", "SparseDream"]


@pytest.fixture(autouse=True)
def few_threads(monkeypatch):
    """An emulated thread takes its time even where it has nothing to do."""
    launched_with(128, monkeypatch)


def launched_with(threads, monkeypatch):
    monkeypatch.setattr(cupy, "THREADS_PER_MAP", threads)
    monkeypatch.setattr(cupy, "THREADS_OF_UNITS", min(threads, 256))


def case_named(name, *shape):
    (found,) = [case for case in gpu_check.variants(*shape) if case.name == name]
    return found


def bits(case, xp):
    """Train a case on the emulator; return all that was learnt, as bytes."""
    pixels = case.samples()
    runs = gpu_check.train_on_device(case.experiments(), case.starts(), pixels, xp)
    return [array.tobytes() for run in runs for array in run.state.arrays.values()]


def look_ahead(n_samples, monkeypatch):
    monkeypatch.setattr(cupy_mwta, "AHEAD", n_samples)
    constants = {**cupy_mwta.CupyMwta.constants, "AHEAD": n_samples}
    monkeypatch.setattr(cupy_mwta.CupyMwta, "constants", constants)


# ------------------------------------------------------------------ agreement


CASES = [*gpu_check.variants(5, 7, 400, 40), *gpu_check.of_images(5, 7, 20)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_variant_follows_the_reference(case):
    found = gpu_check.compare(case, StandIn())
    assert found.same_steps
    assert found.same_alone
    assert found.other_winners == 0
    assert found.difference < {"float64": 1e-12, "float32": 1e-4}[case.dtype]
    assert found.zeros_differ == 0


@pytest.mark.parametrize("name", MODELS)
def test_400_units_in_float32(name):
    found = gpu_check.compare(case_named(name, 20, 20, 400, 60, "float32"), StandIn())
    assert found.holds
    assert found.difference < 1e-4


@pytest.mark.parametrize(("name", "n_steps"), [("MWTA", 70), ("trace", 10), ("SparseDream", 8)])
def test_1600_units(name, n_steps):
    found = gpu_check.compare(case_named(name, 40, 40, 784, n_steps), StandIn(order=3))
    assert found.holds
    assert found.difference < 1e-12


@settings(max_examples=25, deadline=None)
@given(
    experiment=st.one_of(mwta_experiments(), dream_experiments()),
    n_inputs=st.integers(1, 40),
    seed=st.integers(0, 99),
)
def test_whatever_the_shape(experiment, n_inputs, seed):
    rng = np.random.default_rng(seed)
    pixels = drawn_pixels(rng, 7, n_inputs)
    start = states.start(experiment, n_inputs, rng)
    start.weights[rng.random(start.weights.shape) < 0.2] = 0
    starts = [
        type(start)(**{name: array.copy() for name, array in start.arrays.items()})
        for _ in range(2)
    ]
    order = np.arange(45) % 7
    reference = create(replace(experiment, engine="reference"), starts[0], pixels)
    expected = reference.advance(order, nothing)
    ensemble = create_ensemble([experiment], starts[1:], pixels, StandIn())
    found = ensemble.advance({0: order}, nothing)[0]
    assume(not any_twins(reference.state.weights))
    assert found.steps == expected.steps
    if expected.steps < 45:
        return  # diverged: at the same step, and what is left means nothing
    assert found.wins.tolist() == expected.wins.tolist()
    assert found.measured == expected.measured
    assert found.squared_error == pytest.approx(expected.squared_error, rel=1e-9, abs=1e-12)
    np.testing.assert_allclose(found.activity, expected.activity, rtol=1e-9, atol=1e-12)
    for name, array in reference.state.arrays.items():
        found_array = getattr(ensemble.states[0], name)
        np.testing.assert_allclose(found_array, array, rtol=1e-8, atol=1e-12)


# ------------------------------------------------------------------ what must not matter


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("threads", [32, 96, 512])
def test_bits_depend_on_no_number_of_threads(name, threads, monkeypatch):
    case = case_named(name, 5, 7, 400, 40)
    expected = bits(case, StandIn())
    launched_with(threads, monkeypatch)
    assert bits(case, StandIn()) == expected


@pytest.mark.parametrize("name", MODELS)
def test_bits_depend_on_no_order_of_threads_and_blocks(name):
    case = case_named(name, 5, 7, 400, 40)
    assert len({tuple(bits(case, StandIn(order))) for order in (0, 1, 2, 3)}) == 1


@pytest.mark.parametrize("ahead", [1, 4, 16])
def test_bits_depend_on_no_number_of_samples_ahead(ahead, monkeypatch):
    case = case_named("MWTA", 5, 7, 400, 80)
    expected = bits(case, StandIn())
    look_ahead(ahead, monkeypatch)
    assert bits(case, StandIn()) == expected


@pytest.mark.parametrize("name", ["SparseDream", "SparseDream, four rules"])
def test_bits_depend_on_neither_the_number_of_launches_nor_where_a_map_lies(name, monkeypatch):
    """All phases in a launch, the map in shared memory or in the device's; a launch for each."""
    case = case_named(name, 5, 7, 400, 40)
    xp = StandIn()
    expected = bits(case, xp)
    assert xp.counts["dream_learn"] == 2 * (1 + 2)  # two epochs, what is due at the end of each
    assert bits(case, StandIn(most_shared_bytes=16 * 1024)) == expected
    monkeypatch.setattr(cupy_sparse_dream, "MOST_BYTES_OF_ONE_BLOCK", 0)
    xp = StandIn()
    assert bits(case, xp) == expected
    assert xp.counts["dream_learn"] == 2 * (20 * 5 + 2)


@pytest.mark.parametrize("name", ["MWTA, four maps", "trace, three maps"])
def test_bits_depend_on_no_place_of_scratch_memory(name):
    """Where shared memory is too small for a map's scratch, it lies in the device's."""
    case = case_named(name, 20, 20, 400, 8)
    assert bits(case, StandIn(most_shared_bytes=7000)) == bits(case, StandIn())


def test_a_map_of_10000_units_finds_room(monkeypatch):
    look_ahead(1, monkeypatch)
    wanted = cupy_mwta.scratch_bytes(10_000, 784, 5, 5, "float32", fades=False)
    assert 99 * 1024 < wanted < 227 * 1024
    case = gpu_check.Case("MWTA", (gpu_check.MWTA,), 100, 100, 784, "float32", 2)
    for kilobytes in (99, 227):
        assert gpu_check.compare(case, StandIn(most_shared_bytes=kilobytes * 1024)).holds


def test_units_of_whose_trace_nothing_is_left_are_forgotten(monkeypatch):
    rooms = []
    make = cupy_mwta.CupyMwta._make_room
    monkeypatch.setattr(
        cupy_mwta.CupyMwta,
        "_make_room",
        lambda ensemble, epoch: rooms.append(make(ensemble, epoch)) or rooms[-1],
    )
    settings = replace(gpu_check.MWTA, trace=0.9, n_winners=2)
    case = gpu_check.Case("trace", (settings,), 8, 9, 400, "float32", 160)
    assert gpu_check.compare(case, StandIn()).difference < 1e-6
    (run,) = gpu_check.by_reference(case)
    for room, tally in zip(rooms, run.tallies, strict=True):
        assert 0 < room["n_active"].host[0] < (tally.wins > 0).sum()


def test_too_many_inputs_are_refused(small_experiment):
    experiment = small_experiment(dtype="float64", model="sparse_dream")
    n_inputs = 99 * 1024 // 16
    state = states.start(experiment, n_inputs, np.random.default_rng(0))
    with pytest.raises(InputError, match="6336 inputs .* 104320 bytes .* has 101376"):
        create_ensemble([experiment], [state], np.zeros((1, n_inputs), np.uint8), StandIn())


@pytest.mark.parametrize("name", MODELS)
def test_the_host_waits_for_the_device_as_often_whatever_the_steps(name):
    counts = []
    for n_steps in (20, 60):
        xp = StandIn()
        bits(case_named(name, 3, 4, 400, n_steps), xp)
        counts.append({key: xp.counts[key] for key in ("asarray", "asnumpy")})
    assert counts[0] == counts[1]


def test_progress_is_told_as_the_device_gets_on(small_experiment, monkeypatch):
    monkeypatch.setattr(cupy, "STEPS_PER_TICK", 32)
    experiment = small_experiment()
    starts = [states.start(experiment, 784, np.random.default_rng(n)) for n in range(2)]
    ensemble = create_ensemble([experiment] * 2, starts, gpu_check.digits(784), StandIn())
    told = []
    ensemble.advance(dict.fromkeys(range(2), np.arange(70)), told.append)
    assert told == [64, 64, 12]


# ------------------------------------------------------------------ whole trainings


def trained_on_device(experiments, pixels, **saved):
    """Train on the emulator; ``saved`` has what a kill left, by the experiment's number."""
    tasks = [
        Task(experiment, nothing, nothing, saved.get(f"of_{number}"))
        for number, experiment in enumerate(experiments)
    ]
    return train_together(tasks, pixels, nothing, StandIn())


@pytest.fixture(scope="module")
def pixels():
    return gpu_check.digits(784)


@pytest.mark.parametrize(
    "changes", [{}, {"trace": 0.5}, {"model": "sparse_dream"}], ids=["mwta", "trace", "dream"]
)
def test_a_training_has_the_reference_s_history(changes, small_experiment, pixels):
    experiment = small_experiment(engine="reference", **changes)
    expected = train(experiment, pixels, nothing, nothing)
    (found,) = trained_on_device([experiment], pixels)
    for name, values in vars(expected.history).items():
        np.testing.assert_allclose(getattr(found.history, name), values, rtol=1e-9, err_msg=name)
    assert [snapshot.epoch for snapshot in found.snapshots] == [0, 1, 2]
    np.testing.assert_allclose(found.weights, expected.weights, rtol=1e-9, atol=1e-12)


def test_a_training_that_was_killed_goes_on_to_the_same_bits(small_experiment, pixels):
    """Of maps that train together one may have come farther than the other."""
    experiments = [small_experiment(epochs=3), small_experiment(epochs=2, n_winners=2)]
    expected = trained_on_device(experiments, pixels)
    saved = {}
    keep_first = Task(
        replace(experiments[0], epochs=1), nothing, lambda done: saved.update(of_0=done), None
    )
    train_together([keep_first], pixels, nothing, StandIn())
    assert saved["of_0"].epoch == 1
    found = trained_on_device(experiments, pixels, **saved)
    for one, other in zip(found, expected, strict=True):
        assert one.weights.tobytes() == other.weights.tobytes()
        np.testing.assert_array_equal(one.history.wins, other.history.wins)


def test_a_map_that_diverges_is_marked_and_leaves_the_others_alone(small_experiment, pixels):
    wild = {"learning_rate": 10, "error_clip": None, "activation": "excited"}
    experiments = [small_experiment(**wild), small_experiment()]
    found, sound = trained_on_device(experiments, pixels)
    alone = train(replace(experiments[0], engine="reference"), pixels, nothing, nothing)
    assert found.divergence is not None
    assert found.divergence.step == alone.divergence.step
    assert sound.divergence is None
    (expected,) = trained_on_device(experiments[1:], pixels)
    assert sound.weights.tobytes() == expected.weights.tobytes()
