"""Uses an installed topodream as a notebook would: `make dist` runs it in an empty environment."""

import os
import tempfile
from importlib import metadata, resources
from pathlib import Path

import numpy as np

import topodream


def use():
    """Train each model, and read what was saved."""
    assert "site-packages" in topodream.__file__, topodream.__file__
    assert metadata.version("topodream") == topodream.__version__
    assert (resources.files(topodream) / "py.typed").is_file()
    images = np.random.default_rng(0).integers(0, 256, (500, 12, 12)).astype(np.uint8)
    for model in ("mwta", "sparse_dream", "foldiak"):
        trained = topodream.train(images, model=model, epochs=2, steps_per_epoch=100)
        topodream.save(trained, f"{model}.h5")
        same = topodream.read(f"{model}.h5")
        assert (same.prototypes == trained.prototypes).all()
        assert np.isfinite(topodream.respond(same, images[:9]).squared_error).all()
    print(f"topodream {topodream.__version__} as installed trains, saves, reads and responds.")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        use()
        os.chdir(Path(folder).parent)
