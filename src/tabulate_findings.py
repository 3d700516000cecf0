"""Write the findings as a table in Markdown: what was said, the verdict, the effect, the numbers."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# Beside this script lies what it imports, whatever PYTHONSAFEPATH and PYTHONPATH say.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from topodream.files import cli, results
from topodream.files.digests import file_digest
from topodream.files.storage import complete, write_text
from topodream.origin import notes, provenance


def main() -> None:
    """Read the findings, write the table."""
    parser = cli.parser(__doc__)
    parser.add_argument("--findings", type=Path, required=True, help="the findings (.json)")
    parser.add_argument("--output", type=Path, required=True, help="the .md file to write")
    args = cli.parse(parser)

    content = results.read_result(args.findings, results.FINDINGS | {"data": [str]})
    with complete(args.findings):
        lines = [row(finding) for finding in content["findings"]]
        data = "; ".join(content["data"])
        note = {
            "findings_sha256": file_digest(args.findings),
            "data_sha256": content["data_sha256"],
            **provenance.origin(cli.options(args)),
        }
    about = (
        "Every claim gives the mean over seeds with its 95 % confidence interval. A statement holds "
        "where all of its claims do, does not hold where one fails, and is undecided else. An effect "
        "may be there though it isn't as large as claimed: what is seen of it is said too. What needs "
        "data that the study had no source of is not measured."
    )
    head = "| what was said | verdict | claims |\n|---|---|---|"
    table = "\n".join([f"# Findings\n\nData: {data}. {about}\n\n{head}", *lines, ""])
    write_text(args.output, f"{table}\n{notes.comment('.md', note)}")


def row(finding: Mapping[str, Any]) -> str:
    """Return a finding as a line of the table."""
    claims = "<br>".join(claim_text(claim) for claim in finding["claims"])
    said = f"{finding['said']} *({finding['source']})*"
    verdict = f"**{finding['verdict']}**"
    if finding["effects"]:
        verdict += f"<br>effect: {'; '.join(finding['effects'])}"
    if finding["why"]:
        verdict += f"<br>{finding['why']}"
    return f"| {said} | {verdict} | {claims} |"


def claim_text(claim: Mapping[str, Any]) -> str:
    """Return a claim with what was measured, whether it holds, and what is seen of an effect."""
    if claim["mean"] is None:
        measured = "not measured"
    elif claim["low"] is None:
        measured = f"{claim['mean']:.3g}"
    else:
        spread = f"{claim['low']:.3g} to {claim['high']:.3g}, {len(claim['values'])} seeds"
        measured = f"{claim['mean']:.3g} ({spread})"
    text = f"{claim['text']}: {measured}, {claim['verdict']}"
    if claim["effect"]:
        none = f"{claim['effect']['without']:.3g}"
        by = f", {claim['null']}" if claim["null"] else ""
        text += f"; effect {claim['effect']['seen']} (without one: {none}{by})"
    return text


if __name__ == "__main__":
    cli.run(main)
