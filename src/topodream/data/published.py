"""Data sets in MNIST's format that others publish: how their files are known, and their classes."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Published:
    """A data set of four IDX files.

    Attributes
    ----------
    title, licence : str
    mirrors : tuple of str
        Addresses of folders with the four files, gzipped.
    sha256 : mapping
        A file's name -> the digest of its raw (not compressed) content, which a copy that was
        gzipped again has too. None where that isn't known.
    packed_sha256 : mapping
        A file's name -> the digest of its .gz as published, where that of its content isn't known.
    classes : tuple of str
        Their names, by the labels; none where labels are numbers.
    """

    title: str
    licence: str
    mirrors: tuple[str, ...]
    sha256: Mapping[str, str] = field(default_factory=dict)
    packed_sha256: Mapping[str, str] = field(default_factory=dict)
    classes: tuple[str, ...] = ()

    def origin_of(self, name: str, sha256: str) -> str | None:
        """Return where a raw file is from, for readers, if its digest tells."""
        is_own = self.sha256.get(name) == sha256
        return f"{self.title}'s own, as published" if is_own else None


# Fashion-MNIST: the digests of its packed files in TensorFlow Datasets (url_checksums) and in its
# own repository (as MD5, in its README) agree; of the content of just these files are those here.
# KMNIST: of its packed files, TensorFlow Datasets and TorchVision (as MD5; sha256 in its port to
# Ruby) agree.
PUBLISHED = {
    "mnist": Published(
        "MNIST",
        "CC BY-SA 3.0, Yann LeCun and Corinna Cortes",
        (
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
        sha256={
            "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        },
    ),
    "fashion_mnist": Published(
        "Fashion-MNIST",
        "MIT, Zalando SE",
        (
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        ),
        sha256={
            "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        },
        classes=(
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
    ),
    "kmnist": Published(
        "KMNIST",
        "CC BY-SA 4.0, KMNIST Dataset (created by CODH), adapted from Kuzushiji Dataset (created by "
        "NIJL and others), doi:10.20676/00000341",
        ("http://codh.rois.ac.jp/kmnist/dataset/kmnist/",),
        packed_sha256={
            "train-images-idx3-ubyte": "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
            "train-labels-idx1-ubyte": "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
            "t10k-images-idx3-ubyte": "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
            "t10k-labels-idx1-ubyte": "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
        },
        classes=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
    ),
}
