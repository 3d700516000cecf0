"""Gather the measures of a sweep's points, over all its seeds, and write them as JSON."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# Beside this script lies what it imports, whatever PYTHONSAFEPATH and PYTHONPATH say.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from topodream.files import cli, results
from topodream.files.storage import write_json
from topodream.origin import provenance
from topodream.words import written

FORM = {
    "name": results.name,
    "question": str,
    "extends": str,
    "keys": [str],
    "measures": [str],
    "points": [{"values": [results.scalar], "replicates": {results.ANY: results.name}}],
}


def main() -> None:
    """Read the points' measures, write them together."""
    parser = cli.parser(__doc__)
    parser.add_argument(
        "--sweep",
        required=True,
        help="JSON, - for standard input: name, question, extends, keys, measures, and points "
        "with values and replicates",
    )
    parser.add_argument(
        "--results", type=Path, required=True, help="where <experiment>/measures.json are"
    )
    parser.add_argument("--output", type=Path, required=True, help="the .json file to write")
    args = cli.parse(parser)

    sweep = cli.from_json("--sweep", args.sweep)
    with cli.option("--sweep"):
        results.check_form(sweep, FORM)
        keys, points = sweep["keys"], sweep["points"]
        places = {
            args.results / name / "measures.json": (of["values"], int(seed))
            for of in points
            for seed, name in of["replicates"].items()
        }
        if not places:
            raise ValueError("it has no points, or none that was trained")
        read = {path: results.read_result(path, results.MEASURED) for path in places}
        of_points = [
            point(path, read[path], dict(zip(keys, values, strict=True)), seed)
            for path, (values, seed) in places.items()
        ]
        content = {
            "name": sweep["name"],
            "question": sweep["question"],
            "extends": sweep["extends"],
            "parameter": keys[0],
            "panels": sweep["measures"],
            "seeds": [int(seed) for seed in points[0]["replicates"]],
            "data": "; ".join(dict.fromkeys(measured["data"] for measured in read.values())),
            "points": of_points,
            **provenance.of_measures(read),
        }
    write_json(args.output, {**content, **provenance.origin({"sweep": sweep})})


def point(
    path: Path, measured: Mapping[str, Any], values: Mapping[str, Any], seed: int
) -> dict[str, Any]:
    """Return one dot of the picture: where it belongs, and what was measured there.

    ``settings`` are those that are swept; ``value`` is that of the first, ``line`` tells the others.
    """
    (_, value), *others = values.items()
    return {
        "name": path.parent.name,
        "value": written(value) if isinstance(value, bool) else value,
        "line": ", ".join(f"{key} = {written(other)}" for key, other in others),
        "settings": {key: written(swept) for key, swept in values.items()},
        "seed": seed,
        "diverged": measured["divergence"] is not None,
        "measures": measured["measures"],
    }


if __name__ == "__main__":
    cli.run(main)
