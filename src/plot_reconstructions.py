"""Draw held-out samples beside their reconstructions by a trained map, as PNG.

Reconstructions use the activation the map was trained with, unless another is named.
"""

from pathlib import Path

import numpy as np
import threadpoolctl

from topodream import cli, figures, measures, provenance
from topodream.config import Mwta
from topodream.maps import read_map_and_data


def main() -> None:
    """Read a map and its data, reconstruct, draw, save."""
    parser = cli.parser(__doc__)
    parser.add_argument("--model", type=Path, required=True, help="the trained map (.h5)")
    parser.add_argument("--data", type=Path, required=True, help="the data set it learnt (.h5)")
    parser.add_argument("--count", type=cli.whole(1, 100), required=True, help="samples to draw")
    parser.add_argument(
        "--activation", choices=("drive", "excited"), help="instead of the one it was trained with"
    )
    parser.add_argument("--output", type=Path, required=True, help="the .png file to write")
    args = cli.parse(parser)

    model, data = read_map_and_data(args.model, args.data)
    experiment = model.experiment
    if args.activation is not None:
        experiment = measures.with_activation(experiment, args.activation)
    samples = data.held_out.vectors(experiment.dtype)
    chosen = figures.pick_samples(data.held_out, args.count)
    settings = experiment.settings
    if not isinstance(settings, Mwta) or settings.trace is None:
        samples, chosen = samples[chosen], np.arange(len(chosen))
    # With a trace, a reconstruction depends on the samples before it: all are shown.
    with threadpoolctl.threadpool_limits(1):
        responses = measures.show(model.trained.state, samples, experiment)
    figure = figures.reconstructions(
        samples[chosen],
        responses.reconstructions[chosen],
        model.image_shape,
        f"{model.title}: reconstructions"
        + (f", activation {settings.activation}" if isinstance(settings, Mwta) else ""),
        model.data,
    )
    note = provenance.picture_note("matplotlib", **model.identity)
    figures.save(figure, args.output, note)


if __name__ == "__main__":
    cli.run(main)
