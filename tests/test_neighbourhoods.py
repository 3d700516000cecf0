"""What a unit hears of those around it, by hand: in the middle of a map, in its corners, on a torus."""

import legible
import numpy as np
import pytest

from topodream.grid import Grid, Torus
from topodream.models import mwta
from topodream.models.mwta import Lateral
from topodream.pictures import neighbourhoods
from topodream.pictures.neighbourhoods import OUTSIDE
from topodream.pictures.pages import laid_out_for

NAN = np.nan


def around(surface, places, edge="full", radius=1, **scaled):
    lateral = Lateral(0.5, radius, edge, scaled.get("row_norm"), scaled.get("row_sum"))
    units = np.array([row * surface.cols + col for row, col in places])
    grid = Grid(surface.rows, surface.cols)
    effects = mwta.fixed_excitation(lateral, grid, units)
    return neighbourhoods.around(effects, places, surface)


def test_a_corner_hears_those_inside_and_the_rest_is_outside():
    (corner,) = around(Grid(4, 5), [(0, 0)])
    assert corner.rows.tolist() == corner.cols.tolist() == [OUTSIDE, OUTSIDE, 0, 1, 2]
    expected = np.full((5, 5), NAN)
    expected[2:, 2:] = [[0, 0.5, 0], [0.5, 0.5, 0], [0, 0, 0]]
    np.testing.assert_array_equal(corner.weights, expected)


def test_what_the_notebook_leaves_out_is_white_and_no_outside():
    (full,), (notebook,) = (around(Grid(4, 5), [(3, 4)], edge) for edge in ("full", "notebook"))
    assert notebook.rows.tolist() == [1, 2, 3, OUTSIDE, OUTSIDE]
    assert full.weights[1:3, 1:3].tolist() == [[0.5, 0.5], [0.5, 0]]
    assert notebook.weights[1:3, 1:3].tolist() == [[0.5, 0], [0, 0]]
    np.testing.assert_array_equal(np.isnan(full.weights), np.isnan(notebook.weights))


def test_a_torus_goes_on_at_the_opposite_border():
    middle, corner = around(Torus(5, 6), [(2, 3), (0, 0)], "wrap", row_sum=2.4)
    assert corner.rows.tolist() == [3, 4, 0, 1, 2]
    assert corner.cols.tolist() == [4, 5, 0, 1, 2]
    np.testing.assert_array_equal(corner.weights, middle.weights)
    assert corner.weights.sum() == pytest.approx(2.4)
    assert [neighbourhoods._seams(each.cols) for each in (middle, corner)] == [[], [2]]


def test_a_small_torus_is_shown_once():
    for shown in around(Torus(5, 6), [(2, 3), (0, 0), (4, 5)], "wrap", radius=2):
        assert sorted(shown.rows.tolist()) == [0, 1, 2, 3, 4]
        assert sorted(shown.cols.tolist()) == [0, 1, 2, 3, 4, 5]
        assert np.count_nonzero(shown.weights) == 24


def test_a_unit_that_hears_nobody_has_its_neighbours_around_it():
    (shown,) = around(Grid(4, 5), [(2, 2)], radius=0)
    assert shown.weights.tolist() == [[0] * 3] * 3


def drawn(surface, *args, **more):
    places = [(surface.rows // 2, surface.cols // 2), (0, 0), (surface.rows - 1, surface.cols - 1)]
    found = around(surface, places, *args, **more)
    return neighbourhoods.plot(found, surface, "name: lateral excitation", "data")


def test_weights_stand_in_units_with_what_they_come_to():
    figure = drawn(Grid(9, 9), "notebook")
    middle, first, last = figure.axes[:3]
    assert [text.get_text() for text in middle.texts] == ["0.5"] * 8
    assert len(first.texts) == 3
    assert [text.get_position() for text in last.texts] == [(1, 1)]  # beside the unit at 2, 2
    assert "hears 8 units, 4 in all" in middle.get_xlabel()
    assert "hears 1 unit, 0.5 in all" in last.get_xlabel()
    assert [axes.get_title() for axes in figure.axes[:3]] == ["unit 4, 4", "unit 0, 0", "unit 8, 8"]
    assert [tick.get_text() for tick in last.get_yticklabels()] == ["6", "7", "8"]


def said(figure):
    return " ".join(text.get_text() for text in figure.texts)


def test_what_ends_a_map_is_said():
    assert "Grey: outside of the map." in said(drawn(Grid(9, 9)))
    assert "Dashed" not in said(drawn(Grid(9, 9)))
    on_torus = said(drawn(Torus(9, 9), "wrap"))
    assert "Dashed: opposite borders touch." in on_torus
    assert "Grey" not in on_torus


@pytest.mark.slow
@pytest.mark.parametrize(
    ("surface", "edge", "radius"),
    [
        (Grid(40, 40), "notebook", 3),
        (Grid(1, 40), "full", 2),
        (Grid(40, 1), "notebook", 2),
        (Grid(1000, 1000), "full", 2),
        (Grid(60, 60), "full", 20),
        (Torus(5, 6), "wrap", 2),
        (Grid(9, 9), "full", 0),
    ],
    ids=str,
)
def test_neighbourhoods_are_legible(surface, edge, radius):
    assert legible.faults(drawn(surface, edge, radius, row_norm=0.1)) == []


@pytest.mark.parametrize(("width", "rows"), [(None, 1), ("double", 1), ("single", 2)])
def test_where_three_have_no_room_two_stand_in_a_row(width, rows):
    with laid_out_for(width):
        figure = drawn(Grid(9, 9))
    bottoms = {round(axes.get_position().y0, 3) for axes in figure.axes[:3]}
    assert len(bottoms) == rows
    sides = {round(side) for axes in figure.axes[:3] for side in axes.bbox.size}
    assert len(sides) == 1  # squares, all alike
    assert sides.pop() > 100
