import itertools
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import imageio.v3 as iio
import legible
import numpy as np
import pytest
import seen
from PIL import Image

from topodream import traits as all_traits
from topodream.data.samples import Data, Samples
from topodream.files.errors import InputError
from topodream.form import CHANNELS, COLOURS, Form
from topodream.grid import Grid, Torus
from topodream.measures import labelling
from topodream.measures.responses import respond
from topodream.models import MODELS, mwta, sparse_dream
from topodream.models.mwta import Lateral
from topodream.pictures import (
    animation,
    animations,
    canvas,
    drawing,
    figures,
    lettering,
    panning,
    performing,
    saving,
    sweep_figure,
    tapestry_figure,
    tiles,
)
from topodream.pictures.animations import ANIMATIONS, animations_of, at_work, formation
from topodream.pictures.figures import (
    FIGURES,
    figures_of,
    hit_map,
    label_map,
    lateral_matrix,
    lateral_tiles,
    learning_curve,
    prototypes,
    reconstructions,
    u_matrix,
)
from topodream.pictures.inks import Inks
from topodream.pictures.of_maps import PICTURES, pictures_of
from topodream.pictures.picture import Moving, Still, chosen, modules_of
from topodream.pictures.shades import Scale
from topodream.pictures.shipped_matplotlib import colormaps
from topodream.pictures.sweep_figure import SweepPanel, SweepPoint
from topodream.training.loop import train
from topodream.training.map_file import Map
from topodream.traits import LABELS, OPPONENT, SEQUENCE, SIGNED

ROOT = Path(__file__).parents[1]
LEARNT = {"lateral_excitation", "global_inhibition", "column_inhibition", "lateral_matrix"}
TRAITS = {value for name, value in vars(all_traits).items() if name.isupper() and name != "OF_DATA"}

# ------------------------------------------------------------------ which there are


def test_a_picture_is_of_the_maps_that_have_all_it_needs():
    one, other = Still("one", "", "a.b"), Moving("other", "", "a.b", needs=("labels", "trace"))
    assert chosen([other, one], {"labels"}) == (one,)
    assert chosen([other, one], {"labels", "sequence", "trace"}) == (other, one)
    assert (one.file, other.file) == ("figures/one.png", "other.gif")


@pytest.mark.parametrize(
    ("model", "of_data", "more"),
    [
        ("mwta", {LABELS}, {"label_map", "lateral_excitation"}),
        ("mwta", {SEQUENCE}, {"lateral_excitation", "trajectory"}),
        ("mwta", {SIGNED}, {"lateral_excitation", "orientation_map"}),
        ("mwta", {SIGNED, OPPONENT}, {"lateral_excitation", "orientation_map", "colour_map"}),
        ("sparse_dream", {LABELS}, {"label_map", *LEARNT}),
        ("sparse_dream", {SEQUENCE}, LEARNT),
        ("sparse_dream", set(), LEARNT),
    ],
)
def test_which_pictures_maps_have(model, of_data, more):
    every = ["prototypes", "reconstructions", "learning_curve", "hit_map", "u_matrix"]
    traits = MODELS[model].traits | of_data
    found = [picture.name for picture in pictures_of(traits)]
    assert set(found) == {*every, "activity", "formation", *more}
    assert [picture.name for picture in figures_of(traits)][:5] == every
    # A page shows what was learnt, what moves, and the rest.
    moving = [picture.name for picture in animations_of(traits)]
    assert found[: len(moving) + 2] == ["prototypes", *moving, "reconstructions"]


def test_pictures_are_told_apart_and_each_has_a_caption_and_someone_who_makes_it():
    assert len(PICTURES) == len({picture.file for picture in (*FIGURES, *ANIMATIONS)})
    assert len(PICTURES) == len(FIGURES) + len(ANIMATIONS)
    for picture in PICTURES.values():
        assert re.fullmatch(r"[A-Z].*\.", picture.caption)
        assert set(picture.needs) <= TRAITS
        assert callable(picture.load())
        assert picture.group
    assert all(figure.said for figure in FIGURES)


def test_every_room_of_pictures_is_registered():
    rooms = {
        f"{package.__name__}.{path.stem}"
        for package in (figures, animations)
        for path in Path(package.__file__).parent.glob("*.py")
    }
    registries = {f"{package.__name__}.__init__" for package in (figures, animations)}
    assert rooms - registries == set(modules_of(PICTURES.values()))


def test_readers_are_told_of_every_picture():
    told = (ROOT / "results" / "README.md").read_text()
    for picture in PICTURES.values():
        assert f"`{picture.name}`" in told or f"`<experiment>/{picture.file}`" in told


# ------------------------------------------------------------------ sheets and tiles


def test_neighbours_of_one_pattern_are_at_no_distance_whatever_their_strength():
    pattern, opposite = np.array([0.0, 1, 2]), np.array([2.0, 1, 0])
    weights = np.array([pattern, 5 * pattern, opposite])
    # In a row: the unit in the middle touches its double and its opposite.
    distances = u_matrix.neighbour_distances(weights, Grid(1, 3))
    np.testing.assert_allclose(distances, [0, 1, 2], atol=1e-12)
    # In a column nothing else changes; units of a 3 x 1 sheet touch in rows.
    np.testing.assert_allclose(
        u_matrix.neighbour_distances(weights, Grid(3, 1)), [0, 1, 2], atol=1e-12
    )


def test_constant_prototypes_and_lone_units_have_their_distances():
    constant = np.array([[1.0, 1, 1], [0, 0, 0], [0, 1, 2]])
    np.testing.assert_allclose(u_matrix.neighbour_distances(constant, Grid(1, 3)), 1)
    assert np.isnan(u_matrix.neighbour_distances(constant[:1], Grid(1, 1))).all()


@pytest.mark.parametrize("edge", ["full", "notebook", "wrap"])
@pytest.mark.parametrize("row_norm", [None, 0.5])
def test_fixed_excitation_is_what_the_score_adds_to_the_drive(edge, row_norm):
    grid, lateral = Grid(5, 6), Lateral(0.1, 2, edge, row_norm)
    drive = np.random.default_rng(0).random(grid.n_units)
    gain = mwta.lateral_gain(lateral, grid, "float64")
    excitation = mwta.score(drive, gain, lateral, grid) - drive
    units = np.array([0, 8, 29])
    rows = mwta.fixed_excitation(lateral, grid, units)
    np.testing.assert_allclose(rows @ drive, excitation[units])
    assert rows.max() > 0
    assert rows[1, 8] == 0  # not itself


@pytest.fixture
def labelled():
    """Three units that each answer to one of three pixels, and samples of two classes."""
    pixels = np.array([[0], [0], [1], [2], [2], [2]])[..., None] == np.arange(3)
    labels = np.array([7, 3, 3, 7, 7, 3], np.uint8)
    return Samples((255 * pixels).astype(np.uint8), labels, None, Form(1, 3))


def one_winner(small_experiment, rows, cols):
    return small_experiment(grid={"rows": rows, "cols": cols}, n_winners=1, lateral={"strength": 0})


def test_units_get_the_class_they_win_most_of(labelled, small_experiment):
    state = mwta.State(np.vstack([np.eye(3), np.zeros(3)]), np.zeros(4))
    found = labelling.label_units(state, labelled, one_winner(small_experiment, 2, 2))
    assert found.classes.tolist() == [3, 7]
    # One of each: the first class. One of 3. Two of 7, one of 3. Never won.
    assert found.winners.tolist() == [0, 0, 1, -1]
    assert found.purity == 4 / 6
    assert found.n_samples == 6


def test_units_are_labelled_by_the_first_samples_only(labelled, small_experiment, monkeypatch):
    monkeypatch.setattr(labelling, "MOST_LABELLED", 3)
    state = mwta.State(np.eye(3), np.zeros(3))
    found = labelling.label_units(state, labelled, one_winner(small_experiment, 1, 3))
    assert found.winners.tolist() == [0, 0, -1]
    assert found.n_samples == 3


def test_a_map_that_never_answers_has_no_labels(labelled, small_experiment):
    state = mwta.State(np.zeros((3, 3)), np.zeros(3))
    found = labelling.label_units(state, labelled, one_winner(small_experiment, 1, 3))
    assert found.winners.tolist() == [-1, -1, -1]
    assert np.isnan(found.purity)


@pytest.mark.parametrize("shape", [(20, 20), (1, 1), (40, 40), (100, 7), (500, 2)])
def test_units_to_draw_include_the_border_and_fit(shape):
    grid = Grid(*shape)
    for units, length in zip(tiles.spread_units(grid), shape, strict=True):
        assert len(set(units.tolist())) == len(units) <= 20
        assert {units[0], units[-1]} == {0, length - 1}
        assert len(units) == length or len(units) == 2 or len(units) * (length + 1) <= 1020
        assert np.ptp(np.diff(units)) <= 1 if len(units) > 1 else length == 1


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
    np.testing.assert_array_equal(tiles.tile(images, 2), expected)


def test_tiles_of_bytes_stay_bytes():
    sheet = tiles.tile(np.ones((2, 1, 1), np.uint8), 2, fill=9)
    assert sheet.dtype == np.uint8
    assert sheet.tolist() == [[9, 9, 9, 9, 9], [9, 1, 9, 1, 9], [9, 9, 9, 9, 9]]


# ------------------------------------------------------------------ figures


def drawn(figure, tmp_path):
    saving.save(figure, tmp_path / "picture.png", '{"made_by": "a test"}')
    assert list(tmp_path.iterdir()) == [tmp_path / "picture.png"]
    return iio.imread(tmp_path / "picture.png")


def colours(picture):
    numbers = np.unique(picture[..., :3] @ np.array([2**16, 2**8, 1], np.uint32))
    return {(number >> 16, number >> 8 & 255, number & 255) for number in numbers.tolist()}


@pytest.mark.parametrize(("rows", "cols"), [(20, 20), (1, 7), (9, 2), (1, 1)])
def test_prototypes_of_any_grid(tmp_path, rows, cols):
    weights = np.random.default_rng(0).random((rows * cols, 35))
    figure = prototypes.plot(weights, Form(7, 5), Grid(rows, cols), "title", "data")
    picture = drawn(figure, tmp_path)
    assert (0, 0, 0) in colours(picture)  # the largest weights are black
    assert max(picture.shape) > 500


def test_a_pixel_of_a_prototype_is_a_square_of_pixels(tmp_path):
    # 10 x 10 units of 8 x 8 inputs, tiles of 9: 91 pixels, enlarged tenfold.
    weights = np.zeros((100, 64))
    weights[55, 0] = 1
    picture = drawn(prototypes.plot(weights, Form(8, 8), Grid(10, 10), "", ""), tmp_path)
    top, left = canvas.MARGIN["top"], canvas.MARGIN["left"]
    sheet = picture[top : top + 910, left : left + 910, 0]
    # Unit 55 is in row 5, column 5; its first pixel lies one gap further.
    where = 10 * (5 * 9 + 1)
    assert (sheet[where + 1 : where + 9, where + 1 : where + 9] == 0).all()
    assert (sheet[where + 11 : where + 19, where + 11 : where + 19] == 255).all()


def test_a_prototype_map_of_zeros_can_be_drawn(tmp_path):
    drawn(prototypes.plot(np.zeros((4, 4)), Form(2, 2), Grid(2, 2), "t", "d"), tmp_path)


def said(figure):
    return " ".join(item.get_text() for item in figure.texts)


def inside(picture, cells):
    """The pixels of a sheet of that many units a side."""
    top, left, side = canvas.MARGIN["top"], canvas.MARGIN["left"], canvas.SHEET_SIZE
    side -= side % cells
    return picture[top : top + side, left : left + side, :3]


def test_dead_units_are_white_and_said(tmp_path):
    wins = np.array([0, 10, 100, 1000])
    figure = hit_map.plot(wins, Grid(2, 2), "title", "data")
    assert "25.0 % of units" in said(figure)
    sheet = inside(drawn(figure, tmp_path), 2)
    assert (sheet[5:275, 5:275] == 255).all()
    assert not (sheet[5:275, 285:555] == 255).all(axis=-1).any()


def test_a_hit_map_without_any_win_can_be_drawn(tmp_path):
    drawn(hit_map.plot(np.zeros(4, int), Grid(2, 2), "title", "data"), tmp_path)


def test_a_u_matrix_shows_borders_bright(tmp_path):
    distances = np.full(16, 0.5)
    distances[5] = 1.5
    sheet = inside(drawn(u_matrix.plot(distances, Grid(4, 4), "t", "d"), tmp_path), 4)
    brightness = sheet.astype(int).sum(axis=-1)
    assert brightness[210, 210] > brightness[70, 210] == brightness[490, 490]


@pytest.mark.parametrize("distances", [[np.nan], [1.0]])
def test_a_u_matrix_without_any_difference_can_be_drawn(tmp_path, distances):
    drawn(u_matrix.plot(np.array(distances), Grid(1, 1), "t", "d"), tmp_path)


@pytest.mark.parametrize("n_classes", [1, 2, 10, 47])
def test_classes_have_colours_of_their_own_and_no_class_is_white(tmp_path, n_classes):
    winners = np.arange(-1, 48) % (n_classes + 1) - 1
    classes = 10 + np.arange(n_classes, dtype=np.uint8)
    figure = label_map.plot(winners, classes, Grid(7, 7), "t", "d")
    sheet = inside(drawn(figure, tmp_path), 7)
    cells = sheet.reshape(7, 80, 7, 80, 3).swapaxes(1, 2).reshape(49, 80, 80, 3)[:, 3:-3, 3:-3]
    by_class = dict(zip(winners.tolist(), cells, strict=True))
    assert (by_class.pop(-1) == 255).all()
    assert len({cell.tobytes() for cell in by_class.values()}) == n_classes
    seen = {winner: cell[0, 0].tolist() for winner, cell in by_class.items()}
    assert [255, 255, 255] not in seen.values()
    legend = figure.axes[1].get_legend()
    assert [text.get_text() for text in legend.get_texts()][:1] == ["10"]
    by_label = dict(zip(classes, legend.get_patches(), strict=False))
    shown = [round(255 * part) for part in by_label[10].get_facecolor()[:3]]
    assert shown == seen[0]


def red_and_blue(figure):
    """The colours of the first picture of a figure: 1 where it is red, -1 where blue."""
    picture = figure.axes[0].get_images()[0]
    colours = picture.cmap(picture.norm(picture.get_array()))
    return np.sign(np.round(colours[..., 0] - colours[..., 2], 1))


def test_a_tile_shows_what_its_unit_hears_of_the_whole_grid(tmp_path):
    effects = np.zeros((6, 6))
    effects[4, 2], effects[4, 3] = 1, -1  # unit 4 is excited by 2, inhibited by 3
    shown = np.arange(2), np.arange(3)
    figure = lateral_tiles.plot(effects, shown, Grid(2, 3), "t", "d")
    colours = red_and_blue(figure)
    # Unit 4's tile is in row 1, column 1; units 2 and 3 are at (0, 2) and (1, 0) of it.
    top, left = 1 * 3 + 1, 1 * 4 + 1
    assert colours[top + 0, left + 2] == 1
    assert colours[top + 1, left + 0] == -1
    assert np.count_nonzero(colours) == 2
    dots = figure.axes[0].get_lines()[0]
    assert (left + 1, top + 1) in zip(dots.get_xdata(), dots.get_ydata(), strict=True)
    assert "each unit" in said(figure)
    drawn(figure, tmp_path)


def test_a_choice_of_units_is_said_and_numbered(tmp_path):
    grid = Grid(30, 30)
    rows, cols = tiles.spread_units(grid)
    effects = np.zeros((len(rows) * len(cols), grid.n_units))
    figure = lateral_tiles.plot(effects, (rows, cols), grid, "t", "d")
    assert "20 x 20 units, evenly chosen" in said(figure)
    assert "all are 0" in said(figure)
    names = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert names[:3] == [str(unit) for unit in cols[[0, 2, 4]]]
    drawn(figure, tmp_path)


@pytest.mark.parametrize(
    ("values", "end"), [([0, 2], (0, 2)), ([0, -2], (-2, 0)), ([2, -2], (-2, 2))]
)
def test_a_colour_bar_shows_only_the_signs_there_are(values, end):
    effects = np.array([values, values], float)
    figure = lateral_tiles.plot(effects, (np.arange(1), np.arange(2)), Grid(1, 2), "t", "d")
    assert figure.axes[1].get_ylim() == end


def test_matrices_share_one_scale_symmetric_about_zero(tmp_path):
    weak, strong = np.full((4, 4), 0.1), np.full((4, 4), -3.0)
    figure = lateral_matrix.plot({"weak": weak, "strong": strong}, Grid(2, 2), "t", "d")
    shown = [axes.get_images()[0] for axes in figure.axes[:2]]
    assert [picture.norm.vmin for picture in shown] == [-3, -3]
    assert [picture.norm.vmax for picture in shown] == [3, 3]
    assert figure.axes[1].get_title() == "strong: -3 to -3"
    # Units 0 and 1 are the first row of the grid, 2 and 3 the second.
    assert figure.axes[0].get_xticks().tolist() == [-0.5, 1.5]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["0", "1"]
    drawn(figure, tmp_path)


def test_learning_curve_shows_both_errors(tmp_path):
    curve = {"epoch": [0, 1, 2], "held_out_mse": [99.0, 0.3, 0.2]}
    figure = learning_curve.plot(np.array([5.0, 0.1]), curve, 0.5, "title", "data")
    lines = figure.axes[0].get_lines()
    assert lines[0].get_ydata().tolist() == [5.0, 0.1]
    (held_out,) = (line for line in lines if line.get_linestyle() == "--")
    assert list(held_out.get_xdata()) == [1, 2]
    assert list(held_out.get_ydata()) == [0.3, 0.2]
    drawn(figure, tmp_path)


def curve_of(training, held_out, mean_image=0.07):
    """The axes of a learning curve, and what stands at their upper edge: epochs, by colour."""
    curve = {"epoch": list(range(len(held_out) + 1)), "held_out_mse": [999.0, *held_out]}
    figure = learning_curve.plot(np.array(training), curve, mean_image, "title", "data")
    assert legible.faults(figure) == []
    axes = figure.axes[0]
    marks = [line for line in axes.get_lines() if line.get_marker() == "^"]
    return axes, [list(line.get_xdata()) for line in marks]


def test_first_epochs_that_would_flatten_all_others_are_marked_and_named():
    later = [0.03, 0.02, 0.02]
    axes, marks = curve_of([25.0, *later], [8.4, 0.3, 0.05, 0.03])
    assert marks == [[1], [1, 2]]
    assert axes.get_ylim()[1] == 0.14
    # Later epochs take a third of the axis, and more.
    low, high = np.log(axes.get_ylim())
    assert np.ptp(np.log([*later, 0.07])) > (high - low) / 3
    said = [text.get_text() for text in axes.get_legend().get_texts()]
    assert said[0].endswith("beyond the axis: up to 25")
    assert said[1].endswith("beyond the axis: up to 8.4")


@pytest.mark.parametrize(
    ("training", "held_out"),
    [([0.1, 0.03], [0.08, 0.03]), ([0.03, 99.0], [0.03, 0.03]), ([0.1, np.inf], [0.1, None])],
    ids=["near", "grown", "blown up"],
)
def test_a_learning_curve_ends_at_its_largest_error_where_that_flattens_nothing(training, held_out):
    axes, marks = curve_of(training, held_out)
    assert marks == [[], []]
    finite = [error for error in (*training, *held_out) if error is not None and np.isfinite(error)]
    assert axes.get_ylim()[1] > max(finite)


def test_the_legend_of_a_learning_curve_is_below_its_axes():
    axes, _ = curve_of([25.0, 0.03], [0.08, 0.03])
    assert axes.get_legend().get_window_extent().y1 < axes.bbox.y0


@pytest.mark.parametrize(
    "span", [(0.04, 0.3), (0.05, 0.09), (0.3, 0.5), (1e-3, 1e5), (2.05, 3.9), (2, 2.1)]
)
def test_an_axis_of_errors_has_some_numbers(span):
    ticks = learning_curve._ticks(*span)
    assert all(span[0] <= tick <= span[1] for tick in ticks)
    assert 2 <= len(ticks) <= 10


@pytest.mark.parametrize("n_epochs", [0, 1, 3])
def test_a_learning_curve_counts_whole_epochs(tmp_path, n_epochs):
    curve = {"epoch": list(range(n_epochs + 1)), "held_out_mse": [9.0] + [0.1] * n_epochs}
    figure = learning_curve.plot(np.full(n_epochs, 0.5), curve, 0.5, "title", "data")
    drawn(figure, tmp_path)
    low, high = figure.axes[0].get_xlim()
    ticks = [tick for tick in figure.axes[0].get_xticks() if low <= tick <= high]
    assert ticks == list(range(1, max(n_epochs, 1) + 1))
    assert len(figure.axes[0].texts) == (n_epochs == 0)


def test_reconstructions_stand_below_their_samples(tmp_path):
    samples, reconstructed = np.zeros((12, 4)), np.ones((12, 4))
    figure = reconstructions.plot(samples, reconstructed, Form(2, 2), "title", "data")
    sheet = figure.axes[0].get_images()[0].get_array()
    assert (np.asarray(sheet)[1:3, 1:3] == 0).all()
    assert (np.asarray(sheet)[4:6, 1:3] == 1).all()
    drawn(figure, tmp_path)


def test_samples_to_show_take_classes_in_turn():
    labels = np.array([1, 1, 0, 2, 0, 2, 2], np.uint8)
    samples = Samples(np.zeros((7, 2, 2), np.uint8), labels, None, Form(2, 2))
    assert reconstructions.pick_samples(samples, 5).tolist() == [2, 0, 3, 4, 1]
    assert len(reconstructions.pick_samples(samples, 99)) == 7


def test_samples_without_labels_are_spread_evenly():
    samples = Samples(np.zeros((101, 2, 2), np.uint8), None, None, Form(2, 2))
    assert reconstructions.pick_samples(samples, 3).tolist() == [0, 50, 100]


def test_tapestry_is_drawn_pixel_for_pixel(tmp_path):
    pixels = np.zeros((840, 840), np.uint8)
    pixels[100, 200] = 255
    form = Form.of_image(pixels.shape)
    picture = drawn(tapestry_figure.draw(pixels, form, "title", "data"), tmp_path)
    top, left = canvas.MARGIN["top"], canvas.MARGIN["left"]
    sheet = picture[top : top + 840, left : left + 840, 0]
    assert sheet[100, 200] == 0
    assert (sheet[90:110, 190:210] == 0).sum() == 1


@pytest.mark.parametrize("form", [Form(840, 840, zero="black"), Form(840, 840, "rgb")], ids=str)
def test_a_tapestry_of_photographs_is_drawn_as_they_are(form, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, form.shape, np.uint8)
    figure = tapestry_figure.draw(pixels, form, "title", "data")
    picture, (top, left) = drawn(figure, tmp_path), (canvas.MARGIN["top"], canvas.MARGIN["left"])
    sheet = picture[top : top + 840, left : left + 840, :3]
    expected = pixels if form.n_colours == 3 else np.stack([pixels] * 3, axis=-1)
    # Within the frame; Matplotlib rounds greys its own way.
    np.testing.assert_allclose(sheet[2:-2, 2:-2], expected[2:-2, 2:-2].astype(int), atol=1)
    assert legible.faults(figure) == []


def test_pictures_repeat_to_the_byte(tmp_path):
    for name in ("one.png", "two.png"):
        figure = hit_map.plot(np.arange(4), Grid(2, 2), "title", "data")
        saving.save(figure, tmp_path / name, "note")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_a_picture_says_what_made_it(tmp_path):
    drawn(hit_map.plot(np.arange(4), Grid(2, 2), "t", "d"), tmp_path)
    assert "a test" in iio.immeta(tmp_path / "picture.png")["Description"]


# ------------------------------------------------------------------ words that fit

LONG = ("a-name-as-long-as-names-may-be-" * 3)[:80]
LONGER = ("points_of-sweeps-0.01_" * 9 + "x" * 99)[:200]
TOLD = "windows of 20 x 20 panning over a tapestry of 30 x 30 images (MNIST, source embedded)"
GRIDS = [Grid(5, 6), Grid(1, 40), Grid(40, 1), Grid(1, 1), Grid(2, 200), Grid(40, 15)]


@pytest.mark.parametrize("text", ["", "word", "two words", LONGER, "a, b\nc d", "x" * 50])
@pytest.mark.parametrize("room", [1, 7, 20])
def test_nothing_of_a_text_is_lost_by_wrapping(text, room):
    lines = lettering.wrapped(text, room, len)
    assert max(map(len, lines)) <= room
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_lines_break_at_spaces_then_at_seams_then_anywhere():
    assert lettering.wrapped("one two three", 8, len) == ["one two", "three"]
    assert lettering.wrapped("one-two.three", 8, len) == ["one-two.", "three"]
    assert lettering.wrapped("onetwothree", 8, len) == ["onetwoth", "ree"]


def sheets_of(grid, title, data):
    """The figures whose axes depend on the grid."""
    rng = np.random.default_rng(0)
    units = grid.n_units
    shown = tiles.spread_units(grid)
    effects = rng.normal(size=(len(shown[0]) * len(shown[1]), units))
    yield hit_map.plot(rng.integers(0, 99, units), grid, title, data)
    yield u_matrix.plot(rng.random(units), grid, title, data)
    yield prototypes.plot(rng.random((units, 64)), Form(8, 8), grid, title, data)
    yield lateral_tiles.plot(effects, shown, grid, title, data)
    yield label_map.plot(np.arange(units) % 10, np.arange(10, dtype=np.uint8), grid, title, data)


def of_images(shape, count, title, data):
    """The figures that depend on the shape of images, or on nothing but words."""
    images = np.random.default_rng(0).random((count, shape[0] * shape[1]))
    yield reconstructions.plot(images, images, Form(*shape), title, data)
    yield prototypes.plot(images, Form(*shape), Grid(1, count), title, data)
    curve = {"epoch": [0, 1, 2], "held_out_mse": [9.0, 0.065, 0.06]}
    yield learning_curve.plot(np.array([0.07, 0.06]), curve, 0.07, title, data)
    matrices = {
        "column inhibition (does not act)": -images @ images.T * 1e7,
        "together": images @ images.T,
    }
    yield lateral_matrix.plot(matrices, Grid(1, count), title, data)


@pytest.mark.slow
@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_figures_of_any_grid_are_legible(grid):
    for figure in sheets_of(grid, f"{LONG}: figure", f"{TOLD}; {TOLD}"):
        assert legible.faults(figure) == []


@pytest.mark.parametrize("channels", CHANNELS)
@pytest.mark.parametrize("colours_", COLOURS[1:])
def test_figures_in_colour_are_legible(colours_, channels):
    form, grid = Form(8, 8, colours_, channels), Grid(1, 5)
    weights = np.random.default_rng(0).random((5, form.n_inputs)) * 1e-4
    for figure in (
        prototypes.plot(weights, form, grid, LONG, TOLD),
        reconstructions.plot(weights, weights, form, LONG, TOLD),
    ):
        assert legible.faults(figure) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a", LONG, LONGER])
@pytest.mark.parametrize("shape", [(8, 8), (96, 160), (20, 200)])
def test_figures_of_any_name_and_image_are_legible(name, shape):
    for figure in of_images(shape, 5, f"{name}: figure", f"{TOLD}; {TOLD}"):
        assert legible.faults(figure) == []


def test_many_reconstructions_of_small_images_are_legible():
    images = np.zeros((100, 64))
    figure = reconstructions.plot(images, images, Form(8, 8), "x" * 200, "d")
    assert legible.faults(figure) == []


@pytest.mark.slow
@pytest.mark.parametrize("grid", GRIDS[:4], ids=str)
@pytest.mark.parametrize("n_classes", [11, 26, 62, 256])
def test_label_maps_name_all_classes_legibly(grid, n_classes):
    classes = np.arange(n_classes).astype(np.uint8)
    winners = np.arange(grid.n_units) % (n_classes + 1) - 1
    figure = label_map.plot(winners, classes, grid, LONG, TOLD)
    assert legible.faults(figure) == []
    assert figure.bbox.height < 1000  # further columns, not an endless one
    named = [text.get_text() for text in figure.axes[1].get_legend().get_texts()]
    assert named == [*map(str, classes), "none"]
    # Each unit of a class has its number.
    written = [line.get_xydata() for line in figure.axes[0].get_lines()]
    assert sum(map(len, written)) == np.count_nonzero(winners >= 0)


def legend_of(n_classes, rows=2, cols=2):
    """What a label map calls classes that have names."""
    classes = np.arange(n_classes, dtype=np.uint8)[::2]
    names = [f"class of {number}" for number in range(n_classes)]
    winners = np.arange(rows * cols) % len(classes)
    figure = label_map.plot(winners, classes, Grid(rows, cols), "t", "d", names)
    assert legible.faults(figure) == []
    return [text.get_text() for text in figure.axes[1].get_legend().get_texts()]


def test_classes_are_called_by_their_names_and_have_their_numbers_where_units_do():
    assert legend_of(6) == ["0 class of 0", "2 class of 2", "4 class of 4", "none"]
    assert legend_of(30)[:2] == ["0 class of 0", "2 class of 2"]
    assert legend_of(6, 1, 400) == ["class of 0", "class of 2", "class of 4", "none"]


def test_units_have_their_class_in_black_or_white_whichever_is_seen():
    classes = np.arange(10, dtype=np.uint8)
    figure = label_map.plot(np.arange(-1, 9), classes, Grid(2, 5), "t", "d")
    written = figure.axes[0].get_lines()
    assert [line.get_xydata().tolist() for line in written[:-1]] == [
        [[unit % 5, unit // 5]] for unit in range(1, 10)
    ]
    ink = np.array([seen.lab([line.get_color()])[0, 0] for line in written])
    paper = seen.lab(label_map.CLASS_COLOURS)[:, 0]
    assert (np.abs(ink - paper) > 35).all()


def test_ten_classes_are_told_apart_by_everyone_and_from_no_class():
    shown = [*label_map.CLASS_COLOURS, "white"]
    assert min(seen.least_distance(shown, reader) for reader in seen.READERS) > 20
    assert seen.least_step(shown) > 5


def test_a_map_too_large_for_numbers_has_a_colour_for_each_class():
    classes, grid = np.arange(62, dtype=np.uint8), Grid(1, 400)
    figure = label_map.plot(np.arange(400) % 62, classes, grid, "t", "d")
    patches = figure.axes[1].get_legend().get_patches()[:-1]
    assert len({patch.get_facecolor() for patch in patches}) == 62
    assert figure.bbox.width < label_map.MOST_WRITTEN


@pytest.mark.parametrize("grid", [Grid(1, 40), Grid(40, 1), Grid(2, 200), Grid(1, 7)], ids=str)
def test_figures_of_few_rows_or_columns_are_no_threads(grid):
    for figure in sheets_of(grid, "t", "d"):
        assert min(figure.axes[0].bbox.size) > 50


def test_tiles_of_a_row_of_units_stand_one_below_the_other():
    effects = np.eye(7)
    figure = lateral_tiles.plot(effects, (np.arange(1), np.arange(7)), Grid(1, 7), "t", "d")
    sheet = np.asarray(figure.axes[0].get_images()[0].get_array())
    np.testing.assert_array_equal(sheet[1::2, 1:-1], effects)
    dots = figure.axes[0].get_lines()[0]
    assert dots.get_xdata().tolist() == list(range(1, 8))
    assert dots.get_ydata().tolist() == list(range(1, 15, 2))
    ticks = figure.axes[0].get_yticks(), figure.axes[0].get_yticklabels()
    named = {label.get_text(): place for place, label in zip(*ticks, strict=True)}
    assert named["0, 3"] == 7


def test_a_number_too_many_is_noticed():
    figure = hit_map.plot(np.arange(4), Grid(2, 2), "title", "data")
    figure.text(0.99, 0.5, "cut off")
    axes = figure.axes[0]
    axes.text(0.5, 0.5, "one")
    axes.text(0.55, 0.5, "other")
    axes.legend(axes.plot([0, 1]), ["told"], loc="lower left")
    axes.text(0.05, 0.05, "hidden", transform=axes.transAxes)
    found = legible.faults(figure)
    assert found[0] == "cut off: 'cut off'"
    assert "on one another: 'one', 'other'" in found
    assert found[-1] == "under a legend: 'hidden'"


# ------------------------------------------------------------------ sweeps


def points(values, *, seeds=2, diverged=()):
    return [
        SweepPoint(
            value, "", seed, value in diverged, {"mse": seed + 1.0, "null": 9.0, "none": None}
        )
        for value in values
        for seed in range(seeds)
    ]


def swept(*args, **more):
    panel = SweepPanel("mse", "error", "null", "chance")
    return sweep_figure.sweep(points(*args, **more), [panel], "rate", "title", "data").axes[0]


def test_of_many_swept_values_some_are_labelled():
    axes = swept(list(range(100, 300)))
    names = [label.get_text() for label in axes.get_xticklabels()]
    assert names == [str(value) for value in range(100, 300, 17)]
    assert len(swept(list(range(100, 112))).get_xticks()) == 12


@pytest.mark.parametrize(
    ("values", "scale", "names"),
    [
        ([0.01, 0.1], "log", ["0.01", "0.1"]),
        ([0.3, 0.03], "log", ["0.03", "0.3"]),
        ([1, 2, 9], "linear", ["1", "2", "9"]),
        ([0, 0.01, 1, None], "log", ["none", "0", "0.01", "1"]),
        ([-1, 0.01, 100], "linear", ["-1", "0.01", "100"]),
        ([0, 1, None], "linear", ["none", "0", "1"]),
        ([None], "linear", ["none"]),
        ([0], "linear", ["0"]),
    ],
)
def test_the_axis_of_a_sweep(values, scale, names, tmp_path):
    axes = swept(values)
    assert axes.get_xscale() == scale
    assert [label.get_text() for label in axes.get_xticklabels()] == names
    places = axes.get_xticks().tolist()
    assert places == sorted(set(places))
    numbers = sorted(value for value in values if value is not None)
    on_axis = [value for value in numbers if value > 0 or scale == "linear"]
    assert places[len(places) - len(on_axis) :] == on_axis
    drawn(axes.figure, tmp_path)


def test_a_sweep_over_data_sets_names_them_all_and_can_be_read(tmp_path):
    names = [f"data-set-of-a-long-name-{number}" for number in range(3)]
    described = [f"windows panning over {name}" for name in names]
    panels = [SweepPanel("mse", "error")]
    one, all_ = (
        sweep_figure.sweep(points(names), panels, "dataset", "t", "; ".join(some))
        for some in (described[:1], described)
    )
    assert one.get_supxlabel().endswith(f"\nData: {described[0]}.")
    assert all_.get_supxlabel().splitlines()[-3:] == [
        f"Data: {described[0]};", f"{described[1]};", f"{described[2]}.",
    ]  # fmt: skip
    assert all_.get_figheight() > one.get_figheight()
    assert {label.get_rotation() for label in all_.axes[0].get_xticklabels()} == {90}
    drawn(all_, tmp_path)


def line_of(axes, style):
    (line,) = (line for line in axes.get_lines() if line.get_linestyle() == style)
    return list(zip(line.get_xdata(), line.get_ydata(), strict=True))


def test_a_sweep_shows_seeds_mean_spread_and_null():
    axes = swept([1, 2, None])
    dots = [line for line in axes.get_lines() if line.get_marker() == "."]
    assert [list(line.get_ydata()) for line in dots] == [[1, 2]] * 3
    assert line_of(axes, "-") == [(1, 1.5), (2, 1.5)]  # what is null isn't connected
    assert line_of(axes, ":") == [(0, 9), (1, 9), (2, 9)]
    band = axes.collections[0].get_paths()[0].vertices
    assert (band[:, 1].min(), band[:, 1].max()) == (1, 2)


def test_maps_that_diverged_are_crosses_and_no_part_of_the_mean():
    some = [*points([1], diverged=[1])[:1], *points([1])[1:], *points([2], diverged=[2])]
    figure = sweep_figure.sweep(some, [SweepPanel("mse", "error")], "rate", "t", "d")
    axes = figure.axes[0]
    assert line_of(axes, "-") == [(1, 2)]
    crosses = [line for line in axes.get_lines() if line.get_marker() == "x"]
    assert [(list(line.get_xdata()), list(line.get_ydata())) for line in crosses] == [
        ([1], [1]),
        ([2], [1]),
    ]
    assert [text.get_text() for text in axes.texts] == ["1/2", "2/2"]
    assert "diverged" in figure.get_supxlabel()
    sound = sweep_figure.sweep(points([1]), [SweepPanel("mse", "error")], "rate", "t", "d")
    assert "diverged" not in sound.get_supxlabel()


def test_every_measure_of_a_sweep_has_axes_of_its_own(tmp_path):
    names = ["mse", "null", "none", "missing"]
    panels = [SweepPanel(name, name) for name in names]
    figure = sweep_figure.sweep(points([1, 2]), panels, "rate", "title", "data")
    assert [axes.get_ylabel() for axes in figure.axes if axes.axison] == names
    assert [text.get_text() for text in figure.axes[2].texts] == ["no values"]
    drawn(figure, tmp_path)


def many(n_lines, values=(1, 2, 3), name="n_winners = {}"):
    return [
        SweepPoint(value, name.format(line), 0, False, {"mse": place + line + 1.0, "null": 9.0})
        for place, value in enumerate(values)
        for line in range(n_lines)
    ]


ERROR = SweepPanel("mse", "held-out error", "null", "error of the mean image")


@pytest.mark.slow
@pytest.mark.parametrize(("n_lines", "n_panels"), [(6, 1), (7, 2), (14, 1), (14, 4), (40, 1)])
def test_all_lines_of_a_sweep_are_named_and_told_apart(n_lines, n_panels):
    figure = sweep_figure.sweep(many(n_lines), [ERROR] * n_panels, "rate", f"{LONG}: {LONG}", TOLD)
    assert legible.faults(figure) == []
    legends = figure.legends or [axes.get_legend() for axes in figure.axes[:n_panels]]
    for legend in legends:
        lines = dict(
            zip([t.get_text() for t in legend.get_texts()], legend.get_lines(), strict=True)
        )
        lines.pop(ERROR.null_label, None)
        assert list(lines) == [f"n_winners = {line}" for line in range(n_lines)]
        looks = {(k.get_color(), k.get_marker(), str(k.get_linestyle())) for k in lines.values()}
        assert len(looks) == n_lines


@pytest.mark.slow
@pytest.mark.parametrize("n_lines", [1, 2, 6])
@pytest.mark.parametrize("diverged", [[], [1, 2]])
def test_legends_of_sweeps_cover_no_data(n_lines, diverged):
    some = [
        replace(point, line=f"n_winners = {line}", measures={"mse": 5.0 - line, "null": 9.0})
        for line in range(n_lines)
        for point in points([0.1, 1, 2, 3], diverged=diverged)
    ]
    figure = sweep_figure.sweep(some, [ERROR] * 3, "rate", "title", "data")
    assert legible.faults(figure) == []
    for axes in figure.axes:
        legend = axes.get_legend().get_window_extent()
        assert not legend.overlaps(axes.bbox)
        for line in axes.get_lines():
            places = line.get_transform().transform(line.get_xydata())
            assert not legend.padded(4).count_contains(places)  # dots have a size
        # It belongs to its panel, which remains large enough.
        assert legend.y0 - axes.bbox.y1 < 40
        assert axes.bbox.height > 190


def test_colours_of_lines_hold_in_grey_and_for_those_who_confuse_red_with_green():
    lines = sweep_figure.LINE_COLOURS
    assert seen.least_step(lines) > 9
    assert min(seen.least_distance(lines, reader) for reader in seen.READERS) > 30
    assert seen.lab(lines)[:, 0].max() < 62  # three times as dark as white
    styles = sweep_figure._styles(map(str, range(312))).values()
    assert len({tuple(map(str, style.values())) for style in styles}) == 312
    assert len({style["marker"] for style in list(styles)[:13]}) == 13


@pytest.mark.parametrize("values", [(1,), (1, 2)])
def test_lines_beyond_the_colours_have_other_dots_on_the_panel_too(values):
    figure = sweep_figure.sweep(many(14, values), [ERROR], "rate", "title", "data")
    looks = {
        (line.get_color(), line.get_marker())
        for line in figure.axes[0].get_lines()
        if line.get_marker() not in ("_", "None")
    }
    assert len(looks) == 14


@pytest.mark.slow
@pytest.mark.parametrize(
    "points_",
    [
        many(1, [0, 1, 1.01, 1.02, 9]),
        many(1, np.linspace(0.01, 1, 90).tolist()),
        many(1, [0.0001, 0.00012, 0.00015, 0.001, 1, 1000, None]),
        many(1, [f"a_long_name_of_a_data_set_{i}" for i in range(5)]),
        many(1, ["word_" * 16 + str(i) for i in range(9)]),
        many(1, ["true", "false", None]),
        many(3, name="dataset = " + "very_" * 20 + "{}"),
        many(9, name="lateral.strength = {}, column_inhibition.strength = 0.1, dataset = other"),
        points(np.linspace(0.01, 1, 60).tolist(), diverged=np.linspace(0.01, 1, 60).tolist()),
    ],
    ids=["close", "many", "far", "texts", "long texts", "switch", "long line", "keys", "diverged"],
)
def test_sweeps_over_any_values_are_legible(points_):
    figure = sweep_figure.sweep(points_, [ERROR] * 2, "rate", "title", TOLD)
    assert legible.faults(figure) == []


@pytest.mark.parametrize("name", [LONG, LONGER])
def test_sweeps_of_any_name_are_legible(name):
    said = f"{name}: {name} with other values of lateral.strength"
    parameter = "column_inhibition." + "normalised_by_rows." * 4
    figure = sweep_figure.sweep(many(2), [ERROR], parameter, said, f"{TOLD}; {TOLD}")
    assert legible.faults(figure) == []


@pytest.mark.parametrize(
    ("errors", "scale"),
    [([1e-3, 10, 1e3], "log"), ([1, 2, 3], "linear"), ([0, 1, 1e6], "linear"), ([5, 5], "linear")],
)
def test_a_measure_that_spans_orders_of_magnitude_has_a_logarithmic_axis(errors, scale):
    found = [SweepPoint(i, "", 0, False, {"mse": error}) for i, error in enumerate(errors)]
    axes = sweep_figure.sweep(found, [SweepPanel("mse", "error")], "rate", "t", "d").axes[0]
    assert axes.get_yscale() == scale
    assert legible.faults(axes.figure) == []


# ------------------------------------------------------------------ of a map


FORM = Form(6, 5)


@pytest.fixture(scope="session")
def noise():
    """Images of 6 x 5 pixels: a function of whether they follow one another, and of their form."""

    def make(is_sequence, form=FORM):
        pixels = np.random.default_rng(1).integers(0, 256, (40, *form.shape), np.uint8)
        labels = None if is_sequence else np.arange(40, dtype=np.uint8) % 10
        samples = Samples(pixels, labels, None, form)
        return Data(samples, samples, is_sequence, "sha", "noise", "none")

    return make


@pytest.fixture
def trained(small_experiment):
    """A function: a map trained on data, with some settings changed."""

    def make(data, **changes):
        experiment = small_experiment(engine="reference", **changes)
        pixels = data.train.pixels.reshape(len(data.train.pixels), -1)
        done = train(experiment, pixels, lambda _: None, lambda _: None)
        origin = {
            "made_by": "a test",
            "commit": "",
            "code_sha256": "",
            "versions": "{}",
            "device": "cpu",
        }
        return Map(experiment, done, data.form, data.described, "sha", "sha", origin)

    return make


def subject_of(model, data, **more):
    curve = {"epoch": [0, 1, 2], "held_out_mse": [9.0, 1.0, 0.5]}
    measures = {"mean_image_mse": 0.7, "neighbour_correlation": 0.5, "random_correlation": None}
    return drawing.Material(model, data, curve, measures, more.pop("count", 4), **more)


@pytest.mark.parametrize("is_sequence", [False, True])
@pytest.mark.parametrize("model", ["mwta", "sparse_dream", "foldiak"])
def test_every_picture_that_a_map_has_can_be_made(trained, noise, tmp_path, model, is_sequence):
    data = noise(is_sequence)
    subject = subject_of(trained(data, model=model), data)
    names = {figure.name for figure in figures_of(subject.traits)}
    assert ("label_map" in names) is not is_sequence
    for name in names:
        drawn(drawing.draw(name, subject), tmp_path)
    performance = performing.Performance(subject.model, data, 4, 100)
    for name in [one.name for one in animations_of(performance.traits)]:
        made = performing.animate(name, performance)
        frames = tmp_path / f"{name}.gif", made.frames, made.frame_ms, "note", made.palette
        animation.write_gif(*frames)
        assert iio.imread(tmp_path / f"{name}.gif", index=None).std() > 5
    for name in {figure.name for figure in FIGURES} - names:
        with pytest.raises(InputError, match=f"small has no figure {name}"):
            drawing.draw(name, subject)


@pytest.mark.parametrize("edge", ["full", "wrap"])
def test_a_u_matrix_of_a_torus_knows_that_opposite_borders_touch(trained, noise, edge):
    model = trained(noise(False), lateral={"edge": edge, "radius": 1})
    figure = drawing.draw("u_matrix", subject_of(model, noise(False)))
    shown = np.asarray(figure.axes[0].get_images()[0].get_array())
    grid = Torus(4, 5) if edge == "wrap" else Grid(4, 5)
    expected = u_matrix.neighbour_distances(model.trained.weights, grid)
    np.testing.assert_array_equal(shown, expected.reshape(4, 5))
    said = " ".join(text.get_text() for text in figure.texts)
    assert ("Opposite borders touch" in said) is (edge == "wrap")
    assert legible.faults(figure) == []


@pytest.mark.parametrize(
    "form",
    [Form(3, 4, "rgb"), Form(3, 4, "grey", "on_off"), Form(3, 4, "opponent", "on_off")],
    ids=str,
)
def test_a_map_of_any_form_has_its_pictures(trained, noise, tmp_path, form):
    is_coloured = form.colours != "grey"
    subject = subject_of(trained(noise(False, form), epochs=1), noise(False, form))
    said = drawing.draw("learning_curve", subject).axes[0].get_ylabel()
    assert said == "mean squared error per input"
    for name in ("prototypes", "reconstructions"):
        found = colours(drawn(drawing.draw(name, subject), tmp_path))
        assert any(max(one) - min(one) > 60 for one in found) is is_coloured
    performance = performing.Performance(subject.model, subject.data, 2, 100)
    for name in ("activity", "formation"):
        made = performing.animate(name, performance)
        used = set().union(*(np.unique(frame).tolist() for frame in made.frames))
        assert (not used.isdisjoint(range(animation.FIRST_INK, 255))) is is_coloured
        assert (made.palette != animation.palette()) is is_coloured


def tile_of(figure, unit, grid):
    """The tile of a unit in a picture of lateral weights, as values."""
    sheet = np.asarray(figure.axes[0].get_images()[0].get_array())
    row, col = divmod(unit, grid.cols)
    top, left = row * (grid.rows + 1) + 1, col * (grid.cols + 1) + 1
    return sheet[top : top + grid.rows, left : left + grid.cols]


def test_fixed_excitation_is_shown_large_and_what_is_learnt_in_tiles(trained, noise):
    fixed = drawing.draw("lateral_excitation", subject_of(trained(noise(False)), noise(False)))
    assert [axes.get_title() for axes in fixed.axes[:3]] == ["unit 2, 2", "unit 0, 0", "unit 3, 4"]
    learnt = trained(noise(False), model="sparse_dream")
    figure = drawing.draw("lateral_excitation", subject_of(learnt, noise(False)))
    assert "A tile for each unit" in said(figure)


def test_lateral_pictures_show_effects_with_their_signs(trained, noise):
    subject = subject_of(trained(noise(False), model="sparse_dream"), noise(False))
    state, grid = subject.model.trained.state, subject.model.experiment.grid
    for name, matrix, sign in (
        ("lateral_excitation", state.excitation, 1),
        ("global_inhibition", state.global_inhibition, -1),
        ("column_inhibition", state.column_inhibition, -1),
    ):
        matrix[:] = np.random.default_rng(3).random(matrix.shape)
        tile = tile_of(drawing.draw(name, subject), 7, grid)
        np.testing.assert_array_equal(tile, sign * matrix[7].reshape(4, 5))


@pytest.mark.parametrize("acts", [True, False])
def test_together_lateral_weights_are_what_a_unit_is_answered_by(trained, noise, acts):
    model = trained(noise(False), model="sparse_dream", column_inhibition={"acts": acts})
    figure = drawing.draw("lateral_matrix", subject_of(model, noise(False)))
    together = np.asarray(figure.axes[3].get_images()[0].get_array())
    settings, state = model.experiment.settings, model.trained.state
    sample = noise(False).train.vectors("float64")[0]
    driven = state.weights @ sample
    activity = sparse_dream.respond(state, sample, settings)[1]
    expected = sparse_dream.sigmoid(driven + together @ driven - state.thresholds)
    np.testing.assert_allclose(activity, expected)
    assert ("does not act" in figure.axes[2].get_title()) is not acts


def shown_reconstructions(subject):
    sheet = np.asarray(drawing.draw("reconstructions", subject).axes[0].get_images()[0].get_array())
    return sheet[8:14, 1:6]  # of the first sample, below it


def test_reconstructions_are_drawn_with_the_maps_activation_or_another(trained, noise):
    model = trained(noise(False), activation="drive")
    as_trained = shown_reconstructions(subject_of(model, noise(False)))
    excited = shown_reconstructions(subject_of(model, noise(False), activation="excited"))
    assert excited.sum() > as_trained.sum()


def test_with_a_trace_reconstructions_are_those_of_the_whole_sequence(trained, noise):
    data = noise(True)
    model = trained(data, trace=0.5)
    subject = subject_of(model, data, count=2)
    sheet = drawing.draw("reconstructions", subject).axes[0].get_images()[0].get_array()
    responses = respond(model.trained.state, data.held_out.vectors("float64"), model.experiment)
    last = responses.reconstructions[-1].reshape(6, 5)
    np.testing.assert_allclose(np.asarray(sheet)[8:14, 7:12], last)


def frames_of(name, model, data, n_frames=6):
    performance = performing.Performance(model, data, n_frames, 100)
    return np.stack(list(performing.animate(name, performance).frames))


def activity_panels(frames):
    """The middle panel, from which labels and counters are far."""
    left = 2 * animation.GAP + animation.PANEL
    return frames[:, animation.HEADER : -animation.FOOTER, left : left + animation.PANEL]


def active(panels):
    """How many of the pixels are coloured, frame by frame."""
    return ((panels > animation.FIRST_COLOUR) & (panels < animation.MARK)).sum(axis=(1, 2))


@pytest.mark.parametrize("trace", [None, 0.5])
def test_activity_is_each_frames_own_and_a_trajectory_keeps_earlier_frames(trained, noise, trace):
    data = noise(True)
    model = trained(data, trace=trace, n_winners=1, lateral={"strength": 0})
    model.trained.weights[:] = np.eye(20, 30)  # a unit answers to a pixel of its own
    alone = active(activity_panels(frames_of("activity", model, data)))
    traced = active(activity_panels(frames_of("trajectory", model, data)))
    unit = 56 * 56  # 4 x 5 units on a panel of 280 pixels
    assert alone.tolist() == [unit] * 6
    assert traced[0] == unit
    assert traced[-1] > unit


def test_a_trajectory_has_the_maps_own_trace_or_the_notebooks(trained, noise):
    data = noise(True)
    without = trained(data, trace=None)

    def with_trace_of(trace):
        experiment = at_work.with_trace(without.experiment, trace)
        return frames_of("trajectory", replace(without, experiment=experiment), data)

    assert (with_trace_of(None) == with_trace_of(0.5)).all()
    assert (with_trace_of(0.9) != with_trace_of(0.5)).any()


def test_a_formation_has_a_frame_for_each_snapshot_and_lingers_on_the_last(trained, noise):
    model = trained(noise(False), epochs=3)
    performance = performing.Performance(model, noise(False), 4, 100)
    made = performing.animate("formation", performance)
    assert len(list(made.frames)) == 4
    assert made.frame_ms == [400, 400, 400, 2000]


def strength_of(frame, unit, pitch, factor):
    """The darkest grey of a unit's prototype in a frame of a formation."""
    row, col = divmod(unit, 5)
    top, left = animation.HEADER + factor, animation.GAP + factor
    rows, cols = (
        slice(start + place * each * factor, start + (place * each + each - 1) * factor)
        for start, place, each in ((top, row, pitch[0]), (left, col, pitch[1]))
    )
    return int(frame[rows, cols].max())


def test_a_formation_shows_strength_when_it_is_there_and_units_that_learnt_alone(trained, noise):
    model = trained(noise(False), epochs=2)
    start, first, last = (each.arrays["weights"] for each in model.trained.snapshots)
    start[:] = np.linspace(0.8, 1, 30)  # so strong do units begin
    first[:] = last[:] = start
    first[:10] = last[:10] = np.linspace(0, 0.1, 30)
    wins = model.trained.history.wins
    wins[:] = 0
    wins[0, :10] = wins[1, 0] = 1
    frames = frames_of("formation", model, noise(False))
    factor = formation.LARGEST_SHEET // max(4 * 7 + 1, 5 * 6 + 1)
    strengths = [
        [strength_of(frame, i, (7, 6), factor) for i in (0, 9, 10, 19)] for frame in frames
    ]
    faint = round(0.25 * animation.BLACK)
    for strong, weak in zip(strengths, ([0, 1, 2, 3], [2, 3], [2, 3]), strict=True):
        for i, strength in enumerate(strong):
            assert strength <= faint + 2 if i in weak else strength == animation.BLACK


def test_who_has_learnt_has_won_and_not_faded_or_comes_from_another_map(trained, noise):
    model = trained(noise(False), model="sparse_dream", epochs=2)
    weights = np.ones((20, 30))
    weights[3] = 0  # has faded
    model.trained.history.wins[:] = np.eye(2, 20, 2, dtype=int)  # unit 2 wins first, then 3
    found = [np.flatnonzero(model.alive(weights, epoch)).tolist() for epoch in (0, 1, 2)]
    assert found == [[], [2], [2]]
    follows = replace(model, start_sha256="of another")
    assert np.flatnonzero(~follows.alive(weights, 0)).tolist() == [3]


def test_a_formation_of_the_start_alone_is_one_frame(trained, noise, tmp_path):
    model = trained(noise(False))
    start = replace(model.trained, snapshots=model.trained.snapshots[:1])
    performance = performing.Performance(replace(model, trained=start), noise(False), 4, 100)
    made = performing.animate("formation", performance)
    animation.write_gif(tmp_path / "one.gif", made.frames, made.frame_ms, "note")
    assert len(iio.imread(tmp_path / "one.gif", index=None)) == 1


# ------------------------------------------------------------------ animation


def grey_sheet(weights, shape, grid, largest):
    return formation.prototype_sheet(weights, Scale(Form(*shape), largest), grid, Inks())


def test_sheets_of_prototypes_have_one_scale_and_cut_off_what_is_blacker():
    later = np.array([[0.0, 1], [2, np.inf]])
    sheets_ = np.stack([grey_sheet(w, (1, 2), Grid(1, 2), 2.0) for w in (later, later / 2)])
    factor = formation.LARGEST_SHEET // 7
    border = animation.BORDER
    assert sheets_.shape == (2, 3 * factor, 7 * factor)
    assert sheets_[0, factor, ::factor].tolist() == [border, 0, 32, border, 63, 63, border]
    assert sheets_[1, factor, ::factor].tolist() == [border, 0, 16, border, 32, 63, border]


def test_a_large_sheet_is_shrunk_by_area():
    weights = np.zeros((100, 400))
    weights[:50] = 1  # the upper half of the sheet
    sheet = grey_sheet(weights.repeat(100, 0), (20, 20), Grid(100, 100), 1.0)
    assert sheet.shape == (900, 900)
    assert sheet[:450].mean() == pytest.approx(
        (20 / 21) ** 2 * 63 + (1 - (20 / 21) ** 2) * 16, abs=1
    )
    assert sheet[450:].max() <= 16


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
    large = animation.enlarge(np.ones(shape, np.uint8))
    factor = max(1, 280 // max(shape))
    assert large.shape == tuple(max(280, factor * length) for length in shape)
    assert large.sum() == factor**2 * shape[0] * shape[1]


def test_the_window_is_marked_where_it_is():
    corners = np.array([[0, 0], [420, 210]])
    frame = panning.with_box(np.zeros((280, 280), np.uint8), (840, 840), corners, 30)(1)
    rows, cols = np.nonzero(frame == animation.MARK)
    assert (rows.min(), rows.max(), cols.min(), cols.max()) == (140, 150, 70, 80)
    assert (frame[143:148, 73:78] == 0).all()


@pytest.fixture
def panels():
    first = np.zeros((5, 4, 4), np.uint8)
    first[3, 1, 2] = animation.BLACK
    second = np.full((5, 4, 4), animation.FIRST_COLOUR, np.uint8)
    second[:, 0, 0] = animation.FIRST_COLOUR + 63
    return [
        animation.Panel("one", 5, first.__getitem__),
        animation.Panel("two", 5, second.__getitem__),
    ]


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


@pytest.fixture
def written(monkeypatch):
    """The words of frames, as (text, box), in the order they are written."""
    words, write = [], animation._write

    def remember(frame, at, text, anchor):
        height, width = frame.shape
        box = animation._font().getbbox(text, anchor=anchor)
        left, top, right, bottom = (float(end + at[i % 2]) for i, end in enumerate(box))
        assert left >= 0, text
        assert right <= width, text
        assert top >= 0, text
        assert bottom <= height, text
        words.append((text, (left, top, right, bottom)))
        write(frame, at, text, anchor)

    monkeypatch.setattr(animation, "_write", remember)
    return words


def meet(one, other):
    return all(one[i] < other[i + 2] and other[i] < one[i + 2] for i in (0, 1))


@pytest.mark.parametrize("name", ["a", LONG, LONGER])
@pytest.mark.parametrize("n_panels", [1, 3])
def test_words_of_a_gif_are_apart_and_none_is_cut_off(written, name, n_panels):
    label = "activity of 1000 x 1000 units, trace 0.54321, and more"
    panels = [
        animation.Panel(label, 1, lambda _: np.full((1, 40), animation.BLACK, np.uint8))
    ] * n_panels
    scale = 1.23e-5 if n_panels > 1 else None
    said = f"{name}, diverged, held-out"
    frame = next(animation.side_by_side(panels, said, scale, ["epoch 1000 of 1000"]))
    for (_, one), (_, other) in itertools.combinations(written, 2):
        assert not meet(one, other)
    together = "".join(text for text, _ in written).replace(" ", "")
    assert said.replace(" ", "") in together
    assert together.count(label.replace(" ", "")) == n_panels
    # The panels are where they belong: below their labels, above everything else.
    _, top, _, bottom = frame_of_black(frame)
    for text, (_, first, _, last) in written:
        assert last < top if text in label and text != "0" else first > bottom


def frame_of_black(frame):
    """The box of the rows that are black over a panel's width."""
    panel = frame[:, animation.GAP : animation.GAP + animation.PANEL]
    rows = np.flatnonzero((panel == animation.BLACK).all(axis=1))
    return 0, rows.min(), frame.shape[1], rows.max()


def test_words_that_fit_take_no_more_room(panels):
    frame = next(animation.side_by_side(panels, "caption", 1.0))
    assert len(frame) == animation.HEADER + animation.PANEL + animation.FOOTER


@pytest.mark.parametrize(
    ("shape", "expected"), [((1, 40), (7, 40)), ((40, 1), (40, 7)), ((4, 5), (4, 5))]
)
def test_few_rows_or_columns_of_units_are_stretched(shape, expected):
    sheet = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    stretched = animation.stretch(sheet)
    assert stretched.shape == expected
    assert (stretched[:: expected[0] // shape[0], :: expected[1] // shape[1]] == sheet).all()


@pytest.mark.parametrize("grid", [Grid(1, 40), Grid(40, 1)], ids=str)
def test_a_formation_of_a_row_of_units_keeps_their_prototypes_legible(grid):
    sheet = grey_sheet(np.zeros((40, 784)), (28, 28), grid, 1.0)
    assert sorted(sheet.shape) == [30, 1161]  # a pixel for a weight


def moving(number):
    """A frame of 30 x 40 pixels in which a square moves, as every third frame doesn't."""
    frame = np.zeros((30, 40), np.uint8)
    at = number - number % 3 // 2
    frame[10:20, at : at + 10] = animation.BLACK - number // 10
    return frame


@pytest.mark.parametrize("n_frames", [1, 2, 3, 17])
def test_a_gif_shows_each_frame_as_it_is_and_as_long_as_it_should(tmp_path, n_frames):
    times = [10 * (number + 2) for number in range(n_frames)]
    animation.write_gif(tmp_path / "a.gif", map(moving, range(n_frames)), times, "note")
    table = np.frombuffer(animation.palette(), np.uint8).reshape(256, 3)
    expected: list = []
    for number, ms in enumerate(times):
        shown = table[moving(number)]
        if expected and (shown == expected[-1][0]).all():
            ms += expected.pop()[1]
        expected.append((shown, ms))
    with Image.open(tmp_path / "a.gif") as image:
        assert image.n_frames == len(expected)
        assert image.info["loop"] == 0
        for number, (shown, ms) in enumerate(expected):
            image.seek(number)
            np.testing.assert_array_equal(np.asarray(image.convert("RGB")), shown)
            assert image.info["duration"] == ms


def test_frames_are_made_as_they_are_written():
    made = []
    frames = ((made.append(number) or moving(3 * number), 100) for number in range(12))
    parts = animation._gif_parts(frames, "note", animation.palette())
    heads = [next(parts) for _ in range(4)]
    assert heads[0].startswith(b"GIF89a")
    assert made == [0, 1, 2]


def test_colours_of_activity_are_matplotlibs_and_need_no_matplotlib():
    steps = np.linspace(0.1, 1, animation.LEVELS - 1)
    expected = (colormaps["plasma_r"](steps)[:, :3] * 255).round().astype(np.uint8)
    assert expected.tobytes() == animation.COLOURS
    code = (
        "import sys, topodream.pictures.animations.at_work, topodream.pictures.performing; "
        "print(*({'matplotlib', 'scipy', 'sklearn', 'numba'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip
    assert done.stdout.split() == []


def test_a_large_picture_in_strips_is_that_in_one(tmp_path, monkeypatch):
    weights = np.random.default_rng(0).random((9, 20 * 30))
    for numbers, name in ((2**23, "one.png"), (8 * 400, "strips.png")):
        monkeypatch.setattr(canvas, "NUMBERS", numbers)
        figure = prototypes.plot(weights, Form(20, 30), Grid(3, 3), "title", "data")
        assert (len(figure.axes[0].get_images()) > 1) == (name == "strips.png")
        saving.save(figure, tmp_path / name, "note")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "strips.png").read_bytes()
