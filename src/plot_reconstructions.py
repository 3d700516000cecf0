"""Draw held-out samples beside their reconstructions by a trained map, as PNG.

Reconstructions use the activation the map was trained with, unless another is named.
"""

from pathlib import Path

import threadpoolctl

from topodream import cli, figures, measures, provenance
from topodream.datasets import read_data
from topodream.maps import read_map


def main() -> None:
    """Read a map and its data, reconstruct, draw, save."""
    parser = cli.parser(__doc__)
    parser.add_argument("--model", type=Path, required=True, help="the trained map (.h5)")
    parser.add_argument("--data", type=Path, required=True, help="the data set it learnt (.h5)")
    parser.add_argument("--count", type=int, required=True, help="samples to draw")
    parser.add_argument(
        "--activation", choices=("drive", "excited"), help="instead of the one it was trained with"
    )
    parser.add_argument("--output", type=Path, required=True, help="the .png file to write")
    args = parser.parse_args()

    trained, data = read_map(args.model), read_data(args.data)
    experiment = trained.experiment
    if args.activation is not None:
        experiment = measures.with_activation(experiment, args.activation)
    samples = data.held_out.vectors(experiment.dtype)
    chosen = figures.pick_samples(data.held_out, args.count)
    with threadpoolctl.threadpool_limits(1):
        # All of them: with a trace, a reconstruction depends on the samples before it.
        responses = measures.answer(trained.trained.weights, samples, experiment)
    figure = figures.reconstructions(
        samples[chosen],
        responses.reconstructions[chosen],
        trained.image_shape,
        f"{experiment.name}: reconstructions, activation {experiment.mwta.activation}",
        trained.data,
    )
    origin = provenance.record("matplotlib")
    note = provenance.picture_note(
        origin, experiment=experiment.name, data_sha256=trained.data_sha256
    )
    figures.save(figure, args.output, note)


if __name__ == "__main__":
    cli.run(main)
