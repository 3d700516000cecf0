"""Let a window wander over a tapestry or a photograph and keep what it sees, frame by frame.

The window rests in the middle at first. Every so many frames an acceleration is drawn
for each axis; speeds are limited; the window wraps around a tapestry's edges, and turns back at
a photograph's. Held-out frames are a walk of their own over the tapestry of held-out images, or
over the photograph's right fifth.
"""

import sys
from pathlib import Path

# Beside this script lies what it imports, whatever PYTHONSAFEPATH and PYTHONPATH say.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from topodream.data import eye, pan, samples
from topodream.files import cli
from topodream.files.storage import write_hdf5
from topodream.origin import provenance


def main() -> None:
    """Read what windows move over, walk over it, write the windows and where they were."""
    parser = cli.parser(__doc__)
    parser.add_argument(
        "--over", type=Path, required=True, help="the .h5 file of tapestries, or of a photograph"
    )
    parser.add_argument(
        "--frames", type=cli.whole(2, 10**6), required=True, help="windows to train on"
    )
    parser.add_argument(
        "--held-out-frames", type=cli.whole(2, 10**6), required=True, help="held-out windows"
    )
    parser.add_argument(
        "--window", type=cli.whole(2, 1000), required=True, help="side of a window, pixels"
    )
    parser.add_argument(
        "--hold", type=cli.whole(1, 10**9), required=True, help="frames an acceleration lasts"
    )
    parser.add_argument(
        "--max-acceleration", type=cli.real(0, 1000), required=True, help="pixels per frame squared"
    )
    parser.add_argument(
        "--max-speed", type=cli.real(0, 1000), required=True, help="pixels per frame"
    )
    parser.add_argument(
        "--seed", type=cli.whole(0, 2**32 - 1), required=True, help="seed of the walk"
    )
    eye.add_options(parser)
    parser.add_argument("--output", type=Path, required=True, help="the .h5 file to write")
    args = cli.parse(parser)

    walk = pan.Walk(args.window, args.hold, args.max_acceleration, args.max_speed, args.seed)
    n_frames = {"train": args.frames, "held_out": args.held_out_frames}
    content = pan.pan_content(args.over, walk, eye.Eye.of(vars(args)), n_frames)
    origin = provenance.origin(cli.options(args), packages=pan.KIND.packages)
    write_hdf5(args.output, content, origin)
    print(f"{args.output}: {samples.in_words(content)}")


if __name__ == "__main__":
    cli.run(main)
