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
from collections.abc import Iterator, Mapping, Sequence
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
# No setting lies deeper; YAML can refer to itself and would have no end.
MAX_DEPTH = 8

Section = Mapping[str, Any]
# A part of the settings, and where a person finds it.
Layer = tuple[str, Section]


@dataclass(frozen=True)
class Start:
    """Start weights are drawn uniformly between ``low`` and ``high``."""

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
class Excitation:
    """Learnt lateral excitation; see ``sparse_dream.schema.yaml`` for each key."""

    reach_rows: int
    reach_cols: int
    start: Start
    rate: float
    learns_from: str
    symmetric: bool
    uniform: bool


@dataclass(frozen=True)
class Inhibition:
    """Learnt inhibition of every unit by every other."""

    start: Start
    rate: float


@dataclass(frozen=True)
class ColumnInhibition:
    """Learnt inhibition between the units of a column."""

    start: Start
    rate: float
    acts: bool


@dataclass(frozen=True)
class SparseDream:
    """Settings of the model: sigmoid units with learnt excitation and inhibition."""

    start: Start
    learning_rate: float
    sparsity: float
    threshold_rate: float
    excitation: Excitation
    global_inhibition: Inhibition
    column_inhibition: ColumnInhibition
    unit_norm: bool


# Models by the name that `model:` gives them.
MODELS = {"mwta": Mwta, "sparse_dream": SparseDream}


@dataclass(frozen=True)
class Experiment:
    """A complete experiment: all that training it depends on, besides the data."""

    name: str
    model: str
    dataset: str
    engine: str
    dtype: str
    on_divergence: str
    seed: int
    epochs: int
    steps_per_epoch: int
    snapshot_every: int
    order: str
    grid: Grid
    settings: Mwta | SparseDream


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
    except (yaml.YAMLError, ValueError, RecursionError) as error:
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
    _check(config, "config", where)
    kinds = config["datasets"]
    datasets = {name: _resolve_dataset(name, kinds) for name in kinds}
    sections = config["experiments"]
    experiments = {name: _resolve_experiment(name, config) for name in sections}
    groups = _schema("config")["properties"]
    return Catalogue(
        experiments=experiments,
        questions={
            name: " ".join(section.get("question", "").split())
            for name, section in sections.items()
        },
        selected=_select(config, list(experiments)),
        datasets=datasets,
        evaluation=_with_types(config["evaluation"], groups["evaluation"]),
        animation=_with_types(config["animation"], groups["animation"]),
    )


def read_experiment(path: Path) -> Experiment:
    """Read an experiment's resolved settings from the file training was given."""
    return experiment_from(read_yaml(path), str(path))


def experiment_from(settings: Section, where: str) -> Experiment:
    """Check resolved settings, with their ``name``, and make an Experiment of them."""
    settings = dict(settings)
    name = settings.pop("name", None)
    if not isinstance(name, str):
        raise InputError(f"{where}: the key name is missing, or is not a text")
    _check_plain(settings, where)
    return _build_experiment(name, [(where, settings)], where)


def to_mapping(experiment: Experiment) -> dict[str, Any]:
    """Return the resolved settings as they stand in results/<experiment>/config.yaml."""
    settings = dataclasses.asdict(experiment)
    of_the_model: dict[str, Any] = settings.pop("settings")
    return settings | of_the_model


# ------------------------------------------------------------------ merging


def _resolve_experiment(name: str, config: Section) -> Experiment:
    where = f"experiment {name!r}"
    own_layers = list(_layers(name, config["experiments"]))
    model = _overlay(own_layers).get("model", "mwta")
    if model not in config["defaults"]:
        allowed = _one_of(config["defaults"])
        raise InputError(f"{where}: model = {_show(model)} is not allowed: {allowed}")
    defaults = (f"defaults.{model}", {"model": model} | config["defaults"][model])
    layers = [defaults, *own_layers]
    experiment = _build_experiment(name, layers, where)
    known = [key for key, value in config["datasets"].items() if value["kind"] != "tapestry"]
    if experiment.dataset not in known:
        raise _not_allowed(layers, where, ("dataset",), f"what can be learnt is {_one_of(known)}")
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
    for name, names in selections.items():
        if name in experiments:
            raise InputError(f"config: selections: {name!r} is the name of an experiment")
        for entry in names:
            if entry not in experiments:
                hint = _did_you_mean(entry, experiments)
                raise InputError(
                    f"config: selections.{name}: {_show(entry)} is not an experiment{hint}"
                )
    lists = {name: [name] for name in experiments} | selections | {"all": experiments}
    wanted: set[str] = set()
    for name in [run] if isinstance(run, str) else run:
        if name not in lists:
            hint = _did_you_mean(name, lists)
            raise InputError(
                f"config: run: {_show(name)} is not an experiment or a selection{hint}"
            )
        wanted.update(lists[name])
    return [name for name in experiments if name in wanted]


# ------------------------------------------------------------------ checking


def _build_experiment(name: str, layers: Sequence[Layer], where: str) -> Experiment:
    settings = _overlay(layers)
    model = settings.get("model")
    if model not in MODELS:
        raise InputError(f"{where}: model = {_show(model)} is not allowed: {_one_of(MODELS)}")
    _check(settings, model, where, layers)
    experiment: Experiment = _build(
        Experiment, {"name": name, "settings": _build(MODELS[model], settings)} | settings
    )
    for path, breach in _breaches_between_values(experiment):
        raise _not_allowed(layers, where, path, breach)
    return experiment


def _breaches_between_values(experiment: Experiment) -> Iterator[tuple[tuple[str, ...], str]]:
    """Check what no schema can, one value against another: yield paths and what is allowed."""
    for path, start in _starts(experiment.settings):
        if start.low > start.high:
            yield (*path, "start", "low"), f"at most start.high, {start.high}"
    if isinstance(experiment.settings, Mwta):
        yield from _breaches_of_mwta(experiment.settings, experiment.grid)


def _starts(settings: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Start]]:
    """Yield every ``start`` in nested settings, with the path of what it belongs to."""
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        if isinstance(value, Start):
            yield path, value
        elif dataclasses.is_dataclass(value):
            yield from _starts(value, (*path, field.name))


def _breaches_of_mwta(mwta: Mwta, grid: Grid) -> Iterator[tuple[tuple[str, ...], str]]:
    if mwta.n_winners > grid.n_units:
        size = f"{grid.rows} x {grid.cols}"
        yield ("n_winners",), f"at most the {grid.n_units} units of a grid of {size}"
    if mwta.weight_clip is not None and mwta.start.high > mwta.weight_clip:
        yield ("start", "high"), f"at most weight_clip, {mwta.weight_clip}"
    if mwta.lateral.row_norm is not None and mwta.lateral.strength == 0:
        allowed = "null where lateral.strength is 0, there is nothing to scale"
        yield ("lateral", "row_norm"), allowed


def _not_allowed(
    layers: Sequence[Layer], where: str, path: Sequence[str], allowed: str
) -> InputError:
    value: Any = _overlay(layers)
    for key in path:
        value = value[key]
    inherited = _inherited(path, where, layers)
    return InputError(
        f"{where}: {_dotted(path)} = {_show(value)}{inherited} is not allowed: {allowed}"
    )


def _resolve_dataset(name: str, datasets: Section) -> dict[str, Any]:
    where, settings = f"data set {name!r}", datasets[name]
    kinds = _schema("dataset")["$defs"]
    kind = settings.get("kind")
    if kind not in kinds:
        raise InputError(f"{where}: kind = {_show(kind)} is not allowed: {_one_of(kinds)}")
    _check(settings, f"dataset/{kind}", where)
    for key, needed in {"digits": "mnist", "tapestry": "tapestry"}.items():
        if key in settings:
            known = [other for other, value in datasets.items() if value.get("kind") == needed]
            if settings[key] not in known:
                raise InputError(
                    f"{where}: {key} = {_show(settings[key])} is not a data set "
                    f"of kind {needed}: {_one_of(known)}"
                )
    return _with_types(settings, kinds[kind])


def _with_types(settings: Section, schema: Section) -> dict[str, Any]:
    """Give numbers their type in the schema, so that 3, 3.0 and 3.00 are one setting."""
    kinds = {"integer": int, "number": float}
    types_of = {key: part.get("type") for key, part in schema["properties"].items()}
    return {
        key: kinds[types_of[key]](value) if types_of[key] in ("integer", "number") else value
        for key, value in settings.items()
    }


def _check_plain(value: object, where: str, path: tuple[object, ...] = ()) -> None:
    """Refuse what YAML allows and no setting can be: other keys than text, NaN, infinity."""
    if len(path) > MAX_DEPTH:
        raise InputError(f"{where}: {_dotted(path[:3])}...: nested too deep")
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                raise InputError(f"{_at(where, path)}the key {_show(key)} is not a text: quote it")
            _check_plain(item, where, (*path, key))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for index, item in enumerate(value):
            _check_plain(item, where, (*path, index))
    elif isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"{where}: {_dotted(path)} = {value} is not allowed: a finite number")


def _check(
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
        hint = _did_you_mean(unknown, known) or f": {_one_of(known)}"
        path.append(unknown)
        inherited = _inherited(path, where, layers)
        return f"{where}: unknown key {_dotted(path)} = {_show(value[unknown])}{inherited}{hint}"
    if "propertyNames" in breach.absolute_schema_path:
        return f"{_at(where, path)}the name {_show(value)} is not allowed: {_allowed(schema)}"
    if breach.validator == "required":
        missing = next(key for key in schema["required"] if key not in value)
        return f"{where}: the key {_dotted([*path, missing])} is missing"
    return (
        f"{where}: {_dotted(path)} = {_show(value)}{_inherited(path, where, layers)} "
        f"is not allowed: {_allowed(schema)}{_text_hint(value)}"
    )


def _inherited(path: Sequence[object], where: str, layers: Sequence[Layer]) -> str:
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
    return "; a number in quotes, or nested in --config, is text: write it into a file"


def _show(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _dotted(path: Sequence[object]) -> str:
    # A key from a file may hold anything, a line break too; errors are one line.
    return ".".join(str(k) if str(k).isprintable() else repr(k) for k in path) or "it"


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


def _of_model(model: str) -> dict[str, Any]:
    """Return the schema of a model's experiments: the keys that all have, and its own."""
    own = _schema(model)
    properties = _schema("experiment")["properties"] | own["properties"]
    return own | {"properties": properties, "required": list(properties)}


@cache
def _validator(name: str) -> jsonschema.Draft202012Validator:
    """Return the validator of a schema, or of one of its definitions: "file/definition"."""
    file, _, definition = name.partition("/")
    schema = _of_model(file) if file in MODELS else _schema(file)
    return jsonschema.Draft202012Validator(schema["$defs"][definition] if definition else schema)


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _build(kind: Any, settings: Section) -> Any:
    """Make a dataclass of a checked mapping; keys that belong elsewhere are left alone."""
    hints = _hints(kind)
    return kind(
        **{f.name: _convert(hints[f.name], settings[f.name]) for f in dataclasses.fields(kind)}
    )


def _convert(hint: Any, value: Any) -> Any:
    """Give a value its field's type, so that 1, 1.0 and 1.00 are one setting."""
    if value is None or dataclasses.is_dataclass(value):
        return value
    if isinstance(hint, types.UnionType):
        hint = next(kind for kind in hint.__args__ if kind is not type(None))
    return _build(hint, value) if dataclasses.is_dataclass(hint) else hint(value)
