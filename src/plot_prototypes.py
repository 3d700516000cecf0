"""Draw a trained map's prototypes at their units' places, as PNG."""

from pathlib import Path

from topodream import cli, figures, provenance
from topodream.maps import read_map


def main() -> None:
    """Read a map, draw, save."""
    parser = cli.parser(__doc__)
    parser.add_argument("--model", type=Path, required=True, help="the trained map (.h5)")
    parser.add_argument("--output", type=Path, required=True, help="the .png file to write")
    args = parser.parse_args()

    trained = read_map(args.model)
    experiment = trained.experiment
    figure = figures.prototypes(
        trained.trained.weights,
        trained.image_shape,
        experiment.grid,
        f"{experiment.name}: prototypes of {experiment.grid.rows} x {experiment.grid.cols} units",
        trained.data,
    )
    origin = provenance.record("matplotlib")
    note = provenance.picture_note(
        origin, experiment=experiment.name, data_sha256=trained.data_sha256
    )
    figures.save(figure, args.output, note)


if __name__ == "__main__":
    cli.run(main)
