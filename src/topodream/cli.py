"""What the scripts have in common: a parser from their docstring, errors as one line."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from topodream.errors import InputError


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser whose help is a script's docstring."""
    return argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def from_json(option: str, text: str) -> dict[str, Any]:
    """Return the mapping that an option gives as JSON."""
    try:
        content = json.loads(text)
    except ValueError as error:
        raise InputError(f"{option}: not JSON ({error})") from error
    if not isinstance(content, dict):
        raise InputError(f"{option}: has to hold keys and values")
    return content


def run(main: Callable[[], None]) -> None:
    """Run a script; what is wrong with its input is said in one line, with status 1."""
    try:
        main()
    except InputError as error:
        sys.exit(f"{Path(sys.argv[0]).name}: error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
