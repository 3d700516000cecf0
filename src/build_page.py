"""Write the page that shows experiments: settings, measures, pictures, where all came from.

One static file that links to the pictures beside it and needs no network. Shown is what is asked
for, and what else lies in the results if it is up to date with the config.
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

# Beside this script lies what it imports, whatever PYTHONSAFEPATH and PYTHONPATH say.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from topodream.files import cli
from topodream.files.reading import check_name
from topodream.files.results import ANY, check_form
from topodream.files.storage import write_text
from topodream.origin import provenance
from topodream.page import current, page
from topodream.plan.found import Found
from topodream.settings import datasets


def main() -> None:
    """Gather what the steps before have made, write the page and what it needs."""
    parser = cli.parser(__doc__)
    parser.add_argument(
        "--contents",
        required=True,
        help="JSON, - for standard input: experiments (name -> question, and pictures, a list of "
        "names; all in the order to show them); if there are some, datasets and sweeps (lists of names), groups (a list of "
        "headings: name, about, experiments), replicates (experiment -> the names of the same with other seeds, of which measures.json is read), baselines (names of experiments that have them, with their digests), findings (true to show findings.json), not_made (name -> question, and why it can't be made), besides (what "
        "else lies in the results, see topodream.plan.found)",
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
    with cli.option("--contents"):
        found = wanted.pop("besides", None)
        if found is not None:
            for key in ("experiments", "replicates", "sweeps", "datasets"):
                check_names(found[key], f"--contents: besides: {key}")
            check_form(found["experiments"], {ANY: page.SHOWN}, "besides: experiments")
            check_form(found["replicates"], {ANY: {"of": str}}, "besides: replicates")
            wanted = with_what_is_there(wanted, found, current.sort_out(results, found))
        findings = results / "findings.json" if wanted.get("findings", False) else None
        contents = page.Contents(**wanted | {"findings": findings})
        for key in ("experiments", "baselines", "datasets", "sweeps"):
            check_names(getattr(contents, key), f"--contents: {key}")
        check_form(contents.experiments, {ANY: page.SHOWN}, "experiments")
        check_form(contents.replicates, {ANY: [str]}, "replicates")
        for names in contents.replicates.values():
            check_names(names, "--contents: replicates")
        check_form(contents.not_made, {ANY: page.NOT_MADE}, "not_made")
    origin = provenance.origin(wanted, datasets.KIND_MODULES, also=page.TEMPLATE_FILES)
    write_text(args.output, page.render(results, contents, origin))


def check_names(names: Iterable[object], where: str) -> None:
    """Refuse names that lead out of the results, of which they name folders and files."""
    for name in names:
        check_name(name, where)


def with_what_is_there(
    wanted: dict[str, Any], found: Found, sound: page.Contents
) -> dict[str, Any]:
    """Return what is to be shown, and all else that is up to date, in the order of the config."""
    experiments = {**wanted["experiments"], **sound.experiments}
    datasets = {*wanted["datasets"], *sound.datasets}
    sweeps = {*wanted["sweeps"], *sound.sweeps}
    order = found["order"]
    return {
        **wanted,
        "experiments": {
            name: experiments[name] for name in order["experiments"] if name in experiments
        },
        "datasets": [name for name in order["datasets"] if name in datasets],
        "sweeps": [name for name in order["sweeps"] if name in sweeps],
        "replicates": {**wanted.get("replicates", {}), **sound.replicates},
        "findings": wanted["findings"] or sound.findings is not None,
        "left_out": dict(sound.left_out),
    }


if __name__ == "__main__":
    cli.run(main)
