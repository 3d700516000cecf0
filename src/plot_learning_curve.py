"""Draw a map's reconstruction error over the epochs of its training, as PNG."""

from pathlib import Path

from topodream import cli, figures, provenance
from topodream.errors import InputError
from topodream.maps import read_map
from topodream.storage import complete, read_json


def main() -> None:
    """Read a map and its measures, draw, save."""
    parser = cli.parser(__doc__)
    parser.add_argument("--model", type=Path, required=True, help="the trained map (.h5)")
    parser.add_argument("--measures", type=Path, required=True, help="its measures (.json)")
    parser.add_argument("--output", type=Path, required=True, help="the .png file to write")
    args = cli.parse(parser)

    model, measured = read_map(args.model), read_json(args.measures)
    with complete(args.measures):
        if measured["model_sha256"] != model.content_sha256:
            raise InputError(f"{args.measures}: are not the measures of {args.model}")
        figure = figures.learning_curve(
            model.trained.history.training_mse,
            measured["curve"],
            measured["measures"]["mean_image_mse"],
            f"{model.title}: learning curve",
            model.data,
        )
    note = provenance.picture_note("matplotlib", **model.identity)
    figures.save(figure, args.output, note)


if __name__ == "__main__":
    cli.run(main)
