"""Draw what a data set holds, as PNG: some training samples, by class where they have labels.

Of photographs, these.
"""

import sys
from pathlib import Path

# Beside this script lies what it imports, whatever PYTHONSAFEPATH and PYTHONPATH say.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from topodream.data import photographs
from topodream.data.kind import SAMPLES
from topodream.data.photographs import Photographs
from topodream.data.samples import LAYOUTS, Data, read_data
from topodream.files import cli
from topodream.files.storage import read_hdf5
from topodream.origin import provenance
from topodream.pictures import canvas, samples_figure


def main() -> None:
    """Read a data set, draw, save."""
    parser = cli.parser(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the data set (.h5)")
    parser.add_argument("--output", type=Path, required=True, help="the .png file to write")
    args = cli.parse(parser)

    data: Data | Photographs
    if read_hdf5(args.data, (*LAYOUTS, photographs.KIND.layout), parts=()).kind in LAYOUTS:
        data = read_data(args.data)
        figure = samples_figure.draw(data, args.data.stem)
    else:
        data = photographs.read_photographs(args.data)
        figure = samples_figure.draw_photographs(
            data.pictures, data.names, args.data.stem, f"{data.described}."
        )
    note = provenance.picture_note(
        cli.options(args),
        packages=SAMPLES.packages,
        shows=data.described,
        data_sha256=data.content_sha256,
    )
    canvas.save(figure, args.output, note)


if __name__ == "__main__":
    cli.run(main)
