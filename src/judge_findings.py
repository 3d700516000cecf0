"""Judge what was said about experiments by what was measured, and write it as JSON.

Every statement names what would bear it out, as measures and numbers; the verdict (holds, does
not hold, undecided), and whether an effect is seen, follow from the measured values of several
seeds alone.
"""

import sys
from pathlib import Path
from typing import Any

# Beside this script lies what it imports, whatever PYTHONSAFEPATH and PYTHONPATH say.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from topodream.files import cli, results
from topodream.files.storage import write_json
from topodream.measures.registry import MEASURES
from topodream.origin import provenance
from topodream.plan import findings


def claim(value: Any) -> None:
    """Refuse what is no claim."""
    side = "above" if "above" in value else "below"
    results.check_form(value, {"measure": str, "of": str, side: results.number})


QUESTIONS = {
    "statements": {results.ANY: {"said": str, "source": str, "seeds": [int], "claims": [claim]}},
    "replicates": {results.ANY: {results.ANY: results.name}},
}


def main() -> None:
    """Read statements and measures, judge, write."""
    parser = cli.parser(__doc__)
    parser.add_argument(
        "--questions",
        required=True,
        help="JSON, - for standard input: statements (name -> statement) and replicates "
        "(experiment -> seed -> the experiment with that seed); if there are some, not_measured "
        "(statement -> why its experiments can't be made)",
    )
    parser.add_argument(
        "--results", type=Path, required=True, help="where <experiment>/measures.json are"
    )
    parser.add_argument("--output", type=Path, required=True, help="the .json file to write")
    args = cli.parse(parser)

    measured: dict[str, dict[int, dict[str, float | None]]] = {}
    data: set[str] = set()
    read: dict[Path, dict[str, Any]] = {}
    questions = cli.from_json("--questions", args.questions)
    with cli.option("--questions"):
        not_measured = questions.get("not_measured", {})
        results.check_form(questions, QUESTIONS)
        results.check_form(not_measured, {results.ANY: str}, "not_measured")
        for experiment, names in questions["replicates"].items():
            for seed, name in names.items():
                path = args.results / name / "measures.json"
                read[path] = content = results.read_result(path, results.MEASURED)
                measured.setdefault(experiment, {})[int(seed)] = content["measures"]
                data.add(content["data"])
        found = findings.judge(questions["statements"], measured, MEASURES, not_measured)
    about = {"data": sorted(data), **provenance.of_measures(read)}
    origin = provenance.origin(questions)
    write_json(args.output, {"findings": found, **about, **origin})


if __name__ == "__main__":
    cli.run(main)
