"""Train one map: from a data set and an experiment's settings to its model file.

The file holds the trained weights, snapshots of them after each epoch, and per epoch the
reconstruction error, wins per unit and mean weight. A bar shows progress on a terminal;
elsewhere a line is printed after each epoch.
"""

from pathlib import Path

import threadpoolctl
from tqdm import tqdm

from topodream import cli, provenance
from topodream.config import read_experiment
from topodream.datasets import read_data
from topodream.maps import write_map
from topodream.training import EpochReport, train


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
    n_steps = experiment.epochs * experiment.steps_per_epoch
    # disable=None: a bar on a terminal, nothing elsewhere.
    bar = tqdm(total=n_steps, desc=experiment.name, unit="step", unit_scale=True, disable=None)

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
        trained = train(experiment, pixels, bar.update, report)
    write_map(args.output, experiment, trained, data, provenance.record("h5py"))


if __name__ == "__main__":
    cli.run(main)
