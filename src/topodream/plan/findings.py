"""Statements about experiments, and whether the numbers bear them out.

A statement is broken down into claims: that a measure of an experiment (or its difference or
ratio to another experiment's, or to another measure's) lies above or below a number. Each
claim is measured once per seed. It holds where the whole 95 % confidence interval of the mean
over seeds (Student's t) lies on the side that was claimed, it does not hold where all of the
interval lies on the other one, and is undecided where the number lies within it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from topodream.files.strict import Section

HOLDS, FAILS, UNDECIDED = "holds", "does not hold", "undecided"
# Of a statement about experiments that can't be made.
NOT_MEASURED = "not measured"
CONFIDENCE = 0.95

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
    reach = float(special.stdtrit(len(numbers) - 1, (1 + CONFIDENCE) / 2)) * error
    return Interval(mean, mean - reach, mean + reach)


def verdict_of_claim(found: Interval, side: str, threshold: float) -> str:
    """Say whether an interval lies on the claimed side of a number.

    >>> verdict_of_claim(Interval(2.0, 1.5, 2.5), "above", 1.0)
    'holds'
    >>> verdict_of_claim(Interval(2.0, 0.5, 3.5), "above", 1.0)
    'undecided'
    """
    if found.low is None or found.high is None:
        return UNDECIDED
    above, below = found.low > threshold, found.high < threshold
    if not (above or below):
        return UNDECIDED
    return HOLDS if above == (side == "above") else FAILS


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
    labels: Mapping[str, str],
    not_measured: Mapping[str, str] | None = None,
) -> list[dict[str, Any]]:
    """Judge statements.

    Parameters
    ----------
    statements : mapping
        The section ``findings.statements`` of the configuration.
    measured : mapping
    labels : mapping
        What readers call a measure.
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
        else _statement(name, section, measured, labels)
        for name, section in statements.items()
    ]


def _not_measured(name: str, section: Section, why: str) -> dict[str, Any]:
    said = {key: section.get(key, "") for key in ("said", "source", "because")}
    return {"id": name, **said, "verdict": NOT_MEASURED, "why": why, "claims": []}


def _statement(
    name: str, section: Section, measured: BySeed, labels: Mapping[str, str]
) -> dict[str, Any]:
    claims = [_claim(claim, measured, labels) for claim in section["claims"]]
    return {
        "id": name,
        "said": section["said"],
        "source": section["source"],
        "because": section.get("because", ""),
        "verdict": verdict_of_statement([claim["verdict"] for claim in claims]),
        "claims": claims,
    }


def _claim(claim: Section, measured: BySeed, labels: Mapping[str, str]) -> dict[str, Any]:
    side = "above" if "above" in claim else "below"
    seeds = sorted(measured[claim["of"]])
    values = [_value(claim, measured, seed) for seed in seeds]
    found = interval(values)
    return {
        "text": f"{_text(claim, labels)} is {side} {claim[side]:g}",
        "measure": claim["measure"],
        "label": labels[claim["measure"]],
        "experiments": [claim[key] for key in ("of", "minus", "divided_by") if key in claim],
        "values": [
            {"seed": seed, "value": value} for seed, value in zip(seeds, values, strict=True)
        ],
        "mean": found.mean,
        "low": found.low,
        "high": found.high,
        "side": side,
        "threshold": claim[side],
        "verdict": verdict_of_claim(found, side, claim[side]),
    }


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


def _text(claim: Section, labels: Mapping[str, str]) -> str:
    """Say what a claim compares."""
    what = labels[claim["measure"]]
    if "less" in claim:
        what += f" minus {labels[claim['less']]}"
    if "minus" in claim:
        return f"{what}: {claim['of']} minus {claim['minus']}"
    if "divided_by" in claim:
        return f"{what}: {claim['of']} divided by {claim['divided_by']}"
    return f"{what}: {claim['of']}"
