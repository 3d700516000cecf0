"""Show a trained map as GIFs, each as <name>.gif in a folder: all it has, or those named.

Beside each lies <name>.gif.js, the same as a script, for the page's player.

formation: its prototypes after each epoch. activity: input, activity on the grid and
reconstruction of held-out samples, each for itself. trajectory: the same with activity that
leaves a trace, of maps that learnt a sequence.
"""

import sys
from pathlib import Path

# Beside this script lies what it imports, whatever PYTHONSAFEPATH and PYTHONPATH say.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from topodream.files import cli
from topodream.origin import provenance
from topodream.pictures import performing, player
from topodream.pictures.animations import ANIMATIONS, animations_of
from topodream.pictures.picture import modules_of
from topodream.training.map_file import read_map_and_data


def main() -> None:
    """Read a map and its data, put frames together, write them."""
    parser = cli.parser(__doc__)
    names = [one.name for one in ANIMATIONS]
    parser.add_argument("--model", type=Path, required=True, help="the trained map (.h5)")
    parser.add_argument("--data", type=Path, required=True, help="the data set it learnt (.h5)")
    for kind, shown in (("sequence", "a sequence"), ("images", "unrelated images")):
        parser.add_argument(
            f"--{kind}-frames", type=cli.whole(2, 10_000), required=True,
            help=f"frames to show of {shown}",
        )  # fmt: skip
        parser.add_argument(
            f"--{kind}-ms", type=cli.whole(20, 10_000, step=10), required=True,
            help=f"milliseconds per frame of {shown}",
        )  # fmt: skip
    parser.add_argument(
        "--animations", nargs="+", choices=names, metavar="NAME",
        help=f"which to make, of {', '.join(names)}; without it, all it has",
    )  # fmt: skip
    parser.add_argument("--output-folder", type=Path, required=True, help="for the .gif files")
    args = cli.parse(parser)

    model, data = read_map_and_data(args.model, args.data, with_snapshots=True)
    kind = "sequence" if data.is_sequence else "images"
    n_frames, frame_ms = getattr(args, f"{kind}_frames"), getattr(args, f"{kind}_ms")
    performance = performing.Performance(model, data, n_frames, frame_ms)
    known = animations_of(performance.traits)
    modules = (*model.experiment.modules, *modules_of(known))
    note = {**model.identity, **provenance.origin(cli.options(args, "animations"), modules)}
    for name in args.animations or [one.name for one in known]:
        gif = args.output_folder / f"{name}.gif"
        player.write(gif, performing.animate(name, performance), note)


if __name__ == "__main__":
    cli.run(main)
