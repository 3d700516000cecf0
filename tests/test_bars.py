"""Bars: the data, how many of them a map has found, and the picture of that."""

from dataclasses import replace

import legible
import numpy as np
import pytest
from conftest import forged
from matplotlib.colors import to_hex

from topodream.data import samples
from topodream.data.bars import bars_content, draw_bars
from topodream.files.errors import ContentError
from topodream.files.storage import write_hdf5
from topodream.form import Form
from topodream.grid import Grid
from topodream.measures.bars import correlations, found
from topodream.measures.measure import Subject
from topodream.measures.registry import FUNCTIONS
from topodream.models.foldiak import State
from topodream.pictures import canvas
from topodream.pictures.drawing import Material
from topodream.pictures.figures import bars as figure
from topodream.plan.catalogue import resolve
from topodream.training.map_file import Map
from topodream.training.trained import History, Snapshot, Trained
from topodream.traits import BARS

PROBABILITY = 1 / 8


@pytest.fixture(scope="module")
def content():
    return bars_content(count=4000, held_out=1000, size=8, probability=PROBABILITY, seed=0)


# ------------------------------------------------------------------ the data


def test_bars_by_hand():
    """Rows from the top on, then columns from the left on; where two cross, a pixel is lit once."""
    there = np.array([[1, 0, 0, 0, 0, 1], [0, 1, 0, 1, 0, 0], [0, 0, 0, 0, 0, 0]], bool)
    lit = [
        [[1, 1, 1], [0, 0, 1], [0, 0, 1]],
        [[1, 0, 0], [1, 1, 1], [1, 0, 0]],
        [[0, 0, 0], [0, 0, 0], [0, 0, 0]],
    ]
    np.testing.assert_array_equal(draw_bars(there), 255 * np.array(lit))


def test_each_bar_is_there_with_its_probability_independently_of_the_others(content):
    there = content.arrays["train/bars"]
    assert there.shape == (4000, 16)
    deviation = np.sqrt(PROBABILITY * (1 - PROBABILITY) / 4000)
    assert np.abs(there.mean(axis=0) - PROBABILITY).max() < 4 * deviation
    others = np.corrcoef(there.T) - np.eye(16)
    assert np.abs(others).max() < 4 / np.sqrt(4000)


def test_pixels_are_those_of_the_bars_and_parts_are_drawn_apart(content):
    for part in samples.PARTS:
        there, pixels = content.arrays[f"{part}/bars"], content.arrays[f"{part}/pixels"]
        np.testing.assert_array_equal(pixels, draw_bars(there))
    one, other = (content.arrays[f"{part}/bars"][:1000] for part in samples.PARTS)
    assert np.mean((one == other).all(axis=1)) < 0.2  # blank ones
    again = bars_content(count=4000, held_out=10, size=8, probability=PROBABILITY, seed=0)
    np.testing.assert_array_equal(again.arrays["train/bars"], content.arrays["train/bars"])
    another = bars_content(count=4000, held_out=10, size=8, probability=PROBABILITY, seed=1)
    assert (another.arrays["train/bars"] != content.arrays["train/bars"]).any()


@pytest.fixture
def file(content, tmp_path):
    path = tmp_path / "bars.h5"
    write_hdf5(path, content, {"made_by": "a test"})
    return path


def test_a_file_says_which_bars_samples_have(content, file):
    data = samples.read_data(file)
    assert data.traits == {BARS}
    np.testing.assert_array_equal(data.held_out.bars, content.arrays["held_out/bars"])


def test_a_file_with_fewer_bars_than_it_has_rows_and_columns_is_refused(file):
    with forged(file) as inside:
        fewer = inside["held_out/bars"][:, :5]
        del inside["held_out/bars"]
        inside["held_out/bars"] = fewer
    with pytest.raises(ContentError, match=r"held_out/bars of shape \(1000, 5\)"):
        samples.read_data(file)


# ------------------------------------------------------------------ the measure


def test_correlations_by_hand():
    there = np.array([[1, 0], [1, 1], [0, 0], [0, 1]], bool)
    answers = np.array([[1.0, 0, 7, 0], [1, 1, 7, 0], [0, 0, 7, 1], [0, 0, 7, 0]])
    expected = np.array([[1, 0], [1, 1], [0, 0], [-1, -1]]) / np.sqrt([[1], [3], [1], [3]])
    np.testing.assert_allclose(correlations(answers, there), expected, atol=1e-15)
    always = np.ones((4, 1), bool)
    assert not correlations(answers, always).any()


def test_a_bar_is_found_by_a_unit_above_the_line_alone():
    told = np.array([[0.81, 0.1, -0.99], [0.2, 0.8, 0.3]])
    assert found(told).tolist() == [True, False, False]


@pytest.fixture
def net(some_config, file):
    """A function: a net whose units stand for these bars, unit by unit, and its data."""

    def make(bars, rows=4, cols=4):
        shipped = resolve(some_config).experiments["bars"]
        experiment = replace(shipped, grid=Grid(rows, cols))
        weights = draw_bars(np.eye(16, dtype=bool)[bars]).reshape(len(bars), 64) / np.float32(255)
        # A whole bar, 8 pixels, is above the threshold; some that cross it are not.
        alone = np.zeros((len(bars), len(bars)), np.float32)
        state = State(weights, alone, np.full(len(bars), 6, np.float32), np.zeros(1, np.float32))
        empty = np.zeros((0, len(bars)), np.int64)
        history = History(*np.zeros((3, 0)), empty, empty.astype(float))
        trained = Trained(state, history, [Snapshot(0, state.arrays)], None)
        data = samples.read_data(file)
        return Map(experiment, trained, data.form, data.described, "sha", "sha", {}), data

    return make


def measured(model, data):
    (function,) = (one for one in FUNCTIONS if one.measures[0].name == "bars_found")
    values = function(Subject.of(model, data, 1000))
    return values["bars_found"], values["bars_found_samples"]


def test_each_bar_that_a_unit_stands_for_is_found_whichever_unit_it_is(net):
    assert measured(*net(np.random.default_rng(0).permutation(16)))[0] == 1
    assert measured(*net(np.arange(16) // 2 * 2))[0] == 8 / 16


def test_samples_as_prototypes_find_those_that_are_alone_in_one(net):
    """A bar is alone in 1.7 % of samples: one of 16 samples holds it with 24 %."""
    alone = PROBABILITY * (1 - PROBABILITY) ** 15
    of_16, of_one = (measured(*net(np.arange(n), rows=1, cols=n))[1] for n in (16, 1))
    assert of_one == pytest.approx(alone, abs=0.004)
    assert of_16 == pytest.approx(1 - (1 - alone) ** 16, abs=0.04)


# ------------------------------------------------------------------ the picture


def test_the_picture_shows_each_bar_above_the_unit_that_tells_it(net):
    order = np.random.default_rng(0).permutation(16)
    order[order == 5] = 4  # nobody stands for the sixth row
    model, data = net(order)
    drawn = figure.draw(Material(model, data, {}, {"mean_image_mse": 0.1}, 1))
    images, below = drawn.axes
    assert images.get_title("left") == "bars: 15 of 16 bars found"
    said = figure.in_words(Material(model, data, {}, {"mean_image_mse": 0.1}, 1))
    assert said.startswith(
        "15 of 16 bars have a unit of their own; its answers correlate with them by"
    )
    (image,) = images.images
    sheet = np.ma.filled(image.get_array(), np.nan)
    tiles = [
        [sheet[1 + 9 * row : 9 + 9 * row, 1 + 9 * b : 9 + 9 * b] for b in range(16)]
        for row in (0, 1)
    ]
    pictures = draw_bars(np.eye(16, dtype=bool)) / 255
    heights = [bar.get_height() for bar in below.patches]
    colours = [to_hex(bar.get_facecolor()) for bar in below.patches]
    names = [label.get_text() for label in below.get_xticklabels()]
    for bar in range(16):
        np.testing.assert_array_equal(tiles[0][bar], pictures[bar])
        if bar != 5:
            np.testing.assert_array_equal(tiles[1][bar], pictures[bar])
            assert heights[bar] > 0.99
            unit = list(order).index(bar)
            assert names[bar] == f"{unit // 4}, {unit % 4}"
    assert heights[5] < 0.8
    assert [colour == canvas.HELD_OUT_COLOUR for colour in colours] == [b == 5 for b in range(16)]
    assert colours.count(canvas.TRAINING_COLOUR) == 15
    assert images.get_position().x0 == below.get_position().x0
    assert images.get_xlim() == below.get_xlim()
    assert legible.faults(drawn) == []


def test_units_are_named_where_there_is_room():
    told, weights = np.eye(1200, 40, -1160), np.zeros((1200, 400))
    drawn = figure.plot(told, weights, Form(20, 20), Grid(1, 1200), "bars", "a note")
    assert legible.faults(drawn) == []
    names = [label.get_text() for label in drawn.axes[1].get_xticklabels()]
    assert names == [f"0, {unit}" for unit in range(1160, 1200, 2)]
