"""Print which .h5 and .json files in folders are damaged; status 1 if there are any.

For a cache that clones share, or for results that were copied. Every file is read whole.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

# Beside this script lies what it imports, whatever PYTHONSAFEPATH and PYTHONPATH say.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from tqdm import tqdm

from topodream import cli, notes
from topodream.errors import InputError
from topodream.storage import read_hdf5, read_json


def main() -> None:
    """Go through all files, print what is wrong with some."""
    parser = cli.parser(__doc__)
    parser.add_argument("folders", type=Path, nargs="+", help="or single files")
    args = parser.parse_args()

    files = sorted({file for folder in args.folders for file in files_in(folder)})
    faults = [fault for file in tqdm(files, unit="file", disable=None) if (fault := fault_of(file))]
    for fault in faults:
        print(fault)
    print(f"{len(files):,} files, {len(faults):,} damaged")
    sys.exit(bool(faults))


def files_in(folder: Path) -> Iterator[Path]:
    """Yield the files in a folder, or the file that it is."""
    if not folder.is_dir():
        yield folder
    for suffix in (".h5", ".json"):
        yield from folder.rglob(f"*{suffix}")


def fault_of(file: Path) -> str | None:
    """Return what is wrong with a file, in one line."""
    try:
        if file.suffix == ".h5":
            read_hdf5(file, notes.KINDS, parts=())
        else:
            read_json(file)
    except InputError as error:
        return str(error)
    return None


if __name__ == "__main__":
    cli.run(main)
