# What jobs ask a scheduler for. On one machine it limits how many of them run at once, if that is
# asked for (`snakemake --resources mem_mb=8000`); it is no reason to run anything again.
#
# A job that was stopped for want of memory or time asks for twice, thrice as much when it is
# tried again (`retries` in the profiles).

from topodream import resources

# On a cluster a job is a Snakemake that starts a Snakemake that starts the command:
# 147 MiB each, measured with the shipped config.
SNAKEMAKE_MIB = 300
# SLURM counts in minutes. Small steps of time, because those of a group add up.
MEMORY_STEP_MB, TIME_STEP_MINUTES = 100, 1

# Sources that download, and how long that may take: 12 MB, TensorFlow and its copy of them.
DOWNLOADED, DOWNLOAD_MINUTES = ("keras", "mirror"), 20

# One job at a time on a device, unless told so (`snakemake --resources gpu=2`). It stands here
# and not in the profiles, because any other `--resources` replaces those of a profile, and because
# Snakemake 9.27 doesn't tell its limits to the Snakemake within a cluster's job, which would run
# the trainings of a group at once. On a cluster the bound is one of each job, not of all together.
# As a module of another workflow this one leaves that one's bounds alone.
if not IS_MODULE:
    workflow.global_resources.setdefault("gpu", 1)

    resource_scopes:
        gpu="local",


def in_steps(value, step):
    """The next multiple of a step."""
    return step * math.ceil(value / step)


def data_memory(wildcards, attempt):
    """Memory for making a data set, in MB."""
    section = CATALOGUE.datasets[wildcards.dataset]
    return attempt * in_steps(SNAKEMAKE_MIB + resources.data_mib(section), MEMORY_STEP_MB)


def sizes(name):
    """An experiment, and how many samples of how many pixels it learns."""
    experiment = CATALOGUE.experiments[name]
    return experiment, *resources.data_shape(CATALOGUE.datasets[experiment.dataset])


def trained_by(wildcards, names):
    """The experiments that a job trains, and how many samples of how many pixels they learn."""
    of_each = [sizes(name) for name in names or [wildcards.experiment]]
    return [experiment for experiment, *_ in of_each], *of_each[0][1:]


def training_memory(*names):
    """A function of wildcards: memory for training, from the sizes of maps and data, in MB."""

    def needed(wildcards, attempt):
        mib = SNAKEMAKE_MIB + resources.training_mib(*trained_by(wildcards, names))
        return attempt * in_steps(mib, MEMORY_STEP_MB)

    return needed


def map_memory(wildcards, attempt):
    """Memory for measuring and drawing a trained map, in MB."""
    held_out = CATALOGUE.evaluation["held_out"]
    needed = SNAKEMAKE_MIB + resources.map_mib(*sizes(wildcards.experiment), held_out)
    return attempt * in_steps(needed, MEMORY_STEP_MB)


def training_runtime(*names):
    """A function of wildcards: time for training, from steps and the size of maps, in minutes."""

    def needed(wildcards, attempt):
        experiments, _, n_inputs = trained_by(wildcards, names)
        minutes = resources.training_seconds(experiments, n_inputs) / 60
        return attempt * in_steps(minutes, TIME_STEP_MINUTES)

    return needed


def map_runtime(wildcards, attempt):
    """Time for measuring a trained map, or for drawing it, from its size, in minutes."""
    experiment, _, _ = sizes(wildcards.experiment)
    n_frames = max(CATALOGUE.animation[f"{kind}_frames"] for kind in ("sequence", "images"))
    seconds = resources.map_seconds(experiment, CATALOGUE.evaluation["held_out"], n_frames)
    return attempt * in_steps(seconds / 60, TIME_STEP_MINUTES)


def data_runtime(wildcards, attempt):
    """Time for making a data set, in minutes: more where it is downloaded."""
    is_remote = CATALOGUE.datasets[wildcards.dataset].get("source") in DOWNLOADED
    return attempt * (DOWNLOAD_MINUTES if is_remote else small_runtime(wildcards, 1))


def small_memory(wildcards, attempt):
    """Memory for a step that reads no map, in MB."""
    return attempt * in_steps(SNAKEMAKE_MIB + resources.SMALL_MIB, MEMORY_STEP_MB)


def small_runtime(wildcards, attempt):
    """Time for a step of seconds, in minutes."""
    return attempt * in_steps(resources.START_SECONDS / 60 + 1, TIME_STEP_MINUTES)


def training_gpus(wildcards):
    """How many GPUs training asks for. None otherwise: a 0 would be a request to some schedulers.
    Training that takes what it finds asks for nothing either."""
    device = CATALOGUE.experiments[wildcards.experiment].device
    return 1 if device == "gpu" else None
