"""Write a data set of CIFAR-10's images: training and held-out ones, as bytes, in HDF5.

Sources:
  binary  data_batch_1.bin to data_batch_5.bin, as many as there are, and test_batch.bin
  keras   all of it, by TensorFlow's Keras (needs the extra `tensorflow`)
"""

import sys
from pathlib import Path

# Beside this script lies what it imports, whatever PYTHONSAFEPATH and PYTHONPATH say.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from topodream.data import cifar10, samples
from topodream.files import cli
from topodream.files.storage import write_hdf5
from topodream.origin import provenance


def main() -> None:
    """Read the source that was asked for, write it."""
    parser = cli.parser(__doc__)
    parser.add_argument("--source", choices=("binary", "keras"), required=True)
    parser.add_argument("--folder", type=Path, help="binary: the folder of batches")
    parser.add_argument(
        "--files", type=Path, nargs="*", default=[], help="binary: in place of a folder, the files"
    )
    parser.add_argument("--colours", choices=("rgb", "grey"), required=True, help="of pixels")
    parser.add_argument("--output", type=Path, required=True, help="the .h5 file to write")
    args = cli.parse(parser)
    if args.source == "binary" and args.folder is None and not args.files:
        parser.error("--source binary needs --folder or --files")

    files = args.files
    if args.source == "binary" and not files:
        files = list(cifar10.batches(args.folder).values())
    content = cifar10.cifar10_content(args.source, files, args.colours)
    origin = provenance.origin(cli.options(args, "files"), packages=cifar10.KIND.packages)
    write_hdf5(args.output, content, origin)
    print(f"{args.output}: {samples.in_words(content)}")


if __name__ == "__main__":
    cli.run(main)
