"""Write one experiment's complete settings: checked, merged, ready for train.py.

By hand, name the config file and the experiment in it. The workflow, whose config may
come from several places, passes the settings it has merged already.
"""

from pathlib import Path

import yaml

from topodream import cli, config
from topodream.errors import InputError
from topodream.storage import write_text


def main() -> None:
    """Resolve an experiment and write it as YAML."""
    parser = cli.parser(__doc__)
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument("--config", type=Path, help="the file that defines experiments")
    given.add_argument("--settings", help="complete settings, as JSON")
    parser.add_argument("--experiment", help="with --config: the experiment's name")
    parser.add_argument("--output", type=Path, required=True, help="the .yaml file to write")
    args = cli.parse(parser)

    if args.config is not None and args.experiment is None:
        parser.error("--config needs --experiment")
    if args.settings is not None:
        settings = cli.from_json("--settings", args.settings)
        experiment = config.experiment_from(settings, "--settings")
    else:
        experiments = config.resolve(config.read_yaml(args.config)).experiments
        if args.experiment not in experiments:
            known = ", ".join(experiments)
            raise InputError(
                f"--experiment {args.experiment}: not in {args.config}, one of {known}"
            )
        experiment = experiments[args.experiment]
    write_text(args.output, yaml.safe_dump(config.to_mapping(experiment), sort_keys=False))


if __name__ == "__main__":
    cli.run(main)
