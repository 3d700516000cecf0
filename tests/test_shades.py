"""Pixels by hand: what values of each form look like, on figures, in GIFs and in thumbnails."""

from itertools import product

import imageio.v3 as iio
import legible
import numpy as np
import pytest
from PIL import Image

from topodream.data.samples import Data, Samples
from topodream.form import CHANNELS, COLOURS, Form
from topodream.grid import Grid
from topodream.pictures import (
    animation,
    canvas,
    panning,
    samples_figure,
    saving,
    sheets,
    thumbnails,
)
from topodream.pictures.animations import formation
from topodream.pictures.figures import prototypes, reconstructions
from topodream.pictures.inks import Inks, inks_for
from topodream.pictures.shades import OF_OPPONENTS, Scale, colours
from topodream.pictures.tiles import tile

SIGNED = Form(1, 2, channels="on_off")
RGB, OPPONENT = Form(1, 2, "rgb"), Form(1, 2, "opponent", "on_off")
FORMS = [Form(3, 2, colours, channels) for colours in COLOURS for channels in CHANNELS]


def on_off(signed):
    """The inputs, ON and then OFF, of signed pictures: (n, ...)."""
    signed = np.asarray(signed, float)
    halves = [np.maximum(sign * signed, 0).reshape(len(signed), -1) for sign in (1, -1)]
    return np.concatenate(halves, axis=1)


# ------------------------------------------------------------------ shades


def test_greys_are_white_at_0_and_black_from_the_largest_on():
    shades = Scale(Form(1, 4), 2.0).shades(np.array([[0, 1, 2, 3.0], [-1, np.inf, np.nan, 0.5]]))
    assert shades.tolist() == [[[0, 0.5, 1, 1]], [[0, 1, 1, 0.25]]]


def test_greys_of_photographs_are_black_at_0():
    values = np.array([[0, 1, 2, 3.0], [-1, np.inf, np.nan, 0.5]])
    shades = Scale(Form(1, 4, zero="black"), 2.0).shades(values)
    assert (1 - shades).tolist() == Scale(Form(1, 4), 2.0).shades(values).tolist()


def test_signed_prototypes_are_bright_where_on_prevails_each_on_its_own_scale():
    weights = on_off([[[0.5, -0.25]], [[-0.01, 0.0]], [[0, 0]]])
    weights[2] = 0.3  # as much ON as OFF
    shades = Scale.of_prototypes(weights, SIGNED).shades(weights)
    # 0 is white, 1 is black; mid-grey is where nothing prevails, and all over the last unit.
    assert shades.tolist() == [[[0, 0.75]], [[1, 0.5]], [[0.5, 0.5]]]
    # What is not finite, of a snapshot in half precision, neither.
    assert Scale(SIGNED).shades(np.array([[np.inf, 0, np.inf, 0]])).tolist() == [[[0.5, 0.5]]]


@pytest.mark.parametrize("zero", ["white", "black"])
def test_a_unit_of_even_weights_is_as_weak_as_one_without_any(zero):
    form = Form(1, 3, zero=zero)
    weights = np.array([[0, 0.5, 1], [0.9, 0.9, 0.9], [0, 0, 0], [0.4, 0.5, 0.4], [-1, 0, 0.5]])
    shades = Scale.of_prototypes(weights, form).shades(weights)[:, 0]
    strength = 1 - shades if form.is_bright else shades
    expected = [[0, 0.5, 1], [0, 0, 0], [0, 0, 0], [0, 0.1, 0], [0, 0, 0.5]]
    np.testing.assert_allclose(strength, expected, atol=1e-2)


def test_a_prototype_that_is_no_number_anywhere_spoils_no_other():
    weights = np.array([[0, 0.5, 1], [np.nan, 0, 0.5], [np.inf] * 3, [np.nan] * 3])
    shades = Scale(Form(1, 3), 1.0, least=np.zeros(4)).shades(weights)
    least = Scale.of_prototypes(weights[[0, 2, 3]], Form(1, 3)).least
    assert least.tolist() == [0, 0, 0]
    assert shades[:, 0].tolist() == [[0, 0.5, 1], [1, 0, 0.5], [1] * 3, [1] * 3]


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_units_that_have_not_learnt_are_faint_and_scale_nothing(form):
    rng = np.random.default_rng(0)
    weights = rng.random((6, form.n_inputs))
    weights[3:] *= 1000
    alive = np.arange(6) < 3
    scale = Scale.of_prototypes(weights, form, alive)
    zero = scale.shades(np.zeros((1, form.n_inputs)), [0]).mean()
    contrast = np.abs(scale.shades(weights) - zero).reshape(6, -1).max(axis=1)
    assert (contrast[3:] < 0.55 * contrast[:3].min()).all()
    alone = Scale.of_prototypes(weights[:3], form)
    np.testing.assert_array_equal(scale.shades(weights)[:3], alone.shades(weights[:3]))
    # Where none has, all are drawn, and all are faint.
    none = Scale.of_prototypes(weights, form, np.zeros(6, bool)).shades(weights)
    assert 0.01 < np.abs(none - zero).max() < 0.55


def test_signed_samples_have_one_scale():
    shades = Scale(SIGNED).shades(on_off([[[0.5, -0.25]], [[1, -1]]]))
    assert shades.tolist() == [[[0.25, 0.625]], [[0, 1]]]


def test_red_green_and_blue_are_what_they_are():
    weights = np.array([[0, 0.5, 1, 2, -1, 0.25]])
    assert Scale(RGB, 2.0).shades(weights)[0, 0].tolist() == [[0, 0.25, 0.5], [1, 0, 0.125]]
    assert Scale.of_prototypes(np.array([[0, 0.5] * 3] * 2), RGB).high == 0.5


def test_opponent_colours_are_mixed():
    # Brightness .5, red against green .5, blue against yellow .3; then black of both, cut off.
    signed = np.array([[[[0.5, 0.5, 0.3], [-1.5, 0, 0]]]])
    shades = Scale(OPPONENT).shades(on_off(signed))
    np.testing.assert_allclose(shades[0, 0], [[0.825, 0.575, 0.85], [0, 0, 0]], atol=1e-12)
    # As prototypes the largest value, 1.5, is at the end.
    weights = on_off(signed)
    shades = Scale.of_prototypes(weights, OPPONENT).shades(weights)
    np.testing.assert_allclose(shades[0, 0, 0], 0.5 + 0.5 * np.array([0.65, 0.15, 0.7]) / 1.5)


def test_opponent_colours_mix_to_what_they_are_taken_from():
    red, green, blue = np.moveaxis(np.random.default_rng(0).random((9, 3)), -1, 0)
    opponents = np.stack([(red + green + blue) / 3, red - green, blue - (red + green) / 2], axis=-1)
    np.testing.assert_allclose(opponents @ OF_OPPONENTS.T, np.stack([red, green, blue], axis=-1))


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_units_without_weights_have_the_shade_of_0(form):
    weights = np.zeros((4, form.n_inputs), np.float32)
    shades = Scale.of_prototypes(weights, form).shades(weights)
    black_or_white = 0 if form.colours != "opponent" else 0.5
    assert set(shades.ravel().tolist()) == {0.5 if form.is_signed else black_or_white}
    assert shades.shape == (4, *form.image_shape)


# ------------------------------------------------------------------ sheets of figures


def test_tiles_of_colours_have_coloured_gaps():
    red, gap = [255, 0, 0], [1, 2, 3]
    sheet = tile(np.full((3, 1, 2, 3), red, np.uint8), 2, fill=gap)
    assert (sheet.shape, sheet.dtype) == ((5, 7, 3), np.uint8)
    filled = (sheet == red).all(axis=-1)
    assert np.argwhere(filled).tolist() == [[1, 1], [1, 2], [1, 4], [1, 5], [3, 1], [3, 2]]
    assert (sheet[~filled] == gap).all()


def saved(figure, tmp_path):
    saving.save(figure, tmp_path / "figure.png", "note")
    return iio.imread(tmp_path / "figure.png")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_greys_are_shown_by_matplotlib_on_the_scale_of_their_values(dtype):
    weights = np.random.default_rng(0).random((9, 6)).astype(dtype)
    shown = prototypes.plot(weights, Form(3, 2), Grid(3, 3), "t", "d").axes[0].get_images()[0]
    above = weights - weights.min(axis=1, keepdims=True)
    np.testing.assert_array_equal(shown.get_array(), tile(above.reshape(-1, 3, 2), 3))
    assert (shown.norm.vmin, shown.norm.vmax) == (0, np.percentile(above, 99.9))
    assert shown.cmap.name == "Greys"


@pytest.mark.parametrize(
    ("form", "weights", "expected"),
    [
        (SIGNED, on_off([[[1, -0.5]]]), [[255] * 3, [64] * 3]),
        (RGB, np.array([[1, 0, 0, 0, 0.2, 1]]), [[255, 0, 0], [0, 51, 255]]),
        (OPPONENT, on_off([[[[0, 1, 0], [0, 0, 0]]]]), [[191, 64, 128], [128] * 3]),
    ],
)
def test_pixels_of_prototypes(form, weights, expected, tmp_path):
    grid = Grid(6, 3)  # of 13 x 10 weights with their gaps, each 69 pixels on a side
    weights = np.repeat(weights, grid.n_units, axis=0)
    figure = prototypes.plot(weights, form, grid, "t", "d")
    picture = saved(figure, tmp_path)
    pitch, (top, left) = 69, (canvas.MARGIN["top"], canvas.MARGIN["left"])
    first = picture[top + pitch + pitch // 2, left + pitch + pitch // 2 :: pitch, :3][:2]
    np.testing.assert_allclose(first, expected, atol=2)
    between = picture[top + pitch // 2, left + pitch // 2, :3]
    assert abs(between.astype(int) - 128).max() > 40  # is seen against mid-grey


def keys_of(figure):
    """What a figure says of its shades: the label, and whether the key is greys or colours."""
    bar = figure.axes[-1]
    return bar.get_ylabel(), [text.get_text() for text in bar.texts]


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_keys_are_of_what_is_drawn(form):
    weights = np.random.default_rng(0).random((4, form.n_inputs))
    named = {"grey": [], **{key: list(names) for key, names in sheets.NAMES.items()}}[form.colours]
    figure = prototypes.plot(weights, form, Grid(2, 2), "t", "d")
    label = "ON - OFF / the unit's largest" if form.is_signed else "weight - the unit's least"
    assert keys_of(figure) == (label, named)
    said = " ".join(text.get_text() for text in figure.texts)
    assert ("0 is mid-grey" in said) is form.is_signed
    figure = reconstructions.plot(weights, weights, form, "t", "d")
    label = "ON - OFF" if form.is_signed else "pixel value"
    assert keys_of(figure) == (label, named)
    low, high = figure.axes[-1].get_ylim()
    assert (low, high) == (-1 if form.is_signed else 0, 1)


def test_a_reconstruction_has_the_scale_of_its_sample(tmp_path):
    samples, weak = on_off([[[1, -1]]]), on_off([[[0.5, -0.5]]])
    figure = reconstructions.plot(samples, weak, SIGNED, "t", "d")
    shown = np.asarray(figure.axes[0].get_images()[0].get_array())
    assert shown[[1, 3], 1:3].tolist() == [[1, -1], [0.5, -0.5]]
    assert np.isnan(shown[[0, 2, 4]]).all()
    saved(figure, tmp_path)


# ------------------------------------------------------------------ GIFs


def drawn(inks, levels):
    """The colours that levels are drawn with."""
    return np.frombuffer(inks.palette, np.uint8).reshape(-1, 3)[inks.drawn(levels)]


def some_inks(shades):
    return inks_for(Scale(RGB), [shades])


def test_inks_of_greys_are_the_levels_they_always_were():
    inks = inks_for(Scale(Form(1, 2)), iter(()))
    assert inks.palette == animation.palette()
    levels = inks.levels(np.array([[0, 0.5, 1]]))
    assert inks.drawn(levels).tolist() == [[0, 32, 63]]
    assert inks.fill(7) == 7


def test_colours_are_added_to_a_palette_of_which_labels_keep_theirs():
    some = np.random.default_rng(0).random((9, 30, 30, 3))
    inks = some_inks(some)
    assert inks.palette[: 3 * animation.FIRST_INK] == animation.palette()[: 3 * animation.FIRST_INK]
    numbers = set(inks.drawn(inks.levels(some)).ravel().tolist())
    of_greys, of_colours = (
        range(animation.LEVELS),
        range(animation.FIRST_INK, animation.TRANSPARENT),
    )
    assert numbers <= {*of_greys, *of_colours}
    assert len(numbers & {*of_colours}) > 100
    assert inks.fill(animation.BLACK) == [0, 0, 0]


def test_few_colours_are_drawn_as_they_are_and_others_by_the_nearest():
    known = np.array([[1, 0, 0], [0, 0.6, 0], [0.2, 0.2, 0.8], [0.5, 0.5, 0.5]])
    inks = some_inks(known[None, None])
    np.testing.assert_allclose(drawn(inks, inks.levels(known)), 255 * known, atol=3)
    others = np.array([[250, 20, 10], [0, 140, 20], [40, 60, 190], [120, 130, 125]], np.uint8)
    np.testing.assert_allclose(drawn(inks, others), 255 * known, atol=10)


def test_a_colour_has_one_ink_whatever_is_around_it():
    shades = np.random.default_rng(0).random((2, 40, 40, 3))
    inks = some_inks(shades)
    whole = inks.drawn(inks.levels(shades))
    np.testing.assert_array_equal(whole[:, 5:9, 3], inks.drawn(inks.levels(shades[:, 5:9, 3])))


def test_colours_that_are_all_grey_need_no_inks():
    shades = np.linspace(0, 1, 9).repeat(3).reshape(1, 1, 9, 3)
    inks = some_inks(shades)
    assert inks.palette == animation.palette()
    assert drawn(inks, inks.levels(shades))[0, 0, [0, -1]].tolist() == [[0] * 3, [255] * 3]


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_a_sheet_of_prototypes_is_that_of_the_figure(form):
    weights = np.random.default_rng(0).random((6, form.n_inputs))
    scale = Scale.of_prototypes(weights, form)
    inks = inks_for(scale, [scale.shades(weights)])
    frame = formation.prototype_sheet(weights, scale, Grid(3, 2), inks)
    factor = formation.LARGEST_SHEET // 13
    shown = np.frombuffer(inks.palette, np.uint8).reshape(-1, 3)[frame[factor // 2 :: factor]]
    expected = scale.shades(weights)[:2, 0]  # the upper rows of the first two
    if not scale.is_coloured:
        expected = np.repeat(1 - expected[..., None], 3, axis=-1)
    found = shown[1, factor // 2 :: factor][[1, 2, 4, 5]].reshape(2, 2, 3)
    np.testing.assert_allclose(found, 255 * expected, atol=8)
    assert (shown[0] == 190).all()


def test_a_large_sheet_of_colours_is_shrunk_by_area():
    # Red and green side by side make dark yellow, which neither is.
    form = Form(20, 20, "rgb")
    pixels = np.zeros((20, 20, 3))
    pixels[:, ::2, 0] = pixels[:, 1::2, 1] = 1
    weights = np.repeat(pixels.reshape(1, -1), 90 * 90, axis=0).astype(np.float32)
    frame = formation.prototype_sheet(
        weights, Scale(form), Grid(90, 90), Inks(np.array([[128, 128, 0]], np.uint8))
    )
    assert frame.shape == (900, 900)
    assert np.count_nonzero(frame == animation.FIRST_INK) > 450_000


def test_a_gif_has_the_colours_of_its_pictures(tmp_path):
    inks = some_inks(np.array([[[[0.8, 0.2, 0.1]]]]))
    frames = [np.full((3, 3), number, np.uint8) for number in (0, animation.FIRST_INK)]
    animation.write_gif(tmp_path / "a.gif", frames, 100, "note", inks.palette)
    shown = iio.imread(tmp_path / "a.gif", index=None)
    assert shown[:, 1, 1].tolist() == [[255] * 3, [204, 51, 26]]


def panned(form, picture):
    """The frames of a window that lies in the middle, all ON, and then in a corner, as colours."""
    pixels = np.zeros((2, *form.shape), np.uint8)
    pixels[0] = 255
    samples = Samples(pixels, None, np.array([[20, 35], [0, 0]]), form)
    made = panning.animate(samples, 2, picture, "caption", 100)
    table = np.frombuffer(made.palette, np.uint8).reshape(-1, 3)
    frames = table[np.stack(list(made.frames))]
    top = frames.shape[1] - animation.FOOTER - animation.PANEL
    panels = frames[:, top : -animation.FOOTER].astype(int)
    left = 2 * animation.GAP + animation.PANEL
    return panels[:, :, animation.GAP :][:, :, : animation.PANEL], panels[:, :, left:]


def test_windows_of_colours_are_beside_their_picture_in_colour():
    picture = np.zeros((40, 80, 3), np.uint8)
    picture[:, :40], picture[:, 40:] = (200, 30, 30), (20, 20, 180)
    window, place = panned(Form(10, 10, "rgb"), picture)
    assert window[:, 140, 140].tolist() == [[255] * 3, [0] * 3]
    # Half as high as wide; 3.5 pixels to one of its own, a rim above.
    np.testing.assert_allclose(
        place[0, [75, 75], [20, 260]], [[200, 30, 30], [20, 20, 180]], atol=6
    )
    assert place[0, 0, 140].tolist() == [255] * 3
    marked = np.argwhere((place == [213, 94, 0]).all(axis=-1))
    assert marked[marked[:, 0] == 0].min(axis=0).tolist() == [0, 140, 122]
    assert marked[marked[:, 0] == 1].min(axis=0).tolist() == [1, 70, 0]


@pytest.mark.parametrize(
    ("form", "shades", "of_picture"),
    # Plain greys are ink on white; contrasts are brightness, of a picture as it is.
    [(Form(10, 10), [0, 255], 55), (Form(10, 10, channels="on_off"), [127, 127], 200)],
)
def test_windows_in_grey_are_drawn_as_their_picture_is(form, shades, of_picture):
    window, place = panned(form, np.full((40, 40), 200, np.uint8))
    np.testing.assert_allclose(window[:, 140, 140], [[shade] * 3 for shade in shades], atol=4)
    np.testing.assert_allclose(place[0, 250, 20], of_picture, atol=4)


# ------------------------------------------------------------------ thumbnails


def test_thumbnails_of_colours_and_of_signed_prototypes():
    signed = on_off([[[1, -1]], [[0, 0.5]]])
    between = round(0.15 * 15)
    assert thumbnails.draw(signed, Grid(1, 2), SIGNED).tolist() == [[0, 15, between, 8, 0]]
    in_colour = thumbnails.draw(np.array([[1, 0, 0, 0, 0, 1.0]] * 2), Grid(2, 1), RGB)
    assert in_colour[:, 0].tolist() == [[255, 0, 0], [217] * 3, [255, 0, 0]]


def test_a_thumbnail_of_a_large_map_has_its_middle_on_scales_of_their_own():
    grid = Grid(12, 14)
    strengths = np.arange(1.0, grid.n_units + 1)
    weights = on_off(np.stack([strengths, -strengths], axis=1)[:, None])
    drawn_ = thumbnails.draw(weights, grid, SIGNED)
    assert drawn_.shape == (10 * 2 - 1, 10 * 3 - 1)
    assert (drawn_[::2, ::3] == 0).all()  # all are as bright as can be


def test_a_thumbnail_in_colour_is_written_with_few_colours(tmp_path):
    picture = np.zeros((8, 8, 3), np.uint8)
    picture[:, :4] = 255, 0, 0
    picture[:, 4:] = 0, 90, 200
    thumbnails.write(tmp_path / "a.png", picture, "a note")
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == "P"
        assert image.info["Description"] == "a note"
        np.testing.assert_array_equal(np.asarray(image.convert("RGB")), picture)


def test_a_key_shows_each_colour_alone():
    ends = np.eye(3)
    assert colours(ends, RGB).tolist() == ends.tolist()
    np.testing.assert_allclose(
        colours(np.concatenate([ends, -ends]), OPPONENT),
        [
            [1, 1, 1], [0.75, 0.25, 0.5], [1 / 3, 1 / 3, 5 / 6],
            [0, 0, 0], [0.25, 0.75, 0.5], [2 / 3, 2 / 3, 1 / 6],
        ],
    )  # fmt: skip


# ------------------------------------------------------------------ samples


def data_of(form, labels=None, classes=(), n=40):
    """Samples of which each pixel is the sample's number."""
    pixels = np.empty((n, *form.shape), np.uint8)
    pixels.T[...] = np.arange(n)
    samples = Samples(pixels, labels, None, form)
    return Data(samples, samples, False, "sha", "numbers", "none", classes)


def numbers_shown(figure, pitch):
    """The numbers of the samples on a sheet of greys, by their upper left pixels."""
    sheet = np.asarray(figure.axes[0].get_images()[0].get_array())
    return (255 * sheet[1::pitch, 1::pitch]).round().tolist()


def test_samples_of_a_class_have_a_row_with_its_name():
    labels = (np.arange(40) % 3 + 1).astype(np.uint8)
    data = data_of(Form(110, 110), labels, ("none", "one", "two", "three"))
    figure = samples_figure.draw(data, "title")
    # Shrunk to 55 x 55 pixels there is room for 8 of each, evenly chosen.
    assert numbers_shown(figure, 56)[0] == [0, 3, 9, 15, 21, 27, 33, 39]
    assert [row[0] for row in numbers_shown(figure, 56)] == [0, 1, 2]
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == ["one", "two", "three"]
    assert figure.axes[0].get_title("left") == "title: 24 of 40 training samples, 110 x 110 pixels"
    assert legible.faults(figure) == []


def test_a_class_with_few_samples_has_a_short_row():
    labels = np.array([0] * 2 + [1] * 4 + [2] * 3, np.uint8)
    figure = samples_figure.draw(data_of(Form(47, 47), labels, n=9), "title")
    shown = np.nan_to_num(numbers_shown(figure, 48), nan=-1)  # the gap's shade
    assert shown.tolist() == [[0, 1, -1, -1], [2, 3, 4, 5], [6, 7, 8, -1]]
    assert "9 of 9" in figure.axes[0].get_title("left")


def test_samples_without_classes_are_spread_evenly():
    shown = numbers_shown(samples_figure.draw(data_of(Form(47, 47), n=91), "title"), 48)
    assert [shown[0][0], shown[-1][-1]] == [0, 90]
    assert np.ptp(np.diff(np.ravel(shown))) <= 1
    # So are those of more classes than have room for a row.
    labels = np.arange(91, dtype=np.uint8)
    figure = samples_figure.draw(data_of(Form(47, 47), labels, n=91), "title")
    assert numbers_shown(figure, 48) == shown


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_samples_of_every_form_are_drawn(form, tmp_path):
    figure = samples_figure.draw(data_of(form, np.zeros(40, np.uint8)), "title")
    label = "ON - OFF" if form.is_signed else "pixel value"
    assert keys_of(figure)[0] == label
    assert str(form) in figure.axes[0].get_title("left")
    assert ("mid-grey" in figure.texts[0].get_text()) is form.is_signed
    assert legible.faults(figure) == []


@pytest.mark.parametrize(
    "form", [Form(250, 120, *one) for one in product(COLOURS, CHANNELS)], ids=str
)
def test_large_samples_are_shrunk_by_area(form):
    # Cells of three rows and three columns.
    assert samples_figure.shrunk_form(form) == Form(83, 40, form.colours, form.channels)
    pixels = np.random.default_rng(0).integers(0, 256, (2, *form.shape), np.uint8)
    values = samples_figure.shrunk(pixels, form)
    arrays = np.moveaxis(pixels, 1, -1) if form.is_signed else pixels
    small = samples_figure.shrunk_form(form)
    found = values.reshape(2, *small.shape)
    found = np.moveaxis(found, 1, -1) if form.is_signed else found
    np.testing.assert_allclose(
        found[1, 5, 7], arrays[1, 15:18, 21:24].mean(axis=(0, 1)) / 255, atol=1e-6
    )


def test_small_samples_are_as_they_are():
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    np.testing.assert_allclose(
        samples_figure.shrunk(pixels, Form(3, 4)), pixels.reshape(2, 12) / 255, rtol=1e-6
    )


def test_photographs_are_shown_as_they_are_with_their_names(tmp_path):
    grey, red = np.full((30, 40), 200, np.uint8), np.full((900, 300, 3), (255, 0, 0), np.uint8)
    figure = samples_figure.draw_photographs([grey, red], ["one.png", "two.png"], "title", "note")
    titles = [axes.get_title("left") for axes in figure.axes]
    assert titles == ["one.png, 40 x 30 pixels", "two.png, 300 x 900 pixels"]
    picture = saved(figure, tmp_path)[..., :3].astype(int)
    # (And some of the edges of letters.)
    assert 0 <= (picture == 200).all(axis=-1).sum() - 30 * 40 < 20
    # As high as there is room.
    assert (picture == [255, 0, 0]).all(axis=-1).sum() == 280 * round(300 * 280 / 900)
    assert legible.faults(figure) == []


def test_of_many_photographs_some_are_shown_and_long_names_have_lines():
    pictures = [np.zeros((20, 30), np.uint8)] * 40
    names = [f"{number}-{'long-name-' * 9}.png" for number in range(40)]
    figure = samples_figure.draw_photographs(pictures, names, "title", "note " * 99)
    assert len(figure.axes) == samples_figure.MOST_PHOTOGRAPHS
    assert figure.texts[0].get_text() == "title: 12 of 40"
    assert legible.faults(figure) == []
