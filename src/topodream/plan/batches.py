"""Batches: points of sweeps and replicates, many of which one job trains and one job measures.

To plan a job takes Snakemake as long as to train a small map, and so does it to start Python. But
Snakemake makes all files of a job or none. So the points of a batch that are made, those that are
to be measured, and those that are to be trained are jobs of their own; and what Snakemake compares
(inputs and params, docs/decisions/14) says nothing of which points share a job. Another number of
points to a job, new values in the midst of a sweep or a file that was deleted makes nothing again
but what is missing.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from topodream.plan.catalogue import NAME_OF_EXPERIMENT, Catalogue
from topodream.plan.wildcards import Wildcards, pattern

RULE = re.compile(r"(?:train|measure)_batch_(\d+)(?:_([0-9a-f]+))?(?::|$)")
# What stands on the command line of a Snakemake that another one started.
TO_RUN_A_JOB = frozenset(("--allowed-rules", "--target-jobs"))
# A file that a person asks for.
ASKED_FOR = re.compile(r"(?:^|/)results/([^/]+)/")

MISSING, TRAINED, MEASURED = range(3)


@dataclass(frozen=True)
class Batch:
    """Experiments of one family that are made by the same jobs.

    Attributes
    ----------
    label : str
        What the names of its rules end in: the number of the batch in the catalogue, and, if some
        of it are left out, which are in it, as the bits of a number.
    names : tuple of str
    newest : str
        The one whose map stands for all of them, as an input of their measures.
    """

    label: str
    names: tuple[str, ...]
    newest: str

    def files(self, name: str) -> list[str]:
        """Return a file of each experiment."""
        return [f"results/{one}/{name}" for one in self.names]

    def its_names(self, _wildcards: Wildcards) -> Sequence[str]:
        """Return the experiments: a job's wildcards say nothing of them."""
        return self.names

    def as_its_first(self, function: Callable[[Wildcards], Any]) -> Callable[[Wildcards], Any]:
        """Return a function of an experiment's wildcards as one of this batch's, which has none.

        All that such functions return is the same for each experiment of a batch.
        """
        first = SimpleNamespace(experiment=self.names[0])
        return lambda wildcards: function(first)  # noqa: ARG005


def batches_of(catalogue: Catalogue, results: Path, command_line: Sequence[str]) -> list[Batch]:
    """Return the batches to plan with.

    Parameters
    ----------
    catalogue : Catalogue
    results : Path
        The folder of results: what is in it decides.
    command_line : sequence of str
        What Snakemake was told. A Snakemake that another one started, to run a job on a cluster,
        is told the job's rule: it has to find the same batch, whatever has been made since.
    """
    told = dict.fromkeys(found.groups() for found in map(RULE.search, command_line) if found)
    if told and not TO_RUN_A_JOB.isdisjoint(command_line):
        return [_told(catalogue.batches[int(number)], int(number), mask) for number, mask in told]
    wanted = asked_for(command_line)
    return [
        batch
        for number, names in enumerate(catalogue.batches)
        for batch in _by_state(number, names, results, wanted)
    ]


def made_alone(catalogue: Catalogue, batches: Sequence[Batch]) -> str:
    """Return a pattern of the names of experiments that have rules of their own.

    Snakemake would also try these for each file of a batch. So they leave out all names that a
    batch could have, but for experiments that happen to be called so.
    """
    if not batches:
        return NAME_OF_EXPERIMENT
    in_batches = _in_batches(catalogue)
    others = [name for name in catalogue.listed if in_batches.match(name)]
    return f"(?!{in_batches.pattern}){NAME_OF_EXPERIMENT}|{pattern(others)}"


def check_asked_for(catalogue: Catalogue, command_line: Sequence[str]) -> None:
    """Raise InputError if a file of a point or a replicate is asked for that there is none of."""
    in_batches = _in_batches(catalogue)
    for name in asked_for(command_line):
        if in_batches.match(name):
            catalogue.experiment(name)


def _in_batches(catalogue: Catalogue) -> re.Pattern[str]:
    families = dict.fromkeys(family.name for family in catalogue.families.values())
    return re.compile(f"(?:{pattern(families)})--")


def asked_for(command_line: Sequence[str]) -> set[str]:
    """Return the names of experiments whose files a person asks for."""
    return {name for word in command_line for name in ASKED_FOR.findall(word)}


def _told(names: Sequence[str], number: int, mask: str | None) -> Batch:
    bits = (1 << len(names)) - 1 if mask is None else int(mask, 16)
    members = [name for n, name in enumerate(names) if bits >> n & 1]
    return Batch(_label(number, bits, len(names)), tuple(members), members[0])


def _by_state(
    number: int, names: Sequence[str], results: Path, asked_for: Iterable[str]
) -> Iterator[Batch]:
    """Yield a batch of the measured, one of those to measure, one of those to train.

    What a person asks for is a batch of its own.
    """
    groups: dict[object, list[tuple[int, float]]] = {}
    for n, name in enumerate(names):
        state, made_at = _state_of(results / name)
        key: object = name if name in asked_for else state
        groups.setdefault(key, []).append((n, made_at))
    for key, members in groups.items():
        bits = sum(1 << n for n, _ in members)
        # If all are measured, the oldest: what was measured before another was trained is not
        # out of date for that.
        stands_for_all = (min if key == MEASURED else max)(members, key=lambda one: one[1])
        yield Batch(
            _label(number, bits, len(names)),
            tuple(names[n] for n, _ in members),
            names[stands_for_all[0]],
        )


def _label(number: int, bits: int, size: int) -> str:
    return f"{number}" if bits == (1 << size) - 1 else f"{number}_{bits:x}"


def _state_of(home: Path) -> tuple[int, float]:
    """Return what is made of an experiment, and when its map was."""
    try:
        trained = (home / "model.h5").stat().st_mtime
    except OSError:
        return MISSING, 0.0
    try:
        measured = (home / "measures.json").stat().st_mtime
    except OSError:
        return TRAINED, trained
    return (MEASURED if measured >= trained else TRAINED), trained
