"""Train maps: from a data set and experiments' settings to their model files.

The file holds what was learnt, snapshots of it after each epoch, and per epoch the
reconstruction error, wins and activity per unit, mean and largest weight. A bar shows
progress on a terminal; elsewhere a line is printed after each epoch.

After each epoch a checkpoint is written beside the model file (model.checkpoint). Killed and
started again, training goes on from there and ends in the same file.

Where settings name a map to start from (start_from), --start-from is its file, and training begins
with what it learnt, in place of weights that are drawn.

Several maps train one after another on a CPU, and side by side on a GPU, where they have to be of
one shape: each ends in the map that it becomes alone. If one fails, by its divergence, the files
of the others are written all the same. All keep their checkpoints then, in case that whoever
started this removes the files.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

# Beside this script lies what it imports, whatever PYTHONSAFEPATH and PYTHONPATH say.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from tqdm import tqdm

from topodream.data.samples import Data, read_data
from topodream.engines import devices
from topodream.files import cli
from topodream.files.errors import ContentError, InputError, quoted
from topodream.files.storage import check_writable
from topodream.origin import provenance
from topodream.settings.config import (
    DEVICES,
    Experiment,
    experiment_from,
    read_experiment,
    to_mapping,
)
from topodream.training.checkpoints import Checkpoints
from topodream.training.loop import (
    EpochReport,
    Progress,
    Task,
    check_divergence,
    train_together,
)
from topodream.training.map_file import Learnt, Map, learnt_of, read_map, write_map
from topodream.training.starts import begin_from
from topodream.training.trained import Trained


def main() -> None:
    """Read data and settings, train, write the maps."""
    parser = cli.parser(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the .h5 file to learn")
    settings = parser.add_mutually_exclusive_group(required=True)
    settings.add_argument("--config", type=Path, nargs="+", help="resolved settings (.yaml)")
    settings.add_argument(
        "--settings",
        help="the same as JSON, - for standard input: what all maps have in 'common', and what "
        "'each' has besides, a list",
    )
    parser.add_argument(
        "--start-from",
        type=Path,
        nargs="?",
        help="the map to start from, if settings name one (.h5)",
    )
    parser.add_argument(
        "--output", type=Path, required=True, nargs="+", help="the .h5 files to write, as many"
    )
    parser.add_argument(
        "--device", choices=DEVICES, help="what trains, instead of what the settings say"
    )
    args = parser.parse_args()

    for path in args.output:
        check_writable(path)
    # Those of one folder of checkpoints: all but one would be lost.
    cli.check_apart(
        args.output,
        lambda path: path.resolve().with_suffix(""),
        ": each map needs a name of its own",
    )
    experiments = with_device(read_experiments(args), args.device)
    if len(experiments) != len(args.output):
        raise InputError(f"settings of {len(experiments)} maps, but {len(args.output)} of --output")
    called = experiments[0].name + (f" and {len(experiments) - 1} more" if experiments[1:] else "")
    device = devices.choose(
        in_common(experiments, "device"), partial(print, f"{called}:", flush=True)
    )
    data = read_data(args.data)
    start = read_start(args.start_from, experiments)
    options = cli.options(args, "config", "settings", "output")
    origins = {
        modules: device.signed(provenance.origin(options, modules))
        for modules in {one.modules_of_training for one in experiments}
    }
    start_sha256 = None if start is None else start.content_sha256
    checkpoints = [
        Checkpoints(path, one, data.content_sha256, origins[one.modules_of_training], start_sha256)
        for path, one in zip(args.output, experiments, strict=True)
    ]
    if device.xp is not None:
        for other in experiments[1:]:
            check_together(experiments[0], other)
    jobs = [checkpoints] if device.xp is not None else [[of_one] for of_one in checkpoints]
    # disable=None: a bar on a terminal, nothing elsewhere.
    bar = tqdm(
        total=sum(one.epochs * one.steps_per_epoch for one in experiments),
        desc=called,
        unit="step",
        unit_scale=True,
        disable=None,
    )
    with bar:
        learnt = learnt_of(data)
        cli.each(
            jobs,
            lambda job: cli.each(
                train(job, data, start, bar, device.xp),
                lambda done: write(*done, learnt),
            ),
        )
    for of_one in checkpoints:
        of_one.remove()


def train(
    checkpoints: Sequence[Checkpoints],
    data: Data,
    start: Map | None,
    bar: "tqdm[NoReturn]",
    xp: Any,
) -> Iterator[tuple[Checkpoints, Trained]]:
    """Train maps together, each from its checkpoints on."""
    pixels = data.train.pixels.reshape(len(data.train.pixels), -1)
    tasks = []
    for of_one in checkpoints:
        experiment, done = of_one.experiment, restore(of_one, pixels.shape[1])
        bar.update(done.epoch * experiment.steps_per_epoch if done else 0)
        begun = None if start is None else begin_from(start, experiment, data.form)
        tasks.append(Task(experiment, partial(report, bar, experiment), of_one.save, done, begun))
    return zip(checkpoints, train_together(tasks, pixels, bar.update, xp), strict=True)


def write(checkpoints: Checkpoints, trained: Trained, learnt: Learnt) -> None:
    """Write a map, unless it diverged and was not to."""
    experiment, divergence = checkpoints.experiment, trained.divergence
    check_divergence(experiment, trained)
    if divergence is not None:
        print(
            f"{experiment.name}: {divergence}; kept is the map after epoch {divergence.epoch - 1}"
        )
    write_map(
        checkpoints.model,
        experiment,
        trained,
        learnt,
        checkpoints.origin,
        checkpoints.start_sha256,
    )


def read_experiments(args: argparse.Namespace) -> list[Experiment]:
    """Return the experiments to train, from files, or from what the workflow passes on."""
    if args.config is not None:
        return [read_experiment(path) for path in args.config]
    told = cli.from_json("--settings", args.settings)
    with cli.option("--settings"):
        each = [{**told["common"], **own} for own in told["each"]]
    return [experiment_from(settings, "--settings") for settings in each]


def with_device(experiments: Sequence[Experiment], device: str | None) -> list[Experiment]:
    """Return the same, perhaps on another device than their settings say."""
    if device is None:
        return list(experiments)
    return [
        experiment_from(to_mapping(one) | {"device": device}, f"--device for {one.name}")
        for one in experiments
    ]


def in_common(experiments: Sequence[Experiment], key: str) -> Any:
    """Return a setting that all have in common; InputError if they don't agree."""
    first = getattr(experiments[0], key)
    for other in experiments[1:]:
        if (found := getattr(other, key)) != first:
            refuse_together(experiments[0], other, key, first, found)
    return first


def read_start(file: Path | None, experiments: Sequence[Experiment]) -> Map | None:
    """Return the map that trainings start from, if they do: the one that all settings name."""
    named, called = in_common(experiments, "start_from"), experiments[0].name
    if named is None and file is None:
        return None
    if named is None:
        raise InputError(f"--start-from {file}: the settings of {called} name no map to start from")
    if file is None:
        raise InputError(f"{called} starts from {named}: --start-from has to be its file")
    start = read_map(file)
    found = file.name if experiments[0].starts_from_file else start.experiment.name
    if found != Path(named).name:
        raise InputError(f"--start-from {file}: it is {found}, and {called} starts from {named}")
    return start


def check_together(one: Experiment, other: Experiment) -> None:
    """Refuse maps of different shapes, which can't train side by side."""
    for key, value in one.shape.items():
        if other.shape[key] != value:
            refuse_together(one, other, key, value, other.shape[key])


def refuse_together(
    one: Experiment, other: Experiment, key: str, first: object, second: object
) -> NoReturn:
    """Raise InputError: maps differ in something that they need to have in common."""
    allowed = f"the same, not {quoted(first)} and {quoted(second)}"
    raise InputError(
        f"{one.name} and {other.name} can't be trained together: their {key} has to be {allowed}"
    )


def report(bar: "tqdm[NoReturn]", experiment: Experiment, epoch: EpochReport) -> None:
    """Tell how far a map has come: in a line where there is no bar."""
    if bar.disable:
        print(
            f"{experiment.name}: epoch {epoch.epoch}/{experiment.epochs}, "
            f"MSE {epoch.training_mse:.4f}, {epoch.steps_per_second:,.0f} steps/s",
            flush=True,
        )
    bar.set_postfix(epoch=epoch.epoch, mse=f"{epoch.training_mse:.4f}")


def restore(checkpoints: Checkpoints, n_inputs: int) -> Progress | None:
    """Return where an earlier run of this training stopped, if it did; say so.

    A checkpoint that can't be gone on from is removed; one that can't be read is an error.
    """
    experiment = checkpoints.experiment
    try:
        done = checkpoints.restore(n_inputs)
    except ContentError as error:
        print(f"{experiment.name}: starts over, {error}", flush=True)
        checkpoints.remove()
        return None
    if done is not None:
        print(f"{experiment.name}: goes on after epoch {done.epoch}/{experiment.epochs}")
    return done


if __name__ == "__main__":
    cli.run(main)
