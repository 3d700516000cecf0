import json
import math
import os
import shlex
import sys
from dataclasses import asdict
from functools import cache
from pathlib import Path

from snakemake.caching import LOCATION_ENVVAR

# Right for `snakemake`, for `snakemake --directory`, and when this workflow is a module.
ROOT = Path(workflow.current_basedir).resolve().parents[1]
if not (ROOT / "src").is_dir():
    sys.exit(f"topodream: no folder src in {ROOT}: as a module it has to be a local checkout")
# Of another workflow, whose folder is another one.
IS_MODULE = Path(workflow.basedir).resolve() not in (ROOT, ROOT / "workflow")
sys.path.insert(0, str(ROOT / "src"))

from topodream.catalogue import NAME_OF_EXPERIMENT, read_config, resolve
from topodream.config import to_mapping
from topodream.datasets import EMBEDDED, MNIST_SHA256
from topodream.errors import InputError
from topodream.pictures import animation_names, figure_names
from topodream.provenance import CUPY_PACKAGES, installed, local_sources, versions

# Jobs use the Python that runs Snakemake, also when its environment is not activated. A prefix
# replaces Snakemake's own, bash's strict mode, which therefore stands here too. (It is no part
# of what Snakemake compares or caches by: another environment reruns nothing. Variables of a
# module are not known in its shell commands, or one would do.)
bin_folder = shlex.quote(os.path.dirname(sys.executable)).replace("{", "{{").replace("}", "}}")
shell.prefix(f'set -euo pipefail; export PATH={bin_folder}:"$PATH"; ')

try:
    # Not by `configfile:`, which looks into the working folder: there may be none of ours.
    CATALOGUE = resolve(read_config([ROOT / "config.yaml", ROOT / "findings.yaml"], config))
except InputError as error:
    # One line and status 1; a WorkflowError would add where in this file it was raised.
    sys.exit(f"topodream: {error}")


# What `snakemake --cache` shares between workflows is data sets, maps and measures. Software is a
# param of theirs. Without a folder to share them in, Snakemake would only talk about it.
cache_folder = os.environ.get(LOCATION_ENVVAR)
BETWEEN_WORKFLOWS = "omit-software" if cache_folder else False

# Snakemake would find out when the first training has ended, and remove its map.
if workflow.enable_cache and cache_folder and not os.access(cache_folder, os.W_OK | os.X_OK):
    sys.exit(
        f"topodream: {LOCATION_ENVVAR} = {cache_folder!r} is not allowed: "
        "a folder that exists and can be written to"
    )

NOTHING = "(?!)"  # a pattern that matches no text


wildcard_constraints:
    # Not the names themselves: Snakemake walks through the pattern for every file of every job.
    experiment=NAME_OF_EXPERIMENT,
    dataset="|".join(CATALOGUE.datasets),
    sweep="|".join(CATALOGUE.sweeps) or NOTHING,


def source(path):
    """A file of the project as an input: relative to the working folder, so that moving both
    reruns nothing; of a module local, or it would be looked for under the module's prefix."""
    return local(os.path.relpath(path)) if IS_MODULE else os.path.relpath(path)


@cache
def code(script, left_out=frozenset()):
    """A script and every module of the project that it imports, as inputs of its rule."""
    return [source(path) for path in local_sources(ROOT / "src" / script, left_out)]


def experiment_of(wildcards):
    """The experiment that a file is asked of; ends Snakemake if there is none of that name."""
    try:
        return CATALOGUE.experiment(wildcards.experiment)
    except InputError as error:
        sys.exit(f"topodream: {error}")


def code_for(name, script):
    """The same for an experiment, without what only other models or engines use."""
    return code(script, CATALOGUE.experiments[name].modules_of_others)


def code_for_experiment(script):
    """A function of wildcards: the same for the experiment that a file is asked of."""
    return lambda wildcards: code_for(experiment_of(wildcards).name, script)


def versions_for(script):
    """The versions of what shapes a script's files, as a param: with other versions they are made
    again, and not found in a cache. (Without braces, which would be taken for wildcards.)"""
    return ", ".join(f"{name} {version}" for name, version in json.loads(versions(script)).items())


def gpu_versions(script):
    """The same where a GPU computes: with that of CuPy, whichever of its packages is installed."""
    return f"{versions_for(script)}, cupy {installed(CUPY_PACKAGES)}"


def versions_for_training(wildcards):
    """The versions that shape a map: those of CuPy too where a GPU may train it."""
    on_cpu = experiment_of(wildcards).device == "cpu"
    return versions_for("train.py") if on_cpu else gpu_versions("train.py")


def data_of(name):
    """The data set that an experiment learns."""
    return f"results/data/{CATALOGUE.experiments[name].dataset}.h5"


def experiment_data(wildcards):
    """The data set that the experiment learns which a file is asked of."""
    return data_of(experiment_of(wildcards).name)


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


def idx_files(wildcards):
    """The IDX files that a source reads from a folder, as inputs: other files remake all.
    What is missing is left out here; the script says so."""
    section = CATALOGUE.datasets[wildcards.dataset]
    if section["source"] == "embedded":
        return sorted(map(source, EMBEDDED.glob("*.gz")))
    return [local(str(path)) for path in idx_paths(section)]


def idx_paths(section):
    """The IDX files of a data set that are there, those for training first."""
    folder = Path(section.get("folder", ""))
    candidates = [folder / f"{name}{suffix}" for name in MNIST_SHA256 for suffix in ("", ".gz")]
    return [path for path in candidates if "folder" in section and path.is_file()]


def tapestry_of(wildcards):
    """The tapestry that a pan sequence moves over."""
    return f"results/data/{CATALOGUE.datasets[wildcards.dataset]['tapestry']}.h5"


def resolved_settings(wildcards):
    """An experiment's complete settings: the only thing of the config its jobs depend on."""
    return json.dumps(to_mapping(experiment_of(wildcards)))


def measures_of(names):
    """The measures of experiments."""
    return expand("results/{name}/measures.json", name=names)


def points_of(wildcards):
    """The measures of all points of a sweep, with all seeds."""
    points = CATALOGUE.sweeps[wildcards.sweep].points
    return measures_of(name for point in points for name in point.replicates.values())


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
