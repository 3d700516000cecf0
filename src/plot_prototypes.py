"""Draw a trained map's prototypes at their units' places, as PNG."""

from pathlib import Path

from topodream import cli, figures, provenance
from topodream.maps import read_map


def main() -> None:
    """Read a map, draw, save."""
    parser = cli.parser(__doc__)
    parser.add_argument("--model", type=Path, required=True, help="the trained map (.h5)")
    parser.add_argument("--output", type=Path, required=True, help="the .png file to write")
    args = cli.parse(parser)

    model = read_map(args.model)
    experiment = model.experiment
    figure = figures.prototypes(
        model.trained.weights,
        model.image_shape,
        experiment.grid,
        f"{model.title}: prototypes of {experiment.grid.rows} x {experiment.grid.cols} units",
        model.data,
    )
    note = provenance.picture_note("matplotlib", **model.identity)
    figures.save(figure, args.output, note)


if __name__ == "__main__":
    cli.run(main)
