"""Measure a trained map on held-out samples and write the numbers as JSON.

Reconstructions use the activation the map was trained with. One measure,
mass_ratio_excited, uses the excited activation whatever the map was trained with, as the
notebook drew them: it shows what that does to maps trained on the drive.
"""

from pathlib import Path

import threadpoolctl

from topodream import cli, measures, provenance
from topodream.datasets import read_data
from topodream.maps import read_map
from topodream.storage import write_json


def main() -> None:
    """Read a map and its data, measure, write."""
    parser = cli.parser(__doc__)
    parser.add_argument("--model", type=Path, required=True, help="the trained map (.h5)")
    parser.add_argument("--data", type=Path, required=True, help="the data set it learnt (.h5)")
    parser.add_argument("--held-out", type=int, required=True, help="samples to measure on")
    parser.add_argument("--output", type=Path, required=True, help="the .json file to write")
    args = parser.parse_args()

    trained, data = read_map(args.model, with_snapshots=True), read_data(args.data)
    with threadpoolctl.threadpool_limits(1):
        results = measures.measure(trained, data.train, data.held_out, args.held_out)
    about = {
        "experiment": trained.experiment.name,
        "data": data.described,
        "data_sha256": data.content_sha256,
        "model_made_by": dict(trained.origin),
    }
    write_json(args.output, {**about, **results, **provenance.record()})


if __name__ == "__main__":
    cli.run(main)
