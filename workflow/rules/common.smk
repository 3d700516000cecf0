import json
import math
import os
import re
import shlex
import sys
from dataclasses import asdict
from functools import cache
from pathlib import Path

# Right for `snakemake`, for `snakemake --directory`, and when this workflow is a module.
ROOT = Path(workflow.current_basedir).resolve().parents[1]
# Relative where the workflow runs in place: a moved checkout reruns nothing.
SRC = "src" if Path.cwd().resolve() == ROOT else str(ROOT / "src")

sys.path.insert(0, str(ROOT / "src"))

from topodream.catalogue import resolve
from topodream.config import to_mapping
from topodream.datasets import EMBEDDED, MNIST_SHA256
from topodream.errors import InputError
from topodream.pictures import animation_names, figure_names
from topodream.provenance import local_sources

# Jobs use the Python that runs Snakemake, also when its environment is not activated. A prefix
# replaces Snakemake's own, bash's strict mode, which therefore stands here too. (It is no part
# of what Snakemake compares: another environment reruns nothing.)
bin_folder = shlex.quote(os.path.dirname(sys.executable)).replace("{", "{{").replace("}", "}}")
shell.prefix(f'set -euo pipefail; export PATH={bin_folder}:"$PATH"; ')

try:
    CATALOGUE = resolve(config)
except InputError as error:
    # One line and status 1; a WorkflowError would add where in this file it was raised.
    sys.exit(f"topodream: {error}")


NOTHING = "(?!)"  # a pattern that matches no text


wildcard_constraints:
    experiment="|".join(map(re.escape, CATALOGUE.experiments)),
    dataset="|".join(CATALOGUE.datasets),
    sweep="|".join(CATALOGUE.sweeps) or NOTHING,


@cache
def code(script, left_out=frozenset()):
    """A script and every module of the project that it imports, as inputs of its rule."""
    sources = local_sources(ROOT / "src" / script, left_out)
    return [f"{SRC}/{path.relative_to(ROOT / 'src')}" for path in sources]


def code_for_experiment(script):
    """A function of wildcards: the same without what only other models or engines use."""

    def of(wildcards):
        experiment = CATALOGUE.experiments[wildcards.experiment]
        return code(script, frozenset(experiment.modules_of_others))

    return of


def experiment_data(wildcards):
    """The data set that an experiment learns."""
    return f"results/data/{CATALOGUE.experiments[wildcards.experiment].dataset}.h5"


def flags(settings):
    """Settings as command-line flags, in one string: of several params Snakemake compares the
    values only, and would overlook two that change places."""
    words = []
    for key, value in sorted(settings.items()):
        option = f"--{key.replace('_', '-')}"
        # With "=", a value that begins with a hyphen isn't taken for another option.
        words += [option, *value] if isinstance(value, list) else [f"{option}={value}"]
    return shlex.join(words)


def dataset_flags(*settings):
    """A function of wildcards: the named settings of a data set, those it has, as flags."""

    def of(wildcards):
        section = CATALOGUE.datasets[wildcards.dataset]
        return flags({key: section[key] for key in settings if key in section})

    return of


def datasets_of(kind):
    """A pattern of the names of all data sets of a kind; matches nothing if there is none."""
    names = [name for name, value in CATALOGUE.datasets.items() if value["kind"] == kind]
    return "|".join(names) or NOTHING


def has_pictures(name):
    """Whether an experiment stands in the config itself: the points of sweeps, and replicates
    for the findings, are trained and measured only."""
    return name in CATALOGUE.listed


def map_kind(name):
    """What decides which pictures an experiment has: its model, and the kind of its data set."""
    experiment = CATALOGUE.experiments[name]
    return experiment.model, CATALOGUE.datasets[experiment.dataset]["kind"]


MAP_KINDS = sorted({map_kind(name) for name in CATALOGUE.listed})


def experiments_of(kind):
    """A pattern of the names of all experiments of a kind."""
    return "|".join(name for name in CATALOGUE.listed if map_kind(name) == kind)


def figures_of(kind):
    """The names of the figures of maps of a kind."""
    model, data = kind
    return figure_names(model, labelled=data == "mnist")


def animations_of(kind):
    """The names of the animations of maps of a kind."""
    model, data = kind
    return animation_names(model, is_sequence=data == "pan")


def map_picture(path, name):
    """A picture of a map as an output, with its place and caption in Snakemake's report."""
    return report(
        path,
        category="{experiment}",
        labels={"picture": name.replace("_", " ")},
        caption=f"../report/{name}.rst",
    )
