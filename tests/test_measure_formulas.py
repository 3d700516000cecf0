"""Each measure by itself: worked out by hand, or with what has to be true of it."""

from types import SimpleNamespace

import numpy as np
import pytest

from topodream.form import Form
from topodream.grid import Grid, Torus
from topodream.measures import coding, lateral, order, prototypes, sequence, usage
from topodream.measures.reconstruction import explained
from topodream.measures.registry import FUNCTIONS
from topodream.measures.responses import Responses, best_units, traced
from topodream.measures.sampling import shuffled, spread
from topodream.models import mwta
from topodream.models.prototypes import faded
from topodream.pictures.figures import u_matrix
from topodream.traits import SEQUENCE, TRACE


@pytest.fixture
def bumps():
    """Prototypes whose bump's place follows the unit's place on a 12 x 12 grid, and the grid."""
    grid, inputs = Grid(12, 12), np.arange(30)
    rows, cols = np.divmod(np.arange(grid.n_units), 12)
    along = [np.exp(-((inputs - 2 * places[:, None]) ** 2) / 8) for places in (rows, cols)]
    return np.concatenate(along, axis=1), grid, np.ones(grid.n_units, bool)


@pytest.fixture
def shuffled_bumps(bumps):
    return np.random.default_rng(0).permutation(bumps[0]), *bumps[1:]


def test_explained_share():
    assert explained(1, 4) == 0.75
    assert explained(8, 4) == -1
    assert explained(1, 0) is None


def test_spread_takes_all_or_evenly():
    assert spread(5, 5).tolist() == [0, 1, 2, 3, 4]
    assert spread(100, 4).tolist() == [0, 25, 50, 75]
    assert not len(spread(0, 4))


def test_best_units_are_the_models_winners():
    scores = np.random.default_rng(0).integers(-9, 0, (200, 30)).astype(float)  # many ties
    np.testing.assert_array_equal(best_units(scores, 7), mwta.choose_winners(scores, 7))


# ------------------------------------------------------------------ order


def test_correlation_and_cosine_by_hand():
    # Rising, rising with offset and scale, falling, constant, zero.
    weights = np.array([[1.0, 2, 3], [10, 30, 50], [3, 2, 1], [7, 7, 7], [0, 0, 0]])
    pairs = np.zeros(4, int), np.array([1, 2, 3, 4])
    correlations = order.similarities(order.directions(weights, centred=True), pairs)
    np.testing.assert_allclose(correlations, [1, -1, 0, 0], atol=1e-12)
    cosines = order.similarities(order.directions(weights, centred=False), pairs)
    expected = [220 / np.sqrt(14 * 3500), 10 / 14, 6 / np.sqrt(14 * 3), 0]
    np.testing.assert_allclose(cosines, expected)


def test_constant_prototypes_correlate_with_nothing():
    for dtype in (np.float32, np.float64):
        unit = order.directions(np.full((2, 400), 0.3, dtype), centred=True)
        assert not unit.any()


def test_more_pairs_than_a_block():
    unit = np.random.default_rng(0).normal(size=(50, 3))
    pairs = order.random_pairs(50, 3 * order.BLOCK + 7, np.random.default_rng(1))
    expected = (unit[pairs[0]] * unit[pairs[1]]).sum(axis=1)
    np.testing.assert_allclose(order.similarities(unit, pairs), expected)


def test_neighbours_touch_along_rows_and_columns():
    pairs = set(zip(*(side.tolist() for side in order.neighbour_pairs(Grid(2, 3))), strict=True))
    assert pairs == {(0, 1), (1, 2), (3, 4), (4, 5), (0, 3), (1, 4), (2, 5)}


def test_pairs_apart_stay_on_the_grid():
    grid = Grid(3, 3)
    assert [side.tolist() for side in order.pairs_apart(grid, 1, 1)] == [[0, 1, 3, 4], [4, 5, 7, 8]]
    assert [side.tolist() for side in order.pairs_apart(grid, 3, 0)] == [[], []]


def test_on_a_torus_every_unit_touches_four():
    pairs = list(zip(*(side.tolist() for side in order.neighbour_pairs(Torus(3, 4))), strict=True))
    assert len({frozenset(pair) for pair in pairs}) == len(pairs) == 2 * 12
    assert {(3, 0), (8, 0)} <= set(pairs)  # the ends of the first row, of the first column
    assert np.bincount(np.ravel(pairs)).tolist() == [4] * 12


def test_measures_of_a_torus_do_not_depend_on_where_it_is_cut(bumps):
    torus = Torus(12, 12)
    weights, _, kept = bumps
    places = np.roll(np.arange(144).reshape(12, 12), (5, 7), (0, 1)).ravel()
    where = np.argsort(places)  # a unit stands there after the roll
    winners = np.random.default_rng(0).integers(144, size=(60, 2))
    ranks = order.ranks_of_others(weights[winners[:, 0]])
    answers = np.random.default_rng(1).random((9, 144)) ** 8
    found = [
        {
            "u": u_matrix.neighbour_distances(weights[units], torus)[back],
            "neighbours": order.smoothness(weights[units], torus, kept)["neighbour_correlation"],
            "along": [
                order.similarities(order.directions(weights[units], centred=True), pairs).mean()
                for d in range(1, 7)
                for pairs in (order.pairs_apart(torus, 0, d), order.pairs_apart(torus, d, 0))
            ],
            "lines": order.line_length(order.directions(weights[units], centred=False), torus, 0.9),
            "topographic": order.topographic_errors(back[winners], torus)["topographic_error"],
            "trust": order.trust(ranks, back[winners], torus)["trustworthiness"],
            "path": sequence.path_length(back[winners], torus),
            "centre": sequence.centre_path(answers[:, units], torus),
        }
        for units, back in ((np.arange(144), np.arange(144)), (places, where))
    ]
    for name, value in found[0].items():
        np.testing.assert_allclose(found[1][name], value, rtol=1e-12, err_msg=name)


def test_likeness_on_a_torus_is_compared_up_to_half_way_round():
    # Waves round the columns: 5 apart is half way, and as far as units can be.
    turns = 2 * np.pi * np.tile(np.arange(10), 3) / 10
    waves = np.stack([np.cos(turns), np.sin(turns), -np.cos(turns), -np.sin(turns)], axis=1)
    found = order.reaches(waves, Torus(3, 10), np.ones(30, bool))
    level = order.smoothness(waves, Torus(3, 10), np.ones(30, bool))["random_correlation"]
    along = np.cos(2 * np.pi * np.array([1, 2]) / 10) - level
    assert found["row_reach"] == pytest.approx(along.sum() / (1 - level))
    # The next unit of a column, either way, is the same: of two others, one distance.
    assert found["column_reach"] == pytest.approx(1)


def test_random_pairs_are_of_two_different_units():
    one, other = order.random_pairs(3, 5000, np.random.default_rng(0))
    assert (one != other).all()
    assert {*zip(one.tolist(), other.tolist(), strict=True)} == {
        (a, b) for a in range(3) for b in range(3) if a != b
    }


def test_an_ordered_map_is_smoother_than_the_same_map_shuffled(bumps, shuffled_bumps):
    smooth, rough = order.smoothness(*bumps), order.smoothness(*shuffled_bumps)
    assert smooth["correlation_gain"] > 0.5
    assert rough["correlation_gain"] == pytest.approx(0, abs=0.1)
    difference = smooth["neighbour_correlation"] - smooth["random_correlation"]
    assert smooth["correlation_gain"] == pytest.approx(difference)


def test_rows_and_columns_are_told_apart():
    grid, kept = Grid(3, 3), np.ones(9, bool)
    striped = np.repeat(np.eye(3), 3, axis=0)  # alike along rows, unlike along columns
    cosines = order.cosines(striped, grid, kept)
    assert (cosines["row_cosine"], cosines["column_cosine"]) == (1, 0)
    assert cosines["random_cosine"] == pytest.approx(2 / 8, abs=0.02)
    reaches = order.reaches(striped, grid, kept)
    level = order.smoothness(striped, grid, kept)["random_correlation"]
    # Two distances, each with a correlation of 1.
    assert reaches["row_reach"] == pytest.approx(2)
    assert reaches["column_reach"] == 0
    assert level < 0


def test_range_of_order_grows_with_the_bumps_width(bumps, shuffled_bumps):
    weights, grid, kept = bumps
    wide = np.apply_along_axis(np.convolve, 1, weights, np.ones(9), mode="same")
    assert (
        1
        < order.reaches(weights, grid, kept)["order_range"]
        < order.reaches(wide, grid, kept)["order_range"]
    )
    assert order.reaches(*shuffled_bumps)["order_range"] is None


def test_reaches_of_a_grid_of_one_row():
    assert order.reaches(np.eye(4), Grid(1, 4), np.ones(4, bool))["column_reach"] is None


def test_half_way():
    assert order.half_way(np.array([0.04, 0])) is None
    assert order.half_way(np.array([0.5, 0.4, 0.3])) is None
    assert order.half_way(np.array([0.4, 0.0])) == 1.5


def test_lines_by_hand():
    grid = Grid(2, 4)
    # aaab / bbaa: lines of 3, 1, 2, 2
    unit = np.eye(2)[[0, 0, 0, 1, 1, 1, 0, 0]]
    assert order.line_length(unit, grid, 0.5) == 2
    # Dealt as abab / abab: eight lines.
    assert order.line_length(unit, grid, 0.5, np.array([0, 3, 1, 4, 2, 5, 6, 3])) == 1


def test_lines_of_a_torus_go_on_at_the_opposite_border():
    # abba / aabb / aaaa: lines of 1, 2, 1, of 2, 2, of 4; or a ring's of 2, 2, of 2, 2, of 4.
    unit = np.eye(2)[[0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0]]
    assert order.line_length(unit, Grid(3, 4), 0.5) == 12 / 6
    assert order.line_length(unit, Torus(3, 4), 0.5) == 12 / 5


def test_lines_of_an_ordered_map_are_longer_than_shuffled(bumps, shuffled_bumps):
    ordered, rough = order.line_lengths(*bumps), order.line_lengths(*shuffled_bumps)
    assert ordered["line_length"] > 2
    assert rough["line_length"] == pytest.approx(rough["line_length_shuffled"], abs=0.06)
    assert ordered["line_length_shuffled"] == pytest.approx(1 / 0.95, abs=0.02)


def test_topographic_error_by_hand():
    grid = Grid(3, 3)
    # Beside, diagonal, two columns apart, opposite corners; the end of a row isn't
    # beside the beginning of the next.
    best = np.array([[4, 5], [0, 4], [0, 2], [0, 8], [2, 3]])
    errors = order.topographic_errors(best, grid)
    assert errors["topographic_error"] == 3 / 5
    # Of 36 pairs 12 touch along rows and columns, 8 along diagonals.
    assert errors["topographic_error_shuffled"] == pytest.approx(1 - 20 / 36)


@pytest.mark.parametrize("grid", [Grid(5, 4), Torus(5, 4)])
def test_topographic_error_of_shuffled_maps_is_its_null(grid):
    rng = np.random.default_rng(0)
    best = np.array([[0, 1], [7, 12], [3, 3 + 4], [19, 0]])
    drawn = [
        order.topographic_errors(rng.permutation(20)[best], grid)["topographic_error"]
        for _ in range(3000)
    ]
    expected = order.topographic_errors(best, grid)["topographic_error_shuffled"]
    assert np.mean(drawn) == pytest.approx(expected, abs=0.01)


def test_trustworthiness_of_a_map_that_keeps_distances():
    grid, rng = Grid(10, 10), np.random.default_rng(0)
    units = rng.integers(100, size=400)
    samples = np.stack(np.divmod(units, 10), axis=1) + rng.uniform(-0.1, 0.1, (400, 2))
    ranks = order.ranks_of_others(samples)
    kept = order.trust(ranks, units[:, None], grid)
    assert kept["trustworthiness"] > 0.97
    mixed = order.trust(ranks, rng.permutation(100)[units][:, None], grid)
    for value in (kept["trustworthiness_shuffled"], mixed["trustworthiness"]):
        assert 0.5 < value < 0.8


def test_trustworthiness_is_that_of_scikit_learn():
    from sklearn import manifold  # which takes long to load

    rng = np.random.default_rng(1)
    for dtype in ("float32", "float64"):
        samples = rng.uniform(size=(300, 20)).astype(dtype)
        places = samples[:, :2] + rng.uniform(0, 0.5, (300, 2))
        found = order.trustworthiness(order.ranks_of_others(samples), places, 10)
        expected = manifold.trustworthiness(samples, places, n_neighbors=10)
        assert found == pytest.approx(expected, rel=1e-12)


def test_a_single_unit_has_no_order():
    best, alone = np.zeros((50, 1), int), (np.ones((1, 4)), Grid(1, 1), np.ones(1, bool))
    found = [
        order.smoothness(*alone),
        order.reaches(*alone),
        order.cosines(*alone),
        order.line_lengths(*alone),
        order.topographic_errors(best, alone[1]),
        order.trust(np.ones((50, 50), int), best, alone[1]),
    ]
    values = [value for measures in found for value in measures.values()]
    assert all(value is None or np.isnan(value) for value in values)


def test_units_that_do_not_count_change_nothing(bumps):
    weights, grid, _ = bumps
    kept = np.random.default_rng(3).random(144) < 0.7
    noise = np.where(kept[:, None], weights, np.random.default_rng(1).random(weights.shape))
    for measure in (order.smoothness, order.reaches, order.cosines, order.line_lengths):
        assert measure(noise, grid, kept) == measure(weights, grid, kept)
        assert measure(noise, grid, kept) != measure(noise, grid, np.ones(144, bool))
    lines = order.line_lengths(weights, grid, np.zeros(144, bool))
    assert set(lines.values()) == {None}


# ------------------------------------------------------------------ usage


def test_dead_share():
    assert usage.dead_share(np.array([0, 3, 0, 1])) == 0.5


def test_inequality_by_hand():
    assert usage.gini(np.array([1, 3])) == pytest.approx(0.25)
    assert usage.entropy(np.array([0, 0, 7])) == 0
    assert usage.entropy(np.array([2, 1, 1])) == pytest.approx(1.5 / np.log2(3))
    assert usage.largest_share(np.array([2, 1, 5])) == 5 / 8


def test_usage_does_not_depend_on_where_units_are():
    wins = np.random.default_rng(0).integers(0, 50, 40)
    assert usage.usage(wins) == pytest.approx(usage.usage(wins[::-1]))


def test_equal_units_are_used_as_by_chance():
    wins = np.random.default_rng(5).multinomial(50_000, np.full(1000, 1e-3))
    found = usage.usage(wins)
    for name in ("usage_gini", "usage_entropy", "most_wins_share"):
        assert found[name] == pytest.approx(found[f"{name}_chance"], rel=0.1)
    # Not so where some never win.
    wins[:500] = 0
    assert usage.usage(wins)["usage_gini"] > 5 * found["usage_gini_chance"]


def test_nobody_won():
    assert set(usage.usage(np.zeros(4, int)).values()) == {None}
    assert usage.border_wins(np.zeros(9, int), Grid(3, 3)) is None


def test_border_by_hand():
    wins = np.array([1, 1, 1, 1, 10, 1, 1, 1, 1])
    assert usage.border_wins(wins, Grid(3, 3)) == pytest.approx(1 / 2)
    assert usage.border_wins(np.arange(6), Grid(2, 3)) is None
    assert usage.border_wins(wins, Torus(3, 3)) is None


def test_sparseness_by_hand():
    activity = np.array([[1.0, 1, 1, 1], [8, 0, 0, 0], [0, 0, 0, 0]])
    # Blank samples count for none: 0 for the equal one, 1 for the single one.
    assert usage.sparseness(activity, 1) == pytest.approx(0.5)
    # Units 1 to 3 answer to one of three samples; of unit 0, a = 3^2 / (65 / 3).
    of_first = (1 - 9 / (65 / 3)) / (1 - 1 / 3)
    assert usage.sparseness(activity, 0) == pytest.approx((3 + of_first) / 4)
    assert usage.sparseness(np.zeros((3, 4)), 0) is None


def test_dealing_answers_out_keeps_the_other_sparseness():
    activity = np.zeros((200, 10))
    activity[:, :2] = np.random.default_rng(0).uniform(0, 1, (200, 2))  # two units answer all
    found = usage.sparsenesses(activity)
    assert found["lifetime_sparseness"] < 0.4 < 0.7 < found["lifetime_sparseness_shuffled"]
    assert found["population_sparseness"] == pytest.approx(
        found["population_sparseness_shuffled"], abs=0.05
    )


# ------------------------------------------------------------------ prototypes


def test_sizes_leave_units_without_a_win_out():
    # The more pixels, the fewer wins; but for one that never won.
    weights = np.array([[1.0, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1], [1, 0, 0, 0]])
    found = prototypes.sizes(weights, weights[:2], np.array([9, 5, 2, 0]))
    assert found["effective_pixels"] == pytest.approx((2 + 3 + 4 + 1) / 4)
    assert found["effective_pixels_samples"] == pytest.approx(2.5)
    assert found["win_size_correlation"] == pytest.approx(-1)
    assert found["frequent_winner_size"] == pytest.approx(2 / 3)


def test_effective_pixels_do_not_depend_on_scale():
    weights = np.random.default_rng(0).uniform(0, 1, (5, 30))
    scaled = prototypes.effective_pixels(7 * weights)
    np.testing.assert_allclose(scaled, prototypes.effective_pixels(weights))


def test_faded_are_those_below_the_start():
    weights = np.array([[0.0, 0.09], [0.0, 0.1], [5, 0], [0.01, 0.02]])
    assert faded(weights, 0.1).tolist() == [True, False, False, True]


def test_digits_look_like_digits_and_pixels_do_not(vectors):
    train, held_out = vectors[:800], vectors[800:]
    known = prototypes.likeness(held_out, train)
    digits = prototypes.digit_likeness(3 * held_out[:50], train, known)
    pixels = prototypes.digit_likeness(np.eye(784)[300:400], train, known)
    twins = prototypes.digit_likeness(train[:50], train, known)
    assert twins["digit_likeness"] == pytest.approx(1)
    assert digits["digit_likeness"] == pytest.approx(digits["digit_likeness_samples"], abs=0.03)
    assert digits["whole_digits"] > 0.8
    assert pixels["digit_likeness"] < 0.4
    assert pixels["whole_digits"] == 0


def test_waves_are_told_from_blobs_and_noise():
    rows, cols = np.mgrid[:20, :20]
    waves = np.array([1 + np.cos(0.3 * k * rows + 0.9 * cols) for k in range(1, 5)])
    blobs = np.array([np.exp(-((rows - 9) ** 2 + (cols - k) ** 2) / 8) for k in range(8, 12)])
    noise = np.random.default_rng(0).uniform(0, 1, (4, 20, 20))
    likeness = [
        prototypes.wave_likeness(images.reshape(4, 400), Form(20, 20))
        for images in (waves, blobs, noise)
    ]
    assert likeness[0] > 0.85
    assert max(likeness[1:]) < 0.5
    # Neither scale nor offset matter, nor do constant images.
    changed = np.concatenate([5 * waves.reshape(4, 400) + 2, np.ones((1, 400))])
    assert prototypes.wave_likeness(changed, Form(20, 20)) == pytest.approx(likeness[0])
    assert prototypes.wave_likeness(np.ones((2, 400)), Form(20, 20)) is None


def test_growth_and_change():
    assert prototypes.growth(np.array([9.0, 2, 3])) == 1.5
    assert prototypes.growth(np.array([9.0])) is None
    before = np.array([[1.0, 0], [0, 2]])
    # One stays but for its scale, one turns by 60 degrees.
    after = np.array([[5.0, 0], [np.sqrt(3), 1]])
    assert prototypes.change(before, after) == pytest.approx(0.25)
    assert prototypes.settled_after(np.zeros(0)) is None


# ------------------------------------------------------------------ coding


def test_labels_by_hand():
    train, train_labels = np.array([0, 0, 0, 1, 1, 2]), np.array([5, 5, 3, 3, 3, 0], np.uint8)
    held_out, labels = np.array([0, 1, 2, 3]), np.array([5, 5, 0, 0], np.uint8)
    found = coding.label_measures(train, train_labels, held_out, labels, 4)
    assert found["label_purity"] == 5 / 6
    # Unit 3 won no training sample: it names none, not even label 0.
    assert found["label_accuracy"] == 2 / 4
    assert found["chance_accuracy"] == 0  # 3 is most frequent in training


def test_purity_of_shuffled_labels_rises_with_units():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, 2000).astype(np.uint8)
    few, many = (
        coding.label_measures(winners, labels, winners, labels, n)["label_purity_shuffled"]
        for n, winners in ((5, rng.integers(5, size=2000)), (1000, rng.integers(1000, size=2000)))
    )
    assert few < 0.2 < 0.5 < many


def test_rank_correlation_is_that_of_scipy():
    from scipy import stats

    rng = np.random.default_rng(3)
    few, many = rng.integers(0, 5, 200), rng.uniform(size=200)  # few: with many equal ones
    for one, other in ((few, many), (few, few**2 - 3.0 * few), (many, -many)):
        expected = stats.spearmanr(one, other).statistic
        assert prototypes.rank_correlation(one, other) == pytest.approx(expected, abs=1e-14)


def test_a_probe_reads_what_is_there():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 400).astype(np.uint8)
    codes = np.eye(3)[labels] + rng.normal(0, 0.2, (400, 3))
    told = coding.probe(codes[:300], labels[:300], codes[300:], labels[300:])
    assert told > 0.95
    assert coding.probe(1e6 * codes[:300], labels[:300], 1e6 * codes[300:], labels[300:]) == told
    noise = rng.normal(size=(400, 3))
    assert coding.probe(noise[:300], labels[:300], noise[300:], labels[300:]) < 0.6
    assert coding.probe(0 * codes, labels, codes, labels) is None
    assert coding.probe(np.inf * codes, labels, codes, labels) is None


@pytest.mark.parametrize(("n_samples", "n_units", "n_labels"), [(300, 40, 5), (60, 90, 2)])
def test_a_probe_is_that_of_scikit_learn(n_samples, n_units, n_labels):
    from sklearn import linear_model

    rng = np.random.default_rng(2)
    labels = rng.integers(0, n_labels, 2 * n_samples).astype(np.uint8)
    codes = rng.normal(size=(2 * n_samples, n_units)) + 0.3 * np.arange(n_units) * labels[:, None]
    train, held_out = codes[:n_samples] / 9, codes[n_samples:] / 9
    targets = np.where(labels[:n_samples, None] == np.arange(n_labels), 1, -1)
    weights, offset = coding.ridge(train.copy(), targets, 3.0)
    other = linear_model.RidgeClassifier(alpha=3.0).fit(train, labels[:n_samples])
    expected = other.decision_function(held_out).reshape(n_samples, -1)
    found = (held_out @ weights + offset)[:, -expected.shape[1] :]
    np.testing.assert_allclose(found, expected, atol=1e-9)


# ------------------------------------------------------------------ sequence


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_trace_fades_to_zero_and_never_to_subnormal_numbers(dtype):
    """Neither it nor what it is multiplied by takes a processor a hundred times as long."""
    fresh = np.zeros((6000, 3), dtype)
    fresh[0] = 1, 1e-3, 0
    experiment = SimpleNamespace(trace=0.3)
    mixed = traced(fresh, experiment)
    shown = mixed[mixed != 0]
    assert shown.min() ** 2 >= np.finfo(dtype).tiny
    assert not mixed[-1].any()
    # Nothing is cut that any sum would show.
    faded = 0.3 * 0.7 ** np.arange(6000.0)
    np.testing.assert_allclose(mixed[:, 0], faded, rtol=1e-4, atol=1e-18)


def test_path_by_hand():
    grid = Grid(2, 3)
    # 3 comes from 0 below which it is, nobody goes where 2 was; 4 is beside 3, 2 far from both.
    winners = np.array([[0, 2], [0, 3], [4, 2]])
    steps = [[0, 1], [1, 2]]
    assert sequence.path_length(winners, grid) == pytest.approx(np.mean(steps))
    assert sequence.path_length(winners[:1], grid) is None


def test_centre_by_hand():
    activity = np.array([[2.0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 1, 3]])
    # From (0, 0) to (1, 3/4) on a grid of 2 x 2.
    assert sequence.centre_path(activity, Grid(2, 2)) == pytest.approx(1.25)
    assert sequence.centre_path(activity[:2], Grid(2, 2)) is None


def test_activity_goes_on_at_the_opposite_border_of_a_torus():
    torus, ends = Torus(3, 8), np.array([[7], [0], [16]])
    assert sequence.path_length(ends, Grid(3, 8)) == pytest.approx((7 + 2) / 2)
    assert sequence.path_length(ends, torus) == 1
    # A blob of three units that moves on by one, over the border.
    blobs = [[1, 2, 1, 0, 0, 0, 0, 0], [2, 1, 0, 0, 0, 0, 0, 1], [1, 0, 0, 0, 0, 0, 1, 2]]
    activity = np.zeros((3, 3, 8))
    activity[:, 1] = blobs
    centres = sequence.centres(activity.reshape(3, 24), torus)
    np.testing.assert_allclose(np.cos(2 * np.pi * (centres - [[1, 1], [1, 0], [1, 7]]) / (3, 8)), 1)
    assert sequence.centre_path(activity.reshape(3, 24), torus) == pytest.approx(1)


def test_overlap_by_hand():
    fresh = np.array([[1.0, 1, 0], [0, 2, 2], [0, 0, 0], [1, 0, 0]])
    assert sequence.code_overlap(fresh) == (1 / 2 + 0) / 2
    assert sequence.code_overlap(np.zeros((3, 3))) is None


@pytest.mark.parametrize("trace", [None, 0.5])
def test_a_walk_is_shorter_than_its_frames_shuffled(small_experiment, trace):
    """A single unit answers; it walks along each row, and back along the next."""
    walk = np.concatenate([np.arange(5), np.arange(9, 4, -1), np.arange(10, 15)])
    fresh, experiment = (
        np.eye(20)[np.concatenate([walk, walk[::-1]])],
        small_experiment(trace=trace),
    )
    activity = fresh if trace is None else traced(fresh, experiment)
    ranked, wins = best_units(fresh, 2), fresh.sum(axis=0)
    responses = Responses(fresh, activity, ranked, np.ones(30, bool), 1, wins, fresh)
    subject = SimpleNamespace(
        responses=responses,
        experiment=experiment,
        grid=experiment.grid,
        traits={SEQUENCE, TRACE},
    )
    functions = [each for each in FUNCTIONS if each.measures[0].group == "sequence"]
    found = {name: value for each in functions for name, value in each(subject).items()}
    assert found["path_length"] <= 1 < 2 < found["path_length_shuffled"]
    assert found["code_overlap"] == pytest.approx(1 / 29)  # where it turns
    if trace:
        assert found["trace_path"] < 0.8 * found["trace_path_shuffled"]
        mixed = traced(fresh[shuffled(30)], experiment)
        assert found["trace_path_shuffled"] == sequence.centre_path(mixed, Grid(4, 5))
    else:
        assert found["trace_path"] is found["trace_path_shuffled"] is None


# ------------------------------------------------------------------ lateral weights


def test_asymmetry_by_hand():
    one_way = np.array([[0.0, 2], [0, 0]])
    assert lateral.asymmetry(one_way) == pytest.approx(1)
    assert lateral.asymmetry(one_way + one_way.T) == 0
    assert lateral.asymmetry(np.array([[0, 3.0], [1, 0]])) == pytest.approx(0.5)
    assert lateral.asymmetry(np.zeros((2, 2))) is None


def test_domination_by_hand():
    # Unit 1 hears three times unit 0's drive, its own is twice as large; unit 0 hears nobody.
    excitation = np.array([[0.0, 0], [3, 0]])
    activity, drives = np.array([[0.25, 1], [0, 0]]), np.array([[2.0, 4], [50, 50]])
    inputs = lateral.heard(activity, drives, excitation)
    np.testing.assert_allclose(inputs, [[0.25, 0], [3, 2]])  # a mean over both samples
    assert lateral.dominated(inputs) == 0.5
    assert lateral.lateral_share(inputs) == 3 / 5.25
    # Balanced, each hears 1.5 times the other's drive: unit 0 more than its own, unit 1 less.
    start = excitation.T + excitation
    found = lateral.excitation_measures(excitation, start, activity, drives)
    assert found == pytest.approx(
        {
            "excitation_asymmetry": 1,
            "excitation_asymmetry_start": 0,
            "lateral_share": 3 / 5.25,
            "dominated_units": 0.5,
            "dominated_units_balanced": 0.5,
        }
    )


def test_many_weak_exciters_dominate_nobody():
    activity = drives = np.ones((1, 4))
    excitation = 0.9 * (1 - np.eye(4))
    assert lateral.dominated(lateral.heard(activity, drives, excitation)) == 0
