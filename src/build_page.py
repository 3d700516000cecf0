"""Write the page that shows experiments: settings, measures, pictures, where all came from.

One static file that links to the pictures beside it and needs no network.
"""

from pathlib import Path

from topodream import cli, page
from topodream.storage import write_text


def main() -> None:
    """Gather what the steps before have made, write the page."""
    parser = cli.parser(__doc__)
    parser.add_argument(
        "--experiments", required=True, help="JSON: name -> question, in the order to show them"
    )
    parser.add_argument("--datasets", nargs="*", default=[], help="names of data sets to show")
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        help="the .html file to write, in the folder of results",
    )
    args = cli.parse(parser)

    experiments = cli.from_json("--experiments", args.experiments)
    html = page.render(args.output.parent, experiments, args.datasets)
    write_text(args.output, html)


if __name__ == "__main__":
    cli.run(main)
