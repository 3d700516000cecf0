"""Show a pan sequence as a GIF: what the window sees, and where it is.

Beside it lies <name>.gif.js, the same as a script, for the page's player.
"""

import sys
from pathlib import Path

# Beside this script lies what it imports, whatever PYTHONSAFEPATH and PYTHONPATH say.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from topodream.data import pan
from topodream.data.samples import read_data
from topodream.files import cli
from topodream.files.errors import InputError
from topodream.origin import provenance
from topodream.pictures import panning, player


def main() -> None:
    """Read a sequence and what it is of, put frames together, write them."""
    parser = cli.parser(__doc__)
    parser.add_argument("--sequence", type=Path, required=True, help="the sequence (.h5)")
    parser.add_argument("--over", type=Path, required=True, help="its tapestry or photograph (.h5)")
    parser.add_argument("--frames", type=cli.whole(2, 10_000), required=True, help="frames to show")
    parser.add_argument(
        "--frame-ms",
        type=cli.whole(20, 10_000, step=10),
        required=True,
        help="milliseconds per frame",
    )
    parser.add_argument("--output", type=Path, required=True, help="the .gif file to write")
    args = cli.parse(parser)

    data = read_data(args.sequence, ("sequence",))
    if data.train.corners is None:
        raise InputError(f"{args.sequence}: does not say where its windows are")
    fields, source = pan.read_fields(args.over, data.form.height)
    made = panning.animate(
        data.train,
        args.frames,
        fields["train"].picture,
        f"{args.sequence.stem}, training frames",
        args.frame_ms,
    )
    note = {
        "shows": data.described,
        "data_sha256": data.content_sha256,
        "over_sha256": source.content_sha256,
        **provenance.origin(cli.options(args), packages=pan.KIND.picture.packages),
    }
    player.write(args.output, made, note)


if __name__ == "__main__":
    cli.run(main)
