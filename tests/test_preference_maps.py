"""The orientation map and the colour map: what they show of maps whose preferences are known."""

from types import SimpleNamespace

import legible
import numpy as np
import pytest
from test_orientation import OPPONENT, SIGNED, coloured, gabors, halves, preferring
from test_pictures import GRIDS, LONG, TOLD, drawn, said

from topodream.form import Form
from topodream.grid import Grid, Torus
from topodream.pictures import beside, cyclic
from topodream.pictures.figures import colour_map, orientation_map

# Units that prefer these, in degrees.
LYING, RISING, STANDING, FALLING = 0, 45, 90, 135


def prototypes_of(*degrees):
    return halves(gabors(np.radians(degrees), np.zeros(len(degrees))))


def orientations(grid, *degrees):
    return orientation_map.plot(prototypes_of(*degrees), SIGNED, grid, "title", "data")


def colours_of(grid, *pixels):
    return colour_map.plot(coloured(*pixels), OPPONENT, grid, "title", "data")


def map_of(figure):
    """The picture of the map itself, from the upper left on: (height, width, 3)."""
    return np.asarray(figure.axes[0].get_images()[0].get_array())


# ------------------------------------------------------------------ colours that turn


# What is seen without the receptors of red, or of green: Machado, Oliveira and Fernandes 2009.
SEEN_WITHOUT = {
    "nothing": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "red": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "green": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
}


def linear(colours):
    return np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)


def oklab(colours, seen=SEEN_WITHOUT["nothing"]):
    cones = np.linalg.inv(cyclic.TO_LINEAR) @ np.clip(seen @ linear(colours).T, 0, 1)
    return (np.linalg.inv(cyclic.TO_CONES) @ np.cbrt(cones)).T


def test_colours_turn_once_and_are_evenly_far_apart():
    turned = np.exp(2j * np.pi * np.arange(64) / 64)
    around = cyclic.turning_colours(np.append(turned, turned[0]))
    steps = np.linalg.norm(np.diff(oklab(around), axis=0), axis=1)
    assert steps.max() / steps.min() < 1.6
    assert (cyclic.turning_colours(np.zeros(1)) < 0.1).all()
    np.testing.assert_allclose(cyclic.turning_colours(7 * turned), around[:-1])


@pytest.mark.parametrize("without", SEEN_WITHOUT)
def test_orientations_are_told_apart_without_red_and_green(without):
    found = oklab(
        cyclic.turning_colours(np.exp(2j * np.pi * np.arange(8) / 8)), SEEN_WITHOUT[without]
    )
    apart = np.linalg.norm(found[:, None] - found, axis=-1)[~np.eye(8, dtype=bool)]
    assert apart.min() > 0.04  # twice what is just seen


@pytest.mark.parametrize("wraps", [False, True])
def test_colours_run_from_each_unit_to_the_next(wraps):
    sheet = np.exp(2j * np.pi * np.arange(4) / 7)[None] * np.array([[1], [0.5]])
    picture = cyclic.painted(sheet, (2 * 9, 4 * 9), wraps=wraps)
    np.testing.assert_allclose(picture[4::9, 4::9], cyclic.turning_colours(sheet), atol=1e-6)
    # Half way between the first two, and half way between the last one and what it touches.
    between = (sheet[0, :1] + sheet[0, 1:2]) / 2
    np.testing.assert_allclose(
        picture[4, [8, 9]].mean(axis=0), cyclic.turning_colours(between)[0], atol=0.03
    )
    beyond = sheet[0, -1:] if not wraps else (5 * sheet[0, -1:] + 4 * sheet[0, :1]) / 9
    np.testing.assert_allclose(picture[4, -1], cyclic.turning_colours(beyond)[0], atol=1e-6)


# ------------------------------------------------------------------ the orientation map


def test_bars_stand_as_units_prefer_and_the_unselective_have_none():
    grid = Grid(1, 20)  # stretched
    weights = np.zeros((20, SIGNED.n_inputs))
    weights[:4] = prototypes_of(LYING, RISING, STANDING, FALLING)
    figure = orientation_map.plot(weights, SIGNED, grid, "title", "data")
    bars = figure.axes[0].get_lines()[0].get_xydata().reshape(-1, 3, 2)[:, :2]
    assert bars.mean(axis=1) == pytest.approx(np.array([[0, 0], [1, 0], [2, 0], [3, 0]]))
    pixels = np.diff(
        figure.axes[0].transData.transform(bars.reshape(-1, 2)).reshape(-1, 2, 2), axis=1
    )
    angles = np.degrees(np.arctan2(pixels[:, 0, 1], pixels[:, 0, 0]))
    assert angles == pytest.approx([0, 45, 90, 135], abs=0.5)
    assert np.ptp(np.linalg.norm(pixels, axis=-1)) < 1e-6
    assert (map_of(figure)[:, -20:] < 0.1).all()


def test_bars_of_small_units_stand_for_several():
    degrees = np.where(np.arange(100) % 100 < 50, LYING, STANDING)
    preferred = np.tile(preferring(degrees), 100)
    _, axes, _ = beside.map_axes(Grid(100, 100), "title", "data")
    orientation_map._draw_bars(axes, preferred, Grid(100, 100))
    bars = axes.get_lines()[0].get_xydata().reshape(-1, 3, 2)[:, :2]
    assert len(bars) == 50 * 50
    lies = np.isclose(bars[:, 0, 1], bars[:, 1, 1])
    assert np.array_equal(lies, bars[:, :, 0].mean(axis=1) < 50)


def markers(figure):
    """Where the pinwheels are that turn anticlockwise, and clockwise: x, y."""
    lines = [line for line in figure.axes[0].get_lines() if line.get_marker() == "o"]
    return [line.get_xydata().tolist() for line in lines]


def test_pinwheels_are_marked_between_their_units_and_counted():
    # Anticlockwise from the upper right one: 45, 90, 135, 180.
    pinwheel = [STANDING, RISING, FALLING, LYING]
    assert markers(orientations(Grid(2, 2), *pinwheel)) == [[[0.5, 0.5]], []]
    mirrored = orientations(Grid(2, 2), *pinwheel[1::-1], *pinwheel[:1:-1])
    assert markers(mirrored) == [[], [[0.5, 0.5]]]
    words = [text.get_text() for axes in mirrored.axes for text in axes.texts]
    assert {"0 anticlockwise", "1 clockwise"} <= set(words)
    row = [*pinwheel[:2], LYING] + [*pinwheel[2:], LYING] + 3 * [LYING]
    torus = orientations(Torus(3, 3), *row)
    assert len(markers(torus)[0]) == len(markers(torus)[1]) > 0
    assert "Opposite borders touch" in said(torus)
    assert "Opposite borders touch" not in said(mirrored)


def test_the_part_that_is_shown_is_round_a_pinwheel():
    rows, cols = np.divmod(np.arange(400), 20)
    around = np.arctan2(
        9.5 - rows, cols - 6.5
    )  # anticlockwise, the middle right and below unit 9, 6
    part = beside.part_of(np.exp(1j * around), Grid(20, 20), SIGNED)
    assert part == (slice(7, 13), slice(4, 10))
    # Without one it is on a border; no part is of one orientation.
    halves_apart = preferring(np.where(cols < 12, 0, 80))
    columns = beside.part_of(halves_apart, Grid(20, 20), SIGNED)[1]
    assert columns.start < 12 < columns.stop
    # Where all are alike it is anywhere, on thin grids what there is.
    assert beside.part_of(np.ones(40), Grid(1, 40), SIGNED)[0] == slice(0, 1)
    assert beside.part_of(np.ones(1), Grid(1, 1), SIGNED) == (slice(0, 1), slice(0, 1))
    # Of large prototypes few have room.
    large = beside.part_of(np.ones(400), Grid(20, 20), Form(300, 300, channels="on_off"))
    assert large == (slice(0, 1), slice(0, 1))


def wedges(panel):
    """The angle of each wedge's middle in degrees, and its area as a part of the circle's."""
    found = []
    for patch in panel.patches:
        x, y = np.array(patch.get_xy())[:-2].T  # without the middle, twice
        size = np.hypot(x, y).mean()
        middle = np.degrees(np.arctan2(y.mean(), x.mean()))
        if size > 0:
            found.append((round(middle), size**2))
    return dict(found)


def test_the_histogram_shows_how_frequent_orientations_are():
    weights = prototypes_of(RISING, RISING, RISING, RISING, STANDING, LYING, 0, 0)
    weights[-2:] = 0
    figure = orientation_map.plot(weights, SIGNED, Grid(2, 4), "title", "data")
    found = wedges(figure.axes[-1])
    # What lies is at both ends, half a wedge each.
    assert found == pytest.approx({45: 1, 90: 1 / 4, 3: 1 / 4, 177: 1 / 4})
    assert "6 oriented units, 75 %" in said(figure)


# ------------------------------------------------------------------ the colour map


def test_units_have_the_colours_that_they_tell_apart():
    # Brightness alone; red against green; blue against yellow; half of it brightness.
    figure = colours_of(Grid(2, 2), [1, 0, 0], [0, 1, 0], [0, 0, -1], [1, 1, 0])
    picture = map_of(figure)
    cell = len(picture) // 2
    middles, corners = picture[cell // 2 :: cell, cell // 2 :: cell], picture[2::cell, 2::cell]
    np.testing.assert_allclose(middles[0, 0], 0.5)
    np.testing.assert_allclose(corners[0, 0], 0.5)
    red, green, blue = 0, 1, 2
    assert middles[0, 1, red] > 0.8 > 0.2 > middles[0, 1, green]
    assert corners[0, 1, green] > 0.8 > 0.2 > corners[0, 1, red]
    assert middles[1, 0, blue] > 0.9
    assert corners[1, 0, blue] < 0.1
    np.testing.assert_allclose(middles[1, 1] - 0.5, (middles[0, 1] - 0.5) / 2, atol=1e-6)
    assert "2 coloured units, 50 %" in said(figure)


def test_the_histogram_of_hues_shows_both_ends_of_each_axis():
    figure = colours_of(Grid(1, 4), [0, 1, 0], [0, -1, 0], [0, 0, 1], [1, 0, 0])
    assert wedges(figure.axes[-1]) == pytest.approx({0: 1, 180: 1, 90: 1 / 2, -90: 1 / 2})


# ------------------------------------------------------------------ both


@pytest.mark.slow
@pytest.mark.parametrize("grid", GRIDS[-3:], ids=str)
def test_maps_of_preferences_of_any_grid_are_legible(grid):
    rng = np.random.default_rng(0)
    opponent = rng.random((grid.n_units, OPPONENT.n_inputs))
    for plot in (orientation_map.plot, colour_map.plot):
        figure = plot(opponent, OPPONENT, grid, f"{LONG}: figure", f"{TOLD}; {TOLD}")
        assert legible.faults(figure) == []
        assert min(figure.axes[0].bbox.size) > 50


@pytest.mark.slow
@pytest.mark.parametrize("value", [0, np.nan, np.inf, 1e30])
def test_maps_without_preferences_can_be_drawn(value, tmp_path):
    weights = np.full((4, OPPONENT.n_inputs), value, "float32")
    weights[0, :5] = 1
    for plot in (orientation_map.plot, colour_map.plot):
        drawn(plot(weights, OPPONENT, Torus(2, 2), "title", "data"), tmp_path)


def material_of(weights, form, surface, kept):
    model = SimpleNamespace(
        trained=SimpleNamespace(weights=weights),
        kept=np.array(kept),
        form=form,
        data="data",
        experiment=SimpleNamespace(surface=surface),
    )
    return SimpleNamespace(model=model, title="a map: {}".format)


def test_units_that_have_faded_prefer_nothing_as_in_the_measures():
    weights, kept = prototypes_of(LYING, RISING, STANDING, FALLING), [True, False, True, True]
    figure = orientation_map.draw(material_of(weights, SIGNED, Grid(2, 2), kept))
    assert "3 oriented units, 75 %" in said(figure)
    weights = coloured(*4 * [[0, 1, 0]])
    figure = colour_map.draw(material_of(weights, OPPONENT, Grid(2, 2), kept))
    assert "3 coloured units, 75 %" in said(figure)


def test_they_are_drawn_of_a_map_and_of_its_surface():
    material = material_of(coloured(*9 * [[1, 1, 0]]), OPPONENT, Torus(3, 3), 9 * [True])
    for module, title in (
        (orientation_map, "preferred orientations"),
        (colour_map, "preferred colours"),
    ):
        figure = module.draw(material)
        assert figure.axes[0].get_title(loc="left") == f"a map: {title}"
        assert "Opposite borders touch" in said(figure)
