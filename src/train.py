"""Train one map: from a data set and an experiment's settings to its model file.

The file holds what was learnt, snapshots of it after each epoch, and per epoch the
reconstruction error, wins and activity per unit, mean and largest weight. A bar shows
progress on a terminal; elsewhere a line is printed after each epoch.

After each epoch a checkpoint is written beside the model file (model.checkpoint). Killed and
started again, training goes on from there and ends in the same file.
"""

from pathlib import Path

import threadpoolctl
from tqdm import tqdm

from topodream import cli, provenance
from topodream.checkpoints import Checkpoints
from topodream.config import Experiment, read_experiment
from topodream.datasets import read_data
from topodream.errors import InputError
from topodream.maps import write_map
from topodream.training import EpochReport, Progress, train


def main() -> None:
    """Read data and settings, train, write the map."""
    parser = cli.parser(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the .h5 file to learn")
    parser.add_argument("--config", type=Path, required=True, help="resolved settings (.yaml)")
    parser.add_argument("--output", type=Path, required=True, help="the .h5 file to write")
    args = cli.parse(parser)

    experiment = read_experiment(args.config)
    data = read_data(args.data)
    pixels = data.train.pixels.reshape(len(data.train.pixels), -1)
    origin = provenance.record(cli.options(args), experiment.modules_of_others)
    checkpoints = Checkpoints(args.output, experiment, data.content_sha256, origin)
    done = restore(checkpoints, experiment, pixels.shape[1])
    # disable=None: a bar on a terminal, nothing elsewhere.
    bar = tqdm(
        total=experiment.epochs * experiment.steps_per_epoch,
        initial=done.epoch * experiment.steps_per_epoch if done else 0,
        desc=experiment.name,
        unit="step",
        unit_scale=True,
        disable=None,
    )

    def report(epoch: EpochReport) -> None:
        if bar.disable:
            print(
                f"{experiment.name}: epoch {epoch.epoch}/{experiment.epochs}, "
                f"MSE {epoch.training_mse:.4f}, {epoch.steps_per_second:,.0f} steps/s",
                flush=True,
            )
        bar.set_postfix(epoch=epoch.epoch, mse=f"{epoch.training_mse:.4f}")

    # A fixed number of threads: sums that are split otherwise round otherwise.
    with bar, threadpoolctl.threadpool_limits(1):
        trained = train(experiment, pixels, bar.update, report, checkpoints.save, done)
    if trained.divergence is not None:
        after = trained.divergence.epoch - 1
        print(f"{experiment.name}: {trained.divergence}; kept is the map after epoch {after}")
    write_map(args.output, experiment, trained, data, origin)
    checkpoints.remove()


def restore(checkpoints: Checkpoints, experiment: Experiment, n_inputs: int) -> Progress | None:
    """Return where an earlier run of this training stopped, if it did; say so."""
    try:
        done = checkpoints.restore(n_inputs)
    except InputError as error:
        print(f"{experiment.name}: starts over, {error}", flush=True)
        checkpoints.remove()
        return None
    if done is not None:
        print(f"{experiment.name}: goes on after epoch {done.epoch}/{experiment.epochs}")
    return done


if __name__ == "__main__":
    cli.run(main)
