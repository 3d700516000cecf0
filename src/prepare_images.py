"""Write a data set of a person's own images: training and held-out ones, as bytes, in HDF5.

They are a folder of pictures (PNG, JPEG, TIFF), or a file: .npz, .npy, .h5, .hdf5 or .csv. Nothing
is changed in size or colours unless an option says so.
"""

import argparse
import sys
from functools import partial
from pathlib import Path

# Beside this script lies what it imports, whatever PYTHONSAFEPATH and PYTHONPATH say.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from topodream.data import image_files, images, samples
from topodream.data.decoding import OF_PICTURES
from topodream.files import cli
from topodream.files.storage import write_hdf5
from topodream.origin import provenance


def main() -> None:
    """Read the images, write them."""
    parser = cli.parser(__doc__)
    parser.add_argument("--path", type=Path, required=True, help="a folder or a file of images")
    parser.add_argument("--labels", choices=image_files.LABELS_FROM, help="where labels are from")
    parser.add_argument(
        "--colours", choices=OF_PICTURES, help="what pixels have (as they lie there)"
    )
    json_option(parser, "--size", '{"height": 28, "width": 28}: what --fit makes of each image')
    parser.add_argument("--fit", choices=image_files.FITS, help="how images get that size")
    json_option(parser, "--shape", '{"height": 20, "width": 30}: of images in rows, if not square')
    json_option(
        parser, "--names", '{"pixels": "x"}: what arrays, or the column of labels, are called'
    )
    parser.add_argument("--held-out-path", type=Path, help="a folder or a file of held-out images")
    parser.add_argument("--held-out-share", type=cli.real(1e-9, 0.9), help="to split off, or so")
    parser.add_argument("--seed", type=cli.whole(0, 2**32 - 1), help="of the draw of that share")
    parser.add_argument("--output", type=Path, required=True, help="the .h5 file to write")
    args = cli.parse(parser)
    for one, other in (("size", "fit"), ("held_out_share", "seed")):
        if (getattr(args, one) is None) != (getattr(args, other) is None):
            parser.error(f"--{one} and --{other} go together".replace("_", "-"))

    with cli.option("--size, --shape, --names"):
        how = images.how_of(vars(args))
    split = images.Split(args.held_out_share, args.seed) if args.held_out_share else None
    content = images.images_content(args.path, args.held_out_path, split, how)
    origin = provenance.origin(cli.options(args), packages=images.KIND.packages)
    write_hdf5(args.output, content, origin)
    print(f"{args.output}: {samples.in_words(content)}")


def json_option(parser: argparse.ArgumentParser, name: str, meaning: str) -> None:
    """Add an option that is a mapping."""
    parser.add_argument(name, type=partial(cli.from_json, name), metavar="JSON", help=meaning)


if __name__ == "__main__":
    cli.run(main)
