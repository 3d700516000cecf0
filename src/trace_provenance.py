"""Print what made a file of the results, and of what, back to the raw data.

Every link is checked: whether the file that lies in the results is the one that was used, by the
sha256 of its content. `make provenance ARTIFACT=results/<experiment>/activity.gif` does the same.
"""

import json
import sys
from pathlib import Path

# Beside this script lies what it imports, whatever PYTHONSAFEPATH and PYTHONPATH say.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from topodream.files import cli
from topodream.origin import lineage, lineage_report


def main() -> None:
    """Follow a file's notes, print the chain."""
    parser = cli.parser(__doc__)
    parser.add_argument("artifact", type=Path, help="any file that the pipeline made")
    parser.add_argument(
        "--results", type=Path,
        help="the folder of results; without it, the nearest one above the file",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="for machines")
    args = parser.parse_args()

    found = lineage.trace(args.artifact, args.results)
    if args.json:
        print(json.dumps(lineage_report.as_mapping(found), indent=2))
    else:
        print(lineage_report.as_text(found))


if __name__ == "__main__":
    cli.run(main)
