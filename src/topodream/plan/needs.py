"""What jobs ask a scheduler for: memory in MB and time in minutes, as functions of wildcards.

On one machine it limits how many of them run at once, if that is asked for
(``snakemake --resources mem_mb=8000``); it is no reason to run anything again.

A job that was stopped for want of memory or time asks for twice, thrice as much when it is tried
again: at its second ``attempt``, its third (``retries`` in the profiles).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from topodream.data.kind import DataSize
from topodream.plan import resources
from topodream.plan.catalogue import Catalogue
from topodream.plan.wildcards import Wildcards
from topodream.settings.config import Experiment

# On a cluster a job is a Snakemake that starts a Snakemake that starts the command:
# 147 MiB each, measured with the shipped config.
SNAKEMAKE_MIB = 300
# SLURM counts in minutes. Small steps of time, because those of a group add up.
MEMORY_STEP_MB, TIME_STEP_MINUTES = 100, 1

# Data sets come before all trainings, and what is made of a map before the next map: who stops
# Snakemake has whole maps.
BEFORE_TRAINING = 1_000_000

# Snakemake finds the attempt by this parameter's name.
OfWildcards = Callable[[Wildcards, int], int]
# The experiments that a job is about.
Names = Callable[[Wildcards], Sequence[str]]


def megabytes(mib: float, attempt: int) -> int:
    """Return what to ask for, with the Snakemakes around the command.

    >>> megabytes(101, attempt=1), megabytes(101, attempt=2)
    (500, 1000)
    """
    return attempt * _in_steps(SNAKEMAKE_MIB + mib, MEMORY_STEP_MB)


def minutes(seconds: float, attempt: int) -> int:
    """Return what to ask for.

    >>> minutes(61, attempt=1), minutes(61, attempt=3)
    (2, 6)
    """
    return attempt * _in_steps(seconds / 60, TIME_STEP_MINUTES)


def named(wildcards: Wildcards) -> Sequence[str]:
    """Return the experiment that a job's wildcards name: all that it is about."""
    return [wildcards.experiment]


def _in_steps(value: float, step: int) -> int:
    """Return the next multiple of a step."""
    return step * math.ceil(value / step)


@dataclass(frozen=True, eq=False)
class Needs:
    """What the jobs of a catalogue ask for."""

    catalogue: Catalogue

    @cache  # noqa: B019, for there is one object, as long as Snakemake runs
    def size(self, dataset: str) -> DataSize:
        """Return how large a data set is, by the headers of its files, or of what it is made of."""
        return resources.data_size(dataset, self.catalogue.datasets)

    def sized(self, name: str) -> tuple[Experiment, DataSize]:
        """Return an experiment, and how large its data set is."""
        experiment = self.catalogue.experiments[name]
        return experiment, self.size(experiment.dataset)

    # ------------------------------------------------------------------ data

    def data_memory(self, wildcards: Wildcards, attempt: int) -> int:
        """Return the memory for making a data set."""
        needed = resources.data_mib(wildcards.dataset, self.catalogue.datasets, self.size)
        return megabytes(needed, attempt)

    def data_runtime(self, wildcards: Wildcards, attempt: int) -> int:
        """Return the time for making a data set."""
        needed = resources.data_seconds(wildcards.dataset, self.catalogue.datasets, self.size)
        return minutes(needed, attempt)

    def data_picture_memory(self, wildcards: Wildcards, attempt: int) -> int:
        """Return the memory for a picture of a data set."""
        needed = resources.data_picture_mib(wildcards.dataset, self.catalogue.datasets, self.size)
        return megabytes(needed, attempt)

    def data_picture_runtime(self, wildcards: Wildcards, attempt: int) -> int:
        """Return the time for a picture of a data set."""
        needed = resources.data_picture_seconds(
            wildcards.dataset, self.catalogue.datasets, self.size, self._most_frames()
        )
        return minutes(needed, attempt)

    # ------------------------------------------------------------------ training

    def training_memory(self, names: Names) -> OfWildcards:
        """Return a function: the memory for training, from the sizes of maps and data."""

        def needed(wildcards: Wildcards, attempt: int) -> int:
            return megabytes(resources.training_mib(*self._sized(names(wildcards))), attempt)

        return needed

    def training_runtime(self, names: Names) -> OfWildcards:
        """Return a function: the time for training, from the steps and the sizes of maps."""

        def needed(wildcards: Wildcards, attempt: int) -> int:
            return minutes(resources.training_seconds(*self._sized(names(wildcards))), attempt)

        return needed

    def training_priority(self, wildcards: Wildcards) -> int:
        """Return what Snakemake trains first: one map of each kind, then those that take longest.

        The first of a kind compiles its loops, ten seconds that two at once would both take. The
        kind of most maps comes first, for others to find something to do meanwhile.
        """
        return self._turns.get(wildcards.experiment, 0)

    @cached_property
    def _turns(self) -> dict[str, int]:
        """The maps that the config selects -> numbers, the largest of the first to train."""
        kinds: dict[tuple[str, str], list[str]] = {}
        for name in self.catalogue.selected:
            one = self.catalogue.experiments[name]
            kinds.setdefault((one.model, one.dtype), []).append(name)
        waiting = {names[0]: len(names) for names in kinds.values()}

        def urgency(name: str) -> tuple[int, float]:
            return waiting.get(name, 0), resources.training_seconds(*self._sized([name]))

        ordered = sorted(self.catalogue.selected, key=urgency)
        return {name: turn for turn, name in enumerate(ordered, start=1)}

    def training_gpus(self, wildcards: Wildcards) -> int | None:
        """Return how many GPUs training asks for. None otherwise: some schedulers are asked by a 0.

        Training that takes what it finds asks for nothing either.
        """
        device = self.catalogue.experiments[wildcards.experiment].device
        return 1 if device == "gpu" else None

    def _sized(self, names: Sequence[str]) -> tuple[list[Experiment], DataSize]:
        """Return experiments that learn one data set, and how large that is."""
        return [self.sized(name)[0] for name in names], self.sized(names[0])[1]

    # ------------------------------------------------------------------ maps

    def measure_memory(self, names: Names) -> OfWildcards:
        """Return a function: the memory for measuring trained maps, one after another."""
        held_out = self.catalogue.evaluation["held_out"]

        def needed(wildcards: Wildcards, attempt: int) -> int:
            sized = map(self.sized, names(wildcards))
            return megabytes(max(resources.measure_mib(*one, held_out) for one in sized), attempt)

        return needed

    def measure_runtime(self, names: Names) -> OfWildcards:
        """Return a function: the time for measuring trained maps."""

        def needed(wildcards: Wildcards, attempt: int) -> int:
            seconds = resources.START_SECONDS + sum(map(self._seconds, names(wildcards)))
            return minutes(seconds, attempt)

        return needed

    def baselines_memory(self, wildcards: Wildcards, attempt: int) -> int:
        """Return the memory for comparing a map with baselines."""
        held_out = self.catalogue.evaluation["held_out"]
        needed = resources.baselines_mib(*self.sized(wildcards.experiment), held_out)
        return megabytes(needed, attempt)

    def baselines_runtime(self, wildcards: Wildcards, attempt: int) -> int:
        """Return the time for that."""
        held_out = self.catalogue.evaluation["held_out"]
        needed = resources.baselines_seconds(*self.sized(wildcards.experiment), held_out)
        return minutes(needed, attempt)

    def respond_memory(self, wildcards: Wildcards, attempt: int) -> int:
        """Return the memory for showing a data set to a map, which learnt it or another one."""
        return megabytes(resources.respond_mib(*self._shown(wildcards)), attempt)

    def respond_runtime(self, wildcards: Wildcards, attempt: int) -> int:
        """Return the time for that."""
        return minutes(resources.respond_seconds(*self._shown(wildcards)), attempt)

    def _shown(self, wildcards: Wildcards) -> tuple[Experiment, DataSize]:
        experiment = self.catalogue.experiments[wildcards.experiment]
        return experiment, self.size(wildcards.dataset)

    def figures_memory(self, wildcards: Wildcards, attempt: int) -> int:
        """Return the memory for drawing a trained map."""
        return megabytes(resources.figures_mib(*self.sized(wildcards.experiment)), attempt)

    def map_gifs_memory(self, wildcards: Wildcards, attempt: int) -> int:
        """Return the memory for the animations of a trained map."""
        sized = self.sized(wildcards.experiment)
        return megabytes(resources.map_gifs_mib(*sized, self._most_frames()), attempt)

    def map_runtime(self, wildcards: Wildcards, attempt: int) -> int:
        """Return the time for drawing a trained map, from its size."""
        return minutes(resources.START_SECONDS + self._seconds(wildcards.experiment), attempt)

    def _seconds(self, name: str) -> float:
        """Return a bound on how long measuring a map takes, or drawing it."""
        held_out = self.catalogue.evaluation["held_out"]
        return resources.map_seconds(*self.sized(name), held_out, self._most_frames())

    def _most_frames(self) -> int:
        """Return the frames of an animation."""
        animation = self.catalogue.animation
        return max(int(animation[f"{kind}_frames"]) for kind in ("sequence", "images"))

    # ------------------------------------------------------------------ other steps

    def small_memory(self, _wildcards: Wildcards, attempt: int) -> int:
        """Return the memory for a step that reads neither a map nor many measures."""
        return megabytes(resources.small_mib(), attempt)

    def small_runtime(self, _wildcards: Wildcards, attempt: int) -> int:
        """Return the time for a step of seconds."""
        return minutes(resources.START_SECONDS + 60, attempt)

    def sweep_memory(self, wildcards: Wildcards, attempt: int) -> int:
        """Return the memory for a step that reads the measures of a sweep."""
        maps = self.catalogue.sweeps[wildcards.sweep].maps
        return megabytes(resources.small_mib(len(maps)), attempt)

    def findings_memory(self, _wildcards: Wildcards, attempt: int) -> int:
        """Return the memory for a step that reads the measures of what findings speak of."""
        return megabytes(resources.small_mib(len(self.catalogue.maps_of_findings)), attempt)

    def page_memory(self, _wildcards: Wildcards, attempt: int) -> int:
        """Return the memory for the page, which shows what isn't selected too, if it lies there."""
        n_maps = len(self.catalogue.listed) + len(self.catalogue.maps_of_findings)
        n_maps += sum(len(sweep.maps) for sweep in self.catalogue.sweeps.values())
        return megabytes(resources.small_mib(n_maps), attempt)

    def page_runtime(self, _wildcards: Wildcards, attempt: int) -> int:
        """Return the time for the page, which looks at all that it may show."""
        return minutes(resources.page_seconds(len(self.catalogue.listed)), attempt)
