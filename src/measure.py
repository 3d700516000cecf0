"""Measure a trained map on held-out samples and write the numbers as JSON.

Reconstructions use the activation the map was trained with. One measure,
mass_ratio_excited, uses the excited activation whatever the map was trained with, as the
notebook drew them: it shows what that does to maps trained on the drive.
"""

import sys
from pathlib import Path

# Beside this script lies what it imports, whatever PYTHONSAFEPATH and PYTHONPATH say.
sys.path.insert(0, str(Path(__file__).resolve().parent))

import threadpoolctl

from topodream.files import cli
from topodream.files.storage import write_json
from topodream.measures import collect
from topodream.origin import provenance
from topodream.training.map_file import read_map_and_data


def main() -> None:
    """Read a map and its data, measure, write."""
    parser = cli.parser(__doc__)
    parser.add_argument("--model", type=Path, required=True, help="the trained map (.h5)")
    parser.add_argument("--data", type=Path, required=True, help="the data set it learnt (.h5)")
    parser.add_argument(
        "--held-out", type=cli.whole(2, 10**9), required=True, help="samples to measure on"
    )
    parser.add_argument(
        "--no-curve", action="store_true", help="leave out the error after each kept epoch"
    )
    parser.add_argument("--output", type=Path, required=True, help="the .json file to write")
    args = cli.parse(parser)

    model, data = read_map_and_data(args.model, args.data, with_snapshots=True)
    with threadpoolctl.threadpool_limits(1):
        results = collect.measure(model, data, args.held_out, curve=not args.no_curve)
    about = {
        **model.identity,
        "data": data.described,
        "divergence": None if model.trained.divergence is None else str(model.trained.divergence),
        "model_made_by": dict(model.origin),
    }
    origin = provenance.origin(cli.options(args), model.experiment.modules)
    write_json(args.output, {**about, **results, **origin})


if __name__ == "__main__":
    cli.run(main)
