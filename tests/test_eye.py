import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from topodream.data.eye import Eye, centre_surround, opponent
from topodream.data.windows import cut_windows, encoded, full_scale, normalised, signed_bytes
from topodream.files.errors import InputError
from topodream.form import Form

GREY = Eye("centre_surround", "on_off", "grey")
OPPONENT = Eye("centre_surround", "on_off", "opponent")
PLAIN = Eye("none", "raw", "grey")


def pictures(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


# ------------------------------------------------------------------ what is seen


def gaussian_mean(values, deviation):
    """Along both axes: weights cut at 4 deviations, the picture reflected with its edge repeated."""
    reach = int(4 * deviation + 0.5)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / deviation) ** 2)
    weights /= weights.sum()
    for axis in (0, 1):
        wide = np.pad(
            values, [(reach, reach) if one == axis else (0, 0) for one in (0, 1)], "symmetric"
        )
        values = np.apply_along_axis(np.convolve, axis, wide, weights, "valid")
    return values


@pytest.mark.parametrize(
    ("name", "scales"), [("centre_surround", (0.5, 1.5)), ("wide_centre_surround", (1, 3))]
)
def test_the_filter_is_a_narrow_mean_of_logarithms_minus_a_wide_one(name, scales):
    picture = pictures(17, 30)
    light = np.log(1 + picture.astype(float))
    expected = gaussian_mean(light, scales[0]) - gaussian_mean(light, scales[1])
    expected /= np.sqrt(np.mean(expected**2))
    seen = Eye(name, "raw", "grey").seen(picture)
    np.testing.assert_allclose(seen, expected, atol=1e-12)


def test_an_even_picture_has_no_contrast_and_a_bright_spot_a_dark_ring():
    np.testing.assert_allclose(centre_surround(np.full((9, 9), 3.0), 0.5, 1.5), 0, atol=1e-12)
    spot = np.zeros((9, 9))
    spot[4, 4] = 1
    seen = centre_surround(spot, 0.5, 1.5)
    assert seen[4, 4] > 0.5
    assert seen[4, 6] < 0 > seen[2, 4]
    np.testing.assert_allclose(seen, seen.T)


@given(st.integers(0, 11), st.integers(0, 11))
def test_what_wraps_has_no_border(down, across):
    picture = pictures(12, 12)
    rolled = GREY.seen(np.roll(picture, (down, across), (0, 1)), edges="wrap")
    np.testing.assert_allclose(
        rolled, np.roll(GREY.seen(picture, edges="wrap"), (down, across), (0, 1)), atol=1e-12
    )


def test_without_a_filter_bytes_are_seen_as_they_are_or_in_grey():
    colours = pictures(4, 5, 3)
    assert Eye("none", "raw", "rgb").seen(colours) is colours
    grey = np.rint(colours @ np.array([0.299, 0.587, 0.114]))
    np.testing.assert_array_equal(PLAIN.seen(colours), grey)
    np.testing.assert_array_equal(PLAIN.seen(colours[..., 0]), colours[..., 0])


def test_opponent_colours_are_filtered_brightness_sharply_and_colours_coarsely():
    picture = pictures(20, 20, 3)
    red, green, blue = np.moveaxis(np.log(1 + picture.astype(float)), -1, 0)
    seen = OPPONENT.seen(picture)
    channels = ((red + green + blue) / 3, red - green, blue - (red + green) / 2)
    for number, (values, scales) in enumerate(
        zip(channels, [(0.5, 1.5), (1, 3), (1, 3)], strict=True)
    ):
        expected = gaussian_mean(values, scales[0]) - gaussian_mean(values, scales[1])
        np.testing.assert_allclose(seen[..., number], expected, atol=1e-12)


def test_opponent_colours_are_in_units_of_all_training_pictures():
    many = [pictures(8, 9, 3, seed=1), pictures(20, 6, 3, seed=2) // 3]
    unit = OPPONENT.unit(map(OPPONENT.seen, many))
    values = np.concatenate([OPPONENT.seen(one, unit).reshape(-1, 3) for one in many])
    np.testing.assert_allclose(np.sqrt(np.mean(values**2, axis=0)), [1, 1 / 1.5, 1 / 1.5])
    assert GREY.unit([]) is None
    grey = np.repeat(pictures(8, 8, 1), 3, axis=2)
    colourless = OPPONENT.seen(grey, OPPONENT.unit([OPPONENT.seen(grey)]))
    np.testing.assert_allclose(colourless[..., 1:], 0, atol=1e-9)


def test_grey_has_no_opponent_colours():
    grey = np.full((1, 1, 3), 0.7)
    np.testing.assert_allclose(opponent(grey), [[[0.7, 0, 0]]], atol=1e-15)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("centre_surround", "raw", "rgb"), "colours = 'rgb' is not allowed: it needs filter = none and"),
        (("none", "on_off", "rgb"), "colours = 'rgb' is not allowed: it needs filter = none and"),
        (("none", "on_off", "opponent"), "colours = 'opponent' is not allowed: it needs filter = centre_s"),
        (("centre_surround", "raw", "opponent"), "colours = 'opponent' is not allowed: it needs"),
        (("wide_centre_surround", "on_off", "opponent"), "colours = 'opponent' is not allowed"),
    ],
)  # fmt: skip
def test_words_that_do_not_go_together(words, said):
    with pytest.raises(InputError, match=said):
        Eye(*words)


def test_colours_of_grey_pictures_are_refused():
    with pytest.raises(InputError, match="colours = 'opponent' is not allowed: the cats are grey"):
        OPPONENT.check("the cats", are_coloured=False)
    OPPONENT.check("the cats", are_coloured=True)
    GREY.check("the cats", are_coloured=False)


# ------------------------------------------------------------------ windows of it


def test_windows_are_cut_with_their_colours():
    picture = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    windows = cut_windows(picture, np.array([[0, 1], [0, 0]]), 2)
    np.testing.assert_array_equal(windows, [picture[:, 1:], picture[:, :2]])


def test_windows_lose_their_mean_and_size():
    windows = np.array([[[0, 2], [0, 2]], [[7, 7], [7, 7]], [[0, 0], [0, 255]]], np.uint8)
    even = normalised(windows)
    assert even[:2].tolist() == [[[-1, 1], [-1, 1]], [[0, 0], [0, 0]]]
    np.testing.assert_allclose(even[2], np.array([[-1, -1], [-1, 3]]) / np.sqrt(3))


def test_each_channel_loses_its_own_mean_and_all_their_common_size():
    # Of the channels, one has contrasts of 1, one of 3, one none: their mean square is 10 / 3.
    window = np.array([[[[5.0, 1, 8], [3, 7, 8]], [[5, 1, 8], [3, 7, 8]]]])
    even = normalised(window)
    expected = np.array([[1, -3, 0], [-1, 3, 0]]) / np.sqrt(10 / 3)
    np.testing.assert_allclose(even[0], [expected, expected])


def test_rounding_errors_are_no_contrast():
    assert not normalised(np.array([[[0, 1e-16], [1e-16, 0]]])).any()


def test_one_value_in_a_hundred_is_clipped():
    assert full_scale(np.arange(-100.0, 1)[:, None]) == 99
    with pytest.raises(InputError, match="no contrast: at least 99 %"):
        full_scale(np.zeros((5, 2)))


def test_on_is_first_and_all_is_rounded():
    windows = np.array([[[2, -1], [0.004, -8]]], np.float32)
    halves = signed_bytes(windows, 4.0, "on_off")
    assert halves.tolist() == [[[[128, 0], [0, 0]], [[0, 64], [0, 255]]]]  # 127.5 to the even one
    assert signed_bytes(windows, 4.0, "raw").tolist() == [[[191, 96], [128, 0]]]
    # What is drawn of it is what was seen.
    drawn = Form(2, 2, channels="on_off").images(halves.reshape(1, -1) / 255)
    np.testing.assert_allclose(drawn, np.clip(windows / 4, -1, 1), atol=0.5 / 255)


def test_the_scale_is_that_of_training_windows():
    windows = {"train": np.full((3, 1, 2), 0.5), "held_out": np.full((1, 1, 2), 0.25)}
    inputs, scale = encoded(windows, GREY)
    assert scale == 0.5
    assert inputs["held_out"].tolist() == [[[[128, 128]], [[0, 0]]]]
    assert encoded(windows, PLAIN) == (windows, None)
