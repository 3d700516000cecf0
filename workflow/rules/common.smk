import os
import shlex
import sys
from pathlib import Path

from snakemake.caching import LOCATION_ENVVAR
from snakemake.settings.types import RerunTrigger

# Right for `snakemake`, for `snakemake --directory`, and when this workflow is a module.
ROOT = Path(workflow.current_basedir).resolve().parents[1]
if not (ROOT / "src").is_dir():
    sys.exit(f"topodream: no folder src in {ROOT}: as a module it has to be a local checkout")
# Of another workflow, whose folder is another one.
IS_MODULE = Path(workflow.basedir).resolve() not in (ROOT, ROOT / "workflow")
sys.path.insert(0, str(ROOT / "src"))

from topodream.data import KINDS
from topodream.plan.batches import batches_of, check_asked_for, made_alone
from topodream.plan.catalogue import NAME_OF_EXPERIMENT, read_config, resolve
from topodream.plan.inputs import Inputs, options_of
from topodream.plan.maps import map_kinds, text_for_report
from topodream.plan.needs import BEFORE_TRAINING, Needs, named
from topodream.plan.params import Params, flags, versions_for
from topodream.plan.shown import Shown
from topodream.plan.sources import Sources
from topodream.plan.wildcards import datasets_of, in_one_line, pattern, pictures_of_data
from topodream.settings import datasets

# Jobs use the Python that runs Snakemake, also when its environment is not activated, or the
# caller's shell hands down a function of that name. A prefix replaces Snakemake's own, bash's
# strict mode, which therefore stands here too. (It is no part of what Snakemake compares or caches
# by: another environment reruns nothing. Variables of a module are not known in its shell
# commands, or one would do.)
bin_folder = shlex.quote(os.path.dirname(sys.executable)).replace("{", "{{").replace("}", "}}")
shell.prefix(f'set -euo pipefail; unset -f python; export PATH={bin_folder}:"$PATH"; ')

# Not by `configfile:`, which looks into the working folder: there may be none of ours. (The files
# of another workflow hold more than our section.)
overlays = [] if IS_MODULE else list(map(Path, workflow.configfiles))
with in_one_line():
    CATALOGUE = resolve(
        read_config([ROOT / "config.yaml", ROOT / "findings.yaml"], config, overlays)
    )

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

# A profile puts the steps of a map into a group, if it does, by the names of their rules. It can't
# name those that are made in a loop: they go where trainings go, or the first data set, and those of
# a batch into a group of their own. Known when jobs are planned.
group_of_training = lambda wildcards: workflow.group_settings.overwrite_groups.get("train")
group_of_batch = lambda wildcards: "batch" if workflow.group_settings.overwrite_groups else None
group_of_data = lambda wildcards: workflow.group_settings.overwrite_groups.get("prepare_mnist")

# What the rules say of their inputs, params and resources, and what the page shows.
SOURCES = Sources(
    ROOT,
    IS_MODULE,
    lambda: RerunTrigger.INPUT in workflow.rerun_triggers,
    is_in_storage=workflow.storage_settings.default_storage_provider is not None,
)
INPUTS = Inputs(CATALOGUE, SOURCES)
PARAMS = Params(CATALOGUE, INPUTS)
NEEDS = Needs(CATALOGUE)
# As a module of another workflow, under a prefix of that one's.
RESULTS = Path(workflow.modifier.modify_path("results/index.html")).parent
SHOWN = Shown(CATALOGUE, RESULTS)
# What is shared between workflows is found by its own file: each map is a job of its own then.
BATCHES = [] if workflow.enable_cache and cache_folder else batches_of(CATALOGUE, RESULTS, sys.argv)
MADE_ALONE = made_alone(CATALOGUE, BATCHES)
with in_one_line():
    check_asked_for(CATALOGUE, sys.argv)
sys.stderr.write(SHOWN.said_of_not_made(sys.argv))


wildcard_constraints:
    # Not the names themselves: Snakemake walks through the pattern for every file of every job.
    experiment=NAME_OF_EXPERIMENT,
    dataset=pattern(CATALOGUE.datasets),
    sweep=pattern(CATALOGUE.sweeps),


# One job at a time on a device, unless told so (`snakemake --resources gpu=2`). It stands here
# and not in the profiles, because any other `--resources` replaces those of a profile, and because
# Snakemake 9.27 doesn't tell its limits to the Snakemake within a cluster's job, which would run
# the trainings of a group at once. On a cluster the bound is one of each job, not of all together.
# As a module of another workflow this one leaves that one's bounds alone.
if not IS_MODULE:
    if "gpu" not in workflow.global_resources:
        workflow.global_resources["gpu"] = 1

    resource_scopes:
        gpu="local",


onstart:
    # Snakemake starts no more than a hundred jobs in a second, if it is told nothing else. For that it
    # chooses among jobs again a second after each time that it did, without end: after a hundred
    # jobs a hundred times a second, most of its processor time. Cores are bound enough.
    limit = getattr(workflow.scheduler, "job_rate_limiter", None)
    if limit and (limit.max_jobs, limit.timespan) == (100, 1):
        workflow.scheduler.job_rate_limiter = None
