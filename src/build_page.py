"""Write the page that shows experiments: settings, measures, pictures, where all came from.

One static file that links to the pictures beside it and needs no network. With it come
thumbnails of the maps, and the scripts that hold the GIFs for the page's player.
"""

from pathlib import Path

from topodream import cli, page, provenance
from topodream.storage import write_text


def main() -> None:
    """Gather what the steps before have made, write the page and what it needs."""
    parser = cli.parser(__doc__)
    parser.add_argument(
        "--experiments", required=True, help="JSON: name -> question, in the order to show them"
    )
    parser.add_argument("--datasets", nargs="*", default=[], help="names of data sets to show")
    parser.add_argument(
        "--groups", default="[]", help="JSON: a list of headings: name, about, experiments"
    )
    parser.add_argument("--findings", type=Path, help="the findings to show (.json)")
    parser.add_argument("--sweeps", nargs="*", default=[], help="names of sweeps to show")
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        help="the .html file to write, in the folder of results",
    )
    args = cli.parse(parser)

    options = cli.options(args)
    options["experiments"] = cli.from_json("--experiments", args.experiments)
    options["groups"] = cli.from_json("--groups", args.groups, kind=list)
    contents = page.Contents(
        experiments=options["experiments"],
        datasets=args.datasets,
        groups=options["groups"],
        findings=args.findings,
        sweeps=args.sweeps,
    )
    # What the page is to show has no part in what is made for it.
    page.write_companions(args.output.parent, contents, provenance.record({}))
    origin = provenance.record(options, also=page.PARTS)
    write_text(args.output, page.render(args.output.parent, contents, origin))


if __name__ == "__main__":
    cli.run(main)
