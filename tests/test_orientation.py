"""Orientations and colours that units prefer: known answers, or worked out by hand."""

from types import SimpleNamespace

import numpy as np
import pytest

from topodream.form import Form
from topodream.grid import Grid, Torus
from topodream.measures import colour, order, orientation
from topodream.measures.measure import Shown
from topodream.measures.order import among, neighbour_pairs, random_pairs

SIGNED = Form(12, 12, channels="on_off")
OPPONENT = Form(4, 4, "opponent", "on_off")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def halves(signed):
    """ON and OFF of signed images, as prototypes: (n_units, n_inputs)."""
    flat = np.reshape(signed, (len(signed), -1))
    return np.concatenate([np.maximum(flat, 0), np.maximum(-flat, 0)], axis=1)


def gabors(angles, phases, size=12, cycles=3, deviation=2.5):
    """Waves under a Gaussian; at angle 0 their bars lie, at pi / 4 they rise to the right."""
    down, right = np.mgrid[:size, :size] - (size - 1) / 2
    angles, phases = angles[:, None, None], phases[:, None, None]
    across = np.sin(angles) * right + np.cos(angles) * down
    window = np.exp(-(down**2 + right**2) / (2 * deviation**2))
    return window * np.cos(2 * np.pi * cycles / size * across + phases)


# ------------------------------------------------------------------ orientation


def test_bars_have_the_orientation_one_sees():
    lying, standing, rising = np.zeros((3, 12, 12))
    lying[6], standing[:, 6] = 1, 1
    np.fill_diagonal(rising[::-1], 1)
    preferred = orientation.preferences(halves([lying, standing, rising, -rising]), SIGNED)
    np.testing.assert_allclose(
        np.degrees(orientation.angles(preferred)), [0, 90, 45, 45], atol=1e-6
    )


def test_gabors_have_their_orientation_whatever_their_phase(rng):
    angles, phases = rng.uniform(0, np.pi, 200), rng.uniform(0, 2 * np.pi, 200)
    preferred = orientation.preferences(halves(gabors(angles, phases)), SIGNED)
    error = np.degrees(np.abs(np.angle(preferred * np.exp(-2j * angles)))) / 2
    assert error.max() < 0.4
    assert np.abs(preferred).min() > 0.73
    assert orientation.oriented(preferred).all()


def test_noise_has_hardly_any(rng):
    for size, expected in ((12, 0.172), (20, 0.16)):
        noise = rng.standard_normal((1000, size**2))
        preferred = orientation.preferences(noise, Form(size, size))
        assert np.abs(preferred).mean() == pytest.approx(expected, abs=0.01)


def test_orientation_depends_neither_on_strength_nor_on_the_mean():
    images = gabors(np.arange(1.0, 5), np.arange(4.0))
    expected = orientation.preferences(halves(images), SIGNED)
    found = orientation.preferences(halves(3 * images) + 0.7, SIGNED)
    np.testing.assert_allclose(found, expected)
    np.testing.assert_allclose(
        orientation.preferences(halves(images + 0.7), SIGNED), expected, atol=1e-12
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("on", [0, 1, 0.3, np.inf, np.nan])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_has_no_contrast_has_no_preference(on, dtype):
    weights = np.full((2, 288), 1, dtype)
    weights[0, :144] = on
    weights[1] = halves(gabors(np.array([1.0]), np.array([0.0])))
    none, some = np.abs(orientation.preferences(weights, SIGNED))
    assert none == 0
    assert some > 0.7
    # Too few pixels for any grating.
    assert orientation.preferences(np.ones((3, 4)), Form(2, 2)).tolist() == [0, 0, 0]


def test_blocks_of_units_make_no_difference(monkeypatch):
    weights = halves(gabors(np.arange(5.0), np.arange(5.0)))
    expected = orientation.preferences(weights, SIGNED)
    monkeypatch.setattr(orientation, "blocks", lambda shape: [slice(0, 2), slice(2, 5)])
    np.testing.assert_allclose(orientation.preferences(weights, SIGNED), expected)


def test_images_need_not_be_square():
    bars = np.zeros((8, 20))
    bars[:, ::4] = 1
    preferred = orientation.preferences(bars.reshape(1, -1), Form(8, 20))
    assert orientation.angles(preferred) == pytest.approx(np.pi / 2)
    assert np.abs(preferred) > 0.5
    # Two cycles in the eight pixels of the shorter side, the same along the longer one.
    waves = orientation.gratings(8, 20, frequency=2).reshape(2, -1, 8, 20)
    standing = waves[:, orientation.N_ORIENTATIONS // 2]
    np.testing.assert_allclose(standing[..., 4:], standing[..., :-4], atol=1e-12)


def test_of_opponent_colours_brightness_counts():
    images = np.zeros((1, 12, 12, 3))
    images[..., 0] = gabors(np.array([1.0]), np.array([0.0]))
    images[..., 1] = gabors(np.array([2.5]), np.array([0.0]))
    found = orientation.preferences(halves(images), Form(12, 12, "opponent", "on_off"))
    assert orientation.angles(found) == pytest.approx(1, abs=0.01)


def test_angles_are_below_half_a_circle():
    turned = np.exp(2j * np.array([0, -1e-18, 1, np.pi - 1e-3, np.pi]))
    assert np.all(orientation.angles(turned) < np.pi)
    assert orientation.angles(turned)[2] == pytest.approx(1)


def preferring(degrees):
    return np.exp(2j * np.radians(degrees))


def test_orientations_turn_back_after_half_a_circle():
    pairs = np.array([0, 1, 0]), np.array([1, 2, 2])
    # 10 and 170 are 20 apart, 170 and 90 are 80, 10 and 90 too.
    assert orientation.mean_turn(preferring([10, 170, 90]), pairs) == pytest.approx(60)
    assert np.isnan(orientation.mean_turn(preferring([0]), order.NO_PAIRS))


def test_random_pairs_differ_by_45_degrees(rng):
    preferred = preferring(rng.uniform(0, 180, 5000))
    pairs = random_pairs(5000, 20_000, rng)
    assert orientation.mean_turn(preferred, pairs) == pytest.approx(45, abs=0.7)


def test_a_pinwheel_by_hand():
    # From the upper right on, anticlockwise: 45, 90, 135, 180 degrees.
    upper_left, upper_right, lower_left, lower_right = 90, 45, 135, 180
    wheel = preferring([upper_left, upper_right, lower_left, lower_right])
    assert orientation.windings(wheel, Grid(2, 2)).tolist() == [[1]]
    assert orientation.windings(wheel.conj(), Grid(2, 2)).tolist() == [[-1]]
    assert orientation.windings(preferring([90, 80, 70, 95]), Grid(2, 2)).tolist() == [[0]]
    # Without the upper right unit nothing is known, far as the others turn.
    turning = preferring([0, 80, 80, 160]) * [1, 0, 1, 1]
    assert orientation.windings(turning, Grid(2, 2)).tolist() == [[0]]
    assert np.isnan(orientation.pinwheel_share(turning, Grid(2, 2)))
    assert np.isnan(orientation.pinwheel_share(wheel, Grid(1, 4)))


def test_on_a_torus_pinwheels_of_both_signs_are_as_many(rng):
    preferred = preferring(rng.uniform(0, 180, 400))
    found = orientation.windings(preferred, Torus(20, 20))
    assert found.shape == (20, 20)
    assert found.sum() == 0
    moved = np.roll(preferred.reshape(20, 20), (3, 7), (0, 1)).ravel()
    np.testing.assert_array_equal(
        orientation.windings(moved, Torus(20, 20)), np.roll(found, (3, 7), (0, 1))
    )
    assert orientation.windings(preferred, Grid(20, 20)).tolist() == found[:-1, :-1].tolist()


def test_a_third_of_independent_units_are_pinwheels(rng):
    preferred = preferring(rng.uniform(0, 180, 90_000))
    assert orientation.pinwheel_share(preferred, Grid(300, 300)) == pytest.approx(1 / 3, abs=0.01)
    few = orientation.pinwheels(preferred[:900], Grid(30, 30))
    assert few["pinwheels_shuffled"] == pytest.approx(1 / 3, abs=0.02)


def test_a_field_of_waves_of_one_length_has_pi_pinwheels_in_its_square(rng):
    side, waves = 128, 8
    along = np.fft.fftfreq(side, 1 / side)
    ring = np.abs(np.hypot(along, along[:, None]) - waves) < 0.5
    found = []
    for _ in range(10):
        field = np.fft.ifft2(ring * (rng.standard_normal((2, side, side)).T @ [1, 1j]))
        found.append(np.abs(orientation.windings(field.ravel(), Torus(side, side))).sum())
    assert np.mean(found) / waves**2 == pytest.approx(np.pi, abs=0.15)


def subject(weights, form, grid, kept=None):
    """What a measure takes of a map."""
    kept = np.ones(grid.n_units, bool) if kept is None else kept
    data = SimpleNamespace(form=form)
    shown = Shown(data, "float64", weights[::2])
    traits = {"signed", "opponent"} if form.n_colours == 3 else {"signed"}
    model = SimpleNamespace(form=form)
    return SimpleNamespace(
        weights=weights, grid=grid, kept=kept, model=model, shown=shown, traits=traits
    )


def measures(function, *of_map):
    values = function(subject(*of_map))
    assert list(values) == [measure.name for measure in function.measures]
    return values


def test_a_map_of_orientations_is_told_from_one_without_order(rng):
    angles = np.add.outer(np.arange(12), np.zeros(12)).ravel() * np.pi / 12
    weights = halves(gabors(angles, rng.uniform(0, 2 * np.pi, 144)))
    found = measures(orientation._orientations, weights, SIGNED, Torus(12, 12))
    assert found["oriented"] == 1
    assert found["pinwheels"] == 0
    # Down a column each is 15 degrees from the next, along a row all are alike.
    assert found["orientation_difference"] == pytest.approx(7.5, abs=0.3)
    assert found["orientation_difference_random"] == pytest.approx(45, abs=1)
    assert found["selectivity_noise"] == pytest.approx(0.17, abs=0.01)
    assert 0.05 < found["oriented_noise"] < 0.12
    mixed = measures(orientation._orientations, rng.permutation(weights), SIGNED, Torus(12, 12))
    assert mixed["orientation_difference"] == pytest.approx(45, abs=4)
    assert mixed["pinwheels"] == pytest.approx(mixed["pinwheels_shuffled"], abs=0.1)


def test_units_that_do_not_count_have_no_orientation(rng):
    weights = halves(gabors(rng.uniform(0, np.pi, 9), np.zeros(9)))
    found = measures(orientation._orientations, weights, SIGNED, Grid(3, 3), np.arange(9) < 6)
    assert found["oriented"] == 6 / 9
    first = measures(orientation._orientations, weights[:6], SIGNED, Grid(2, 3))
    for name in ("orientation_difference", "pinwheels"):
        assert found[name] == pytest.approx(first[name])


# ------------------------------------------------------------------ colour


def coloured(*pixels):
    """Prototypes whose first pixels have these L, a and b, and others the opposite."""
    images = np.zeros((len(pixels), 4, 4, 3))
    images[:, 0], images[:, 1] = np.array(pixels)[:, None], -np.array(pixels)[:, None]
    return halves(images)


def test_colours_by_hand():
    weights = coloured([1, 0, 0], [0, 2, 0], [1, 1, 1], [0, 0, 0], [3, 0, -4])
    shares = colour.colour_shares(weights, OPPONENT)
    np.testing.assert_allclose(shares, [0, 1, 2 / 3, np.nan, 16 / 25])
    assert colour.coloured(shares).tolist() == [False, True, True, False, True]
    axes = colour.hues(weights, OPPONENT)
    # No colour, red against green, purple against what is its opposite, none, blue against yellow.
    np.testing.assert_allclose(np.abs(axes), [0, 1, 1, 0, 1])
    np.testing.assert_allclose(orientation.angles(axes), np.radians([0, 0, 45, 0, 90]))
    np.testing.assert_allclose(colour.hues(-weights, OPPONENT), axes)


def test_many_colours_have_no_axis():
    images = np.zeros((1, 4, 4, 3))
    images[0, 0, :, 1] = images[0, 1, :, 2] = 1
    np.testing.assert_allclose(colour.hues(halves(images), OPPONENT), 0, atol=1e-12)


def test_hues_of_neighbours_by_hand():
    weights = coloured([0, 1, 0], [0, 1, 1], [0, 0, 1], [1, 0, 0])
    kept = np.array([True, True, True, False])
    found = colour.hue_differences(weights, OPPONENT, Grid(1, 4), kept)
    assert found["hue_difference"] == pytest.approx(45)
    assert found["hue_difference_random"] == pytest.approx((45 + 45 + 90) / 3, abs=1)


def test_clustering_by_hand():
    grid = Grid(2, 4)
    blobs, chequered = np.array([[1, 1, 0, 0]] * 2).ravel(), np.indices((2, 4)).sum(axis=0) % 2
    pairs = neighbour_pairs(grid)
    # Of ten pairs that touch two differ; in a chequered map all do.
    assert colour.moran(blobs.astype(float), pairs) == pytest.approx((8 - 2) / 10)
    assert colour.moran(chequered.ravel().astype(float), pairs) == pytest.approx(-1)
    # About the mean, 1: -1, -1, 2.
    assert colour.moran(np.array([0.0, 0, 3]), neighbour_pairs(Grid(1, 3))) == (1 - 2) / 2 / 2
    assert np.isnan(colour.moran(np.ones(8), pairs))
    assert np.isnan(colour.moran(np.full(8, np.nan), pairs))
    # Who doesn't count is left out of the mean, too.
    some = np.append(blobs.astype(float), [np.nan] * 4)
    kept = np.isfinite(some)
    longer = neighbour_pairs(Grid(3, 4))
    assert colour.moran(some, longer) == colour.moran(some, among(longer, kept)) == 0.6


def test_colours_that_are_dealt_out_at_random_do_not_gather(rng):
    assert colour.moran(rng.random(10_000), neighbour_pairs(Grid(100, 100))) == pytest.approx(
        0, abs=0.03
    )


def test_blobs_of_colour_are_told_from_a_map_without_order(rng):
    grey, red = coloured([1, 0, 0]), coloured([0, 1, 0.1])
    weights = np.where(np.arange(64)[:, None] % 8 < 4, grey, red)
    found = measures(colour._colours, weights, OPPONENT, Grid(8, 8), np.arange(64) > 0)
    assert found["colour_share"] == pytest.approx(32 / 63)
    assert found["coloured_units"] == 0.5
    assert found["colour_share_samples"] == found["coloured_samples"] == 0.5
    assert found["hue_difference"] == pytest.approx(0, abs=1e-9)
    assert found["colour_clustering"] > 0.8
    # Of a unit that isn't coloured no hue counts.
    bluish = np.where(np.arange(64)[:, None] % 8 < 4, coloured([1, 0, 0.5]), red)
    found = measures(colour._colours, bluish, OPPONENT, Grid(8, 8))
    assert found["hue_difference"] == pytest.approx(0, abs=1e-9)
    mixed = measures(colour._colours, rng.permutation(weights), OPPONENT, Grid(8, 8))
    assert abs(mixed["colour_clustering"]) < 0.3
