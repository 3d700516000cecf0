"""What scripts are told besides their files, and so what makes them run again: flags, versions."""

import json
import shlex
from collections.abc import Callable
from dataclasses import asdict, dataclass

from topodream.origin.provenance import CUPY_PACKAGES, installed, versions
from topodream.plan.catalogue import Catalogue
from topodream.plan.inputs import Inputs
from topodream.plan.wildcards import Wildcards, dataset_of, experiment_of
from topodream.settings.checking import Section
from topodream.settings.config import to_mapping

OfWildcards = Callable[[Wildcards], str]


def flags(settings: Section) -> str:
    """Return settings as command-line flags, in one string.

    Of several params Snakemake compares the values only, and would overlook two that change places.

    >>> flags({"max_speed": -3, "mirrors": ["here", "over there"]})
    "--max-speed=-3 --mirrors here 'over there'"
    """
    words = []
    for key, value in sorted(settings.items()):
        option = f"--{key.replace('_', '-')}"
        # With "=", a value that begins with a hyphen isn't taken for another option.
        words += [option, *value] if isinstance(value, list) else [f"{option}={value}"]
    return shlex.join(words)


def some(section: Section, *keys: str) -> Section:
    """Return those of some keys that a section has."""
    return {key: section[key] for key in keys if key in section}


def versions_for(script: str) -> str:
    """Return the versions of what shapes a script's files.

    With other versions they are made again, and not found in a cache. (Without braces, which would
    be taken for wildcards.)
    """
    return ", ".join(f"{name} {version}" for name, version in json.loads(versions(script)).items())


def versions_for_gpu(script: str) -> str:
    """Return the same where a GPU computes: with CuPy's, whichever of its packages is installed."""
    return f"{versions_for(script)}, cupy {installed(CUPY_PACKAGES)}"


@dataclass(frozen=True, eq=False)
class Params:
    """Params of rules, as functions of wildcards: what they return may have braces.

    Attributes
    ----------
    catalogue : Catalogue
    inputs : Inputs
    """

    catalogue: Catalogue
    inputs: Inputs

    def versions_for_training(self, wildcards: Wildcards) -> str:
        """Return the versions that shape a map: those of CuPy too where a GPU may train it."""
        on_cpu = experiment_of(self.catalogue, wildcards).device == "cpu"
        return versions_for("train.py") if on_cpu else versions_for_gpu("train.py")

    def settings(self, wildcards: Wildcards) -> str:
        """Return an experiment's complete settings: all of the config that its jobs depend on."""
        return json.dumps(to_mapping(experiment_of(self.catalogue, wildcards)))

    def curve(self, wildcards: Wildcards) -> str:
        """Return the flag that spares the curve, which takes most of a measurement's time.

        It is drawn only of what has pictures: experiments that stand in the config itself. The
        points of sweeps, and replicates for the findings, are trained and measured only.
        """
        return "" if wildcards.experiment in self.catalogue.listed else "--no-curve"

    def dataset(self, *keys: str) -> OfWildcards:
        """Return a function: the named settings of a data set, those it has, as flags."""
        return lambda wildcards: flags(some(dataset_of(self.catalogue, wildcards), *keys))

    def source(self, wildcards: Wildcards) -> str:
        """Return the source of a data set as flags; the folder only where its files are no inputs."""
        keys = ["source"] if self.inputs.idx_files(wildcards) else ["source", "folder"]
        return flags(some(dataset_of(self.catalogue, wildcards), *keys))

    def mirrors(self, wildcards: Wildcards, input: object) -> str:  # noqa: A002, ARG002
        """Return the mirrors of a data set as flags.

        Params of functions that take the input, too, Snakemake doesn't compare: whichever mirror
        serves the files, their digests are checked.
        """
        return flags(some(dataset_of(self.catalogue, wildcards), "mirrors"))

    def sweep(self, wildcards: Wildcards) -> str:
        """Return a sweep with its points."""
        return json.dumps(asdict(self.catalogue.sweeps[wildcards.sweep]))

    def questions(self, _wildcards: Wildcards) -> str:
        """Return the statements of the findings, and the experiments that they are about."""
        about = {"statements": self.catalogue.statements, "replicates": self.catalogue.replicates}
        return json.dumps(about)
