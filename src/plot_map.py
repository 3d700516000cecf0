"""Draw the figures of a trained map, each as a file in a folder, its thumbnail, and its script.

All that the map has, or those that are named. Reconstructions use the activation the map
was trained with, unless another is named.
"""

import json
import sys
from pathlib import Path

# Beside this script lies what it imports, whatever PYTHONSAFEPATH and PYTHONPATH say.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from topodream.files import cli, results
from topodream.files.digests import file_digest
from topodream.files.errors import InputError
from topodream.origin import provenance
from topodream.pictures import drawing, laboratory, packing, pages, saving, thumbnails
from topodream.pictures.figures import FIGURES, figures_of
from topodream.pictures.picture import find, modules_of
from topodream.training.map_file import read_map_and_data

# What figures need of the measures, besides the rest.
MEASURED = results.MEASURED | {
    "curve": results.curve,
    "measures": {
        "mean_image_mse": results.number,
        "neighbour_correlation": results.number_or_none,
        "random_correlation": results.number_or_none,
    },
}


def main() -> None:
    """Read a map, its data and its measures; draw, save."""
    parser = cli.parser(__doc__)
    names = [figure.name for figure in FIGURES]
    parser.add_argument("--model", type=Path, required=True, help="the trained map (.h5)")
    parser.add_argument("--data", type=Path, required=True, help="the data set it learnt (.h5)")
    parser.add_argument("--measures", type=Path, required=True, help="its measures (.json)")
    parser.add_argument(
        "--count",
        type=cli.whole(1, 100),
        required=True,
        help="held-out samples to draw beside their reconstructions",
    )
    parser.add_argument(
        "--activation", choices=("drive", "excited"), help="instead of the one it was trained with"
    )
    parser.add_argument(
        "--figures", nargs="+", choices=names, metavar="NAME",
        help=f"which to draw, of {', '.join(names)}; without it, all that the map has",
    )  # fmt: skip
    parser.add_argument("--thumbnail", type=Path, help="a .png file for the map, small")
    parser.add_argument(
        "--laboratory", type=Path, help="a .js file by which a page shows it at work"
    )
    parser.add_argument("--output-folder", type=Path, required=True, help="for the figures")
    pages.add_options(parser)
    args = cli.parse(parser)

    model, data = read_map_and_data(args.model, args.data)
    measured = results.read_result(args.measures, MEASURED)
    if measured["model_sha256"] != model.content_sha256:
        raise InputError(f"{args.measures}: are not the measures of {args.model}")
    material = drawing.Material(
        model=model,
        data=data,
        curve=measured["curve"],
        measures=measured["measures"],
        count=args.count,
        activation=args.activation,
    )
    known = figures_of(material.traits)
    note = provenance.picture_note(
        cli.options(args, "figures"),
        (*model.experiment.modules, *modules_of(known)),
        **model.identity,
        measures_sha256=file_digest(args.measures),
    )
    kind = pages.format_of(args)
    for name in args.figures or [figure.name for figure in known]:
        with pages.laid_out_for(args.width):
            figure = drawing.draw(name, material)
            said = find(name, known, model.experiment.name).say(material)
            saving.save(figure, args.output_folder / f"{name}.{kind}", note, kind, said)
    if args.thumbnail is not None:
        weights, experiment = model.trained.weights, model.experiment
        alive = model.alive(weights, experiment.epochs)
        drawn = thumbnails.draw(weights, experiment.grid, model.form, alive)
        thumbnails.write(args.thumbnail, drawn, note)
    if args.laboratory is not None:
        packing.write_script(args.laboratory, laboratory.gather(material), json.loads(note))


if __name__ == "__main__":
    cli.run(main)
