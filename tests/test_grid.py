import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from topodream.grid import Grid, Torus, neighbour_sum, window_sum

# One value a unit, so that each sum tells which units it heard.
#     1   2   4
#     8  16  32
#    64 128 256
SHEET = np.array([[1.0, 2, 4], [8, 16, 32], [64, 128, 256]])


def test_whole_neighbourhood_of_radius_1():
    # The corner hears 2 + 8 + 16; the middle hears all but itself: 511 - 16.
    expected = [
        [2 + 8 + 16, 1 + 4 + 8 + 16 + 32, 2 + 16 + 32],
        [1 + 2 + 16 + 64 + 128, 511 - 16, 2 + 4 + 16 + 128 + 256],
        [8 + 16 + 128, 8 + 16 + 32 + 64 + 256, 16 + 32 + 128],
    ]
    np.testing.assert_array_equal(neighbour_sum(SHEET, 1, "full"), expected)


def test_notebook_edge_leaves_out_the_last_row_and_column_as_sources():
    # Only 1, 2, 8 and 16 are passed on; the last row and column still hear them.
    expected = [
        [2 + 8 + 16, 1 + 8 + 16, 2 + 16],
        [1 + 2 + 16, 1 + 2 + 8, 2 + 16],
        [8 + 16, 8 + 16, 16],
    ]
    np.testing.assert_array_equal(neighbour_sum(SHEET, 1, "notebook"), expected)


def test_on_a_torus_every_unit_of_3_x_3_hears_all_others():
    np.testing.assert_array_equal(neighbour_sum(SHEET, 1, "wrap"), 511 - SHEET)


def test_a_neighbourhood_goes_on_at_the_opposite_border():
    sheet = np.zeros((5, 6))
    sheet[0, 5] = 1
    heard = neighbour_sum(sheet, 1, "wrap")
    expected = np.zeros((5, 6))
    expected[np.ix_([4, 0, 1], [4, 5, 0])] = 1
    expected[0, 5] = 0
    np.testing.assert_array_equal(heard, expected)


@pytest.mark.parametrize(("edge", "total"), [("full", 511), ("notebook", 27)])
def test_radius_beyond_the_grid_hears_everybody_else(edge, total):
    heard = SHEET if edge == "full" else np.array([[1.0, 2, 0], [8, 16, 0], [0, 0, 0]])
    np.testing.assert_array_equal(neighbour_sum(SHEET, 7, edge), total - heard)


def test_radius_0_hears_nobody():
    np.testing.assert_array_equal(neighbour_sum(SHEET, 0, "full"), np.zeros((3, 3)))


def test_window_sum_along_a_row():
    np.testing.assert_array_equal(
        window_sum(np.array([1.0, 10, 100, 1000]), 2, 0), [111, 1111, 1111, 1110]
    )


@given(
    rows=st.integers(1, 6),
    cols=st.integers(1, 6),
    radius=st.integers(0, 8),
    edge=st.sampled_from(["full", "notebook", "wrap"]),
    seed=st.integers(0, 99),
)
def test_equals_a_sum_written_out_unit_by_unit(rows, cols, radius, edge, seed):
    if edge == "wrap":
        assume(2 * radius < min(rows, cols))
    sheet = np.random.default_rng(seed).integers(0, 100, (rows, cols)).astype(float)
    passes_on = np.ones((rows, cols), bool)
    if edge == "notebook":
        passes_on[-1] = passes_on[:, -1] = False
    expected = np.zeros((rows, cols))
    for y, x in np.ndindex(rows, cols):
        for v, u in np.ndindex(rows, cols):
            down, across = abs(y - v), abs(x - u)
            if edge == "wrap":
                down, across = min(down, rows - down), min(across, cols - across)
            if max(down, across) <= radius and (y, x) != (v, u) and passes_on[v, u]:
                expected[y, x] += sheet[v, u]
    np.testing.assert_array_equal(neighbour_sum(sheet, radius, edge), expected)


@given(seed=st.integers(0, 99), radius=st.integers(0, 4))
def test_turning_the_sheet_turns_the_result(seed, radius):
    sheet = np.random.default_rng(seed).integers(0, 100, (4, 6)).astype(float)
    turned = neighbour_sum(np.rot90(sheet), radius, "full")
    np.testing.assert_array_equal(turned, np.rot90(neighbour_sum(sheet, radius, "full")))


@given(
    rows=st.integers(3, 6),
    cols=st.integers(3, 6),
    radius=st.integers(0, 1),
    by=st.tuples(st.integers(0, 5), st.integers(0, 5)),
)
def test_rolling_a_torus_rolls_the_result(rows, cols, radius, by):
    sheet = np.random.default_rng(0).random((rows, cols))
    rolled = neighbour_sum(np.roll(sheet, by, (0, 1)), radius, "wrap")
    # To the bit: every unit adds up its neighbours in the same order.
    np.testing.assert_array_equal(rolled, np.roll(neighbour_sum(sheet, radius, "wrap"), by, (0, 1)))


@pytest.mark.parametrize("edge", ["notebook", "wrap"])
def test_many_sheets_at_once_give_what_each_gives_alone(edge):
    sheets = np.arange(24.0).reshape(2, 3, 4)
    alone = [neighbour_sum(sheet, 1, edge) for sheet in sheets]
    np.testing.assert_array_equal(neighbour_sum(sheets, 1, edge), alone)


def test_units_are_numbered_row_by_row():
    grid = Grid(2, 3)
    assert grid.n_units == 6
    assert grid.sheet(np.arange(6)).tolist() == [[0, 1, 2], [3, 4, 5]]


def test_units_are_apart_by_rows_and_columns_on_a_torus_the_shorter_way():
    # Of 4 x 5 units the first one, and those at (0, 4), (3, 0), (2, 3).
    first, others = np.zeros(3, int), np.array([4, 15, 13])
    assert Grid(4, 5).apart(first, others).tolist() == [[0, 4], [3, 0], [2, 3]]
    assert Torus(4, 5).apart(first, others).tolist() == [[0, 1], [1, 0], [2, 2]]
