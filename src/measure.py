"""Measure trained maps on held-out samples and write the numbers of each as JSON.

Reconstructions use the activation the map was trained with. One measure,
mass_ratio_excited, uses the excited activation whatever the map was trained with, as the
notebook drew them: it shows what that does to maps trained on the drive.

Several maps that learnt one data set take less time than one by one, and each file is the same as
when its map is measured alone. If one fails, the others are measured all the same.
"""

import sys
from argparse import Namespace
from pathlib import Path

# Beside this script lies what it imports, whatever PYTHONSAFEPATH and PYTHONPATH say.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from topodream.data.samples import Data, read_data
from topodream.files import cli
from topodream.files.storage import write_json
from topodream.measures import collect
from topodream.origin import provenance
from topodream.training.map_file import check_learnt, read_map


def main() -> None:
    """Read maps and their data, measure, write."""
    parser = cli.parser(__doc__)
    parser.add_argument(
        "--model", type=Path, required=True, nargs="+", help="the trained maps (.h5)"
    )
    parser.add_argument("--data", type=Path, required=True, help="the data set they learnt (.h5)")
    parser.add_argument(
        "--held-out", type=cli.whole(2, 10**9), required=True, help="samples to measure on"
    )
    parser.add_argument(
        "--no-curve", action="store_true", help="leave out the error after each kept epoch"
    )
    parser.add_argument(
        "--output", type=Path, required=True, nargs="+", help="the .json files to write, as many"
    )
    args = cli.parse(parser)

    files = cli.paired(args, "model")
    data = read_data(args.data)
    cli.each(files, lambda pair: measure(*pair, data, args))


def measure(path: Path, output: Path, data: Data, args: Namespace) -> None:
    """Measure one map that learnt the data, and write its file."""
    model = read_map(path, with_snapshots=True)
    check_learnt(model, path, data, args.data)
    results = collect.measure(model, data, args.held_out, curve=not args.no_curve)
    about = {
        **model.identity,
        "data": data.described,
        "inputs": str(data.form),
        "divergence": None if model.trained.divergence is None else str(model.trained.divergence),
        "model_made_by": dict(model.origin),
    }
    options = cli.options(args, "model", "output")
    write_json(output, {**about, **results, **provenance.origin(options, model.experiment.modules)})


if __name__ == "__main__":
    cli.run(main)
