"""From config.yaml to complete, checked settings.

An experiment is the defaults of its model, overlaid by the experiments it extends,
overlaid by its own section. The schemas in ``workflow/schemas`` say what a key means
and which values it takes; the dataclasses here are what the rest of the code reads.
"""

import dataclasses
import difflib
import math
import types
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from topodream.errors import InputError
from topodream.grid import Grid

SCHEMAS = Path(__file__).resolve().parents[2] / "workflow" / "schemas"

# Keys of an experiment's section that say nothing about how it is trained.
FOR_READERS = ("question",)

Section = Mapping[str, Any]
# A part of the settings, and where a person finds it.
Layer = tuple[str, Section]


@dataclass(frozen=True)
class Start:
    """Weights start evenly drawn between ``low`` and ``high``."""

    low: float
    high: float


@dataclass(frozen=True)
class Lateral:
    """Lateral excitation; see ``mwta.schema.yaml`` for each key."""

    strength: float
    radius: int
    edge: str
    row_norm: float | None


@dataclass(frozen=True)
class Mwta:
    """Settings of the model: multiple winners take all with lateral excitation."""

    start: Start
    learning_rate: float
    n_winners: int
    activation: str
    trace: float | None
    lateral: Lateral
    error_clip: float | None
    weight_clip: float | None


@dataclass(frozen=True)
class Experiment:
    """A complete experiment: all that training it depends on, besides the data."""

    name: str
    model: str
    dataset: str
    engine: str
    dtype: str
    seed: int
    epochs: int
    steps_per_epoch: int
    snapshot_every: int
    order: str
    grid: Grid
    mwta: Mwta


@dataclass(frozen=True)
class Catalogue:
    """Everything a config asks for, checked."""

    experiments: Mapping[str, Experiment]
    questions: Mapping[str, str]
    selected: Sequence[str]
    datasets: Mapping[str, Section]
    evaluation: Section
    animation: Section


# ------------------------------------------------------------------ reading


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping in a YAML file.

    Raises
    ------
    InputError
        If the file is missing, is no YAML, or is not a mapping.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    except (yaml.YAMLError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: not a YAML file: {reason}") from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: has to hold keys and values, not {_show(content)}")
    return content


def resolve(config: Section) -> Catalogue:
    """Merge and check a whole configuration.

    Parameters
    ----------
    config : mapping
        The content of config.yaml, already overlaid by whatever Snakemake was given.

    Raises
    ------
    InputError
        For the first thing found wrong, as one line.
    """
    where = "config"
    _check_plain(config, where)
    _check(config, _schema("config"), where)
    datasets = config["datasets"]
    for name in datasets:
        _check_dataset(name, datasets)
    sections = config["experiments"]
    experiments = {name: _resolve_experiment(name, config) for name in sections}
    return Catalogue(
        experiments=experiments,
        questions={name: section.get("question", "") for name, section in sections.items()},
        selected=_select(config, list(experiments)),
        datasets=datasets,
        evaluation=config["evaluation"],
        animation=config["animation"],
    )


def read_experiment(path: Path) -> Experiment:
    """Read an experiment's resolved settings from the file training was given."""
    return experiment_from(read_yaml(path), str(path))


def experiment_from(settings: Section, where: str) -> Experiment:
    """Check resolved settings, with their ``name``, and make an Experiment of them."""
    settings = dict(settings)
    name = settings.pop("name", None)
    if not isinstance(name, str):
        raise InputError(f"{where}: the key name is missing, or is no text")
    _check_plain(settings, where)
    return _build_experiment(name, [(where, settings)], where)


def to_mapping(experiment: Experiment) -> dict[str, Any]:
    """Return the resolved settings as they stand in results/<experiment>/config.yaml."""
    settings = dataclasses.asdict(experiment)
    model_settings: dict[str, Any] = settings.pop("mwta")
    return settings | model_settings


# ------------------------------------------------------------------ merging


def _resolve_experiment(name: str, config: Section) -> Experiment:
    where = f"experiment {name!r}"
    own_layers = list(_layers(name, config["experiments"]))
    model = _overlay(own_layers).get("model", "mwta")
    if model not in config["defaults"]:
        allowed = _one_of(config["defaults"])
        raise InputError(f"{where}: model = {_show(model)} is not allowed: {allowed}")
    defaults = (f"defaults.{model}", {"model": model} | config["defaults"][model])
    experiment = _build_experiment(name, [defaults, *own_layers], where)
    known = [key for key, value in config["datasets"].items() if value["kind"] != "tapestry"]
    if experiment.dataset not in known:
        raise InputError(
            f"{where}: dataset = {experiment.dataset!r} can't be learnt: {_one_of(known)}"
        )
    return experiment


def _layers(name: str, sections: Section) -> Iterator[Layer]:
    """Yield what an experiment is made of, from the one at the base to its own section."""
    chain = [name]
    while (base := sections[chain[-1]].get("extends")) is not None:
        at = f"experiment {chain[-1]!r}: extends = {_show(base)}"
        if base not in sections:
            raise InputError(f"{at}: no such experiment{_did_you_mean(base, sections)}")
        if base in chain:
            raise InputError(f"{at}: a loop, {' -> '.join([*chain, base])}")
        chain.append(base)
    for link in reversed(chain):
        section = {
            key: value
            for key, value in sections[link].items()
            if key not in ("extends", *FOR_READERS)
        }
        yield f"experiment {link!r}", section


def _overlay(layers: Sequence[Layer]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for _, section in layers:
        merged = _merge(merged, section)
    return merged


def _merge(below: Section, above: Section) -> dict[str, Any]:
    """Overlay one mapping by another: mappings merge, anything else replaces."""
    merged = dict(below)
    for key, value in above.items():
        if isinstance(value, Mapping) and isinstance(merged.get(key), Mapping):
            value = _merge(merged[key], value)
        merged[key] = value
    return merged


def _select(config: Section, experiments: Sequence[str]) -> list[str]:
    """Return the experiments that ``run`` names, each once, in the catalogue's order."""
    run, selections = config["run"], config.get("selections", {})
    wanted: set[str] = set()
    for name in [run] if isinstance(run, str) else run:
        names = experiments if name == "all" else selections.get(name, [name])
        at = f"selections.{name}" if name in selections else "run"
        for entry in names:
            if entry not in experiments:
                known = [*experiments, *selections, "all"]
                raise InputError(
                    f"config: {at}: {_show(entry)} is no experiment"
                    f"{' or selection' if at == 'run' else ''}{_did_you_mean(entry, known)}"
                )
        wanted.update(names)
    return [name for name in experiments if name in wanted]


# ------------------------------------------------------------------ checking


def _build_experiment(name: str, layers: Sequence[Layer], where: str) -> Experiment:
    settings = _overlay(layers)
    _check(settings, _schema("mwta"), where, lambda path: _origin(path, layers))
    experiment: Experiment = _build(
        Experiment, {"name": name, "mwta": _build(Mwta, settings)} | settings
    )
    _check_experiment(experiment, where)
    return experiment


def _check_experiment(experiment: Experiment, where: str) -> None:
    """Check what no schema can: one value against another."""
    mwta, grid = experiment.mwta, experiment.grid
    if mwta.n_winners > grid.n_units:
        raise InputError(
            f"{where}: n_winners = {mwta.n_winners} is not allowed: "
            f"at most the {grid.n_units} units of a grid of {grid.rows} x {grid.cols}"
        )
    if mwta.start.low > mwta.start.high:
        raise InputError(
            f"{where}: start.low = {mwta.start.low} is not allowed: "
            f"at most start.high, {mwta.start.high}"
        )
    if mwta.weight_clip is not None and mwta.start.high > mwta.weight_clip:
        raise InputError(
            f"{where}: start.high = {mwta.start.high} is not allowed: "
            f"at most weight_clip, {mwta.weight_clip}"
        )
    if mwta.lateral.row_norm is not None and mwta.lateral.strength == 0:
        raise InputError(
            f"{where}: lateral.row_norm = {mwta.lateral.row_norm} is not allowed: "
            "null where lateral.strength is 0, there is nothing to scale"
        )


def _check_dataset(name: str, datasets: Section) -> None:
    where, settings = f"data set {name!r}", datasets[name]
    kinds = _schema("dataset")["$defs"]
    kind = settings.get("kind")
    if kind not in kinds:
        raise InputError(f"{where}: kind = {_show(kind)} is not allowed: {_one_of(kinds)}")
    _check(settings, kinds[kind], where)
    for key, needed in {"digits": "mnist", "tapestry": "tapestry"}.items():
        if key in settings:
            known = [other for other, value in datasets.items() if value.get("kind") == needed]
            if settings[key] not in known:
                raise InputError(
                    f"{where}: {key} = {_show(settings[key])} is no data set "
                    f"of kind {needed}: {_one_of(known)}"
                )


def _check_plain(value: object, where: str, path: tuple[object, ...] = ()) -> None:
    """Refuse what YAML allows and no setting can be: keys that are no text, NaN, infinity."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                raise InputError(f"{_at(where, path)}the key {_show(key)} is no text: quote it")
            _check_plain(item, where, (*path, key))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for index, item in enumerate(value):
            _check_plain(item, where, (*path, index))
    elif isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"{where}: {_dotted(path)} = {value} is not allowed: a finite number")


def _check(
    settings: Section,
    schema: Section,
    where: str,
    origin: Callable[[Sequence[object]], str] | None = None,
) -> None:
    """Raise the first breach of a schema as one readable line."""
    breaches = jsonschema.Draft202012Validator(schema).iter_errors(settings)
    # Unknown keys first: a misspelt key is also a missing one.
    found = sorted(
        breaches, key=lambda b: (b.validator != "additionalProperties", str(b.json_path))
    )
    if found:
        path = list(found[0].absolute_path)
        came_from = origin(path) if origin else where
        inherited = "" if came_from == where else f" (set in {came_from})"
        raise InputError(_explain(found[0], where, inherited))


def _explain(breach: jsonschema.ValidationError, where: str, inherited: str) -> str:
    path = list(breach.absolute_path)
    schema = typing.cast(dict[str, Any], breach.schema)
    value: Any = breach.instance
    if breach.validator == "additionalProperties":
        known = list(schema["properties"])
        unknown = next(key for key in value if key not in known)
        hint = _did_you_mean(unknown, known) or f": {_one_of(known)}"
        return f"{where}: unknown key {_dotted([*path, unknown])} = {_show(value[unknown])}{hint}"
    if "propertyNames" in breach.absolute_schema_path:
        return f"{_at(where, path)}the name {_show(value)} is not allowed: {_allowed(schema)}"
    if breach.validator == "required":
        missing = next(key for key in schema["required"] if key not in value)
        return f"{where}: the key {_dotted([*path, missing])} is missing"
    return (
        f"{where}: {_dotted(path)} = {_show(value)}{inherited} is not allowed: {_allowed(schema)}"
        + (_exponent_hint(value))
    )


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


# ------------------------------------------------------------------ wording


def _allowed(schema: Section) -> str:
    """Say in words which values a schema takes, and what they mean."""
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if "enum" in schema:
        text = _one_of(schema["enum"])
    elif "const" in schema:
        text = _show(schema["const"])
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
    "object": "keys and values",
}


def _range(schema: Section) -> str:
    words = {
        "minimum": "from {}",
        "exclusiveMinimum": "above {}",
        "maximum": "to {}",
        "multipleOf": "in steps of {}",
        "minItems": "of at least {}",
        "minLength": "of at least {}",
    }
    return "".join(" " + text.format(schema[key]) for key, text in words.items() if key in schema)


def _exponent_hint(value: object) -> str:
    """YAML 1.1 reads 1e-3 as a text; say so where that is what happened."""
    try:
        is_number = isinstance(value, str) and math.isfinite(float(value))
    except ValueError:
        is_number = False
    return "; YAML reads this as text: write 0.001 or 1.0e-3 without quotes" if is_number else ""


def _show(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _dotted(path: Sequence[object]) -> str:
    return ".".join(str(key) for key in path) or "it"


def _at(where: str, path: Sequence[object]) -> str:
    return f"{where}: {_dotted(path)}: " if path else f"{where}: "


def _one_of(names: Any) -> str:
    return "one of " + ", ".join(str(name) for name in names)


def _did_you_mean(name: object, known: Any) -> str:
    close = difflib.get_close_matches(str(name), [str(key) for key in known], n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


# ------------------------------------------------------------------ building


@cache
def _schema(name: str) -> dict[str, Any]:
    return read_yaml(SCHEMAS / f"{name}.schema.yaml")


def _build(kind: Any, settings: Section) -> Any:
    """Make a dataclass of a checked mapping; keys that belong elsewhere are left alone."""
    hints = typing.get_type_hints(kind)
    return kind(
        **{f.name: _convert(hints[f.name], settings[f.name]) for f in dataclasses.fields(kind)}
    )


def _convert(hint: Any, value: Any) -> Any:
    """Give a value its field's type, so that 1, 1.0 and 1.00 are one setting."""
    if isinstance(hint, types.UnionType):
        hint = next(kind for kind in hint.__args__ if kind is not type(None))
        return None if value is None else _convert(hint, value)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return value if isinstance(value, hint) else _build(hint, value)
    return hint(value)
