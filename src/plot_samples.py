"""Draw what a data set holds: some training samples, by class where they have labels.

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
from topodream.pictures import pages, samples_figure, saving
from topodream.pictures.figure_parts import Figure


def main() -> None:
    """Read a data set, draw, save."""
    parser = cli.parser(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the data set (.h5)")
    parser.add_argument("--output", type=Path, required=True, help="the file to write")
    pages.add_options(parser)
    args = cli.parse(parser)

    kind = pages.format_of(args)
    data: Data | Photographs
    if read_hdf5(args.data, (*LAYOUTS, photographs.KIND.layout), parts=()).kind in LAYOUTS:
        data = read_data(args.data)
    else:
        data = photographs.read_photographs(args.data)
    note = provenance.picture_note(
        cli.options(args),
        packages=SAMPLES.packages,
        shows=data.described,
        data_sha256=data.content_sha256,
    )
    with pages.laid_out_for(args.width):
        saving.save(drawn(data, args.data.stem), args.output, note, kind)


def drawn(data: Data | Photographs, title: str) -> Figure:
    """Return the figure of a data set."""
    if isinstance(data, Data):
        return samples_figure.draw(data, title)
    return samples_figure.draw_photographs(data.pictures, data.names, title, f"{data.described}.")


if __name__ == "__main__":
    cli.run(main)
