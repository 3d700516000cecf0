"""Gather photographs, of any size, into one HDF5 file, for windows to be cut from.

They are the one that comes with the package, two that come with scikit-learn, or your own: PNG, JPEG
or TIFF files, in grey or in colour.
"""

import sys
from pathlib import Path

# Beside this script lies what it imports, whatever PYTHONSAFEPATH and PYTHONPATH say.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from topodream.data import photographs
from topodream.files import cli
from topodream.files.storage import write_hdf5
from topodream.origin import provenance


def main() -> None:
    """Read the pictures, decode them, write them."""
    parser = cli.parser(__doc__)
    parser.add_argument(
        "--source",
        choices=["embedded", "scikit-learn", "folder"],
        required=True,
        help="where the photographs come from",
    )
    parser.add_argument("--folder", type=Path, help="folder: where the pictures lie")
    parser.add_argument(
        "--colours", choices=["grey", "rgb"], required=True, help="what they are decoded into"
    )
    parser.add_argument("--output", type=Path, required=True, help="the .h5 file to write")
    args = cli.parse(parser)
    if args.source == "folder" and args.folder is None:
        parser.error("--source folder needs --folder")

    match args.source:
        case "embedded":
            files = {photographs.RACCOON.name: photographs.RACCOON}
        case "scikit-learn":
            files = photographs.of_scikit_learn()
        case _:
            files = photographs.pictures_in(args.folder)
    content = photographs.photographs_content(args.source, files, args.colours)
    origin = provenance.origin(cli.options(args), packages=photographs.KIND.packages)
    write_hdf5(args.output, content, origin)
    print(f"{args.output}: {content.attributes['described']}: {', '.join(files)}")


if __name__ == "__main__":
    cli.run(main)
