"""Statements about experiments, and whether the numbers bear them out.

A statement is broken down into claims: that a measure of an experiment (or its difference or
ratio to another experiment's, or to another measure's) lies above or below a number. Each
claim is measured once per seed. It holds where the whole 95 % confidence interval of the mean
over seeds (Student's t) lies on the side that was claimed, it does not hold where all of the
interval lies on the other one, and is undecided where the number lies within it.

Whether there is an effect is another question: one may be there, and smaller than claimed. So a
claim also says on which side of *no effect* its interval lies. No effect is a difference of 0, a
ratio of 1, or for a measure by itself the number that the claim names, or else the measure's null.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from topodream.files.strict import Section
from topodream.measures.measure import Measure

HOLDS, FAILS, UNDECIDED = "holds", "does not hold", "undecided"
# Of a statement about experiments that can't be made.
NOT_MEASURED = "not measured"
CONFIDENCE = 0.95

# What is said of an effect: of one that was claimed, and of one that a claim sets a limit to.
CLAIMED = {
    HOLDS: "as claimed",
    FAILS: "there, but smaller than claimed",
    UNDECIDED: "there, perhaps smaller than claimed",
}
LIMITED = {
    HOLDS: "there, within the limit",
    FAILS: "there, beyond the limit",
    UNDECIDED: "there, perhaps beyond the limit",
}
NONE_SEEN, OPPOSITE = "none seen", "the other way round"

# Experiment -> seed -> measures.
BySeed = Mapping[str, Mapping[int, Mapping[str, float | None]]]


@dataclass(frozen=True)
class Interval:
    """The mean of some values, and its confidence interval; None where there is none."""

    mean: float | None
    low: float | None
    high: float | None


def interval(values: Sequence[float | None]) -> Interval:
    """Return the confidence interval of the mean, if all values are numbers.

    Parameters
    ----------
    values : sequence of float or None
        Of one value the mean is known, but not how far it would spread.
    """
    numbers = [value for value in values if value is not None and math.isfinite(value)]
    if not numbers or len(numbers) < len(values):
        return Interval(None, None, None)
    mean = float(np.mean(numbers))
    if len(numbers) == 1:
        return Interval(mean, None, None)
    error = float(np.std(numbers, ddof=1)) / math.sqrt(len(numbers))
    reach = t_quantile(len(numbers) - 1) * error
    return Interval(mean, mean - reach, mean + reach)


def t_quantile(degrees: int) -> float:
    """Return how many standard errors the interval reaches to either side (Student's t).

    Parameters
    ----------
    degrees : int
        Degrees of freedom, 1 or more: one less than there are values.

    Examples
    --------
    >>> round(t_quantile(4), 3)
    2.776
    """
    return float(special.stdtrit(degrees, (1 + CONFIDENCE) / 2))


def side_of(found: Interval, number: float) -> str | None:
    """Return the side of a number where all of an interval lies; None if on neither, or if unknown.

    >>> side_of(Interval(2.0, 1.5, 2.5), 1.0)
    'above'
    """
    if found.low is None or found.high is None:
        return None
    if found.low > number:
        return "above"
    return "below" if found.high < number else None


def verdict_of_claim(found: Interval, side: str, threshold: float) -> str:
    """Say whether an interval lies on the claimed side of a number.

    >>> verdict_of_claim(Interval(2.0, 1.5, 2.5), "above", 1.0)
    'holds'
    >>> verdict_of_claim(Interval(2.0, 0.5, 3.5), "above", 1.0)
    'undecided'
    """
    lies = side_of(found, threshold)
    if lies is None:
        return UNDECIDED
    return HOLDS if lies == side else FAILS


def effect_of_claim(effect: Interval, side: str, claimed: float, verdict: str) -> str | None:
    """Say what is seen of an effect: whether there is one, in which direction, how large.

    Parameters
    ----------
    effect : Interval
        Of how far the value is from what it would be without an effect.
    side : str
        ``above`` or ``below``: the side of ``claimed`` that was claimed.
    claimed : float
        How far the claim's threshold is from no effect. If no effect lies on the claimed side, the
        claim sets a limit to one that goes the other way: "a ratio below 1.15".
    verdict : str
        That on the claim.

    Returns
    -------
    str or None
        None without an interval.

    Examples
    --------
    >>> effect_of_claim(Interval(0.05, 0.04, 0.07), "above", 1.0, FAILS)
    'there, but smaller than claimed'
    >>> effect_of_claim(Interval(0.17, 0.13, 0.22), "below", 0.15, UNDECIDED)
    'there, perhaps beyond the limit'
    """
    if effect.low is None:
        return None
    lies = side_of(effect, 0)
    if lies is None:
        return NONE_SEEN
    is_limit = claimed < 0 if side == "above" else claimed > 0
    if (lies == side) == is_limit:
        return OPPOSITE
    return (LIMITED if is_limit else CLAIMED)[verdict]


def verdict_of_statement(claims: Sequence[str]) -> str:
    """Say whether a statement holds: it needs all of its claims.

    >>> verdict_of_statement(["holds", "undecided", "does not hold"])
    'does not hold'
    """
    if FAILS in claims:
        return FAILS
    return HOLDS if set(claims) == {HOLDS} else UNDECIDED


def judge(
    statements: Section,
    measured: BySeed,
    measures: Mapping[str, Measure],
    not_measured: Mapping[str, str] | None = None,
) -> list[dict[str, Any]]:
    """Judge statements.

    Parameters
    ----------
    statements : mapping
        The section ``findings.statements`` of the configuration, each with the ``seeds`` by which
        it is judged.
    measured : mapping
    measures : mapping
        What measures are called, and what their nulls are.
    not_measured : mapping
        The statements that are about what can't be made -> why.

    Returns
    -------
    list of dict
        As the page reads it.
    """
    lacking = not_measured or {}
    return [
        _not_measured(name, section, lacking[name])
        if name in lacking
        else _statement(name, section, measured, measures)
        for name, section in statements.items()
    ]


def _not_measured(name: str, section: Section, why: str) -> dict[str, Any]:
    said = {key: section.get(key, "") for key in ("said", "source", "because")}
    return {"id": name, **said, "verdict": NOT_MEASURED, "why": why, "effects": [], "claims": []}


def _statement(
    name: str, section: Section, measured: BySeed, measures: Mapping[str, Measure]
) -> dict[str, Any]:
    seeds = sorted(section["seeds"])
    claims = [_claim(claim, seeds, measured, measures) for claim in section["claims"]]
    verdict = verdict_of_statement([claim["verdict"] for claim in claims])
    return {
        "id": name,
        "said": section["said"],
        "source": section["source"],
        "because": section.get("because", ""),
        "verdict": verdict,
        "why": section.get("undecided_because", "") if verdict == UNDECIDED else "",
        "effects": _effects_of(verdict, claims),
        "claims": claims,
    }


def _effects_of(verdict: str, claims: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what is seen of the effects in the claims that decide a statement, each once."""
    deciding = [claim["effect"] for claim in claims if claim["verdict"] == verdict]
    return list(dict.fromkeys(effect["seen"] for effect in deciding if effect is not None))


def _claim(
    claim: Section, seeds: Sequence[int], measured: BySeed, measures: Mapping[str, Measure]
) -> dict[str, Any]:
    side = "above" if "above" in claim else "below"
    values = [_value(claim, measured, seed) for seed in seeds]
    found = interval(values)
    verdict = verdict_of_claim(found, side, claim[side])
    null = _null_of(claim, measures)
    without = [_without(claim, null, measured[claim["of"]][seed]) for seed in seeds]
    return {
        "text": f"{_text(claim, measures)} is {side} {claim[side]:g}",
        "measure": claim["measure"],
        "label": measures[claim["measure"]].label,
        "experiments": [claim[key] for key in ("of", "minus", "divided_by") if key in claim],
        "values": [
            {"seed": seed, "value": value} for seed, value in zip(seeds, values, strict=True)
        ],
        "mean": found.mean,
        "low": found.low,
        "high": found.high,
        "side": side,
        "threshold": claim[side],
        "verdict": verdict,
        "effect": _effect(values, without, side, claim[side], verdict),
        "null": measures[null].label if null else "",
    }


def _null_of(claim: Section, measures: Mapping[str, Measure]) -> str | None:
    """Return the measure that says what no effect is, where the claim says nothing of it itself."""
    says = any(key in claim for key in ("minus", "divided_by", "less", "no_effect"))
    return None if says else measures[claim["measure"]].null


def _without(claim: Section, null: str | None, here: Mapping[str, float | None]) -> float | None:
    """Return what a claim is about if there is no effect, for one seed; None if nothing says it."""
    if null is not None:
        return here.get(null)
    if "divided_by" in claim:
        return 1.0
    if "minus" in claim or "less" in claim:
        return 0.0
    return float(claim["no_effect"]) if "no_effect" in claim else None


def _effect(
    values: Sequence[float | None],
    without: Sequence[float | None],
    side: str,
    threshold: float,
    verdict: str,
) -> dict[str, Any] | None:
    """Return what is seen of an effect, seed by seed, and what the mean would be without one."""
    none = interval(without).mean
    apart = [
        None if value is None or null is None else value - null
        for value, null in zip(values, without, strict=True)
    ]
    if none is None:
        return None
    seen = effect_of_claim(interval(apart), side, threshold - none, verdict)
    return None if seen is None else {"seen": seen, "without": none}


def _value(claim: Section, measured: BySeed, seed: int) -> float | None:
    """Return what a claim is about, for one seed; None where a part of it was not measured."""

    def of(experiment: str) -> float:
        here = measured[experiment][seed]
        value = here[claim["measure"]]
        less = here[claim["less"]] if "less" in claim else 0.0
        return math.nan if value is None or less is None else value - less

    value = of(claim["of"])
    if "minus" in claim:
        value -= of(claim["minus"])
    if "divided_by" in claim:
        other = of(claim["divided_by"])
        value = value / other if other else math.nan
    return value if math.isfinite(value) else None


def _text(claim: Section, measures: Mapping[str, Measure]) -> str:
    """Say what a claim compares."""
    what = measures[claim["measure"]].label
    if "less" in claim:
        what += f" minus {measures[claim['less']].label}"
    if "minus" in claim:
        return f"{what}: {claim['of']} minus {claim['minus']}"
    if "divided_by" in claim:
        return f"{what}: {claim['of']} divided by {claim['divided_by']}"
    return f"{what}: {claim['of']}"
