"""Write one experiment's complete settings: checked, ready for train.py.

The workflow merges them from config.yaml and passes them on:
`snakemake results/<experiment>/config.yaml`.
"""

import sys
from pathlib import Path

# Beside this script lies what it imports, whatever PYTHONSAFEPATH and PYTHONPATH say.
sys.path.insert(0, str(Path(__file__).resolve().parent))

import yaml

from topodream.files import cli
from topodream.files.storage import write_text
from topodream.origin import notes, provenance
from topodream.settings import config


def main() -> None:
    """Check settings and write them as YAML."""
    parser = cli.parser(__doc__)
    parser.add_argument("--settings", required=True, help="complete settings, as JSON")
    parser.add_argument("--output", type=Path, required=True, help="the .yaml file to write")
    args = cli.parse(parser)

    settings = cli.from_json("--settings", args.settings)
    experiment = config.experiment_from(settings, "--settings")
    resolved = yaml.safe_dump(config.to_mapping(experiment), sort_keys=False)
    # The file itself holds all that was asked for.
    write_text(args.output, notes.comment(".yaml", provenance.origin({})) + resolved)


if __name__ == "__main__":
    cli.run(main)
