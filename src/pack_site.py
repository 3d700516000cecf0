"""Pack a page with all that it needs into one ZIP, to send or to put on a web server.

That is pictures, frames, maps to draw on, measures and settings. Trained maps, data sets, GIFs and
logs stay where they are: the page hides their links. Equal results give equal bytes.
"""

import sys
from pathlib import Path

# Beside this script lies what it imports, whatever PYTHONSAFEPATH and PYTHONPATH say.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from topodream.files import cli
from topodream.origin import provenance
from topodream.page import site


def main() -> None:
    """Find what the page needs, pack it, say how large it is."""
    parser = cli.parser(__doc__)
    parser.add_argument("--page", type=Path, required=True, help="the page (index.html)")
    parser.add_argument("--output", type=Path, required=True, help="the .zip file to write")
    args = cli.parse(parser)

    packed = site.pack(args.page, args.output, provenance.origin(cli.options(args)))
    size = args.output.stat().st_size
    print(
        f"{args.output}: {packed.n_maps} maps in {packed.n_files:,} files, {size / 1e6:,.1f} MB; "
        f"unpacked {packed.n_bytes / 1e6:,.1f} MB"
    )


if __name__ == "__main__":
    cli.run(main)
