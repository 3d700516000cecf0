"""What the scripts have in common: a parser from their docstring, errors as one line."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from topodream.errors import InputError


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser whose help is a script's docstring."""
    return argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def run(main: Callable[[], None]) -> None:
    """Run a script; what is wrong with its input is said in one line, with status 1."""
    try:
        main()
    except InputError as error:
        sys.exit(f"{Path(sys.argv[0]).name}: error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
