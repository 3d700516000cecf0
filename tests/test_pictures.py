import imageio.v3 as iio
import numpy as np
import pytest

from topodream import animation, figures
from topodream.datasets import Samples
from topodream.grid import Grid

# ------------------------------------------------------------------ figures


def test_tiles_lie_row_by_row_with_gaps_around():
    images = np.arange(1.0, 4)[:, None, None] * np.ones((3, 1, 2))
    nan = np.nan
    expected = [
        [nan, nan, nan, nan, nan, nan, nan],
        [nan, 1, 1, nan, 2, 2, nan],
        [nan, nan, nan, nan, nan, nan, nan],
        [nan, 3, 3, nan, nan, nan, nan],
        [nan, nan, nan, nan, nan, nan, nan],
    ]
    np.testing.assert_array_equal(figures.tile(images, 2), expected)


def drawn(figure, tmp_path):
    figures.save(figure, tmp_path / "picture.png", '{"made_by": "a test"}')
    assert list(tmp_path.iterdir()) == [tmp_path / "picture.png"]
    return iio.imread(tmp_path / "picture.png")


def colours(picture):
    return {tuple(colour) for colour in picture.reshape(-1, picture.shape[-1])[:, :3].tolist()}


@pytest.mark.parametrize(("rows", "cols"), [(20, 20), (1, 7), (9, 2), (1, 1)])
def test_prototypes_of_any_grid(tmp_path, rows, cols):
    weights = np.random.default_rng(0).random((rows * cols, 35))
    figure = figures.prototypes(weights, (7, 5), Grid(rows, cols), "title", "data")
    picture = drawn(figure, tmp_path)
    assert (0, 0, 0) in colours(picture)  # the largest weights are black
    assert max(picture.shape) > 500


def test_a_pixel_of_a_prototype_is_a_square_of_pixels(tmp_path):
    # 10 x 10 units of 8 x 8 inputs, tiles of 9: 91 pixels, enlarged tenfold.
    weights = np.zeros((100, 64))
    weights[55, 0] = 1
    picture = drawn(figures.prototypes(weights, (8, 8), Grid(10, 10), "", ""), tmp_path)
    top, left = figures.MARGIN["top"], figures.MARGIN["left"]
    sheet = picture[top : top + 910, left : left + 910, 0]
    # Unit 55 is in row 5, column 5; its first pixel lies one gap further.
    where = 10 * (5 * 9 + 1)
    assert (sheet[where + 1 : where + 9, where + 1 : where + 9] == 0).all()
    assert (sheet[where + 11 : where + 19, where + 11 : where + 19] == 255).all()


def test_a_prototype_map_of_zeros_can_be_drawn(tmp_path):
    drawn(figures.prototypes(np.zeros((4, 4)), (2, 2), Grid(2, 2), "t", "d"), tmp_path)


def test_dead_units_are_white_and_said(tmp_path):
    wins = np.array([0, 10, 100, 1000])
    figure = figures.hit_map(wins, Grid(2, 2), "title", "data")
    text = " ".join(item.get_text() for item in figure.texts) + figure.get_supxlabel()
    assert "25.0 % of units" in text
    picture = drawn(figure, tmp_path)
    assert (255, 255, 255) in colours(picture[150:250, 150:250])


def test_a_hit_map_without_any_win_can_be_drawn(tmp_path):
    drawn(figures.hit_map(np.zeros(4, int), Grid(2, 2), "title", "data"), tmp_path)


def test_learning_curve_shows_both_errors(tmp_path):
    curve = {"epoch": [0, 1, 2], "held_out_mse": [99.0, 0.3, 0.2]}
    figure = figures.learning_curve(np.array([5.0, 0.1]), curve, 0.5, "title", "data")
    lines = figure.axes[0].get_lines()
    assert lines[0].get_ydata().tolist() == [5.0, 0.1]
    assert list(lines[1].get_xdata()) == [1, 2]
    assert list(lines[1].get_ydata()) == [0.3, 0.2]
    drawn(figure, tmp_path)


def test_reconstructions_stand_below_their_samples(tmp_path):
    samples, reconstructed = np.zeros((12, 4)), np.ones((12, 4))
    figure = figures.reconstructions(samples, reconstructed, (2, 2), "title", "data")
    sheet = figure.axes[0].get_images()[0].get_array()
    assert (np.asarray(sheet)[1:3, 1:3] == 0).all()
    assert (np.asarray(sheet)[4:6, 1:3] == 1).all()
    drawn(figure, tmp_path)


def test_samples_to_show_take_classes_in_turn():
    labels = np.array([1, 1, 0, 2, 0, 2, 2], np.uint8)
    samples = Samples(np.zeros((7, 2, 2), np.uint8), labels, None)
    assert figures.pick_samples(samples, 5).tolist() == [2, 0, 3, 4, 1]
    assert len(figures.pick_samples(samples, 99)) == 7


def test_samples_without_labels_are_spread_evenly():
    samples = Samples(np.zeros((101, 2, 2), np.uint8), None, None)
    assert figures.pick_samples(samples, 3).tolist() == [0, 50, 100]


def test_tapestry_is_drawn_pixel_for_pixel(tmp_path):
    pixels = np.zeros((840, 840), np.uint8)
    pixels[100, 200] = 255
    picture = drawn(figures.tapestry(pixels, "title", "data"), tmp_path)
    top, left = figures.MARGIN["top"], figures.MARGIN["left"]
    sheet = picture[top : top + 840, left : left + 840, 0]
    assert sheet[100, 200] == 0
    assert (sheet[90:110, 190:210] == 0).sum() == 1


def test_pictures_repeat_to_the_byte(tmp_path):
    for name in ("one.png", "two.png"):
        figure = figures.hit_map(np.arange(4), Grid(2, 2), "title", "data")
        figures.save(figure, tmp_path / name, "note")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_a_picture_says_what_made_it(tmp_path):
    drawn(figures.hit_map(np.arange(4), Grid(2, 2), "t", "d"), tmp_path)
    assert "a test" in iio.immeta(tmp_path / "picture.png")["Description"]


# ------------------------------------------------------------------ animation


def test_greys_run_from_white_to_black():
    assert animation.grey_levels(np.array([-1, 0, 0.5, 1, 2])).tolist() == [0, 0, 32, 63, 63]


def test_activity_from_a_hundredth_on_is_seen_and_less_is_white():
    levels = animation.activity_levels(np.array([0, 0.09, 0.11, 5, 10, 99.0]), 10)
    table = np.frombuffer(animation.palette(), np.uint8).reshape(256, 3)
    assert table[levels[0]].tolist() == table[levels[1]].tolist() == [255, 255, 255]
    assert table[levels[2]].min() < 130
    assert levels[3:].tolist() == [64 + 32, 64 + 63, 64 + 63]


def test_scale_of_activity_is_one_for_all_frames():
    assert animation.activity_scale(np.array([[0.0, 0], [2, 2]])) == 2
    assert animation.activity_scale(np.zeros((2, 2))) == 1
    assert animation.activity_scale(np.arange(1.0, 1001)) == pytest.approx(999, abs=0.1)


@pytest.mark.parametrize("shape", [(20, 20), (28, 28), (1, 30), (300, 300), (100, 40)])
def test_frames_are_enlarged_whole_and_centred(shape):
    large = animation.enlarge(np.ones((2, *shape), np.uint8))
    factor = max(1, 280 // max(shape))
    assert large.shape[1:] == tuple(max(280, factor * length) for length in shape)
    assert large.sum() == 2 * factor**2 * shape[0] * shape[1]


def test_the_window_is_marked_where_it_is():
    corners = np.array([[0, 0], [420, 210]])
    frames = animation.with_box(np.zeros((840, 840), np.uint8), corners, 30)
    rows, cols = np.nonzero(frames[1] == animation.MARK)
    assert (rows.min(), rows.max(), cols.min(), cols.max()) == (140, 150, 70, 80)
    assert (frames[1, 143:148, 73:78] == 0).all()


@pytest.fixture
def panels():
    first = np.zeros((5, 4, 4), np.uint8)
    first[3, 1, 2] = animation.BLACK
    second = np.full((5, 4, 4), animation.FIRST_COLOUR, np.uint8)
    second[:, 0, 0] = animation.FIRST_COLOUR + 63
    return [animation.Panel("one", first), animation.Panel("two", second)]


def test_a_gif_shows_the_panels_as_long_as_it_should(tmp_path, panels):
    path = tmp_path / "moving.gif"
    frames = animation.side_by_side(panels, "caption", 3.5)
    animation.write_gif(path, frames, 120, "made by a test")
    assert list(tmp_path.iterdir()) == [path]
    shown = iio.imread(path, index=None)
    durations = [iio.immeta(path, index=i)["duration"] for i in range(len(shown))]
    assert sum(durations) == 5 * 120  # equal frames are merged, time is not lost
    assert iio.immeta(path)["loop"] == 0
    assert b"made by a test" in iio.immeta(path)["comment"]
    # The pixel (1, 2) of the first panel, enlarged 70 times, in the fourth frame only.
    y, x = animation.HEADER + 70 + 35, animation.GAP + 140 + 35
    assert shown[0, y, x].tolist() == [255, 255, 255]
    assert iio.imread(path, index=3)[y, x].tolist() == [0, 0, 0]
    # The strongest activity has the last colour.
    left = animation.GAP + 280 + animation.GAP
    last = np.frombuffer(animation.palette(), np.uint8).reshape(256, 3)[127]
    assert shown[0, animation.HEADER + 5, left + 5].tolist() == last.tolist()


def test_labels_are_written_above_the_panels(panels):
    frame = next(animation.side_by_side(panels, "caption", None))
    header = frame[: animation.HEADER - 1]
    assert (header[:, animation.GAP : animation.GAP + 40] > 40).any()
    assert (header[:, animation.GAP + 300 : animation.GAP + 340] > 40).any()


def test_gifs_repeat_to_the_byte(tmp_path, panels):
    for name in ("one.gif", "two.gif"):
        frames = animation.side_by_side(panels, "caption", 1.0)
        animation.write_gif(tmp_path / name, frames, 100, "note")
    assert (tmp_path / "one.gif").read_bytes() == (tmp_path / "two.gif").read_bytes()
