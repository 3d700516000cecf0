"""Checks of configuration against the schemas, and what is wrong as one readable line.

The schemas in ``schemas`` say what a key means and which values it takes, those of models and
kinds of data beside their modules.
"""

import difflib
import math
import re
import typing
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

from topodream.files.errors import InputError, quoted
from topodream.files.strict import Section, read_yaml
from topodream.models import MODELS

# A model's schema lies beside the model; any other beside its module goes by its folder too.
SCHEMAS = Path(__file__).with_name("schemas")
PACKAGE = SCHEMAS.parents[1]
PLACES = (SCHEMAS, PACKAGE / "models", PACKAGE)

# No setting lies deeper; YAML can refer to itself and would have no end.
MAX_DEPTH = 8
# A catalogue of 2,000 experiments has some 50,000. A few lines of YAML that refer to each other
# can have any number.
MAX_VALUES = 1_000_000

# A part of the settings, and where a person finds it.
Layer = tuple[str, Section]


# ------------------------------------------------------------------ checking


def check_plain(value: object, where: str) -> None:
    """Refuse what YAML allows and no setting can be.

    That is other keys than text, numbers that are not finite or beyond 64 bits, half a
    character, and endless nesting.
    """
    for number, (path, item) in enumerate(_walk(value, ())):
        if number >= MAX_VALUES:
            raise InputError(f"{where}: more than {MAX_VALUES:,} values")
        if len(path) > MAX_DEPTH:
            raise InputError(f"{where}: {dotted(path[:3])}...: nested too deep")
        if isinstance(item, Mapping):
            for key in item:
                if not isinstance(key, str):
                    raise InputError(
                        f"{at(where, path)}the key {quoted(key)} is not a text: quote it"
                    )
                _check_scalar(key, where, (*path, key))
        else:
            _check_scalar(item, where, path)


def _walk(value: object, path: tuple[object, ...]) -> Iterator[tuple[tuple[object, ...], object]]:
    """Yield a value and all that it holds, each with its path, as deep as MAX_DEPTH and one."""
    yield path, value
    if len(path) > MAX_DEPTH:
        return
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _walk(item, (*path, key))
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        for index, item in enumerate(value):
            yield from _walk(item, (*path, index))


def _check_scalar(value: object, where: str, path: tuple[object, ...]) -> None:
    allowed = ""
    if isinstance(value, float) and not math.isfinite(value):
        allowed = "a finite number"
    elif isinstance(value, int) and not -(2**63) <= value < 2**63:
        allowed = "a number of 64 bits"
    elif isinstance(value, str) and _UNWRITABLE.search(value):
        allowed = "NUL and surrogates (half a character) can't be written"
    if allowed:
        raise InputError(f"{where}: {dotted(path)} = {quoted(value)} is not allowed: {allowed}")


_UNWRITABLE = re.compile("[\x00\ud800-\udfff]")


def check(
    settings: Section,
    schema: str,
    where: str,
    layers: Sequence[Layer] = (),
) -> None:
    """Raise the first breach of a schema as one readable line.

    ``layers``, where there are some, are what the settings were merged from: the line
    names the one that a wrong value comes from.
    """
    breaches = _validator(schema).iter_errors(settings)
    # Unknown keys first: a misspelt key is also a missing one.
    found = sorted(
        breaches, key=lambda b: (b.validator != "additionalProperties", str(b.json_path))
    )
    if found:
        raise InputError(_explain(found[0], where, layers))


def _explain(breach: jsonschema.ValidationError, where: str, layers: Sequence[Layer]) -> str:
    path = list(breach.absolute_path)
    schema = typing.cast(dict[str, Any], breach.schema)
    value: Any = breach.instance
    if breach.validator == "additionalProperties":
        known = list(schema["properties"])
        unknown = next(key for key in value if key not in known)
        hint = did_you_mean(unknown, known) or f": {one_of(known)}"
        path.append(unknown)
        origin = inherited(path, where, layers)
        return f"{where}: unknown key {dotted(path)} = {quoted(value[unknown])}{origin}{hint}"
    if "propertyNames" in breach.absolute_schema_path:
        return f"{at(where, path)}the name {quoted(value)} is not allowed: {_allowed(schema)}"
    if breach.validator == "required":
        missing = next(key for key in schema["required"] if key not in value)
        return f"{where}: the key {dotted([*path, missing])} is missing"
    return (
        f"{where}: {dotted(path)} = {quoted(value)}{inherited(path, where, layers)} "
        f"is not allowed: {_allowed(schema)}{_text_hint(value)}"
    )


def inherited(path: Sequence[object], where: str, layers: Sequence[Layer]) -> str:
    """Say where a value stands, unless it stands in the very section that is checked."""
    origin = _origin(path, layers) if layers else where
    return "" if origin == where else f" (set in {origin})"


def _origin(path: Sequence[object], layers: Sequence[Layer]) -> str:
    """Name the topmost layer that sets the value at a path."""
    for name, section in reversed(layers):
        value: Any = section
        for key in path:
            value = value.get(key, _ABSENT) if isinstance(value, Mapping) else _ABSENT
        if value is not _ABSENT:
            return name
    return layers[-1][0]


_ABSENT = object()


def with_types(settings: Section, schema: Section) -> dict[str, Any]:
    """Give numbers their type in the schema, so that 3, 3.0 and 3.00 are one setting."""
    kinds = {"integer": int, "number": float}
    types_of = {key: part.get("type") for key, part in schema["properties"].items()}
    return {
        key: kinds[types_of[key]](value) if types_of[key] in ("integer", "number") else value
        for key, value in settings.items()
    }


def overlay(layers: Sequence[Layer]) -> dict[str, Any]:
    """Lay sections over each other, the last one on top."""
    merged: dict[str, Any] = {}
    for _, section in layers:
        merged = merge(merged, section)
    return merged


def merge(below: Section, above: Section) -> dict[str, Any]:
    """Overlay one mapping by another: mappings merge, anything else replaces."""
    merged = dict(below)
    for key, value in above.items():
        if isinstance(value, Mapping) and isinstance(merged.get(key), Mapping):
            value = merge(merged[key], value)
        merged[key] = value
    return merged


# ------------------------------------------------------------------ wording


def _allowed(schema: Section) -> str:
    """Say in words which values a schema takes, and what they mean."""
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if "enum" in schema:
        text = one_of(schema["enum"])
    elif "const" in schema:
        text = quoted(schema["const"])
    elif "propertyNames" in schema or "pattern" in schema:
        text = ""
    else:
        text = " or ".join(_WORDS[kind] for kind in kinds if kind != "null") + _range(schema)
        text += " or null" if "null" in kinds else ""
    meaning = schema.get("description", "")
    return f"{text} ({meaning})" if text and meaning else text or meaning


_WORDS = {
    "integer": "a whole number",
    "number": "a number",
    "string": "a text",
    "array": "a list",
    "boolean": "true or false",
    "object": "keys and values",
}


def _range(schema: Section) -> str:
    words = {
        "minimum": "from {}",
        "exclusiveMinimum": "above {}",
        "maximum": "to {}",
        "exclusiveMaximum": "below {}",
        "multipleOf": "in steps of {}",
        "minItems": "of at least {}",
        "uniqueItems": "without repetitions",
        "minLength": "of at least {}",
    }
    return "".join(" " + text.format(schema[key]) for key, text in words.items() if key in schema)


def _text_hint(value: object) -> str:
    """Say why a number may have become a text, where that is what happened."""
    try:
        is_number = isinstance(value, str) and math.isfinite(float(value))
    except ValueError:
        is_number = False
    if not is_number:
        return ""
    if "e" in str(value).lower():
        return "; YAML reads 1e-3 as text: write 1.0e-3 or 0.001"
    if re.fullmatch(r"[-+]?0\d+", str(value)):
        return f"; with a leading zero it is text: write {int(str(value))}"
    return "; a number in quotes, or nested in --config, is text: write it into a file"


def dotted(path: Sequence[object]) -> str:
    """Return the path of a value as a line names it: ``lateral.strength``."""
    # A key from a file may hold anything, a line break too; errors are one line.
    return ".".join(str(k) if str(k).isprintable() else repr(k) for k in path) or "it"


def at(where: str, path: Sequence[object]) -> str:
    """Begin a line with where it is about."""
    return f"{where}: {dotted(path)}: " if path else f"{where}: "


def one_of(names: Any) -> str:
    """Say which names are allowed."""
    return "one of " + ", ".join(str(name) for name in names)


def did_you_mean(name: object, known: Any) -> str:
    """Name the one that was perhaps meant, if there is one."""
    close = difflib.get_close_matches(str(name), [str(key) for key in known], n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


# ------------------------------------------------------------------ schemas


@cache
def schema(name: str) -> dict[str, Any]:
    """Return the content of a schema: "experiment", "mwta" or "data/mnist"."""
    paths = [place / f"{name}.schema.yaml" for place in PLACES]
    found = read_yaml(next((path for path in paths if path.exists()), paths[0]))
    return _with_models(found) if "properties" in found else found


def _with_models(own: dict[str, Any]) -> dict[str, Any]:
    """Return a schema with the names of all models where it asks for them, by ``x-models``."""
    settings = {"description": "settings of experiments with this `model:`", "type": "object"}
    filled_in = {"enum": list(MODELS), "properties": dict.fromkeys(MODELS, settings)}
    parts = own["properties"].items()
    found = {
        key: part | {part["x-models"]: filled_in[part["x-models"]]} if "x-models" in part else part
        for key, part in parts
    }
    return own | {"properties": found}


def _with_base(own: dict[str, Any]) -> dict[str, Any]:
    """Return a schema with the keys of the one that it names as its base; all are required."""
    properties = schema(own["x-base"])["properties"] | own["properties"]
    return own | {"properties": properties, "required": list(properties)}


@cache
def _validator(name: str) -> jsonschema.Draft202012Validator:
    """Return the validator of a schema."""
    found = schema(name)
    return jsonschema.Draft202012Validator(_with_base(found) if "x-base" in found else found)
