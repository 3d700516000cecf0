"""What the JSON results hold, checked as they are read: later steps can rely on it.

A form is a type, a tuple of types, ``[form]`` (a list), ``{"a": form}`` (a mapping that has these
keys, perhaps more), ``{ANY: form}`` (a mapping of any keys), or a function that raises ValueError.
"""

from pathlib import Path
from typing import Any

from topodream.files.errors import quoted
from topodream.files.reading import NAME
from topodream.files.storage import complete, read_json

ANY = "any key"
# What is nearer to the largest float overflows where it is drawn.
LARGEST_NUMBER = 1e200


def number(value: object) -> None:
    """Refuse all but finite numbers of a sensible size."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    # NaN is in no range.
    if not is_number or not -LARGEST_NUMBER <= value <= LARGEST_NUMBER:  # type: ignore[operator]
        raise ValueError(f"{quoted(value)} is no number up to {LARGEST_NUMBER:g}")


def number_or_none(value: object) -> None:
    """Refuse all but numbers and None."""
    if value is not None:
        number(value)


def name(value: object) -> None:
    """Refuse what can't be the name of an experiment."""
    if not isinstance(value, str) or not NAME.fullmatch(value):
        raise ValueError(f"{quoted(value)} is no name of an experiment")


def curve(value: Any) -> None:
    """Refuse what can't be drawn as the error over epochs."""
    check_form(value, {"epoch": [number], "held_out_mse": [number_or_none]})
    if len(value["epoch"]) != len(value["held_out_mse"]):
        raise ValueError("as many errors as epochs are needed")


def scalar(value: object) -> None:
    """Refuse what is no swept value."""
    if not isinstance(value, str | bool | None):
        number(value)


def effect(value: Any) -> None:
    """Refuse what says nothing of an effect; None if no more is known."""
    if value is not None:
        check_form(value, {"seen": str, "without": number})


ORIGIN = {"made_by": str, "commit": str, "code_sha256": str, "versions": str}
MEASURED = {
    "data": str,
    "data_sha256": str,
    "model_sha256": str,
    "divergence": (str, type(None)),
    "model_made_by": {**ORIGIN, "device": str},
    "measures": {ANY: number_or_none},
    **ORIGIN,
}
BASELINES = {
    "model_sha256": str,
    "held_out_samples": int,
    "baselines": [
        {
            "label": str,
            "held_out_mse": number_or_none,
            "n_prototypes": int,
            "numbers": number,
            "active": number,
            "n_shown": int,
            "dead": number_or_none,
            "neighbour_correlation": number_or_none,
            "random_correlation": number_or_none,
        }
    ],
    **ORIGIN,
}
SWEEP = {
    **ORIGIN,
    "name": str,
    "question": str,
    "parameter": str,
    "extends": str,
    "panels": [str],
    "seeds": [int],
    "data": str,
    "points": [
        {
            "name": str,
            "value": scalar,
            "line": str,
            "settings": {ANY: str},
            "seed": int,
            "diverged": bool,
            "measures": {ANY: number_or_none},
        }
    ],
}
CLAIM = {
    "text": str,
    "measure": str,
    "label": str,
    "experiments": [str],
    "values": [{"seed": int, "value": number_or_none}],
    "mean": number_or_none,
    "low": number_or_none,
    "high": number_or_none,
    "side": str,
    "threshold": number,
    "verdict": str,
    "effect": effect,
    "null": str,
}
FINDINGS = {
    **ORIGIN,
    "findings": [
        {
            "id": str,
            "said": str,
            "source": str,
            "because": str,
            "verdict": str,
            "why": str,
            "effects": [str],
            "claims": [CLAIM],
        }
    ],
}


def read_result(path: Path, form: Any) -> dict[str, Any]:
    """Read a JSON result that has to have a form.

    Raises
    ------
    InputError
        If it is missing, damaged, or holds something else.
    """
    content = read_json(path)
    with complete(path):
        check_form(content, form)
    return content


def check_form(value: Any, form: Any, where: str = "") -> None:
    """Raise ValueError, or KeyError for a key that is missing, unless a value has a form."""
    if isinstance(form, dict):
        _expect(value, dict, where)
        keys = value if ANY in form else form
        for key in keys:
            check_form(value[key], form.get(key, form.get(ANY)), f"{where}.{key}".lstrip("."))
    elif isinstance(form, list):
        _expect(value, list, where)
        for index, item in enumerate(value):
            check_form(item, form[0], f"{where}.{index}")
    elif isinstance(form, type | tuple):
        _expect(value, form, where)
    else:
        try:
            form(value)
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from error


def _expect(value: Any, kind: Any, where: str) -> None:
    is_flag = isinstance(value, bool) and kind is int  # True is an int to Python
    if not isinstance(value, kind) or is_flag:
        wanted = " or ".join(one.__name__ for one in (kind if isinstance(kind, tuple) else [kind]))
        raise ValueError(f"{where or 'it'} = {quoted(value)} is no {wanted}")
    if isinstance(value, str):
        value.encode()  # half a character can't be written
