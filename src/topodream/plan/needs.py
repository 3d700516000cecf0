"""What jobs ask a scheduler for: memory in MB and time in minutes, as functions of wildcards.

On one machine it limits how many of them run at once, if that is asked for
(``snakemake --resources mem_mb=8000``); it is no reason to run anything again.

A job that was stopped for want of memory or time asks for twice, thrice as much when it is tried
again: at its second ``attempt``, its third (``retries`` in the profiles).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

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

# Snakemake finds the attempt by this parameter's name.
OfWildcards = Callable[[Wildcards, int], int]


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

    def training_memory(self, wildcards: Wildcards, attempt: int) -> int:
        """Return the memory for training, from the sizes of map and data."""
        return self._training_memory([wildcards.experiment], attempt)

    def training_runtime(self, wildcards: Wildcards, attempt: int) -> int:
        """Return the time for training, from its steps and the size of its map."""
        return self._training_runtime([wildcards.experiment], attempt)

    def training_together_memory(self, names: Sequence[str]) -> OfWildcards:
        """Return a function: the memory for training experiments together."""
        return lambda wildcards, attempt: self._training_memory(names, attempt)  # noqa: ARG005

    def training_together_runtime(self, names: Sequence[str]) -> OfWildcards:
        """Return a function: the time for training experiments together."""
        return lambda wildcards, attempt: self._training_runtime(names, attempt)  # noqa: ARG005

    def training_gpus(self, wildcards: Wildcards) -> int | None:
        """Return how many GPUs training asks for. None otherwise: some schedulers are asked by a 0.

        Training that takes what it finds asks for nothing either.
        """
        device = self.catalogue.experiments[wildcards.experiment].device
        return 1 if device == "gpu" else None

    def _training_memory(self, names: Sequence[str], attempt: int) -> int:
        return megabytes(resources.training_mib(*self._sized_together(names)), attempt)

    def _training_runtime(self, names: Sequence[str], attempt: int) -> int:
        return minutes(resources.training_seconds(*self._sized_together(names)), attempt)

    def _sized_together(self, names: Sequence[str]) -> tuple[list[Experiment], DataSize]:
        """Return experiments that learn one data set, and how large that is."""
        return [self.sized(name)[0] for name in names], self.sized(names[0])[1]

    # ------------------------------------------------------------------ maps

    def measure_memory(self, wildcards: Wildcards, attempt: int) -> int:
        """Return the memory for measuring a trained map."""
        held_out = self.catalogue.evaluation["held_out"]
        sized = self.sized(wildcards.experiment)
        return megabytes(resources.measure_mib(*sized, held_out), attempt)

    def figures_memory(self, wildcards: Wildcards, attempt: int) -> int:
        """Return the memory for drawing a trained map."""
        return megabytes(resources.figures_mib(*self.sized(wildcards.experiment)), attempt)

    def map_gifs_memory(self, wildcards: Wildcards, attempt: int) -> int:
        """Return the memory for the animations of a trained map."""
        sized = self.sized(wildcards.experiment)
        return megabytes(resources.map_gifs_mib(*sized, self._most_frames()), attempt)

    def map_runtime(self, wildcards: Wildcards, attempt: int) -> int:
        """Return the time for measuring a trained map, or for drawing it, from its size."""
        held_out = self.catalogue.evaluation["held_out"]
        sized = self.sized(wildcards.experiment)
        return minutes(resources.map_seconds(*sized, held_out, self._most_frames()), attempt)

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
