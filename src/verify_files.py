"""Print which .h5 and .json files in folders are damaged; status 1 if there are any.

For a cache that clones share, or for results that were copied. Every file is read whole. What
can't be read for the moment is printed too, and counted apart: it may be sound.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

# Beside this script lies what it imports, whatever PYTHONSAFEPATH and PYTHONPATH say.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from tqdm import tqdm

from topodream.files import cli
from topodream.files.errors import ContentError, InputError
from topodream.files.reading import readable
from topodream.files.storage import read_hdf5, read_json


def main() -> None:
    """Go through all files, print what is wrong with some."""
    parser = cli.parser(__doc__)
    parser.add_argument("folders", type=Path, nargs="+", help="or single files")
    args = parser.parse_args()

    files = sorted({file for folder in args.folders for file in files_in(folder)})
    faults = [fault for file in tqdm(files, unit="file", disable=None) if (fault := fault_of(file))]
    for fault in faults:
        print(fault)
    n_damaged = sum(isinstance(fault, ContentError) for fault in faults)
    n_others = len(faults) - n_damaged
    others = f", {n_others:,} could not be read" if n_others else ""
    print(f"{len(files):,} files, {n_damaged:,} damaged{others}")
    sys.exit(bool(faults))


def files_in(folder: Path) -> Iterator[Path]:
    """Yield the files in a folder, or the file that it is."""
    with readable(folder):
        if not folder.is_dir():
            yield folder
            return
    # Path.rglob would leave out, without a word, what it may not list.
    for home, folders, names in os.walk(folder, onerror=refuse):
        found = (name for name in names + folders if name.endswith((".h5", ".json")))
        yield from (Path(home, name) for name in found)


def refuse(error: OSError) -> None:
    """Raise what hinders looking into a folder."""
    raise error


def fault_of(file: Path) -> InputError | None:
    """Return what is wrong with a file, or hinders reading it."""
    try:
        if file.suffix == ".h5":
            read_hdf5(file, None, parts=())
        else:
            read_json(file)
    except InputError as error:
        return error
    return None


if __name__ == "__main__":
    cli.run(main)
