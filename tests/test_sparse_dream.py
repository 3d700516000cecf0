"""SparseDream's equations, above all the rules by which excitation learns."""

from dataclasses import replace

import numpy as np
import pytest

from topodream.grid import Grid
from topodream.models import sparse_dream
from topodream.models.prototypes import Start
from topodream.models.sparse_dream import (
    ColumnInhibition,
    Excitation,
    Inhibition,
    SparseDream,
    excite,
    may_excite,
)

ROW = Grid(1, 3)  # the middle unit and each end excite each other
SHEET = Grid(4, 5)
PLAIN = SparseDream(
    start=Start(0.1, 1),
    learning_rate=0.02,
    sparsity=0.1,
    threshold_rate=1,
    excitation=Excitation(0, 1, Start(0, 0), 0.5, "activity", symmetric=False, uniform=False),
    global_inhibition=Inhibition(Start(0, 0), 0.5),
    column_inhibition=ColumnInhibition(Start(0, 0), 0.001, acts=True),
    unit_norm=False,
)
HEARD = np.array([0.2, 0.4, 0.8])


def learnt(excitation, **rule):
    """Return a row's excitation, (3, 3), after a step from HEARD."""
    settings = replace(PLAIN, excitation=replace(PLAIN.excitation, **rule))
    return excite(np.array(excitation, float), HEARD, settings, ROW)


def test_hebbian_excitation_grows_between_those_that_are_active_together():
    # alpha (y_i y_j - s^2), s^2 = 0.01: 0.5 * (0.08 - 0.01) and 0.5 * (0.32 - 0.01).
    expected = [[0, 0.035, 0], [0.035, 0, 0.155], [0, 0.155, 0]]
    np.testing.assert_allclose(learnt(np.zeros((3, 3)), rule="hebbian"), expected)


def test_hebbian_excitation_does_not_fall_below_0():
    settings = replace(PLAIN, sparsity=0.5, excitation=replace(PLAIN.excitation, rule="hebbian"))
    found = excite(0.1 * may_excite(ROW, PLAIN.excitation), HEARD, settings, ROW)
    # 0.1 + 0.5 * (0.08 - 0.25) is 0.015, 0.1 + 0.5 * (0.32 - 0.25) is 0.135.
    np.testing.assert_allclose(found, [[0, 0.015, 0], [0.015, 0, 0.135], [0, 0.135, 0]])
    found = excite(found, HEARD, settings, ROW)
    np.testing.assert_allclose(found, [[0, 0, 0], [0, 0, 0.17], [0, 0.17, 0]])


def test_active_units_forget_by_ojas_rule():
    found = learnt([[0, 1, 0], [1, 0, 1], [0, 1, 0]], rule="oja")
    # e + 0.5 y_i (y_j - y_i e)
    expected = [[0, 1 + 0.1 * 0.2, 0], [1 - 0.2 * 0.2, 0, 1 + 0.2 * 0.4], [0, 1 - 0.4 * 0.4, 0]]
    np.testing.assert_allclose(found, expected)


def test_ojas_rule_comes_to_rest_where_excitation_is_the_ratio_of_activities():
    found = np.zeros((3, 3))
    for _ in range(2000):
        found = learnt(found, rule="oja")
    np.testing.assert_allclose(found, [[0, 2, 0], [0.5, 0, 2], [0, 0.5, 0]], rtol=1e-9)


def test_fixed_excitation_stays_what_it_was():
    start = 0.3 * may_excite(ROW, PLAIN.excitation)
    np.testing.assert_array_equal(learnt(start, rule="fixed"), start)


@pytest.mark.parametrize("rule", ["reconstruct", "hebbian", "oja"])
def test_a_limit_holds_for_each_weight_and_a_budget_for_what_a_unit_hears(rule):
    start = may_excite(ROW, PLAIN.excitation).astype(float)
    limited = learnt(start, rule=rule, limit=0.4)
    np.testing.assert_allclose(limited, 0.4 * start)
    budgeted = learnt(start, rule=rule, limit=0.4, budget=0.6)
    # The ends hear one unit, 0.4, the middle two: it is the last that is kept to.
    np.testing.assert_allclose(budgeted, [[0, 0.4, 0], [0.3, 0, 0.3], [0, 0.4, 0]])
    assert learnt(start, rule=rule, budget=0.6).sum(axis=1) == pytest.approx([0.6, 0.6, 0.6])


@pytest.mark.parametrize("rule", ["hebbian", "oja"])
def test_symmetric_excitation_is_the_mean_of_both_directions(rule):
    one_way = learnt([[0, 1, 0], [0, 0, 1], [0, 0, 0]], rule=rule)
    both = learnt([[0, 1, 0], [0, 0, 1], [0, 0, 0]], rule=rule, symmetric=True)
    np.testing.assert_allclose(both, (one_way + one_way.T) / 2)


def trained(settings, n_steps, dtype="float64"):
    """Return a state after steps, and whether excitation fell to 0 where it may be."""
    grid, rng = SHEET, np.random.default_rng(0)
    samples = (rng.random((40, 30)) * (rng.random((40, 30)) < 0.3)).astype(dtype)
    state = sparse_dream.start(settings, grid, 30, dtype, rng)
    clipped = False
    excites = may_excite(grid, settings.excitation)
    for step in range(n_steps):
        sparse_dream.learn(state, samples[step % len(samples)], settings, grid, step)
        clipped |= bool((state.excitation[excites] == 0).any())
    return state, clipped


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("reach", [(0, 1), (1, 2)])
def test_hebbian_excitation_on_activity_is_inhibition_that_spares_excited_pairs(dtype, reach):
    """What excitation learns inhibition learns too, and the two cancel: units learn the same, to the bit.

    Their sum moves by (alpha - beta)(o_i o_j - s^2), so at one rate not at all.
    """
    n_steps = 120
    hears = replace(
        PLAIN.excitation,
        reach_rows=reach[0],
        reach_cols=reach[1],
        rate=0.001,
        symmetric=True,
    )
    settings = replace(
        PLAIN,
        sparsity=0.01,
        threshold_rate=0.5,
        excitation=replace(hears, rule="hebbian"),
        global_inhibition=Inhibition(Start(0, 0), 0.001),
    )
    spared = replace(
        settings,
        excitation=replace(hears, rule="fixed", strength=0),
        global_inhibition=Inhibition(Start(0, 0), 0.001, spares_excited_pairs=True),
    )
    hebbian, clipped = trained(settings, n_steps, dtype=dtype)
    without, _ = trained(spared, n_steps, dtype=dtype)
    assert not clipped
    assert hebbian.excitation.max() > 0.001
    np.testing.assert_array_equal(hebbian.weights, without.weights)
    np.testing.assert_array_equal(hebbian.thresholds, without.thresholds)
    # With another rate the two do not cancel.
    faster = replace(settings, excitation=replace(settings.excitation, rate=0.002))
    assert (trained(faster, n_steps, dtype=dtype)[0].weights != without.weights).any()


@pytest.mark.parametrize("n_steps", [0, 20])
def test_inhibition_that_spares_excited_pairs_stays_0_there(n_steps):
    settings = replace(
        PLAIN,
        excitation=replace(PLAIN.excitation, rule="fixed", strength=0.2),
        global_inhibition=Inhibition(Start(0.1, 1), 0.01, spares_excited_pairs=True),
    )
    state, _ = trained(settings, n_steps)
    excites = may_excite(SHEET, settings.excitation)
    assert (state.excitation[excites] == 0.2).all()
    assert (state.global_inhibition[excites] == 0).all()
    others = ~excites & ~np.eye(20, dtype=bool)
    assert (state.global_inhibition[others] != 0).all()
