"""Cut windows at random places of images or photographs, as an eye sees them.

Plain, or by a filter that answers to a centre against its surroundings; what is seen is kept as it
is, or in two halves, ON for what is brighter and OFF for what is darker. Held-out patches are cut
from held-out images, and from the right fifth of photographs.
"""

import sys
from pathlib import Path

# Beside this script lies what it imports, whatever PYTHONSAFEPATH and PYTHONPATH say.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from topodream.data import eye, patches, samples
from topodream.files import cli
from topodream.files.storage import write_hdf5
from topodream.origin import provenance


def main() -> None:
    """Read pictures, draw places, cut windows, write them."""
    parser = cli.parser(__doc__)
    parser.add_argument(
        "--images", type=Path, required=True, help="the .h5 file of images or photographs"
    )
    parser.add_argument(
        "--size", type=cli.whole(2, 1000), required=True, help="side of a patch, pixels"
    )
    parser.add_argument(
        "--count", type=cli.whole(2, 10**6), required=True, help="patches to train on"
    )
    parser.add_argument(
        "--held-out", type=cli.whole(2, 10**6), required=True, help="held-out patches"
    )
    parser.add_argument(
        "--margin", type=cli.whole(0, 1000), required=True, help="pixels left out at all borders"
    )
    eye.add_options(parser)
    parser.add_argument(
        "--seed", type=cli.whole(0, 2**32 - 1), required=True, help="seed of the places"
    )
    parser.add_argument("--output", type=Path, required=True, help="the .h5 file to write")
    args = cli.parse(parser)

    content = patches.patches_content(
        args.images,
        eye.Eye.of(vars(args)),
        patches.Cut(args.size, args.margin, args.seed),
        {"train": args.count, "held_out": args.held_out},
    )
    origin = provenance.origin(cli.options(args), packages=patches.KIND.packages)
    write_hdf5(args.output, content, origin)
    print(f"{args.output}: {samples.in_words(content)}")


if __name__ == "__main__":
    cli.run(main)
