"""Draw the measures of a sweep over the values of the swept setting, as PNG."""

from pathlib import Path

from topodream import cli, figures, provenance
from topodream.measures.descriptions import MEASURES
from topodream.storage import complete, read_json


def main() -> None:
    """Read a sweep's summary, draw, save."""
    parser = cli.parser(__doc__)
    parser.add_argument("--sweep", type=Path, required=True, help="the sweep's summary (.json)")
    parser.add_argument("--output", type=Path, required=True, help="the .png file to write")
    args = cli.parse(parser)

    sweep = read_json(args.sweep)
    with complete(args.sweep):
        points = [figures.SweepPoint(**point) for point in sweep["points"]]
        panels = [
            figures.Panel(name, MEASURES[name].label, MEASURES[name].null)
            for name in sweep["panels"]
        ]
        title = f"{sweep['name']}: {sweep['extends']} with other values of {sweep['parameter']}"
        figure = figures.sweep(points, panels, sweep["parameter"], title, sweep["data"])
    figures.save(figure, args.output, provenance.picture_note("matplotlib", sweep=sweep["name"]))


if __name__ == "__main__":
    cli.run(main)
