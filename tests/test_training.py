import copy
from dataclasses import replace

import numpy as np
import pytest

from topodream import engines
from topodream.files.errors import InputError
from topodream.models import mwta, sparse_dream
from topodream.training import loop as training
from topodream.training import states
from topodream.training.loop import Task, check_divergence, sample_order, train, train_together


def nothing(_):
    pass


def trained(experiment, pixels):
    return train(experiment, pixels, nothing, nothing)


@pytest.fixture(scope="module")
def pixels(digits):
    return digits["train/pixels"][:50].reshape(50, -1)


def rng():
    return np.random.default_rng(5)


def test_shuffled_order_shows_the_beginning_of_a_permutation():
    order = sample_order(100, 30, "shuffled", rng())
    assert len(set(order)) == 30
    assert max(order) > 30  # from the whole data set, not from its beginning


def test_permutations_follow_one_another_where_samples_are_few():
    order = sample_order(10, 25, "shuffled", rng())
    assert sorted(order[:10]) == sorted(order[10:20]) == list(range(10))
    assert len(set(order[20:])) == 5
    assert order[:10].tolist() != order[10:20].tolist()


def test_sequential_order_runs_from_the_first_sample_and_around():
    assert sample_order(3, 7, "sequential", rng()).tolist() == [0, 1, 2, 0, 1, 2, 0]


def test_the_same_seed_gives_the_same_bytes(small_experiment, pixels):
    once, again = (trained(small_experiment(), pixels) for _ in range(2))
    assert once.weights.tobytes() == again.weights.tobytes()
    assert once.history.wins.tolist() == again.history.wins.tolist()


def test_another_seed_gives_another_map(small_experiment, pixels):
    one, other = (trained(small_experiment(seed=seed), pixels) for seed in (1, 2))
    assert not np.allclose(one.weights, other.weights)


def test_the_seed_draws_both_start_and_order(small_experiment, pixels):
    # Rate 0: weights stay as they were drawn, and wins follow from weights and order.
    frozen = [small_experiment(seed=seed, learning_rate=0, epochs=1) for seed in (1, 2)]
    weights = [trained(experiment, pixels).weights for experiment in frozen]
    assert not np.allclose(*weights)
    orders = [
        next(training._orders(experiment, 50, training._generators(experiment)[1]))
        for experiment in frozen
    ]
    assert orders[0].tolist() != orders[1].tolist()


def test_the_order_does_not_depend_on_the_size_of_the_map(small_experiment):
    small, large = small_experiment(), small_experiment(grid={"rows": 9, "cols": 9})
    orders = []
    for experiment in (small, large):
        weights_rng, order_rng = training._generators(experiment)
        weights_rng.random(experiment.grid.n_units)
        orders.append(next(training._orders(experiment, 50, order_rng)).tolist())
    assert orders[0] == orders[1]


def test_float64_maps_start_from_unrounded_weights(small_experiment, pixels):
    experiment = small_experiment(dtype="float64", learning_rate=0, epochs=1)
    rng = training._generators(experiment)[0]
    expected = mwta.start(experiment.settings, experiment.grid, 784, "float64", rng).weights
    np.testing.assert_array_equal(trained(experiment, pixels).weights, expected)


def test_epochs_are_shuffled_anew(small_experiment, pixels):
    # With rate 0 nothing is learnt: equal samples would leave equal errors.
    experiment = small_experiment(learning_rate=0)
    errors = trained(experiment, pixels).history.training_mse
    assert errors[0] != errors[1]


def test_history_counts_every_win(small_experiment, pixels):
    history = trained(small_experiment(n_winners=3), pixels).history
    assert history.wins.sum(axis=1).tolist() == [3 * 30, 3 * 30]


def test_history_says_what_the_weights_are(small_experiment, pixels):
    result = trained(small_experiment(), pixels)
    assert result.history.mean_weight[-1] == pytest.approx(result.weights.mean())
    assert result.history.largest_weight[-1] == result.weights.max()


def test_first_training_error_is_that_of_the_start(small_experiment, pixels):
    experiment = small_experiment(epochs=1, steps_per_epoch=1, order="sequential", n_winners=20)
    result = trained(
        replace(experiment, settings=replace(experiment.settings, learning_rate=0.0)), pixels
    )
    sample = pixels[0] / 255
    activity = result.weights @ sample  # all units win, and nothing has changed yet
    expected = np.mean((sample - activity @ result.weights) ** 2)
    assert result.history.training_mse[0] == pytest.approx(expected)


def test_blank_samples_are_nobodys_win_and_change_nothing(small_experiment):
    blank = np.zeros((3, 16), np.uint8)
    result = trained(small_experiment(), blank)
    assert result.history.wins.sum() == 0
    np.testing.assert_array_equal(
        result.weights.astype(np.float16), result.snapshots[0].arrays["weights"]
    )


@pytest.mark.parametrize(("every", "kept"), [(1, [0, 1, 2, 3]), (2, [0, 2, 3]), (5, [0, 3])])
def test_snapshots_are_kept_as_often_as_asked_and_at_the_end(small_experiment, pixels, every, kept):
    result = trained(small_experiment(epochs=3, snapshot_every=every), pixels)
    assert [snapshot.epoch for snapshot in result.snapshots] == kept
    last = result.snapshots[-1].arrays["weights"]
    np.testing.assert_array_equal(last, result.weights.astype(np.float16))


def test_trace_starts_each_epoch_at_zero(small_experiment, pixels):
    # Rate 0 and the same order: with activity left over, the second epoch would differ.
    experiment = small_experiment(order="sequential", trace=0.5, learning_rate=0)
    errors = trained(experiment, pixels).history.training_mse
    assert errors[0] == errors[1]


def test_a_trace_changes_what_is_learnt(small_experiment, pixels):
    plain = trained(small_experiment(order="sequential"), pixels)
    traced = trained(small_experiment(order="sequential", trace=0.5), pixels)
    assert not np.allclose(plain.weights, traced.weights)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_weights_have_the_type_asked_for(small_experiment, pixels, dtype):
    assert trained(small_experiment(dtype=dtype), pixels).weights.dtype == dtype


def test_progress_counts_every_step_and_reports_every_epoch(small_experiment, pixels):
    ticks, reports = [], []
    experiment = small_experiment(steps_per_epoch=130)
    train(experiment, pixels, ticks.append, reports.append)
    assert sum(ticks) == 260
    assert [report.epoch for report in reports] == [1, 2]


def test_errors_of_sparse_dream_are_sampled_but_in_the_last_epoch(catalogue, pixels):
    dream = replace(catalogue.experiments["dream-symmetric"], dtype="float64", steps_per_epoch=60)
    for engine in ("reference", "fast"):
        two, one = (
            trained(replace(dream, engine=engine, epochs=epochs), pixels) for epochs in (2, 1)
        )
        # The first epoch is the same in both, and recorded more thoroughly where it is the last.
        assert two.history.wins[0].tolist() == one.history.wins[0].tolist()
        assert two.history.training_mse[0] != one.history.training_mse[0]


def test_the_last_epochs_error_is_the_mean_over_all_steps(catalogue, pixels):
    dream = replace(
        catalogue.experiments["dream-symmetric"], dtype="float64", epochs=1, order="sequential"
    )
    fast, reference = (
        trained(replace(dream, steps_per_epoch=47, engine=engine), pixels).history.training_mse[0]
        for engine in ("fast", "reference")
    )
    assert fast == pytest.approx(reference, rel=1e-9)
    state = states.start(dream, 784, training._generators(dream)[0])
    errors = [
        sparse_dream.learn(state, v / 255, dream.settings, dream.grid, step)[1]
        for step, v in enumerate(pixels[:47])
    ]
    assert reference == pytest.approx(np.mean(errors))


# ------------------------------------------------------------------ several maps


class Recorder(engines.OneByOne):
    """In place of a GPU: writes down which maps it was told to advance, and how thoroughly."""

    def __init__(self, experiments, states, pixels, xp):
        super().__init__(
            [engines.create(*of_one, pixels) for of_one in zip(experiments, states, strict=True)]
        )
        self.rounds = []

    def advance(self, orders, tick, thorough=()):
        self.rounds.append((sorted(orders), sorted(thorough)))
        return super().advance(orders, tick, thorough)


@pytest.fixture
def recorded(monkeypatch, pixels):
    """A function: train maps together; what became of them, and the rounds of their ensemble.

    ``tasks`` take what a killed training saved, and what is called with each epoch's progress.
    """
    made = []

    def create(*args):
        made.append(Recorder(*args))
        return made[-1]

    monkeypatch.setattr(engines, "create_ensemble", create)

    def run(experiments, tick=nothing, done=(), save=lambda _number, _progress: None):
        done = dict(done)
        tasks = [
            Task(one, nothing, lambda progress, n=n: save(n, progress), done.get(n))
            for n, one in enumerate(experiments)
        ]
        return train_together(tasks, pixels, tick), made[-1].rounds

    return run


def assert_as_alone(found, experiment, pixels):
    expected = trained(experiment, pixels)
    assert found.weights.tobytes() == expected.weights.tobytes()
    assert found.divergence == expected.divergence
    for name, values in vars(expected.history).items():
        assert getattr(found.history, name).tobytes() == values.tobytes(), name
    assert [snapshot.epoch for snapshot in found.snapshots] == [
        snapshot.epoch for snapshot in expected.snapshots
    ]


WILD = {"learning_rate": 10, "error_clip": None, "activation": "excited"}


def test_maps_advance_together_until_each_has_had_its_epochs(recorded, small_experiment, pixels):
    experiments = [
        small_experiment(epochs=epochs, seed=epochs, snapshot_every=2) for epochs in (3, 1, 2)
    ]
    ticks = []
    found, rounds = recorded(experiments, ticks.append)
    assert rounds == [([0, 1, 2], [1]), ([0, 2], [2]), ([0], [0])]
    assert sum(ticks) == (3 + 1 + 2) * 30
    for one, experiment in zip(found, experiments, strict=True):
        assert_as_alone(one, experiment, pixels)


def test_those_that_were_stopped_earlier_catch_up(recorded, small_experiment, pixels):
    experiments = [small_experiment(epochs=3), small_experiment(epochs=3, seed=7)]
    saved = {}

    def keep(number, progress):
        # The first came to its end before the kill, the second had done one epoch.
        if progress.epoch == (3, 1)[number]:
            records, snapshots = [*progress.records], progress.snapshots[1:]
            saved[number] = training.Progress(
                progress.epoch, copy.deepcopy(progress.state), records, snapshots
            )

    recorded(experiments, save=keep)
    found, rounds = recorded(experiments, done=saved)
    assert rounds == [([1], []), ([1], [1])]
    for one, experiment in zip(found, experiments, strict=True):
        assert_as_alone(one, experiment, pixels)
    _, rounds = recorded(experiments[:1] * 2, done={0: saved[1]})
    assert rounds == [([1], []), ([0, 1], []), ([0, 1], [0, 1])]


def test_a_map_that_diverged_rests(recorded, small_experiment, pixels):
    experiments = [small_experiment(**WILD), small_experiment()]
    found, rounds = recorded(experiments)
    assert rounds == [([0, 1], []), ([1], [1])]
    assert found[0].divergence is not None
    for one, experiment in zip(found, experiments, strict=True):
        assert_as_alone(one, experiment, pixels)


def test_a_divergence_that_is_a_failure_waits_for_the_others(recorded, small_experiment):
    experiments = [small_experiment(**WILD, on_divergence="fail"), small_experiment(epochs=3)]
    saved = []
    found, rounds = recorded(
        experiments, save=lambda n, progress: saved.append((n, progress.epoch))
    )
    with pytest.raises(InputError, match="^small diverged at step "):
        check_divergence(experiments[0], found[0])
    check_divergence(experiments[1], found[1])
    assert rounds == [([0, 1], []), ([1], []), ([1], [1])]
    assert saved == [(1, 1), (1, 2), (1, 3)]
