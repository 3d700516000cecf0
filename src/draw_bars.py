"""Draw a data set of bars: each sample some rows and columns of pixels, each there or not.

What a net that finds independent causes has to find is known: the bars (Foldiak 1990). Which bars
each sample has stands beside its pixels.
"""

import sys
from pathlib import Path

# Beside this script lies what it imports, whatever PYTHONSAFEPATH and PYTHONPATH say.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from topodream.data import bars, samples
from topodream.files import cli
from topodream.files.storage import write_hdf5
from topodream.origin import provenance


def main() -> None:
    """Draw the bars, write them."""
    parser = cli.parser(__doc__)
    parser.add_argument(
        "--count", type=cli.whole(2, 10**6), required=True, help="samples to train on"
    )
    parser.add_argument(
        "--held-out", type=cli.whole(2, 10**6), required=True, help="held-out samples"
    )
    parser.add_argument(
        "--size", type=cli.whole(2, 64), required=True, help="side of a sample, pixels"
    )
    parser.add_argument(
        "--probability", type=cli.real(0, 1), required=True, help="of each bar to be there"
    )
    parser.add_argument(
        "--seed", type=cli.whole(0, 2**32 - 1), required=True, help="seed of the draws"
    )
    parser.add_argument("--output", type=Path, required=True, help="the .h5 file to write")
    args = cli.parse(parser)

    content = bars.bars_content(args.count, args.held_out, args.size, args.probability, args.seed)
    origin = provenance.origin(cli.options(args), packages=bars.KIND.packages)
    write_hdf5(args.output, content, origin)
    print(f"{args.output}: {samples.in_words(content)}")


if __name__ == "__main__":
    cli.run(main)
