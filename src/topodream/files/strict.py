"""YAML and JSON, read so that nothing in them is lost or changed silently.

To their parsers the last of two equal keys counts, and YAML 1.1 reads ``010`` as 8 and ``1:30``
as 90. Both are refused here.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from yaml.composer import Composer

from topodream.files.errors import InputError, quoted
from topodream.files.reading import named, read_bytes

# Resolved settings and schemas take some 10 kB.
LARGEST_YAML = 2**20

# Numbers of base 8 and of base 60, as YAML 1.1 writes them.
_OTHER_BASE = re.compile(r"[-+]?(0[0-7_]+|[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?)")
_MERGE = "tag:yaml.org,2002:merge"  # of the key <<, which may stand twice

# A part of the settings, as YAML has it.
Section = Mapping[str, Any]


class AmbiguityError(ValueError):
    """A text says something twice, or a number that most readers would take for another."""


# ------------------------------------------------------------------ YAML


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping in a YAML file.

    Raises
    ------
    InputError
        If the file is missing, is no YAML, is ambiguous, or is not a mapping.
    """
    raw = read_bytes(path, LARGEST_YAML)
    try:
        content = yaml.load(raw.decode(), _Loader)  # noqa: S506 (a safe loader)
    except AmbiguityError as error:
        raise InputError(f"{named(path)}: {error}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"{named(path)}: not a YAML file: {_reason(error)}") from error
    if not isinstance(content, dict):
        raise InputError(f"{named(path)}: has to hold keys and values, not {quoted(content)}")
    return content


def _reason(error: Exception) -> str:
    """Return what is wrong with a text, and in which line."""
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return " ".join(str(error).split())
    return f"line {mark.line + 1}: {error.problem}"  # type: ignore[attr-defined]


def check_overlay(path: Path) -> None:
    """Raise InputError if a file of settings, YAML or JSON, is ambiguous; no more is checked."""
    text = read_bytes(path).decode(errors="replace")
    try:
        if not _is_json(text):
            yaml.compose(text, _Loader)
    except AmbiguityError as error:
        raise InputError(f"{named(path)}: {error}") from error


def _is_json(text: str) -> bool:
    try:
        load_json(text)
    except json.JSONDecodeError:
        return False
    return True


# PyYAML's wheels have its parser in C, which is five times as quick: each process reads some schemas.
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Composer(Composer):
    """Looks at each key and number as it stands in the text.

    While nodes are composed: later, other mappings have been merged into a mapping.
    """

    construct_object: Any  # the loader's

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node: yaml.MappingNode = super().compose_mapping_node(anchor)
        lines: dict[tuple[str, str], int] = {}
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != _MERGE:
                line = key.start_mark.line + 1
                if (key.tag, key.value) in lines:
                    first = lines[key.tag, key.value]
                    raise AmbiguityError(
                        f"the key {quoted(key.value)} stands in line {first} and again in line "
                        f"{line}: of two equal keys the first would be lost"
                    )
                lines[key.tag, key.value] = line
        return node

    def compose_scalar_node(self, anchor: Any) -> yaml.ScalarNode:
        node: yaml.ScalarNode = super().compose_scalar_node(anchor)
        is_number = node.tag in ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
        if is_number and _OTHER_BASE.fullmatch(node.value):
            read = self.construct_object(node)
            decimal = [] if ":" in node.value else [int(node.value)]
            write = " or ".join(map(str, dict.fromkeys([*decimal, read])))
            raise AmbiguityError(
                f"line {node.start_mark.line + 1}: {node.value} is the number {read} to YAML: write "
                f"{write}, or '{node.value}' in quotes for a text"
            )
        return node


class _Loader(_Composer, _Base):  # type: ignore[misc]
    """A safe loader that composes nodes so."""

    def __init__(self, text: str) -> None:
        _Base.__init__(self, text)
        Composer.__init__(self)


# ------------------------------------------------------------------ JSON


def load_json(text: str) -> Any:
    """Return what a JSON text holds.

    Raises
    ------
    AmbiguityError
        If a key stands twice in a mapping.
    ValueError
        If it is no JSON; NaN and infinity, which Python reads, are none.
    """
    try:
        return json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_once)
    except AmbiguityError:
        # JSON is YAML too, but for tabs, and nodes of YAML know their lines.
        yaml.compose(text.replace("\t", " "), _Loader)
        raise


def _refuse_constant(constant: str) -> None:
    raise json.JSONDecodeError(f"{constant} is no number", constant, 0)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a mapping of pairs, whose keys have to differ."""
    content = dict(pairs)
    if len(content) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise AmbiguityError(f"the key {quoted(twice)} stands there twice")
    return content
