"""Draw the measures of a sweep over the values of the swept setting."""

import dataclasses
import sys
from pathlib import Path

# Beside this script lies what it imports, whatever PYTHONSAFEPATH and PYTHONPATH say.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from topodream.files import cli, results
from topodream.files.digests import file_digest
from topodream.files.storage import complete
from topodream.measures.registry import MEASURES
from topodream.origin import provenance
from topodream.pictures import pages, saving, sweep_figure, sweep_in_words

KEYS = [field.name for field in dataclasses.fields(sweep_figure.SweepPoint)]


def main() -> None:
    """Read a sweep's summary, draw, save."""
    parser = cli.parser(__doc__)
    parser.add_argument("--sweep", type=Path, required=True, help="the sweep's summary (.json)")
    parser.add_argument("--output", type=Path, required=True, help="the file to write")
    pages.add_options(parser)
    args = cli.parse(parser)

    kind = pages.format_of(args)
    sweep = results.read_result(args.sweep, results.SWEEP)
    with complete(args.sweep), pages.laid_out_for(args.width):
        points = [
            sweep_figure.SweepPoint(**{key: point[key] for key in KEYS})
            for point in sweep["points"]
        ]
        panels = [panel(name) for name in sweep["panels"]]
        title = f"{sweep['name']}: {sweep['extends']} with other values of {sweep['parameter']}"
        figure = sweep_figure.sweep(points, panels, sweep["parameter"], title, sweep["data"])
        note = provenance.picture_note(
            cli.options(args),
            sweep=sweep["name"],
            settings=sweep["options"],
            sweep_sha256=file_digest(args.sweep),
            data_sha256=sweep["data_sha256"],
        )
        said = sweep_in_words.said(points, panels, sweep["parameter"])
        saving.save(figure, args.output, note, kind, said)


def panel(name: str) -> sweep_figure.SweepPanel:
    """Return what is drawn of a measure: with the one to compare it with, if there is one."""
    measure = MEASURES[name]
    if measure.null is None:
        return sweep_figure.SweepPanel(name, measure.label)
    return sweep_figure.SweepPanel(name, measure.label, measure.null, MEASURES[measure.null].label)


if __name__ == "__main__":
    cli.run(main)
