"""What scripts are told besides their files, and so what makes them run again: flags, versions."""

import json
import shlex
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from topodream.files.strict import Section
from topodream.origin.provenance import CUPY_PACKAGES, installed, versions
from topodream.plan.catalogue import Catalogue, Family
from topodream.plan.inputs import Inputs
from topodream.plan.wildcards import Wildcards, dataset_of, experiment_of, kind_of
from topodream.settings.config import to_mapping


def flags(settings: Section) -> str:
    r"""Return settings as command-line flags, in one string.

    Of several params Snakemake compares the values only, and would overlook two that change places.

    >>> flags({"max_speed": -3, "mirrors": ["here", "over there"]})
    "--max-speed=-3 --mirrors here 'over there'"
    >>> flags({"size": {"height": 3, "width": 4}, "transposed": True})
    '\'--size={"height": 3, "width": 4}\' --transposed=true'
    """
    words = []
    for key, value in sorted(settings.items()):
        option = f"--{key.replace('_', '-')}"
        if isinstance(value, bool | Mapping):
            value = json.dumps(value)
        # With "=", a value that begins with a hyphen isn't taken for another option.
        words += [option, *value] if isinstance(value, list) else [f"{option}={value}"]
    return shlex.join(words)


def versions_for(script: str, packages: Collection[str] = ()) -> str:
    """Return the versions of what shapes a script's files, ``packages`` among them.

    With other versions they are made again, and not found in a cache. (Without braces, which would
    be taken for wildcards.)
    """
    found = json.loads(versions(script, packages))
    return ", ".join(f"{name} {version}" for name, version in found.items())


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

    def fixed(self, wildcards: Wildcards) -> str:
        """Return the settings that an experiment's name doesn't say, and which it says.

        They are the same for all maps that a job trains, whichever these are.
        """
        experiment = experiment_of(self.catalogue, wildcards)
        family = self.catalogue.families.get(experiment.name)
        return self._fixed(family) if family else json.dumps(to_mapping(experiment))

    @cache  # noqa: B019, for there is one object, as long as Snakemake runs
    def _fixed(self, family: Family) -> str:
        return json.dumps([family.keys, family.settings])

    def told(self, wildcards: Wildcards, output: object) -> str:
        """Return what training is told of an experiment's settings, which isn't compared."""
        return self._told([experiment_of(self.catalogue, wildcards).name])

    def told_of(self, names: Sequence[str]) -> Callable[[Wildcards, object], str]:
        """Return a function: the same of several experiments."""
        return lambda wildcards, output: self._told(names)  # noqa: ARG005

    def _told(self, names: Sequence[str]) -> str:
        """Return settings, those that several have in common only once: Snakemake keeps it."""
        each = [to_mapping(self.catalogue.experiments[name]) for name in names]
        common = {
            key: value
            for key, value in each[0].items()
            if all(other[key] == value for other in each)
        }
        own = [{k: v for k, v in one.items() if k not in common} for one in each]
        return json.dumps({"common": common, "each": own})

    def models(self, wildcards: Wildcards, output: Sequence[str]) -> list[str]:
        """Return the maps beside measures."""
        return [str(Path(path).with_name("model.h5")) for path in output]

    def curve(self, wildcards: Wildcards) -> str:
        """Return the flag that spares the curve, which is a quarter of a measurement's time.

        It is drawn of experiments that stand in the config itself, and their replicates are the band
        about it. Of points of sweeps nobody looks at it.
        """
        name = wildcards.experiment
        family = self.catalogue.families.get(name)
        return "" if (family.name if family else name) in self.catalogue.listed else "--no-curve"

    def dataset(self, wildcards: Wildcards) -> str:
        """Return the settings of a data set as flags; where its files lie only if they're no inputs."""
        section, kind = dataset_of(self.catalogue, wildcards), kind_of(self.catalogue, wildcards)
        return flags(kind.options(section, with_places=not self.inputs.raw_files(wildcards)))

    def not_compared(self, wildcards: Wildcards, input: object) -> str:  # noqa: A002
        """Return what doesn't shape a data set, as flags.

        Params of functions that take the input, too, Snakemake doesn't compare.
        """
        section, kind = dataset_of(self.catalogue, wildcards), kind_of(self.catalogue, wildcards)
        return flags({key: section[key] for key in kind.not_compared if key in section})

    def caption(self, wildcards: Wildcards, input: object) -> str:  # noqa: A002
        """Return what the picture of a data set shows, for Snakemake's report; it isn't compared."""
        picture = kind_of(self.catalogue, wildcards).picture
        return picture.caption if picture else ""

    def animation(self, keys: Mapping[str, str]) -> str:
        """Return settings of animations as flags: option -> its key in the config."""
        return flags({option: self.catalogue.animation[key] for option, key in keys.items()})

    def sweep(self, wildcards: Wildcards) -> str:
        """Return a sweep with its points."""
        return json.dumps(asdict(self.catalogue.sweeps[wildcards.sweep]))

    def questions(self, _wildcards: Wildcards) -> str:
        """Return the statements of the findings, and the experiments that they are about."""
        return json.dumps(self.catalogue.asked_of_findings)
