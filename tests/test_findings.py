"""Statements about experiments and their verdicts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topodream.plan import findings
from topodream.plan.findings import (
    FAILS,
    HOLDS,
    NOT_MEASURED,
    UNDECIDED,
    Interval,
    interval,
    judge,
)

LABELS = {"error": "error", "null_error": "error by chance"}


def measured(**values):
    """Measures of experiments, a list of errors for the seeds 0, 1, 2 of each."""
    return {
        name.replace("_", "-"): {
            seed: {"error": error, "null_error": 10.0} for seed, error in enumerate(errors)
        }
        for name, errors in values.items()
    }


def verdict(numbers, **claim):
    claims = [{"measure": "error", "of": "one", **claim}]
    statement = {"said": "So it is.", "source": "a test", "claims": claims}
    (found,) = judge({"so-it-is": statement}, numbers, LABELS)
    return found["verdict"]


def test_the_interval_is_students():
    # Mean 2, standard deviation 1; the 97.5th percentile of t with 2 degrees of freedom: 4.3027.
    found = interval([1, 2, 3])
    assert found.mean == 2
    assert found.high - 2 == pytest.approx(4.3027 / 3**0.5, rel=1e-4)
    assert 2 - found.low == pytest.approx(4.3027 / 3**0.5, rel=1e-4)


def test_what_was_not_measured_leaves_no_interval():
    assert interval([1, None, 3]) == Interval(None, None, None)
    assert interval([1, float("inf")]) == Interval(None, None, None)
    assert interval([]) == Interval(None, None, None)


def test_of_one_value_the_spread_is_unknown():
    assert interval([3]) == Interval(3, None, None)
    assert verdict(measured(one=[3]), above=1) == UNDECIDED


@pytest.mark.parametrize(
    ("errors", "claim", "expected"),
    [
        ([3.0, 3.1, 3.2], {"above": 2}, HOLDS),
        ([3.0, 3.1, 3.2], {"below": 2}, FAILS),
        ([3.0, 3.1, 3.2], {"below": 3.1}, UNDECIDED),
        ([1.0, 3.1, 9.2], {"above": 2}, UNDECIDED),
        ([3.0, None, 3.2], {"above": 2}, UNDECIDED),
        # Equal values have no spread, and lie on no side of themselves.
        ([1.0, 1.0, 1.0], {"above": 0.5}, HOLDS),
        ([1.0, 1.0, 1.0], {"above": 1}, UNDECIDED),
    ],
)
def test_verdict_on_one_experiment(errors, claim, expected):
    assert verdict(measured(one=errors), **claim) == expected


def test_experiments_are_compared_seed_by_seed():
    # Far apart over seeds, but one is always 1 above the other.
    numbers = measured(one=[1, 51, 101], two=[0, 50, 100])
    assert verdict(numbers, minus="two", above=0.5) == HOLDS
    assert verdict(numbers, minus="two", below=0.5) == FAILS
    assert (
        verdict(measured(one=[2, 20, 200], two=[1, 10, 100]), divided_by="two", above=1.9) == HOLDS
    )
    assert verdict(measured(one=[2, 20], two=[1, 0]), divided_by="two", above=1.9) == UNDECIDED


def test_a_measure_is_compared_with_another_one():
    assert verdict(measured(one=[11.4, 11.5, 11.6]), less="null_error", above=0.5) == HOLDS
    assert verdict(measured(one=[11.4, 11.5, 11.6]), less="null_error", below=0.5) == FAILS


def test_a_statement_needs_all_of_its_claims():
    claims = [{"measure": "error", "of": "one", "above": above} for above in (1, 3.1)]
    statement = {"said": "So it is.", "source": "a test", "because": "!", "claims": claims}
    (found,) = judge({"so-it-is": statement}, measured(one=[3.0, 3.1, 3.2]), LABELS)
    assert [claim["verdict"] for claim in found["claims"]] == [HOLDS, UNDECIDED]
    assert found["verdict"] == UNDECIDED
    assert found["claims"][0]["text"] == "error: one is above 1"
    assert found["claims"][0]["values"][1] == {"seed": 1, "value": 3.1}
    assert found["because"] == "!"


def test_a_statement_about_what_cannot_be_made_has_no_verdict():
    claims = [{"measure": "error", "of": name, "above": 1} for name in ("one", "two")]
    statement = {"said": "So it is.", "source": "a test", "claims": claims}
    statements = {"whole": {**statement, "claims": claims[:1]}, "half": statement}
    lacking = {"half": "needs pictures"}
    whole, half = judge(statements, measured(one=[3.0, 3.1, 3.2]), LABELS, lacking)
    assert (whole["verdict"], half["verdict"]) == (HOLDS, NOT_MEASURED)
    assert (half["why"], half["claims"], half["said"]) == ("needs pictures", [], "So it is.")


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=9),
    st.floats(-1e6, 1e6),
)
def test_the_opposite_claim_has_the_opposite_verdict(values, threshold):
    found = interval(values)
    above = findings.verdict_of_claim(found, "above", threshold)
    below = findings.verdict_of_claim(found, "below", threshold)
    assert {above, below} in ({HOLDS, FAILS}, {UNDECIDED})
