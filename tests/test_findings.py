"""Statements about experiments and their verdicts."""

import runpy

import made_results
import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st

from topodream.files.strict import read_yaml
from topodream.measures.measure import Measure
from topodream.measures.registry import MEASURES as SHIPPED
from topodream.plan import findings
from topodream.plan.findings import (
    CLAIMED,
    FAILS,
    HOLDS,
    LIMITED,
    NONE_SEEN,
    NOT_MEASURED,
    OPPOSITE,
    UNDECIDED,
    Interval,
    interval,
    judge,
)
from topodream.plan.maps import map_kind

MEASURES = {
    "error": Measure("error", "error", "how wrong it is", ".2f", null="null_error"),
    "null_error": Measure("null_error", "error by chance", "what chance gives", ".2f"),
}


def measured(**values):
    """Measures of experiments, a list of errors for the seeds 0, 1, 2 of each."""
    return {
        name.replace("_", "-"): {
            seed: {"error": error, "null_error": 10.0} for seed, error in enumerate(errors)
        }
        for name, errors in values.items()
    }


def judged(numbers, *claims, **keys):
    """The verdict on one statement, by all seeds of the experiment "one"."""
    claims = [{"measure": "error", "of": "one", **claim} for claim in claims]
    statement = {"said": "So it is.", "source": "a test", "seeds": list(numbers["one"])}
    (found,) = judge({"so-it-is": statement | {"claims": claims} | keys}, numbers, MEASURES)
    return found


def verdict(numbers, **claim):
    return judged(numbers, claim)["verdict"]


def effect(numbers, **claim):
    (found,) = judged(numbers, claim)["claims"]
    return found["effect"]


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
    numbers = measured(one=[3.0, 3.1, 3.2])
    found = judged(numbers, {"above": 1}, {"above": 3.1}, because="!")
    assert [claim["verdict"] for claim in found["claims"]] == [HOLDS, UNDECIDED]
    assert found["verdict"] == UNDECIDED
    assert found["claims"][0]["text"] == "error: one is above 1"
    assert found["claims"][0]["values"][1] == {"seed": 1, "value": 3.1}
    assert found["because"] == "!"


# ------------------------------------------------------------------ seeds


def test_a_statement_is_judged_by_its_own_seeds_alone():
    numbers = measured(one=[3.0, 3.1, 3.2, -90.0])
    assert judged(numbers, {"above": 2}, seeds=[2, 0, 1])["verdict"] == HOLDS
    assert judged(numbers, {"above": 2}, seeds=[0, 1, 2, 3])["verdict"] == UNDECIDED
    (claim,) = judged(numbers, {"above": 2}, seeds=[2, 0])["claims"]
    assert [one["seed"] for one in claim["values"]] == [0, 2]


def test_why_it_is_undecided_is_said_where_it_is():
    numbers, why = measured(one=[3.0, 3.1, 3.2]), "The mean lies on the number."
    assert judged(numbers, {"above": 3.1}, undecided_because=why)["why"] == why
    assert judged(numbers, {"above": 2}, undecided_because=why)["why"] == ""


# ------------------------------------------------------------------ effects


@pytest.mark.parametrize(
    ("times", "claim", "expected"),
    [
        # An effect is claimed: no effect is 1, and not on the claimed side.
        ([2.9, 3.0, 3.1], {"above": 2}, CLAIMED[HOLDS]),
        ([1.2, 1.3, 1.4], {"above": 2}, CLAIMED[FAILS]),
        ([1.6, 2.0, 2.4], {"above": 2}, CLAIMED[UNDECIDED]),
        ([0.9, 1.0, 1.1], {"above": 2}, NONE_SEEN),
        ([0.6, 1.6, 2.9], {"above": 2}, NONE_SEEN),
        ([0.6, 0.7, 0.8], {"above": 2}, OPPOSITE),
        ([0.1, 0.2, 0.3], {"below": 0.5}, CLAIMED[HOLDS]),
        ([0.6, 0.65, 0.7], {"below": 0.5}, CLAIMED[FAILS]),
        ([1.2, 1.3, 1.4], {"below": 0.5}, OPPOSITE),
        # Any effect is claimed, however small: it can't be smaller.
        ([1.2, 1.3, 1.4], {"above": 1}, CLAIMED[HOLDS]),
        ([0.6, 0.7, 0.8], {"above": 1}, OPPOSITE),
        ([1.0, 1.0, 1.0], {"above": 1}, NONE_SEEN),
        ([0.6, 0.7, 0.8], {"below": 1}, CLAIMED[HOLDS]),
        ([1.2, 1.3, 1.4], {"below": 1}, OPPOSITE),
        # A limit is set to an effect that goes the other way: no effect would be within it.
        ([1.2, 1.3, 1.4], {"below": 2}, LIMITED[HOLDS]),
        ([1.6, 2.0, 2.4], {"below": 2}, LIMITED[UNDECIDED]),
        ([2.9, 3.0, 3.1], {"below": 2}, LIMITED[FAILS]),
        ([0.9, 1.0, 1.1], {"below": 2}, NONE_SEEN),
        ([0.6, 0.7, 0.8], {"below": 2}, OPPOSITE),
        ([0.6, 0.65, 0.7], {"above": 0.5}, LIMITED[HOLDS]),
        ([0.1, 0.2, 0.3], {"above": 0.5}, LIMITED[FAILS]),
        ([1.2, 1.3, 1.4], {"above": 0.5}, OPPOSITE),
    ],
)
def test_an_effect_is_there_or_not_whatever_was_claimed_of_its_size(times, claim, expected):
    ratio = effect(measured(one=times, two=[1, 1, 1]), divided_by="two", **claim)
    assert ratio == {"seen": expected, "without": 1}
    # The same as a difference, to which no effect is 0.
    claim = {side: number - 1 for side, number in claim.items()}
    difference = effect(measured(one=times, two=[1, 1, 1]), minus="two", **claim)
    assert difference == {"seen": expected, "without": 0}
    assert (
        effect(measured(one=[9 + time for time in times]), less="null_error", **claim) == difference
    )


def test_what_is_not_compared_is_held_against_its_null_seed_by_seed():
    numbers = measured(one=[12, 22, 32])
    for seed, here in numbers["one"].items():
        here["null_error"] = [11, 21, 31][seed]
    assert effect(numbers, above=90) == {"seen": CLAIMED[FAILS], "without": 21}
    assert effect(numbers, below=90) == {"seen": LIMITED[HOLDS], "without": 21}
    (claim,) = judged(numbers, {"above": 90})["claims"]
    assert claim["null"] == "error by chance"


def test_a_claim_may_name_what_no_effect_is_in_place_of_the_null():
    numbers = measured(one=[3.0, 3.1, 3.2])
    assert effect(numbers, above=2, no_effect=1) == {"seen": CLAIMED[HOLDS], "without": 1}
    assert effect(numbers, above=2, no_effect=4) == {"seen": LIMITED[HOLDS], "without": 4}
    (claim,) = judged(numbers, {"above": 2, "no_effect": 1})["claims"]
    assert claim["null"] == ""


def test_without_a_null_or_an_interval_nothing_is_said_of_an_effect():
    numbers = measured(one=[3.0, 3.1, 3.2])
    assert effect(numbers, measure="null_error", above=1) is None
    assert effect(measured(one=[3.0]), above=1) is None
    assert effect(measured(one=[3.0, None, 3.2]), above=1) is None
    numbers["one"][1]["null_error"] = None
    assert effect(numbers, above=1) is None


def test_a_statements_effects_are_those_of_the_claims_that_decide_it():
    numbers = measured(one=[3.0, 3.1, 3.2], two=[2.0, 2.0, 2.0], three=[3.1, 3.1, 3.1])
    small, none = {"minus": "two", "above": 5}, {"minus": "three", "above": 5}
    as_claimed = {"minus": "two", "above": 0.5}
    assert judged(numbers, as_claimed)["effects"] == [CLAIMED[HOLDS]]
    found = judged(numbers, as_claimed, small, none, small)
    assert (found["verdict"], found["effects"]) == (FAILS, [CLAIMED[FAILS], NONE_SEEN])
    assert judged(numbers, {"measure": "null_error", "above": 1})["effects"] == []


# ------------------------------------------------------------------ what can't be made


def test_a_statement_about_what_cannot_be_made_has_no_verdict():
    claims = [{"measure": "error", "of": name, "above": 1} for name in ("one", "two")]
    statement = {"said": "So it is.", "source": "a test", "seeds": [0, 1, 2], "claims": claims}
    statements = {"whole": {**statement, "claims": claims[:1]}, "half": statement}
    lacking = {"half": "needs pictures"}
    whole, half = judge(statements, measured(one=[3.0, 3.1, 3.2]), MEASURES, lacking)
    assert (whole["verdict"], half["verdict"]) == (HOLDS, NOT_MEASURED)
    assert (half["why"], half["claims"], half["said"]) == ("needs pictures", [], "So it is.")


# ------------------------------------------------------------------ properties


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=9),
    st.floats(-1e6, 1e6),
)
def test_the_opposite_claim_has_the_opposite_verdict(values, threshold):
    found = interval(values)
    above = findings.verdict_of_claim(found, "above", threshold)
    below = findings.verdict_of_claim(found, "below", threshold)
    assert {above, below} in ({HOLDS, FAILS}, {UNDECIDED})


# ------------------------------------------------------------------ what is shipped


def test_experiments_have_the_measures_that_are_claimed_of_them(catalogue):
    """Or a claim would stay undecided for ever: on a map of whole digits no orientation is measured."""
    claims = [claim for one in catalogue.statements.values() for claim in one["claims"]]
    for claim in claims:
        needs = {need for key in ("measure", "less") for need in needs_of(claim.get(key))}
        for key in ("of", "minus", "divided_by"):
            if key in claim:
                assert map_kind(catalogue, claim[key]).traits >= needs, claim


def needs_of(measure):
    return SHIPPED[measure].needs if measure else ()


def test_the_table_says_the_verdict_the_effect_and_every_claim():
    row = runpy.run_path(str(ROOT / "src/tabulate_findings.py"), run_name="not main")["row"]
    first, _, third = map(row, made_results.FINDINGS["findings"])
    assert "| **holds**<br>effect: as claimed |" in first
    assert "0.35 (0.25 to 0.45, 3 seeds), holds; effect as claimed (without one: 0) |" in first
    # Why it is undecided stands beside the claims, not in their place.
    assert "| **undecided**<br>Seeds differ. | One map against another: not measured, und" in third


def test_what_stays_undecided_in_the_table_of_the_study_has_its_reason():
    """docs/findings.md is what findings.yaml came to: no reason is missing, and none is outlived."""
    said = {
        row.split(" *(")[0]: row for row in (ROOT / "docs/findings.md").read_text().split("\n| ")
    }
    shipped = read_yaml(ROOT / "findings.yaml")["findings"]["statements"]
    judged = {name: said[one["said"]] for name, one in shipped.items() if one["said"] in said}
    assert judged
    undecided = {name for name, row in judged.items() if f"**{UNDECIDED}**" in row}
    assert undecided == {name for name in judged if "undecided_because" in shipped[name]}
