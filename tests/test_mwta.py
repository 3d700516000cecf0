from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from topodream.grid import Grid
from topodream.models import mwta
from topodream.models.mwta import Lateral, Mwta
from topodream.models.prototypes import Start

PLAIN = Mwta(
    start=Start(0.15, 0.16),
    learning_rate=0.1,
    n_winners=1,
    activation="drive",
    trace=None,
    lateral=Lateral(0.1, 1, "full", None),
    error_clip=None,
    weight_clip=None,
)


# ------------------------------------------------------------------ one step by hand


def test_drive_is_the_product_of_weights_and_sample():
    weights = np.array([[1.0, 2], [3, 4], [5, 6]])
    np.testing.assert_array_equal(mwta.drive(weights, np.array([1.0, 0.5])), [2, 5, 8])


def test_score_adds_the_share_of_neighbours():
    # Three units in a row, radius 1, strength 0.1: the middle hears both, the ends one.
    drive = np.array([1.0, 10, 100])
    score = mwta.score(drive, np.full(3, 0.1), PLAIN.lateral, Grid(1, 3))
    np.testing.assert_allclose(score, [1 + 1, 10 + 10.1, 100 + 1])


def test_normalised_rows_have_the_norm_asked_for():
    lateral = Lateral(strength=7, radius=1, edge="full", row_norm=0.5)
    gain = mwta.lateral_gain(lateral, Grid(3, 3), "float64")
    # A corner has 3 neighbours, a side 5, the middle 8: sqrt(n) gain = 0.5.
    np.testing.assert_allclose(gain[[0, 1, 4]], 0.5 / np.sqrt([3, 5, 8]))


def test_rows_have_the_sum_asked_for():
    lateral = Lateral(strength=7, radius=1, edge="full", row_norm=None, row_sum=2.4)
    gain = mwta.lateral_gain(lateral, Grid(3, 3), "float64")
    np.testing.assert_allclose(gain[[0, 1, 4]], [2.4 / 3, 2.4 / 5, 2.4 / 8])
    heard = mwta.fixed_excitation(lateral, Grid(3, 3), np.arange(9))
    np.testing.assert_allclose(heard.sum(axis=1), 2.4)


def test_a_unit_that_hears_nobody_gets_gain_0():
    lateral = Lateral(strength=1, radius=1, edge="notebook", row_norm=0.5)
    # In a single row all units are in the last row: nobody passes anything on.
    np.testing.assert_array_equal(mwta.lateral_gain(lateral, Grid(1, 3), "float32"), [0, 0, 0])


def test_winners_are_the_largest_scores_and_ties_go_to_the_smaller_number():
    assert mwta.choose_winners(np.array([3.0, 9, 5, 9, 5]), 3).tolist() == [1, 3, 2]


def test_many_ties_go_to_the_smallest_numbers():
    scores = np.tile([1.0, 2.0], 50)
    assert mwta.choose_winners(scores, 4).tolist() == [1, 3, 5, 7]


@pytest.mark.parametrize("norm", [None, 0.5])
@pytest.mark.parametrize("activation", ["drive", "excited"])
def test_a_float32_map_computes_in_float32(norm, activation, vectors):
    lateral = Lateral(0.1, 1, "full", norm)
    gain = mwta.lateral_gain(lateral, Grid(4, 5), "float32")
    assert gain.dtype == np.float32
    weights = np.full((20, 784), 0.1, np.float32)
    settings = replace(PLAIN, activation=activation, lateral=lateral)
    sample = vectors[0].astype(np.float32)
    assert mwta.respond(weights, sample, gain, settings, Grid(4, 5))[1].dtype == np.float32


def test_activity_is_the_answer_of_winners_and_0_elsewhere():
    activity = mwta.activity_of(np.array([2, 0]), np.array([5.0, 6, 7]))
    np.testing.assert_array_equal(activity, [5, 0, 7])


def test_trace_moves_part_of_the_way():
    moved = mwta.leave_trace(np.array([4.0, 0]), np.array([0.0, 8]), 0.25)
    np.testing.assert_array_equal(moved, [3, 2])


def test_one_update_by_hand():
    # Unit 0 is active with 2: r = 2 * (0.5, 0.25) = (1, 0.5), e = (0, 0.5), e / r = (0, 1);
    # its weights are multiplied by 1 + 0.1 * 2 * (0, 1). Unit 1 stays as it is.
    weights = np.array([[0.5, 0.25], [0.3, 0.3]])
    error = mwta.learn(weights, np.array([2.0, 0]), np.array([1.0, 1]), PLAIN)
    np.testing.assert_allclose(weights, [[0.5, 0.25 * 1.2], [0.3, 0.3]], rtol=1e-15)
    assert error == pytest.approx((0**2 + 0.5**2) / 2)


def test_error_is_clipped_for_learning_but_not_for_the_record():
    # r = 2 * (2, 0.5) = (4, 1), e = (-4, 0): clipped to -1, e / r = -1/4, factor 0.95.
    weights = np.array([[2.0, 0.5]])
    settings = replace(PLAIN, error_clip=1)
    error = mwta.learn(weights, np.array([2.0]), np.array([0.0, 1]), settings)
    np.testing.assert_allclose(weights, [[2 * 0.95, 0.5]])
    assert error == 8
    # Clipped to -0.5: e / r = -1/8, factor 0.975.
    weights = np.array([[2.0, 0.5]])
    mwta.learn(weights, np.array([2.0]), np.array([0.0, 1]), replace(PLAIN, error_clip=0.5))
    np.testing.assert_allclose(weights, [[2 * 0.975, 0.5]])


def test_weights_are_kept_in_range():
    settings = replace(PLAIN, learning_rate=10, weight_clip=1)
    weights = np.array([[0.5, 0.9]])
    # r = (0.5, 0.9), e / r = (-1, 1/9): factors 1 - 10 and 1 + 10/9.
    mwta.learn(weights, np.array([1.0]), np.array([0.0, 1]), settings)
    np.testing.assert_array_equal(weights, [[0, 1]])
    weights = np.array([[0.5, 0.9]])
    settings = replace(settings, weight_clip=0.7)
    mwta.learn(weights, np.array([1.0]), np.array([0.0, 1]), settings)
    np.testing.assert_array_equal(weights, [[0, 0.7]])


def test_an_input_nobody_reconstructs_changes_nothing():
    weights = np.array([[0.0, 0.5]])
    mwta.learn(weights, np.array([1.0]), np.array([1.0, 0.5]), PLAIN)
    np.testing.assert_array_equal(weights, [[0, 0.5]])


# ------------------------------------------------------------------ properties


def response(weights, sample, settings, grid):
    gain = mwta.lateral_gain(settings.lateral, grid, "float64")
    return mwta.respond(weights, sample, gain, settings, grid)


@given(seed=st.integers(0, 999), n_winners=st.integers(1, 12))
def test_no_more_units_answer_than_may_win(seed, n_winners):
    rng = np.random.default_rng(seed)
    settings = replace(PLAIN, n_winners=n_winners)
    _, activity = response(rng.random((12, 5)), rng.random(5), settings, Grid(3, 4))
    assert np.count_nonzero(activity) <= n_winners


@given(seed=st.integers(0, 999))
def test_strength_0_means_no_neighbours(seed):
    rng = np.random.default_rng(seed)
    weights, sample = rng.random((12, 5)), rng.random(5)
    settings = replace(PLAIN, n_winners=3, lateral=Lateral(0, 2, "full", None))
    winners, _ = response(weights, sample, settings, Grid(3, 4))
    assert set(winners) == set(np.argsort(weights @ sample)[-3:])


@given(seed=st.integers(0, 999))
def test_without_neighbours_permuting_units_permutes_winners(seed):
    rng = np.random.default_rng(seed)
    weights, sample, order = rng.random((12, 5)), rng.random(5), rng.permutation(12)
    settings = replace(PLAIN, n_winners=4, lateral=Lateral(0, 0, "full", None))
    winners, _ = response(weights, sample, settings, Grid(3, 4))
    permuted, _ = response(weights[order], sample, settings, Grid(3, 4))
    assert order[permuted].tolist() == winners.tolist()


@given(seed=st.integers(0, 999), rate=st.floats(0.001, 0.2))
def test_an_update_brings_a_lone_winner_nearer_to_its_sample(seed, rate):
    rng = np.random.default_rng(seed)
    weights, sample = rng.uniform(0.1, 1, (1, 6)), rng.uniform(0.1, 1, 6)
    activity = np.ones(1)
    before = mwta.learn(weights, activity, sample, replace(PLAIN, learning_rate=rate))
    after = np.mean((sample - mwta.reconstruct(weights, activity)) ** 2)
    assert after <= before


@given(seed=st.integers(0, 999))
def test_weights_never_change_sign_at_a_small_rate(seed):
    rng = np.random.default_rng(seed)
    weights = rng.uniform(0, 1, (4, 6))
    mwta.learn(weights, rng.uniform(0, 1, 4), rng.uniform(0, 1, 6), PLAIN)
    assert (weights >= 0).all()


def test_a_block_of_samples_gives_what_each_gives_alone(vectors):
    weights = np.random.default_rng(1).uniform(0.1, 0.2, (20, 784))
    settings, grid = replace(PLAIN, n_winners=3), Grid(4, 5)
    winners, activity = response(weights, vectors[:7], settings, grid)
    for number, sample in enumerate(vectors[:7]):
        alone = response(weights, sample, settings, grid)
        assert alone[0].tolist() == winners[number].tolist()
        np.testing.assert_allclose(alone[1], activity[number], rtol=1e-12)
