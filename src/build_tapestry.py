"""Lay images out in a square that repeats at its edges, for windows to pan over.

Images fill the square column by column; its last row and column of images then repeat
the first. One square is made of the training images and one of the held-out ones.
"""

import sys
from pathlib import Path

# Beside this script lies what it imports, whatever PYTHONSAFEPATH and PYTHONPATH say.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from topodream.data import tapestry
from topodream.files import cli
from topodream.files.storage import write_hdf5
from topodream.origin import provenance


def main() -> None:
    """Read images, weave both tapestries, write them."""
    parser = cli.parser(__doc__)
    parser.add_argument("--digits", type=Path, required=True, help="the .h5 file of images")
    parser.add_argument(
        "--side", type=cli.whole(2, 200), required=True, help="images along each side"
    )
    parser.add_argument("--output", type=Path, required=True, help="the .h5 file to write")
    args = cli.parse(parser)

    content = tapestry.tapestry_content(args.digits, args.side)
    origin = provenance.origin(cli.options(args), packages=tapestry.KIND.packages)
    write_hdf5(args.output, content, origin)
    print(f"{args.output}: {content.attributes['described']}")


if __name__ == "__main__":
    cli.run(main)
