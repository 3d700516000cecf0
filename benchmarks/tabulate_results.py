"""Renew the tables of docs/results.md from what was measured, in results/.

A table stands between two comments, of which the first names its maps and its measures:

    <!-- maps: patches, patches-no-lateral; measures: held_out_mse, correlation_gain -->
    <!-- end -->

A line is of a map and its replicates with other seeds: the least and the largest value. Lines of
maps that are not in the results stay as they are.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "src"))

from topodream.measures.registry import MEASURES  # noqa: E402

TABLE = re.compile(r"<!-- maps: ([^;]+); measures: ([^;]+?) -->\n(.*?)<!-- end -->", re.DOTALL)
NOT_MEASURED = "—"


def values_of(results: Path, name: str) -> list[Mapping[str, float | None]]:
    """Return the measures of a map, and of its replicates; empty if it is not there."""
    folders = [results / name, *sorted(results.glob(f"{name}--seed-*"))]
    files = [folder / "measures.json" for folder in folders]
    return [json.loads(file.read_text())["measures"] for file in files if file.exists()]


def span(found: list[Mapping[str, float | None]], measure: str) -> str:
    """Return the least and the largest value, as the measure is written."""
    numbers = [one[measure] for one in found if one[measure] is not None]
    if not numbers:
        return NOT_MEASURED
    written = [format(number, MEASURES[measure].form) for number in (min(numbers), max(numbers))]
    return " to ".join(dict.fromkeys(written))


def table(maps: list[str], measures: list[str], results: Path, old: Mapping[str, str]) -> str:
    """Return a table in Markdown; ``old`` has the lines it had, by the maps they are of."""

    def lines() -> Iterator[str]:
        yield "| map | seeds | " + " | ".join(MEASURES[name].label for name in measures) + " |"
        yield "|---|--:|" + "--:|" * len(measures)
        for name in maps:
            if found := values_of(results, name):
                spans = " | ".join(span(found, measure) for measure in measures)
                yield f"| `{name}` | {len(found)} | {spans} |"
            else:
                empty = f"| `{name}` | 0 |" + f" {NOT_MEASURED} |" * len(measures)
                yield old.get(name, empty)

    return "\n".join(lines())


def renewed(text: str, results: Path) -> str:
    """Return the page with its tables renewed."""

    def renew(match: re.Match[str]) -> str:
        maps, measures = (part.split(", ") for part in match.groups()[:2])
        begin = f"<!-- maps: {match[1]}; measures: {match[2]} -->"
        old = {
            row[1]: row[0] for row in re.finditer(r"^\| `([^`]+)` \|.*$", match[3], re.MULTILINE)
        }
        return f"{begin}\n\n{table(maps, measures, results, old)}\n\n<!-- end -->"

    return TABLE.sub(renew, text)


def main() -> None:
    """Read the results, renew the page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--results", type=Path, default=ROOT / "results")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "results.md")
    args = parser.parse_args()
    args.page.write_text(renewed(args.page.read_text(), args.results))


if __name__ == "__main__":
    main()
