"""Make the digits that come with the package, from MNIST's training files.

Of each class the first 400 training images are for training and the next 100 are held
out, both in MNIST's own order. Their positions in MNIST are kept beside them. The result
is in src/topodream/data/embedded; this script is how it came about, no step of the pipeline.
"""

import gzip
import sys
from pathlib import Path

# Beside this script lies what it imports, whatever PYTHONSAFEPATH and PYTHONPATH say.
sys.path.insert(0, str(Path(__file__).resolve().parent))

import numpy as np

from topodream.data import idx, mnist
from topodream.files import cli
from topodream.files.storage import written_whole

TRAIN_PER_CLASS, HELD_OUT_PER_CLASS = 400, 100


def main() -> None:
    """Read MNIST's training files, choose, write six IDX files."""
    parser = cli.parser(__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="folder of MNIST's IDX files")
    parser.add_argument("--output", type=Path, required=True, help="folder to write to")
    args = parser.parse_args()

    names = [name for name in mnist.MNIST_SHA256 if name.startswith("train")]
    raw = idx.read_idx_folder(args.folder, names)
    images, labels = (idx.parse_idx(raw[name], name) for name in names)
    chosen = mnist.select_balanced(labels, TRAIN_PER_CLASS, HELD_OUT_PER_CLASS)
    for part, indices in zip(("train", "held-out"), chosen, strict=True):
        files = {
            f"{part}-images-idx3-ubyte": images[indices],
            f"{part}-labels-idx1-ubyte": labels[indices],
            f"{part}-indices-idx1-int": indices.astype(np.int32),
        }
        for name, array in files.items():
            with written_whole(args.output / f"{name}.gz") as temporary:
                packed = gzip.compress(idx.to_idx(array), compresslevel=9, mtime=0)
                temporary.write_bytes(packed)


if __name__ == "__main__":
    cli.run(main)
