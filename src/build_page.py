"""Write the page that shows experiments: settings, measures, pictures, where all came from.

One static file that links to the pictures beside it and needs no network. With it come
thumbnails of the maps, and the scripts that hold the GIFs for the page's player.
"""

import sys
from pathlib import Path

# Beside this script lies what it imports, whatever PYTHONSAFEPATH and PYTHONPATH say.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from topodream import cli, page, provenance
from topodream.files import check_name
from topodream.storage import write_text


def main() -> None:
    """Gather what the steps before have made, write the page and what it needs."""
    parser = cli.parser(__doc__)
    parser.add_argument(
        "--contents",
        required=True,
        help="JSON, - for standard input: experiments (name -> question, in the order to show "
        "them); if there are some, datasets and sweeps (lists of names), groups (a list of "
        "headings: name, about, experiments), findings (true to show findings.json)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        help="the .html file to write, in the folder of results",
    )
    args = cli.parse(parser)

    results = args.output.parent
    wanted = cli.from_json("--contents", args.contents)
    # What the page is to show has no part in what is made for it.
    origin_of_companions, origin = provenance.record({}), provenance.record(wanted, also=page.PARTS)
    with cli.option("--contents"):
        findings = results / "findings.json" if wanted.pop("findings", False) else None
        contents = page.Contents(**wanted, findings=findings)
        # They name folders and files of the results: none may lead elsewhere.
        for key in ("experiments", "datasets", "sweeps"):
            for name in getattr(contents, key):
                check_name(name, f"--contents: {key}")
    page.write_companions(results, contents, origin_of_companions)
    write_text(args.output, page.render(results, contents, origin))


if __name__ == "__main__":
    cli.run(main)
