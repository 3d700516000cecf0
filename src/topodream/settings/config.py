"""From config.yaml to complete, checked settings.

An experiment is the defaults of its model, overlaid by the experiments it extends,
overlaid by its own section. The schemas say what a key means and which values it takes:
those in ``schemas``, and a model's beside the model. (Data sets: :mod:`topodream.settings.datasets`.)
"""

import dataclasses
import types
import typing
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from topodream.files.errors import InputError, quoted
from topodream.files.reading import NAME, OF_FILES, check_name, named
from topodream.files.strict import Section, read_yaml
from topodream.grid import Grid
from topodream.models import MODELS
from topodream.models.prototypes import Start
from topodream.settings.checking import (
    Layer,
    check,
    check_plain,
    did_you_mean,
    dotted,
    inherited,
    one_of,
    overlay,
)
from topodream.traits import TRACE

# Keys of an experiment's section that say nothing about how it is trained.
FOR_READERS = ("question",)


DEVICES = ("cpu", "gpu", "auto")
# What computes on a GPU, and what every model has; `engine:` names what computes on a CPU.
GPU_ENGINE, REFERENCE = "cupy", "reference"


@dataclass(frozen=True)
class Experiment:
    """A complete experiment: all that training it depends on, besides the data."""

    name: str
    model: str
    dataset: str
    device: str
    engine: str
    dtype: str
    on_divergence: str
    seed: int
    epochs: int
    steps_per_epoch: int
    snapshot_every: int
    order: str
    grid: Grid
    settings: Any  # of its model's class
    start_from: str | None = None

    @property
    def starts_from_file(self) -> bool:
        """Whether training starts from the map in a file of somebody's, and no experiment's."""
        return self.start_from is not None and self.start_from.endswith(OF_FILES)

    @property
    def engines(self) -> tuple[str, ...]:
        """What may train it: the engine that it names, the one for a GPU, or either."""
        named = {"cpu": (self.engine,), "gpu": (GPU_ENGINE,), "auto": (self.engine, GPU_ENGINE)}
        return named[self.device]

    @property
    def has_trace(self) -> bool:
        """Whether its activity leaves a trace."""
        return self.trace is not None

    @property
    def trace(self) -> float | None:
        """How far activity moves at a step to what a sample evokes; None: all the way."""
        has_one = TRACE in MODELS[self.model].traits
        return self.settings.trace if has_one else None

    @property
    def surface(self) -> Grid:
        """Its grid as units touch on it: a torus where lateral connections wrap around."""
        return MODELS[self.model].surface(self.settings, self.grid)

    @property
    def shape(self) -> dict[str, object]:
        """What maps have in common that can train side by side."""
        return {
            "model": self.model,
            "dataset": self.dataset,
            "device": self.device,
            "engine": self.engine,
            "dtype": self.dtype,
            "grid": self.grid,
            "steps_per_epoch": self.steps_per_epoch,
        }

    @property
    def state_shape(self) -> dict[str, object]:
        """What a map has in common with one that it starts from, whatever they learn."""
        of_the_model = MODELS[self.model].of_state(self.settings)
        return {"model": self.model, "grid": self.grid, **of_the_model}

    @property
    def modules(self) -> tuple[str, ...]:
        """The module of its model, which others know by a registry alone."""
        return (type(MODELS[self.model]).__module__,)

    @property
    def modules_of_training(self) -> tuple[str, ...]:
        """The same, and those of the engines that may train it."""
        engines = [MODELS[self.model].engine(name).split(".")[0] for name in self.engines]
        return (*self.modules, *(f"topodream.engines.{name}" for name in engines))


# ------------------------------------------------------------------ reading


def read_experiment(path: Path) -> Experiment:
    """Read an experiment's resolved settings from the file training was given."""
    return experiment_from(read_yaml(path), named(path))


def experiment_from(settings: Section, where: str) -> Experiment:
    """Check resolved settings, with their ``name``, and make an Experiment of them."""
    settings = dict(settings)
    if "name" not in settings:
        raise InputError(f"{where}: the key name is missing")
    name = settings.pop("name")
    check_name(name, where)
    check_plain(settings, where)
    experiment = _build_experiment(name, [(where, settings)], where)
    check_name(experiment.dataset, f"{where}: dataset")
    return experiment


def to_mapping(experiment: Experiment) -> dict[str, Any]:
    """Return the resolved settings as they stand in results/<experiment>/config.yaml.

    Of a file that training starts from they have the name, not where it lies: its digest says which
    it was. Where training starts from no map they say nothing of it, as settings always did.
    """
    settings = dataclasses.asdict(experiment)
    of_the_model: dict[str, Any] = settings.pop("settings")
    start = settings.pop("start_from")
    from_map = {} if start is None else {"start_from": Path(start).name}
    return settings | from_map | of_the_model


# ------------------------------------------------------------------ merging


def resolve_experiment(
    name: str,
    config: Section,
    learnable: Collection[str],
    base: str | None = None,
    *above: Layer,
) -> Experiment:
    """Merge and check one experiment of a configuration.

    Parameters
    ----------
    name : str
    config : mapping
        The content of config.yaml.
    learnable : collection of str
        The names of the data sets that maps can learn.
    base : str, optional
        The experiment of the configuration that it is, if it goes by another name.
    *above : Layer
        What is laid over it.
    """
    experiment, where, layers = _merge(name, config, base, above)
    if experiment.dataset not in learnable:
        allowed = f"what can be learnt is {one_of(learnable)}"
        raise _not_allowed(layers, where, ("dataset",), allowed)
    return experiment


def merge_experiment(
    name: str, config: Section, base: str | None = None, *above: Layer
) -> Experiment:
    """Merge and check one experiment, whether the configuration has its data set or not.

    The parameters are those of :func:`resolve_experiment`.
    """
    return _merge(name, config, base, above)[0]


def _merge(
    name: str, config: Section, base: str | None, above: Sequence[Layer]
) -> tuple[Experiment, str, Sequence[Layer]]:
    """Return an experiment, what it is called in errors, and what it was merged from."""
    where = above[-1][0] if above else f"experiment {name!r}"
    own_layers = [*_layers(base or name, config["experiments"]), *above]
    everywhere = ("config", {key: config[key] for key in ("model", "device")})
    model = overlay([everywhere, *own_layers])["model"]
    if model not in config["defaults"]:
        allowed = one_of(config["defaults"])
        raise InputError(f"{where}: model = {quoted(model)} is not allowed: {allowed}")
    defaults = (f"defaults.{model}", {"model": model} | config["defaults"][model])
    layers = [everywhere, defaults, *own_layers]
    return _build_experiment(name, layers, where), where, layers


def _layers(name: str, sections: Section) -> Iterator[Layer]:
    """Yield what an experiment is made of, from the one at the base to its own section."""
    chain = [name]
    while (base := sections[chain[-1]].get("extends")) is not None:
        at = f"experiment {chain[-1]!r}: extends = {quoted(base)}"
        if base not in sections:
            raise InputError(f"{at}: no such experiment{did_you_mean(base, sections)}")
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


# ------------------------------------------------------------------ checking


def _build_experiment(name: str, layers: Sequence[Layer], where: str) -> Experiment:
    settings = {"start_from": None} | overlay(layers)
    model = settings.get("model")
    if not isinstance(model, str) or model not in MODELS:
        raise InputError(f"{where}: model = {quoted(model)} is not allowed: {one_of(MODELS)}")
    check(settings, model, where, layers)
    experiment: Experiment = _build(
        Experiment, {"name": name, "settings": _build(MODELS[model].settings, settings)} | settings
    )
    for path, breach in _breaches_between_values(experiment):
        raise _not_allowed(layers, where, path, breach)
    return experiment


def _breaches_between_values(experiment: Experiment) -> Iterator[tuple[tuple[str, ...], str]]:
    """Check what no schema can, one value against another: yield paths and what is allowed."""
    for path, start in _starts(experiment.settings):
        if start.low > start.high:
            yield (*path, "start", "low"), f"at most start.high, {start.high}"
    if experiment.engine == REFERENCE and experiment.device != "cpu":
        yield ("device",), "cpu where engine is reference, which computes on nothing else"
    model, engines = MODELS[experiment.model], list(MODELS[experiment.model].engines)
    if experiment.engine not in (REFERENCE, *engines):
        allowed = one_of([REFERENCE, *(name for name in engines if name != GPU_ENGINE)])
        yield ("engine",), f"{allowed}, {experiment.model} has no other"
    if experiment.device != "cpu" and GPU_ENGINE not in engines:
        yield ("device",), f"cpu, {experiment.model} has no engine for a GPU"
    named = experiment.start_from
    if named is not None and not NAME.fullmatch(named) and not experiment.starts_from_file:
        yield ("start_from",), f"the name of an experiment, or a file that ends in {OF_FILES}"
    yield from model.breaches(experiment.settings, experiment.grid)


def _starts(settings: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Start]]:
    """Yield every ``start`` in nested settings, with the path of what it belongs to."""
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        if isinstance(value, Start):
            yield path, value
        elif dataclasses.is_dataclass(value):
            yield from _starts(value, (*path, field.name))


def _not_allowed(
    layers: Sequence[Layer], where: str, path: Sequence[str], allowed: str
) -> InputError:
    value: Any = overlay(layers)
    for key in path:
        value = value[key]
    origin = inherited(path, where, layers)
    return InputError(
        f"{where}: {dotted(path)} = {quoted(value)}{origin} is not allowed: {allowed}"
    )


# ------------------------------------------------------------------ building


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
