"""Draw the tapestry of training images that windows pan over."""

import sys
from pathlib import Path

# Beside this script lies what it imports, whatever PYTHONSAFEPATH and PYTHONPATH say.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from topodream.data.tapestry import KIND, read_tapestry
from topodream.files import cli
from topodream.origin import provenance
from topodream.pictures import pages, saving, tapestry_figure


def main() -> None:
    """Read a tapestry, draw, save."""
    parser = cli.parser(__doc__)
    parser.add_argument("--tapestry", type=Path, required=True, help="the .h5 file of tapestries")
    parser.add_argument("--output", type=Path, required=True, help="the file to write")
    pages.add_options(parser)
    args = cli.parse(parser)

    kind = pages.format_of(args)
    woven = read_tapestry(args.tapestry)
    note = provenance.picture_note(
        cli.options(args),
        packages=KIND.picture.packages,
        shows=woven.described,
        data_sha256=woven.content_sha256,
    )
    with pages.laid_out_for(args.width):
        figure = tapestry_figure.draw(
            woven.pixels["train"],
            woven.form,
            f"{args.tapestry.stem}: of training images",
            woven.described,
        )
        saving.save(figure, args.output, note, kind)


if __name__ == "__main__":
    cli.run(main)
