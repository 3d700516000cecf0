"""Describe the results as an RO-Crate: which run of which code made which file, of what.

Writes ro-crate-metadata.json, and beside it a copy of the workflow, source_code/. Described is
what the page shows, and what that was made of. Equal results give equal bytes.
"""

import re
import sys
from argparse import ArgumentTypeError
from pathlib import Path

# Beside this script lies what it imports, whatever PYTHONSAFEPATH and PYTHONPATH say.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from topodream.files import cli
from topodream.files.storage import write_json
from topodream.origin import crate


def day(text: str) -> str:
    """Return a date as it should be written."""
    if not re.fullmatch(r"\d{4}-[01]\d-[0-3]\d", text):
        raise ArgumentTypeError(f"{text} is not allowed: a date such as 2024-12-31")
    return text


def main() -> None:
    """Copy the workflow, read all notes, write the crate's metadata."""
    parser = cli.parser(__doc__)
    parser.add_argument(
        "--date", type=day, help="of publication; without it, the day of the latest commit used"
    )
    parser.add_argument(
        "--points", action="store_true",
        help="describe points of sweeps and other seeds one by one too",
    )  # fmt: skip
    parser.add_argument(
        "--output", type=Path, required=True,
        help="the ro-crate-metadata.json to write, in the folder of results",
    )  # fmt: skip
    args = cli.parse(parser)

    results = args.output.parent
    crate.copy_code(results)
    write_json(args.output, crate.describe(results, args.date, points=args.points))


if __name__ == "__main__":
    cli.run(main)
