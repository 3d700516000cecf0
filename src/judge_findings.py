"""Judge what was said about experiments by what was measured, and write it as JSON.

Every statement names what would bear it out, as measures and numbers; the verdict (holds, does
not hold, undecided) follows from the measured values of several seeds alone.
"""

from pathlib import Path
from typing import Any

from topodream import cli, findings, provenance
from topodream.measures.descriptions import MEASURES
from topodream.storage import complete, read_json, write_json


def main() -> None:
    """Read statements and measures, judge, write."""
    parser = cli.parser(__doc__)
    parser.add_argument(
        "--questions",
        required=True,
        help="JSON, - for standard input: statements (name -> statement) and replicates "
        "(experiment -> seed -> the experiment with that seed)",
    )
    parser.add_argument(
        "--results", type=Path, required=True, help="where <experiment>/measures.json are"
    )
    parser.add_argument("--output", type=Path, required=True, help="the .json file to write")
    args = cli.parse(parser)

    questions = cli.from_json("--questions", args.questions)
    with complete(Path("--questions")):
        statements, replicates = questions["statements"], questions["replicates"]
    measured: dict[str, dict[int, dict[str, float | None]]] = {}
    data: set[str] = set()
    read: dict[Path, dict[str, Any]] = {}
    for experiment, names in replicates.items():
        for seed, name in names.items():
            path = args.results / name / "measures.json"
            read[path] = content = read_json(path)
            with complete(path):
                measured.setdefault(experiment, {})[int(seed)] = content["measures"]
                data.add(content["data"])
    labels = {name: measure.label for name, measure in MEASURES.items()}
    found = findings.judge(statements, measured, labels)
    about = {"data": sorted(data), **provenance.of_measures(read)}
    origin = provenance.record(questions)
    write_json(args.output, {"findings": found, **about, **origin})


if __name__ == "__main__":
    cli.run(main)
