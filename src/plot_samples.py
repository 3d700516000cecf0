"""Draw what a data set holds, as PNG: some training samples, by class where they have labels."""

import sys
from pathlib import Path

# Beside this script lies what it imports, whatever PYTHONSAFEPATH and PYTHONPATH say.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from topodream.data.kind import SAMPLES
from topodream.data.samples import read_data
from topodream.files import cli
from topodream.origin import provenance
from topodream.pictures import canvas, samples_figure


def main() -> None:
    """Read a data set, draw, save."""
    parser = cli.parser(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the data set (.h5)")
    parser.add_argument("--output", type=Path, required=True, help="the .png file to write")
    args = cli.parse(parser)

    data = read_data(args.data)
    figure = samples_figure.draw(data, args.data.stem)
    note = provenance.picture_note(
        cli.options(args),
        packages=SAMPLES.packages,
        shows=data.described,
        data_sha256=data.content_sha256,
    )
    canvas.save(figure, args.output, note)


if __name__ == "__main__":
    cli.run(main)
