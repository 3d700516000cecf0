# What jobs ask a scheduler for. On one machine it limits how many of them run at once, if that is
# asked for (`snakemake --resources mem_mb=8000`); it is no reason to run anything again.
#
# A job that was stopped for want of memory or time asks for twice, thrice as much when it is
# tried again (`retries` in the profiles).

from topodream.plan import resources

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


def megabytes(mib, attempt):
    """What to ask for, with the Snakemakes around the command."""
    return attempt * in_steps(SNAKEMAKE_MIB + mib, MEMORY_STEP_MB)


def minutes(seconds, attempt):
    """What to ask for."""
    return attempt * in_steps(seconds / 60, TIME_STEP_MINUTES)


@cache
def size_of(dataset):
    """How large a data set is, by the headers of its files, or of what it is made of."""
    return resources.data_size(dataset, CATALOGUE.datasets, idx_paths)


def data_memory(wildcards, attempt):
    """Memory for making a data set, in MB."""
    needed = resources.data_mib(wildcards.dataset, CATALOGUE.datasets, size_of)
    return megabytes(needed, attempt)


def tapestry_picture_memory(wildcards, attempt):
    """Memory for drawing a tapestry, in MB."""
    return megabytes(resources.tapestry_picture_mib(size_of(wildcards.dataset)), attempt)


def sequence_gif_memory(wildcards, attempt):
    """Memory for showing windows on their tapestry, in MB."""
    sizes = size_of(wildcards.dataset), size_of(CATALOGUE.datasets[wildcards.dataset]["tapestry"])
    return megabytes(resources.sequence_gif_mib(*sizes), attempt)


def sized(name):
    """An experiment, and how large its data set is."""
    experiment = CATALOGUE.experiments[name]
    return experiment, size_of(experiment.dataset)


def trained_by(wildcards, names):
    """The experiments that a job trains, and how large their data set is."""
    of_each = [sized(name) for name in names or [wildcards.experiment]]
    return [experiment for experiment, _ in of_each], of_each[0][1]


def training_memory(*names):
    """A function of wildcards: memory for training, from the sizes of maps and data, in MB."""
    return lambda wildcards, attempt: megabytes(
        resources.training_mib(*trained_by(wildcards, names)), attempt
    )


def measure_memory(wildcards, attempt):
    """Memory for measuring a trained map, in MB."""
    held_out = CATALOGUE.evaluation["held_out"]
    return megabytes(resources.measure_mib(*sized(wildcards.experiment), held_out), attempt)


def figures_memory(wildcards, attempt):
    """Memory for drawing a trained map, in MB."""
    return megabytes(resources.figures_mib(*sized(wildcards.experiment)), attempt)


def map_gifs_memory(wildcards, attempt):
    """Memory for the animations of a trained map, in MB."""
    return megabytes(resources.map_gifs_mib(*sized(wildcards.experiment), most_frames()), attempt)


def most_frames():
    """The frames of an animation."""
    return max(CATALOGUE.animation[f"{kind}_frames"] for kind in ("sequence", "images"))


def training_runtime(*names):
    """A function of wildcards: time for training, from steps and the size of maps, in minutes."""
    return lambda wildcards, attempt: minutes(
        resources.training_seconds(*trained_by(wildcards, names)), attempt
    )


def map_runtime(wildcards, attempt):
    """Time for measuring a trained map, or for drawing it, from its size, in minutes."""
    held_out = CATALOGUE.evaluation["held_out"]
    seconds = resources.map_seconds(*sized(wildcards.experiment), held_out, most_frames())
    return minutes(seconds, attempt)


def data_runtime(wildcards, attempt):
    """Time for making a data set, or a picture of it, in minutes: more where it is downloaded."""
    is_remote = CATALOGUE.datasets[wildcards.dataset].get("source") in DOWNLOADED
    seconds = resources.data_seconds(wildcards.dataset, CATALOGUE.datasets, size_of)
    return minutes(seconds + is_remote * 60 * DOWNLOAD_MINUTES, attempt)


def data_picture_runtime(wildcards, attempt):
    """Time for a picture of a data set, in minutes."""
    section = CATALOGUE.datasets[wildcards.dataset]
    names = [wildcards.dataset, *(section[key] for key in ("tapestry",) if key in section)]
    needed = resources.data_picture_seconds([size_of(name) for name in names], most_frames())
    return minutes(needed, attempt)


def small_memory(wildcards, attempt):
    """Memory for a step that reads neither a map nor many measures, in MB."""
    return megabytes(resources.small_mib(), attempt)


def sweep_memory(wildcards, attempt):
    """Memory for a step that reads the measures of a sweep, in MB."""
    points = CATALOGUE.sweeps[wildcards.sweep].points
    return megabytes(resources.small_mib(sum(len(one.replicates) for one in points)), attempt)


def findings_memory(wildcards, attempt):
    """Memory for a step that reads the measures of what findings speak of, in MB."""
    n_maps = sum(len(names) for names in CATALOGUE.replicates.values())
    return megabytes(resources.small_mib(n_maps), attempt)


def page_memory(wildcards, attempt):
    """Memory for the page, which shows what isn't selected too, if it lies there, in MB."""
    maps = [sized(name) for name in CATALOGUE.listed]
    points = [point for sweep in CATALOGUE.sweeps.values() for point in sweep.points]
    replicates = [*CATALOGUE.replicates.values(), *(one.replicates for one in points)]
    return megabytes(resources.page_mib(maps, sum(map(len, replicates))), attempt)


def page_runtime(wildcards, attempt):
    """Time for the page, which looks at all that it may show, in minutes."""
    return minutes(resources.page_seconds(len(CATALOGUE.listed)), attempt)


def small_runtime(wildcards, attempt):
    """Time for a step of seconds, in minutes."""
    return minutes(resources.START_SECONDS + 60, attempt)


def training_gpus(wildcards):
    """How many GPUs training asks for. None otherwise: a 0 would be a request to some schedulers.
    Training that takes what it finds asks for nothing either."""
    device = CATALOGUE.experiments[wildcards.experiment].device
    return 1 if device == "gpu" else None
