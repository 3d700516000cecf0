"""What rules are given: code, data and measures, most of them as functions of wildcards."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from topodream.files.digests import file_digest
from topodream.files.errors import InputError
from topodream.pictures.picture import Picture, modules_of
from topodream.plan import templates
from topodream.plan.catalogue import Catalogue
from topodream.plan.resources import samples_apart
from topodream.plan.sources import Input, Sources
from topodream.plan.wildcards import (
    Wildcards,
    dataset_of,
    experiment_of,
    in_one_line,
    kind_of,
)
from topodream.settings.datasets import lacks

OfWildcards = Callable[[Wildcards], list[Input]]


def data_file(dataset: str) -> str:
    """Return the file of a data set."""
    return f"results/data/{dataset}.h5"


def options_of(names: Iterable[str]) -> str:
    """Return what a command says of its inputs: those of some names, as options of these names.

    >>> options_of(["tapestry", "some_images"])
    '--tapestry {input.tapestry:q} --some-images {input.some_images:q}'
    """
    return " ".join(f"--{name.replace('_', '-')} {{input.{name}:q}}" for name in names)


def measures_of(names: Iterable[str]) -> list[str]:
    """Return the measures of experiments."""
    return [f"results/{name}/measures.json" for name in names]


@dataclass(frozen=True, eq=False)
class Inputs:
    """The inputs of rules.

    Attributes
    ----------
    catalogue : Catalogue
    sources : Sources
        Those of the project.
    """

    catalogue: Catalogue
    sources: Sources

    # ------------------------------------------------------------------ code

    def code(self, script: str, modules: tuple[str, ...] = ()) -> OfWildcards:
        """Return a function: a script, first, and every module of the project that it imports.

        ``modules`` are those that it imports by a registry.
        """
        return lambda wildcards: self.sources.of_script(script, modules)  # noqa: ARG005

    def code_for_experiment(self, script: str) -> OfWildcards:
        """Return a function: the same for what is made of an experiment's map, with its model."""
        return lambda wildcards: self.sources.of_script(
            script, experiment_of(self.catalogue, wildcards).modules
        )

    def code_for_pictures(self, script: str, pictures: Iterable[Picture]) -> OfWildcards:
        """Return a function: the same for pictures of the map, with what draws these."""
        drawn_by = modules_of(pictures)
        return lambda wildcards: self.sources.of_script(
            script, (*experiment_of(self.catalogue, wildcards).modules, *drawn_by)
        )

    def code_for_training(self, wildcards: Wildcards) -> list[Input]:
        """Return the same for training, with an experiment's model and engines and no others."""
        experiment = experiment_of(self.catalogue, wildcards)
        return self.sources.of_script("train.py", experiment.modules_of_training)

    def templates(self, _wildcards: Wildcards) -> list[Input]:
        """Return what the page is filled into."""
        folder = self.sources.root / templates.FOLDER
        return [self.sources.file(folder / name) for name in templates.NAMES]

    # ------------------------------------------------------------------ data

    def data(self, wildcards: Wildcards) -> str:
        """Return the data set that an experiment learns; end Snakemake if it lacks a source."""
        experiment = experiment_of(self.catalogue, wildcards)
        if why := self.catalogue.lacking.get(experiment.name):
            with in_one_line():
                raise InputError(f"experiment {experiment.name!r} {why}")
        return data_file(experiment.dataset)

    def shown(self, wildcards: Wildcards) -> str:
        """Return the data set that a map is shown; end Snakemake if it is of another form."""
        learnt = experiment_of(self.catalogue, wildcards).dataset
        with in_one_line():
            if apart := samples_apart(wildcards.dataset, learnt, self.catalogue.datasets):
                raise InputError(
                    f"{wildcards.dataset} has samples of {apart[0]}, and {wildcards.experiment} "
                    f"prototypes of {apart[1]}"
                )
        return data_file(wildcards.dataset)

    def made_of(self, keys: Iterable[str]) -> dict[str, Callable[[Wildcards], str]]:
        """Return a function for each of some keys: the data set that it names in a section."""

        def file_of(key: str) -> Callable[[Wildcards], str]:
            return lambda wildcards: data_file(dataset_of(self.catalogue, wildcards)[key])

        return {key: file_of(key) for key in keys}

    def shipped_files(self, wildcards: Wildcards) -> list[Input]:
        """Return the files of the project that a data set is made of."""
        section = dataset_of(self.catalogue, wildcards)
        return list(
            map(self.sources.file, kind_of(self.catalogue, wildcards).shipped_files(section))
        )

    def raw_files(self, wildcards: Wildcards) -> list[Input]:
        """Return a person's files that a data set is made of.

        Other content remakes all; the same in another folder, plain or gzipped, nothing. Where one
        is missing or can't be read there are none here, and the script says so; but what was made
        of them before Snakemake would remove. What lacks a source ends Snakemake.
        """
        section = dataset_of(self.catalogue, wildcards)
        if why := lacks(wildcards.dataset, self.catalogue.datasets):
            with in_one_line():
                raise InputError(f"data set {wildcards.dataset!r} {why}")
        try:
            found = kind_of(self.catalogue, wildcards).raw_files(section)
        except InputError as error:
            made = data_file(wildcards.dataset)
            if not Path(made).exists():
                return []
            with in_one_line():
                raise InputError(
                    f"data set {wildcards.dataset!r}: {error} ({made} is left as it is)"
                ) from error
        return [
            self.sources.by_content(str(path), name, digest, is_local=True, elsewhere=True)
            for name, (path, digest) in found.items()
        ]

    # ------------------------------------------------------------------ maps and measures

    def start(self, wildcards: Wildcards) -> list[Input]:
        """Return the map that an experiment starts from, if it does."""
        experiment = experiment_of(self.catalogue, wildcards)
        if experiment.start_from is None:
            return []
        if not experiment.starts_from_file:
            return [f"results/{experiment.start_from}/model.h5"]
        path = Path(experiment.start_from)
        with in_one_line():
            try:
                digest = file_digest(path)
            except InputError as error:
                raise InputError(f"{experiment.name}: start_from: {error}") from error
        return [
            self.sources.by_content(str(path), path.name, digest, is_local=True, elsewhere=True)
        ]

    def model(self, wildcards: Wildcards) -> Input:
        """Return an experiment's map, which is measured."""
        return self.sources.as_one_of_many(f"results/{wildcards.experiment}/model.h5", "a map")

    def model_of(self, name: str) -> Input:
        """Return the map of an experiment that stands for those of its batch."""
        return self.sources.as_one_of_many(f"results/{name}/model.h5", "a map")

    def measures_of_sweep(self, wildcards: Wildcards) -> list[str]:
        """Return the measures of all points of a sweep, with all seeds."""
        return measures_of(self.catalogue.sweeps[wildcards.sweep].maps)

    def measures_of_findings(self, _wildcards: Wildcards) -> list[str]:
        """Return the measures of what the findings speak of, with all seeds."""
        return measures_of(self.catalogue.maps_of_findings)
