"""Write a data set of labelled images: training and held-out ones, as bytes, in HDF5.

Sources:
  embedded  5,000 digits of MNIST that come with the package
  keras     all of a set, by TensorFlow's Keras (needs the extra `tensorflow`)
  mirror    all of a set, downloaded and checked against its sha256
  idx       four IDX files in a folder: MNIST, or anything in its format
"""

import argparse
import sys
from pathlib import Path

# Beside this script lies what it imports, whatever PYTHONSAFEPATH and PYTHONPATH say.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from topodream.data import idx, mnist, samples
from topodream.data.published import PUBLISHED
from topodream.files import cli
from topodream.files.storage import write_hdf5
from topodream.origin import provenance


def main() -> None:
    """Read the source that was asked for and write it."""
    parser = cli.parser(__doc__)
    parser.add_argument("--source", choices=("embedded", "keras", "mirror", "idx"), required=True)
    parser.add_argument("--set", choices=PUBLISHED, help="keras, mirror, idx: which (mnist)")
    parser.add_argument("--folder", type=Path, help="idx: the folder of IDX files")
    parser.add_argument(
        "--files",
        type=Path,
        nargs="*",
        default=[],
        help="idx: in place of a folder, the four files",
    )
    parser.add_argument(
        "--transposed", type=cli.yes_or_no, help="idx: rows are columns, as EMNIST's"
    )
    parser.add_argument("--classes", nargs="+", help="idx: the names of classes, by the labels")
    parser.add_argument("--mirrors", nargs="+", help="mirror: addresses to try in turn")
    parser.add_argument(
        "--cache", type=Path, help="mirror: where downloads are kept (the user's cache folder)"
    )
    parser.add_argument("--output", type=Path, required=True, help="the .h5 file to write")
    args = cli.parse(parser)
    if args.source == "idx" and args.folder is None and not args.files:
        parser.error("--source idx needs --folder or --files")

    content = mnist.mnist_content(
        args.source,
        read_source(args),
        name=args.set or ("mnist" if args.source in mnist.DOWNLOADED else None),
        transposed=bool(args.transposed),
        classes=args.classes or (),
    )
    options = cli.options(args, "mirrors", "files")
    origin = provenance.origin(options, packages=mnist.KIND.packages)
    write_hdf5(args.output, content, origin)
    print(f"{args.output}: {samples.in_words(content)}")


def read_source(args: argparse.Namespace) -> idx.RawFiles:
    """Return the raw IDX files of the source that was asked for."""
    match args.source:
        case "keras":
            return mnist.read_keras(args.set or "mnist")
        case "mirror":
            return mnist.read_published(args.set or "mnist", args.mirrors, args.cache)
        case "idx" if args.files:
            return idx.read_idx_files(args.files)
        case "idx":
            return idx.read_idx_folder(args.folder)
        case _:
            return mnist.read_embedded()


if __name__ == "__main__":
    cli.run(main)
