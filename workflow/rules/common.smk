import json
import math
import os
import shlex
import sys
from dataclasses import asdict
from functools import cache
from pathlib import Path

from snakemake.caching import LOCATION_ENVVAR
from snakemake.io import sourcecache_entry
from snakemake.settings.types import RerunTrigger

# Right for `snakemake`, for `snakemake --directory`, and when this workflow is a module.
ROOT = Path(workflow.current_basedir).resolve().parents[1]
if not (ROOT / "src").is_dir():
    sys.exit(f"topodream: no folder src in {ROOT}: as a module it has to be a local checkout")
# Of another workflow, whose folder is another one.
IS_MODULE = Path(workflow.basedir).resolve() not in (ROOT, ROOT / "workflow")
sys.path.insert(0, str(ROOT / "src"))

from topodream.data import raw_files
from topodream.plan.catalogue import NAME_OF_EXPERIMENT, read_config, resolve
from topodream.settings.config import to_mapping
from topodream.data.mnist import EMBEDDED
from topodream.data.idx import find_idx_files
from topodream.files.errors import InputError
from topodream.pictures.names import animation_names, figure_names
from topodream.origin.provenance import CUPY_PACKAGES, installed, local_sources, versions
from topodream.files.digests import file_digest

# Jobs use the Python that runs Snakemake, also when its environment is not activated, or the
# caller's shell hands down a function of that name. A prefix replaces Snakemake's own, bash's
# strict mode, which therefore stands here too. (It is no part of what Snakemake compares or caches
# by: another environment reruns nothing. Variables of a module are not known in its shell
# commands, or one would do.)
bin_folder = shlex.quote(os.path.dirname(sys.executable)).replace("{", "{{").replace("}", "}}")
shell.prefix(f'set -euo pipefail; unset -f python; export PATH={bin_folder}:"$PATH"; ')

try:
    # Not by `configfile:`, which looks into the working folder: there may be none of ours. (The
    # files of another workflow hold more than our section.)
    overlays = [] if IS_MODULE else list(map(Path, workflow.configfiles))
    CATALOGUE = resolve(
        read_config([ROOT / "config.yaml", ROOT / "findings.yaml"], config, overlays)
    )
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
DIGITS = 12  # of a sha256, that tell contents apart


wildcard_constraints:
    # Not the names themselves: Snakemake walks through the pattern for every file of every job.
    experiment=NAME_OF_EXPERIMENT,
    dataset="|".join(CATALOGUE.datasets),
    sweep="|".join(CATALOGUE.sweeps) or NOTHING,


def by_content(path, name, digest, ancient_if):
    """A file as an input that Snakemake records by a name and its content, not by where it lies: it
    is another one where its content is. What Snakemake knows of times is by path; so by another
    path no time counts (`ancient`), or what is newer would be taken for changed; unless nothing
    but times is to count (`--rerun-triggers mtime`), which is known when jobs are planned."""
    file = sourcecache_entry(path, f"{name} {digest[:DIGITS]}")
    return ancient(file) if ancient_if and RerunTrigger.INPUT in workflow.rerun_triggers else file


@cache
def source(path):
    """A file of the project as an input, relative to the working folder; of a module local, or it
    would be looked for under the module's prefix. Seen from another working folder it may lie
    anywhere: another clone with the same content reruns nothing."""
    try:
        digest = file_digest(path)
    except InputError as error:
        sys.exit(f"topodream: {error}")
    name, place = path.relative_to(ROOT).as_posix(), os.path.relpath(path)
    return by_content(local(place) if IS_MODULE else place, name, digest, Path.cwd() != ROOT)


@cache
def sources(script, modules=()):
    """A script and every module of the project that it imports, with those that registries name."""
    return [source(path) for path in local_sources(ROOT / "src" / script, modules)]


def code(script):
    """A function of wildcards: the same, as inputs of the script's rule."""
    return lambda wildcards: sources(script)


def experiment_of(wildcards):
    """The experiment that a file is asked of; ends Snakemake if there is none of that name."""
    try:
        return CATALOGUE.experiment(wildcards.experiment)
    except InputError as error:
        sys.exit(f"topodream: {error}")


def code_for_training(*names):
    """A function of wildcards: the same for training, with its model and engines and no others;
    of the experiments that are named, which are alike, or of the one that a file is asked of."""

    def of(wildcards):
        experiment = CATALOGUE.experiments[names[0]] if names else experiment_of(wildcards)
        return sources("train.py", experiment.modules_of_training)

    return of


def code_for_experiment(script):
    """A function of wildcards: the same for what is made of the experiment's map."""
    return lambda wildcards: sources(script, experiment_of(wildcards).modules)


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


def embedded_files(wildcards):
    """The IDX files that come with the package, as inputs of what is made of them."""
    is_embedded = CATALOGUE.datasets[wildcards.dataset]["source"] == "embedded"
    return sorted(map(source, EMBEDDED.glob("*.gz"))) if is_embedded else []


def idx_files(wildcards):
    """The IDX files that a source reads from a folder, as inputs: other content remakes all, the
    same in another folder, plain or gzipped, nothing. Where one is missing or can't be read there
    are none here, and the script says so; but what was made of them before Snakemake would remove.
    """
    section = CATALOGUE.datasets[wildcards.dataset]
    if section["source"] != "idx":
        return []
    try:
        found = raw_files.digests_of(Path(section["folder"]))
    except InputError as error:
        made = f"results/data/{wildcards.dataset}.h5"
        if os.path.exists(made):
            sys.exit(
                f"topodream: data set {wildcards.dataset!r}: {error} ({made} is left as it is)"
            )
        return []
    return [
        by_content(local(str(path)), name, digest, ancient_if=True)
        for name, (path, digest) in found.items()
    ]


def source_flags(wildcards):
    """The source of a data set as flags; the folder only where its files are no inputs."""
    section = CATALOGUE.datasets[wildcards.dataset]
    named = (
        {} if idx_files(wildcards) else {key: section[key] for key in ["folder"] if key in section}
    )
    return flags({"source": section["source"], **named})


def mirror_flags(wildcards, input):
    """The mirrors of a data set as flags. (Params of functions that take the input, too, Snakemake
    doesn't compare: whichever mirror serves the files, their digests are checked.)"""
    section = CATALOGUE.datasets[wildcards.dataset]
    return flags({"mirrors": section["mirrors"]} if "mirrors" in section else {})


def idx_paths(section):
    """The IDX files of a data set that are there, those for training first."""
    try:
        found = find_idx_files(Path(section["folder"]))
    except InputError:
        return []
    return [paths[0] for paths in found.values()]


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
