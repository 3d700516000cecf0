"""What a configuration asks for: experiments, sweeps over their settings, findings.

A sweep is a grid over settings of one experiment. Each point of it is an experiment of its
own, named after the sweep and its values (``strength--0.1``). An experiment that is trained
with several seeds has replicates, named after it and the seed (``strength--0.1--seed-1``);
with the seed of its settings it is the experiment itself.
"""

import itertools
import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from topodream.files.errors import InputError, quoted
from topodream.files.reading import NAME_BEGINS, NAME_GOES_ON
from topodream.files.strict import Section, check_overlay, read_yaml
from topodream.measures.registry import MEASURES
from topodream.plan.resources import samples_apart
from topodream.settings.checking import (
    check,
    check_plain,
    did_you_mean,
    one_of,
    overlay,
    schema,
    with_types,
)
from topodream.settings.config import Experiment, resolve_experiment, to_mapping
from topodream.settings.datasets import lacks, learnable, resolve_dataset

# What names of experiments consist of, points of sweeps and replicates too, as a pattern; folders
# beside theirs are called otherwise.
NAME_OF_EXPERIMENT = f"(?!(?:data|logs|sweeps)/){NAME_BEGINS}{NAME_GOES_ON}*"

# Keys of a claim whose value is a name, and what it names.
NAMED_BY_CLAIMS = {
    "measure": "measure",
    "less": "measure",
    "of": "experiment",
    "minus": "experiment",
    "divided_by": "experiment",
}


# A folder's name takes 255 bytes; replicates add their seed, temporary files a prefix.
LONGEST_NAME = 200
# Of a sweep: more would take days, and as many lines to plan.
MOST_MAPS = 100_000
# What `maps_per_job: auto` means: so many, or what a sweep needs for no more jobs than that.
MAPS_PER_JOB, JOBS_OF_A_SWEEP = 20, 1000


@dataclass(frozen=True)
class Point:
    """A point of a sweep: the values of the swept settings, and the experiment of each seed."""

    values: tuple[Any, ...]
    replicates: Mapping[int, str]


@dataclass(frozen=True)
class Sweep:
    """A grid over settings of an experiment.

    ``keys`` are the swept settings, dotted, of which the first is drawn along the x-axis;
    ``measures`` are what is drawn.
    """

    name: str
    question: str
    extends: str
    keys: tuple[str, ...]
    points: tuple[Point, ...]
    measures: tuple[str, ...]

    @property
    def maps(self) -> list[str]:
        """The experiments of all points, with all seeds."""
        return [name for point in self.points for name in point.replicates.values()]


@dataclass(frozen=True, eq=False)
class Family:
    """Experiments whose names say how they differ: a sweep's, or the replicates of one.

    Attributes
    ----------
    name : str
        The sweep's or the experiment's.
    keys : tuple of str
        The settings that the names say, dotted; the names of replicates say the seed too.
    settings : mapping
        The others, which all have in common but for the seeds of replicates. With the same keys
        and settings the same name stands for the same map.
    """

    name: str
    keys: tuple[str, ...]
    settings: Section

    @classmethod
    def of(cls, name: str, experiment: Experiment, keys: Sequence[str] = ()) -> "Family":
        """Return the family of an experiment, which is one of it."""
        settings = to_mapping(experiment)
        for path in ("name", *keys):
            *parents, key = path.split(".")
            inner = settings
            for parent in parents:
                inner = inner[parent]
            inner.pop(key, None)  # `start_from` is not there where it is null
        return cls(name, tuple(keys), settings)


@dataclass(frozen=True)
class Catalogue:
    """Everything a config asks for, checked.

    Attributes
    ----------
    experiments : mapping
        All that can be trained, by name: points of sweeps and replicates too.
    listed : sequence of str
        Those that stand in the config, in its order.
    lacking : mapping
        The experiments, of all, that can't be made -> what they need that the config has no source of.
    selected : sequence of str
        Those of the listed that ``run`` selects, and that can be made.
    selected_sweeps : sequence of str
        The same of sweeps, of which every map has to.
    not_made : mapping
        The experiments and sweeps that ``run`` selects and that can't be made -> why.
    findings : bool
        Whether ``run`` selects the findings.
    statements : mapping
        What was said, by name, each with the seeds that it is judged by.
    not_measured : mapping
        The statements about experiments that can't be made -> why.
    replicates : mapping
        For the experiments that the other statements are about: seed -> name.
    families : mapping
        Of the experiments that don't stand in the config: name -> family.
    batches : sequence of sequence of str
        The same experiments, by which of them one job trains, and one measures.
    """

    experiments: Mapping[str, Experiment]
    questions: Mapping[str, str]
    groups: Mapping[str, Section]
    listed: Sequence[str]
    sweeps: Mapping[str, Sweep]
    statements: Mapping[str, Section]
    not_measured: Mapping[str, str]
    replicates: Mapping[str, Mapping[int, str]]
    families: Mapping[str, Family]
    batches: Sequence[Sequence[str]]
    lacking: Mapping[str, str]
    selected: Sequence[str]
    selected_sweeps: Sequence[str]
    not_made: Mapping[str, str]
    findings: bool
    datasets: Mapping[str, Section]
    evaluation: Section
    animation: Section

    @property
    def maps_of_findings(self) -> list[str]:
        """The experiments that statements are about, with all seeds."""
        return [name for names in self.replicates.values() for name in names.values()]

    @property
    def asked_of_findings(self) -> dict[str, Any]:
        """What findings are judged by: statements, replicates, and what can't be measured, if any."""
        not_measured = {"not_measured": self.not_measured} if self.not_measured else {}
        return {"statements": self.statements, "replicates": self.replicates, **not_measured}

    def experiment(self, name: str) -> Experiment:
        """Return an experiment; InputError says so if there is none of that name."""
        _require("experiment", name, self.experiments, "the folder of an experiment")
        return self.experiments[name]


def read_config(
    files: Sequence[Path], above: Section, read_above: Sequence[Path] = ()
) -> dict[str, Any]:
    """Return the content of YAML files, each laid over those before, and ``above`` on top.

    ``read_above`` are files, YAML or JSON, that Snakemake has read ``above`` from: it tells
    nobody what got lost on the way.
    """
    for path in read_above:
        check_overlay(path)
    layers = [(str(path), read_yaml(path)) for path in files]
    return overlay([*layers, ("config", above)])


def resolve(config: Section) -> Catalogue:
    """Merge and check a whole configuration.

    Parameters
    ----------
    config : mapping
        The content of config.yaml and findings.yaml, already overlaid by whatever Snakemake
        was given.

    Raises
    ------
    InputError
        For the first thing found wrong, as one line.
    """
    check_plain(config, "config")
    check(config, "config", "config")
    kinds = config["datasets"]
    datasets = {name: resolve_dataset(name, kinds) for name in kinds}
    sections = config["experiments"]
    known = learnable(datasets)
    listed = {name: resolve_experiment(name, config, known) for name in sections}
    groups, sweeps = config.get("groups", {}), config.get("sweeps", {})
    findings = config.get("findings", {"seeds": [], "statements": {}})
    _check_groups(groups, listed)
    experiments, families = dict(listed), dict[str, Family]()
    expanded = {name: _expand(name, config, experiments, families) for name in sweeps}
    statements = {
        name: {"seeds": findings["seeds"], **section}
        for name, section in findings["statements"].items()
    }
    names = list(experiments)
    spoken_of = {key: list(_spoken_of(key, one, names)) for key, one in statements.items()}
    replicates = {
        key: {
            name: replicate(experiments, name, statements[key]["seeds"], families) for name in about
        }
        for key, about in spoken_of.items()
    }
    _check_starts(experiments, datasets)
    lacking = dict(_lacking(experiments, datasets))
    not_measured = _each_lacking(spoken_of, lacking)
    out = lacking | _each_lacking({name: one.maps for name, one in expanded.items()}, lacking)
    selected = _select(config, list(listed))
    _check_run(config["run"], out)
    parts = schema("config")["properties"]
    return Catalogue(
        experiments=experiments,
        questions={name: _one_line(section.get("question")) for name, section in sections.items()},
        groups=groups,
        listed=list(listed),
        sweeps=expanded,
        statements=statements,
        not_measured=not_measured,
        replicates=_together(of for key, of in replicates.items() if key not in not_measured),
        families=families,
        batches=_batches(config, experiments, families),
        lacking=lacking,
        selected=[name for name in listed if name in selected and name not in out],
        selected_sweeps=[name for name in sweeps if name in selected and name not in out],
        not_made={
            name: out[name] for name in (*listed, *sweeps) if name in selected and name in out
        },
        findings="findings" in selected,
        datasets=datasets,
        evaluation=with_types(config["evaluation"], parts["evaluation"]),
        animation=with_types(config["animation"], parts["animation"]),
    )


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())


def replicate(
    experiments: dict[str, Experiment],
    name: str,
    seeds: Sequence[int],
    families: dict[str, Family],
) -> dict[int, str]:
    """Return an experiment's name for each seed; those that are not there yet are added."""
    experiment, names = experiments[name], {}
    family = families.get(name) or Family.of(name, experiment)
    for seed in seeds:
        names[seed] = name if seed == experiment.seed else f"{name}--seed-{seed}"
        made = replace(experiment, name=names[seed], seed=seed)
        if experiments.setdefault(names[seed], made) != made:
            raise InputError(
                f"experiment {name!r}: the name {names[seed]!r} of its replicate is taken"
            )
        if names[seed] != name:
            families.setdefault(names[seed], family)
    return names


# ------------------------------------------------------------------ sweeps


def _expand(
    name: str,
    config: Section,
    experiments: dict[str, Experiment],
    families: dict[str, Family],
) -> Sweep:
    """Make a sweep's points, and add their experiments and replicates."""
    section, where = config["sweeps"][name], f"sweep {name!r}"
    base = section["extends"]
    _require("experiment", base, config["experiments"], f"{where}: extends")
    for measure in section["measures"]:
        _require("measure", measure, MEASURES, f"{where}: measures")
    axes = dict(section["over"])
    # The seed is each point's spread, unless it is all that varies.
    seeds = axes.pop("seed", None) if len(axes) > 1 else None
    n_maps = math.prod(map(len, section["over"].values()))
    if n_maps > MOST_MAPS:
        raise InputError(f"{where}: over makes {n_maps:,} maps, at most {MOST_MAPS:,}")
    points: list[Point] = []
    of_models: dict[str, Family] = {}  # each with the defaults of its model
    for values in itertools.product(*axes.values()):
        point = "--".join([name, *map(_in_a_name, values)])
        if len(point) > LONGEST_NAME:
            raise InputError(
                f"{where}: the name {quoted(point)} of a point has {len(point)} characters, "
                f"at most {LONGEST_NAME} make a folder: fewer keys, or values of fewer digits"
            )
        settings = _nested(dict(zip(axes, values, strict=True)), where)
        if point in experiments:
            raise InputError(f"{where}: the name {point!r} is taken by another experiment")
        experiments[point] = resolve_experiment(
            point, config, learnable(config["datasets"]), base, (where, settings)
        )
        model = experiments[point].model
        if model not in of_models:
            of_models[model] = Family.of(name, experiments[point], tuple(axes))
        families[point] = of_models[model]
        of_seeds = replicate(experiments, point, seeds or [experiments[point].seed], families)
        points.append(Point(values, of_seeds))
    return Sweep(
        name=name,
        question=_one_line(section.get("question")),
        extends=base,
        keys=tuple(axes),
        points=tuple(points),
        measures=tuple(section["measures"]),
    )


def _in_a_name(value: Any) -> str:
    """Return a setting's value as part of a name; 1 and 1.0 are one setting.

    >>> [_in_a_name(value) for value in (0.1, 1.0, -1e-05, None, True, "excited")]
    ['0.1', '1', '-1e-05', 'none', 'true', 'excited']
    """
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    return str(value).lower()


def _nested(settings: Mapping[str, Any], where: str = "") -> dict[str, Any]:
    """Return dotted keys as nested mappings.

    >>> _nested({"lateral.strength": 1, "lateral.radius": 2, "trace": 3})
    {'lateral': {'strength': 1, 'radius': 2}, 'trace': 3}
    """
    nested: dict[str, Any] = {}
    for path, value in settings.items():
        *parents, key = path.split(".")
        inner = nested
        for parent in parents:
            inner = inner.setdefault(parent, {})
            if not isinstance(inner, dict):
                raise InputError(f"{where}: over: {path} lies within another key of it")
        if key in inner:
            raise InputError(f"{where}: over: other keys lie within {path}")
        inner[key] = value
    return nested


# ------------------------------------------------------------------ starts


def _check_starts(experiments: Mapping[str, Experiment], datasets: Mapping[str, Section]) -> None:
    """Check the experiments that start from others: these are there, of their shape, and no circle."""
    for name, experiment in experiments.items():
        start = experiment.start_from
        if start is None or experiment.starts_from_file:
            continue
        where = f"experiment {name!r}: start_from"
        _require("experiment", start, experiments, where)
        chain = [name]
        while chain[-1] in experiments and (before := experiments[chain[-1]].start_from):
            if before in chain:
                loop = " -> ".join([*chain, before])
                raise InputError(f"{where} = {quoted(start)}: a loop, {loop}")
            chain.append(before)
        other = experiments[start]
        pairs = [
            (key, here, other.state_shape.get(key)) for key, here in experiment.state_shape.items()
        ]
        if samples := samples_apart(experiment.dataset, other.dataset, datasets):
            pairs.append(("samples", *samples))
        for key, here, there in pairs:
            if here != there:
                raise InputError(
                    f"{where} = {quoted(start)}: both need the same {key}, not {quoted(here)} and "
                    f"{quoted(there)}"
                )


# ------------------------------------------------------------------ what can't be made


def _lacking(
    experiments: Mapping[str, Experiment], datasets: Mapping[str, Section]
) -> Iterator[tuple[str, str]]:
    """Yield the experiments whose data, or those of a map that they start from, lack a source; why."""
    of_data = {name: lacks(name, datasets) for name in datasets}
    for name in experiments:
        link: str | None = name
        while link and link in experiments:  # there is no loop, and a file is no experiment
            if why := of_data[experiments[link].dataset]:
                yield name, why
                break
            link = experiments[link].start_from


def _each_lacking(
    made_of: Mapping[str, Sequence[str]], lacking: Mapping[str, str]
) -> dict[str, str]:
    """Return what needs some experiments of which one can't be made -> why."""
    first = {key: next(filter(lacking.get, names), "") for key, names in made_of.items()}
    return {key: lacking[name] for key, name in first.items() if name}


def _check_run(run: str | Sequence[str], lacking: Mapping[str, str]) -> None:
    """Refuse what is named itself and can't be made; groups and selections do without it."""
    for name in [run] if isinstance(run, str) else run:
        if name in lacking:
            raise InputError(f"config: run: {quoted(name)} {lacking[name]}")


# ------------------------------------------------------------------ batches


def _batches(
    config: Section, experiments: Mapping[str, Experiment], families: Mapping[str, Family]
) -> list[list[str]]:
    """Return which experiments one job makes, of those that don't stand in the config.

    They are of one family, so that a job's maps have the same reasons to be made again.
    """
    alike: dict[Any, list[str]] = {}
    for name, family in families.items():
        alike.setdefault((family.name, *_in_common(experiments[name])), []).append(name)
    n_maps = Counter(family.name for family in families.values())
    batches = []
    for (of_family, *_), names in alike.items():
        on_gpu = experiments[names[0]].device == "gpu"
        size = config["maps_per_gpu_job" if on_gpu else "maps_per_job"]
        if size == "auto":
            size = max(MAPS_PER_JOB, math.ceil(n_maps[of_family] / JOBS_OF_A_SWEEP))
        size = int(size)  # YAML's 4.0 is 4
        batches += [names[first : first + size] for first in range(0, len(names), size)]
    return batches


def _in_common(experiment: Experiment) -> tuple[object, ...]:
    """Return what experiments need to have in common for one job."""
    if experiment.device != "cpu":
        return (*experiment.shape.items(), experiment.start_from)
    # One after another. What may fail fails alone, or the others would not be measured.
    alone = experiment.name if experiment.on_divergence == "fail" else ""
    return experiment.dataset, experiment.start_from, experiment.modules_of_training, alone


# ------------------------------------------------------------------ names


def _check_groups(groups: Section, experiments: Mapping[str, Experiment]) -> None:
    grouped: set[str] = set()
    for name, group in groups.items():
        for entry in group["experiments"]:
            if entry not in experiments:
                hint = did_you_mean(entry, experiments)
                raise InputError(
                    f"config: groups.{name}: {quoted(entry)} is not an experiment{hint}"
                )
            if entry in grouped:
                raise InputError(f"config: groups.{name}: {quoted(entry)} is in another group too")
            grouped.add(entry)


def _spoken_of(name: str, statement: Section, experiments: Sequence[str]) -> Iterator[str]:
    """Yield the experiments that a statement is about; check all that its claims name."""
    known: dict[str, Collection[str]] = {"measure": MEASURES, "experiment": experiments}
    for claim in statement["claims"]:
        for key, kind in NAMED_BY_CLAIMS.items():
            if key in claim:
                _require(kind, claim[key], known[kind], f"findings: {name}: {key}")
                if kind == "experiment":
                    yield claim[key]


def _together(replicates: Iterable[Mapping[str, Mapping[int, str]]]) -> dict[str, dict[int, str]]:
    """Return the replicates that several statements are judged by: experiment -> seed -> name."""
    found: dict[str, dict[int, str]] = {}
    for of_statement in replicates:
        for name, by_seed in of_statement.items():
            found.setdefault(name, {}).update(by_seed)
    return found


def _require(kind: str, name: str, known: Collection[str], where: str) -> None:
    if name not in known:
        hint = did_you_mean(name, known)
        raise InputError(f"{where} = {quoted(name)}: no such {kind}{hint}")


def _select(config: Section, experiments: list[str]) -> set[str]:
    """Return the experiments and sweeps that ``run`` names, and ``findings`` if it does."""
    named = {"all": experiments, "findings": ["findings"]} | {name: [name] for name in experiments}
    for key in ("groups", "sweeps"):
        for name, section in config.get(key, {}).items():
            _check_free(name, key, named)
            named[name] = [name] if key == "sweeps" else section["experiments"]
    lists = dict(named)
    for name, entries in config.get("selections", {}).items():
        _check_free(name, "selections", named)
        lists[name] = _named(entries, named, f"selections.{name}")
    run = config["run"]
    return set(_named([run] if isinstance(run, str) else run, lists, "run"))


def _check_free(name: str, key: str, taken: Mapping[str, object]) -> None:
    if name in taken:
        raise InputError(f"config: {key}: the name {name!r} is taken by something else to run")


def _overlooked(entry: str, hint: str) -> str:
    """Return a hint with what somebody may have overlooked who named this on the command line."""
    if "," in entry or " " in entry:
        return " (to name several: --config 'run=[a, b]')"
    return hint if hint.startswith(" (") else f" (is --configfile missing?){hint}"


def _named(entries: Sequence[str], lists: Mapping[str, Sequence[str]], where: str) -> list[str]:
    for entry in entries:
        if entry not in lists:
            hint = did_you_mean(entry, lists) or f": {one_of(lists)}"
            if where == "run":
                hint = _overlooked(entry, hint)
            raise InputError(
                f"config: {where}: {quoted(entry)} is no experiment, group, sweep or selection{hint}"
            )
    return [name for entry in entries for name in lists[entry]]
