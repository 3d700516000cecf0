"""Train maps: from a data set and experiments' settings to their model files.

The file holds what was learnt, snapshots of it after each epoch, and per epoch the
reconstruction error, wins and activity per unit, mean and largest weight. A bar shows
progress on a terminal; elsewhere a line is printed after each epoch.

After each epoch a checkpoint is written beside the model file (model.checkpoint). Killed and
started again, training goes on from there and ends in the same file.

Several maps of one shape train side by side on a GPU, one after another on a CPU: each ends in
the map that it becomes alone. If one fails, by its divergence, the others are trained to their end
and stay in their checkpoints; files are written of all or of none.
"""

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NoReturn

# Beside this script lies what it imports, whatever PYTHONSAFEPATH and PYTHONPATH say.
sys.path.insert(0, str(Path(__file__).resolve().parent))

import threadpoolctl
from tqdm import tqdm

from topodream.data.samples import read_data
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
from topodream.training.loop import EpochReport, Progress, Task, train_together
from topodream.training.map_file import learnt_of, write_map


def main() -> None:
    """Read data and settings, train, write the maps."""
    parser = cli.parser(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the .h5 file to learn")
    parser.add_argument(
        "--config", type=Path, required=True, nargs="+", help="resolved settings (.yaml)"
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
    experiments = read_experiments(args.config, args.output, args.device)
    called = experiments[0].name + (f" and {len(experiments) - 1} more" if experiments[1:] else "")
    device = devices.choose(experiments[0].device, partial(print, f"{called}:", flush=True))
    data = read_data(args.data)
    pixels = data.train.pixels.reshape(len(data.train.pixels), -1)
    options = cli.options(args, "config", "output")
    origin = device.signed(provenance.origin(options, experiments[0].modules_of_training))
    checkpoints = [
        Checkpoints(path, experiment, data.content_sha256, origin)
        for path, experiment in zip(args.output, experiments, strict=True)
    ]
    done = [restore(of_one, pixels.shape[1]) for of_one in checkpoints]
    # disable=None: a bar on a terminal, nothing elsewhere.
    bar = tqdm(
        total=sum(one.epochs * one.steps_per_epoch for one in experiments),
        initial=sum(one.epoch * experiments[0].steps_per_epoch for one in done if one),
        desc=called,
        unit="step",
        unit_scale=True,
        disable=None,
    )
    tasks = [
        Task(of_one.experiment, partial(report, bar, of_one.experiment), of_one.save, progress)
        for of_one, progress in zip(checkpoints, done, strict=True)
    ]
    # A fixed number of threads: sums that are split otherwise round otherwise.
    with bar, threadpoolctl.threadpool_limits(1):
        all_trained = train_together(tasks, pixels, bar.update, device.xp)
    for path, experiment, trained in zip(args.output, experiments, all_trained, strict=True):
        if trained.divergence is not None:
            after = trained.divergence.epoch - 1
            print(f"{experiment.name}: {trained.divergence}; kept is the map after epoch {after}")
        write_map(path, experiment, trained, learnt_of(data), origin)
    for of_one in checkpoints:
        of_one.remove()


def read_experiments(
    configs: Sequence[Path], outputs: Sequence[Path], device: str | None
) -> list[Experiment]:
    """Return the experiments to train, perhaps on another device than their settings say."""
    if len(configs) != len(outputs):
        raise InputError(f"{len(configs)} files of --config, but {len(outputs)} of --output")
    check_apart(outputs)
    experiments = [read_experiment(path) for path in configs]
    if device is not None:
        experiments = [
            experiment_from(to_mapping(one) | {"device": device}, f"--device for {one.name}")
            for one in experiments
        ]
    for other in experiments[1:]:
        check_together(experiments[0], other)
    return experiments


def check_apart(outputs: Sequence[Path]) -> None:
    """Refuse files that would have one folder of checkpoints: all but one would be lost."""
    known: dict[Path, Path] = {}
    for path in outputs:
        other = known.setdefault(path.resolve().with_suffix(""), path)
        if other is not path:
            raise InputError(f"--output: {other} and {path}: each map needs a name of its own")


def check_together(one: Experiment, other: Experiment) -> None:
    """Refuse maps of different shapes."""
    for key, value in one.shape.items():
        if other.shape[key] != value:
            allowed = f"the same, not {quoted(value)} and {quoted(other.shape[key])}"
            if key == "trace":  # whether there is one
                allowed = "null for both or for neither"
            raise InputError(
                f"{one.name} and {other.name} can't be trained together: their {key} has to be "
                f"{allowed}"
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
