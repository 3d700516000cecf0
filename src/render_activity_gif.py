"""Show a trained map at work as a GIF: input, activity on the grid, reconstruction.

Frames are held-out samples in their order; one scale of activity holds for all of them.
"""

from pathlib import Path

import threadpoolctl

from topodream import animation, cli, measures, provenance
from topodream.maps import read_map_and_data


def main() -> None:
    """Read a map and its data, let it answer, put frames together, write them."""
    parser = cli.parser(__doc__)
    parser.add_argument("--model", type=Path, required=True, help="the trained map (.h5)")
    parser.add_argument("--data", type=Path, required=True, help="the data set it learnt (.h5)")
    parser.add_argument("--frames", type=cli.whole(2, 10_000), required=True, help="frames to show")
    parser.add_argument(
        "--sequence-ms",
        type=cli.whole(20, 10_000, step=10),
        required=True,
        help="milliseconds per frame of a sequence",
    )
    parser.add_argument(
        "--images-ms",
        type=cli.whole(20, 10_000, step=10),
        required=True,
        help="milliseconds per image among unrelated ones",
    )
    parser.add_argument("--output", type=Path, required=True, help="the .gif file to write")
    args = cli.parse(parser)

    model, data = read_map_and_data(args.model, args.data)
    experiment, grid = model.experiment, model.experiment.grid
    samples = data.held_out.vectors(experiment.dtype, args.frames)
    with threadpoolctl.threadpool_limits(1):
        responses = measures.show(model.trained.state, samples, experiment)
    height, width = model.image_shape
    scale = animation.activity_scale(responses.activity)
    images = [
        animation.grey_levels(values.reshape(-1, height, width))
        for values in (samples, responses.reconstructions)
    ]
    activity = animation.activity_levels(grid.sheet(responses.activity), scale)
    panels = [
        animation.Panel(f"input, {height} x {width}", images[0]),
        animation.Panel(f"activity of {grid.rows} x {grid.cols} units", activity),
        animation.Panel("reconstruction", images[1]),
    ]
    shown = "held-out" if model.trained.divergence is None else "diverged"
    caption = f"{experiment.name}, {shown}"
    note = provenance.picture_note("imageio", "matplotlib", "pillow", **model.identity)
    animation.write_gif(
        args.output,
        animation.side_by_side(panels, caption, scale),
        args.sequence_ms if data.is_sequence else args.images_ms,
        note,
    )


if __name__ == "__main__":
    cli.run(main)
