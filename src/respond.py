"""Show images to a trained map, without learning, and write what it does with each.

That is the units that win, all activity, the reconstruction and its error: images that the map
learnt, held-out ones, or any others of the same form. They are a data set of topodream's (.h5), of
which --part names one part, or a person's own: a folder of pictures, a picture, or a .npy, .npz, .h5,
.hdf5 or .csv file of pixels.

Each image is shown by itself, or, where the map has a trace, after the one before, in their order.
"""

import sys
from pathlib import Path

# Beside this script lies what it imports, whatever PYTHONSAFEPATH and PYTHONPATH say.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from topodream.data.given import read_given
from topodream.data.samples import PARTS
from topodream.files import cli
from topodream.files.large import check_suffix, write_large
from topodream.measures.at_work import at_work
from topodream.origin import provenance
from topodream.training.map_file import read_map


def main() -> None:
    """Read a map and images, show it these, write what it answers."""
    parser = cli.parser(__doc__)
    parser.add_argument("--model", type=Path, required=True, help="the trained map (.h5)")
    parser.add_argument("--images", type=Path, required=True, help="a data set, or images")
    parser.add_argument("--part", choices=PARTS, help="of a data set; all of it without")
    parser.add_argument(
        "--count", type=cli.whole(1, 10**9), help="the first so many of each part; all without"
    )
    parser.add_argument("--output", type=Path, required=True, help="the .h5 or .npz file to write")
    args = cli.parse(parser)

    check_suffix(args.output)
    model, given = read_map(args.model), read_given(args.images, args.part, args.count)
    arrays, found = at_work(model, given)
    about = {
        **model.identity,
        **given.note,
        "described": f"what {model.title} does with {given.described}",
        **model.form.attributes,
        **found,
        **provenance.origin(cli.options(args), model.experiment.modules),
    }
    write_large(args.output, "responses", arrays, about)
    n_images = sum(len(part.pixels) for part in given.parts.values())
    images = "image" if n_images == 1 else "images"
    print(
        f"{args.output}: {n_images:,} {images}, mean squared error {found['mean_squared_error']:.4g}"
    )


if __name__ == "__main__":
    cli.run(main)
