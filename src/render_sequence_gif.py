"""Show a pan sequence as a GIF: what the window sees, and where it is on the tapestry.

Beside it lies <name>.gif.js, the same as a script, for the page's player.
"""

import json
import sys
from pathlib import Path

# Beside this script lies what it imports, whatever PYTHONSAFEPATH and PYTHONPATH say.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from topodream.data import pan
from topodream.data.samples import read_data
from topodream.data.tapestry import read_tapestry
from topodream.files import cli
from topodream.files.errors import InputError
from topodream.origin import provenance
from topodream.pictures import animation, player


def main() -> None:
    """Read a sequence and its tapestry, put frames together, write them."""
    parser = cli.parser(__doc__)
    parser.add_argument("--sequence", type=Path, required=True, help="the sequence (.h5)")
    parser.add_argument("--tapestry", type=Path, required=True, help="its tapestry (.h5)")
    parser.add_argument("--frames", type=cli.whole(2, 10_000), required=True, help="frames to show")
    parser.add_argument(
        "--frame-ms",
        type=cli.whole(20, 10_000, step=10),
        required=True,
        help="milliseconds per frame",
    )
    parser.add_argument("--output", type=Path, required=True, help="the .gif file to write")
    args = cli.parse(parser)

    data, woven = read_data(args.sequence), read_tapestry(args.tapestry)
    if data.train.corners is None:
        raise InputError(f"{args.sequence}: has no windows on a tapestry")
    pixels, corners = data.train.pixels[: args.frames], data.train.corners[: args.frames]
    n_frames, window, _ = pixels.shape
    panels = [
        animation.Panel(
            f"window, {window} x {window}",
            n_frames,
            lambda number: animation.grey_levels(pixels[number] / 255),
        ),
        animation.Panel(
            "its place on the tapestry",
            n_frames,
            animation.with_box(woven.pixels["train"], corners, window),
        ),
    ]
    frames = animation.side_by_side(panels, f"{args.sequence.stem}, training frames", None)
    note = {
        "shows": data.described,
        "data_sha256": data.content_sha256,
        "tapestry_sha256": woven.content_sha256,
        **provenance.origin(cli.options(args), packages=pan.KIND.picture.packages),
    }
    animation.write_gif(args.output, frames, args.frame_ms, json.dumps(note))
    player.write_script(args.output, note)


if __name__ == "__main__":
    cli.run(main)
