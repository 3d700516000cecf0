"""Compare a trained map with baselines, fitted to what it learnt, and write the numbers as JSON.

These are the mean image, PCA, NMF, k-means, an online SOM and matching pursuit, with as many
components, centroids, units or atoms as the map has. They need scikit-learn and MiniSom.
"""

import sys
import time
from pathlib import Path

# Beside this script lies what it imports, whatever PYTHONSAFEPATH and PYTHONPATH say.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from topodream.data.samples import read_data
from topodream.files import cli
from topodream.files.storage import write_json
from topodream.measures import baselines
from topodream.measures.measure import Subject
from topodream.origin import provenance
from topodream.training.map_file import check_learnt, read_map


def main() -> None:
    """Read a map and its data, fit and measure baselines, write what was measured."""
    parser = cli.parser(__doc__)
    parser.add_argument("--model", type=Path, required=True, help="the trained map (.h5)")
    parser.add_argument("--data", type=Path, required=True, help="the data set it learnt (.h5)")
    parser.add_argument(
        "--held-out", type=cli.whole(2, 10**9), required=True, help="samples to measure on"
    )
    parser.add_argument("--output", type=Path, required=True, help="the .json file to write")
    args = cli.parse(parser)

    import numpy as np  # not above the package, which says as what it computes

    libraries = baselines.load_libraries()
    model, data = read_map(args.model), read_data(args.data)
    check_learnt(model, args.model, data, args.data)
    found, begin = [], time.process_time()
    # What a map that blew up draws may overflow.
    with np.errstate(all="ignore"):
        subject = Subject.of(model, data, args.held_out)
        for one in baselines.compare(subject, libraries):
            print(f"{time.process_time() - begin:4.0f} s: {one['label']}", flush=True)
            found.append(one)
    about = {
        **model.identity,
        "data": data.described,
        "held_out_samples": len(subject.samples),
        "training_samples": len(data.train.pixels),
    }
    origin = provenance.origin(cli.options(args), model.experiment.modules)
    write_json(args.output, {**about, "baselines": found, **origin})


if __name__ == "__main__":
    cli.run(main)
