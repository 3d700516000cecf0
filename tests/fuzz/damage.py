"""What can be wrong with a file, a name or a tree of settings, each by its name.

Damage of files is a function of the file's path and a random generator. It changes what is there
and nothing else.
"""

import copy
import gzip
import json
import os
import shutil
from functools import cache

import h5py
import numpy as np
import yaml

from topodream.files.storage import DIGEST, json_digest, seal

# ------------------------------------------------------------------ bytes


def truncated(raw, rng):
    return raw[: rng.randrange(len(raw))]


def bits_flipped(raw, rng):
    raw = bytearray(raw)
    for _ in range(rng.choice([1, 1, 3, 20])):
        raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
    return bytes(raw)


def inserted(raw, rng):
    at = rng.randrange(len(raw) + 1)
    return raw[:at] + rng.randbytes(rng.choice([1, 4, 100])) + raw[at:]


def zeroed(raw, rng):
    at = rng.randrange(len(raw))
    length = min(rng.choice([1, 16, 512, 4096]), len(raw) - at)
    return raw[:at] + bytes(length) + raw[at + length :]


def noise(raw, rng):
    return rng.randbytes(rng.choice([1, 4, 700, 5000]))


def empty(raw, rng):
    return b""


BYTES = {f.__name__: f for f in (truncated, bits_flipped, inserted, zeroed, noise, empty)}

# ------------------------------------------------------------------ places


def missing(path, rng):
    path.unlink()


def folder(path, rng):
    path.unlink()
    path.mkdir()


def dangling_link(path, rng):
    path.unlink()
    path.symlink_to(path.with_name("not there"))


def link_to_itself(path, rng):
    path.unlink()
    path.symlink_to(path)


def pipe(path, rng):
    path.unlink()
    os.mkfifo(path)


def device(path, rng):
    path.unlink()
    path.symlink_to(rng.choice(["/dev/zero", "/dev/full", "/dev/urandom", "/dev/null"]))


def no_permission(path, rng):
    path.chmod(0)


def link_to_damage(path, rng):
    """What a broken entry of a cache looks like."""
    entry = path.with_name(f"cached-{path.name}")
    path.rename(entry)
    path.symlink_to(entry)
    entry.write_bytes(truncated(entry.read_bytes(), rng))


def sound_link(path, rng):
    """What a sound entry of a cache looks like: no damage at all."""
    entry = path.with_name(f"cached-{path.name}")
    path.rename(entry)
    path.symlink_to(entry)


PLACES = {
    f.__name__: f
    for f in (
        missing, folder, dangling_link, link_to_itself, pipe, device, no_permission,
        link_to_damage, sound_link,
    )
}  # fmt: skip

# ------------------------------------------------------------------ size


def huge(path, rng):
    """Claim, or unpack to, far more than there is room for."""
    kind = path.suffix
    if rng.random() < 0.2:
        os.truncate(path, 2**40)
    elif kind == ".h5":
        huge_hdf5(path, rng)
    elif kind in (".json", ".yaml"):
        path.write_text(rng.choice(list(HUGE_TEXTS.values()))())
    elif kind == ".gz":
        head = rng.choice([b"\0\0\x08\x01\0\0\0\x09", b"\0\0\x08\x03" + b"\xff" * 12, b""])
        path.write_bytes(gzip.compress(head) + bomb() * 40)
    else:
        path.write_bytes(b"\0\0\x08\x04" + b"\xff" * 16 + bytes(100))


@cache
def bomb():
    """A member of a gzip file: 16 MiB in 16 kB."""
    return gzip.compress(bytes(2**24), 9)


HUGE_TEXTS = {
    "deep": lambda: "[" * 200_000,
    "deep mappings": lambda: '{"a":' * 50_000,
    "laughs": lambda: "\n".join(
        ["a0: &a0 [x, x]"] + [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 9)]
    ),
    "number": lambda: '{"a": ' + "9" * 10_000 + "}",
    "hexadecimal": lambda: "a: 0x" + "f" * 10_000,
    "infinite": lambda: '{"a": 1e999, "b": NaN}',
    "itself": lambda: "&a {a: *a}",
}


def huge_hdf5(path, rng):
    with h5py.File(path, "a") as file:
        name = rng.choice(names_in(file))
        dtype, ndim = file[name].dtype, max(1, file[name].ndim)
        del file[name]
        shape = (rng.choice([2**33, 2**45]),) + (1,) * (ndim - 1)
        options = rng.choice([{"chunks": (1,) * ndim, "compression": "gzip"}, {"chunks": True}, {}])
        file.create_dataset(name, shape, dtype, **options)
    sealed(path)


# ------------------------------------------------------------------ forged content


def sealed(path):
    raw = bytearray(path.read_bytes())
    seal(raw)
    path.write_bytes(raw)


def names_in(file):
    found = []
    file.visititems(lambda name, item: found.append(name) if hasattr(item, "shape") else None)
    return found


def replaced(file, name, value, **options):
    del file[name]
    file.create_dataset(name, data=value, **options)


def other_dtype(file, name, rng):
    kinds = ["f2", "f4", "f8", "i1", "u1", "i4", "u8", "c16", ">f4", "bool", "S3"]
    replaced(file, name, file[name][()].astype(rng.choice(kinds)))


def other_shape(file, name, rng):
    value = file[name][()]
    ways = [value.ravel(), value[None], value.T, value[:-1], value[:0], value.ravel()[0]]
    replaced(file, name, rng.choice(ways))


def odd_numbers(file, name, rng):
    value = file[name][()].astype("f4" if rng.random() < 0.5 else file[name].dtype)
    odd = [np.nan, np.inf, -np.inf, 1e38, -1] if value.dtype.kind == "f" else [-1, 2**62, 0]
    flat = value.reshape(-1)
    if flat.size:
        with np.errstate(all="ignore"):
            flat[rng.randrange(flat.size)] = np.array(rng.choice(odd)).astype(value.dtype)
    replaced(file, name, value)


def array_gone(file, name, rng):
    del file[name]


def group_in_its_place(file, name, rng):
    del file[name]
    file.create_group(name)


def texts_in_its_place(file, name, rng):
    replaced(file, name, rng.choice(["text", ["a", "b"]]))


def compound_in_its_place(file, name, rng):
    replaced(file, name, np.zeros(3, "i4,f8"))


def link_in_its_place(file, name, rng):
    del file[name]
    file[name] = rng.choice([h5py.SoftLink("/nowhere"), h5py.ExternalLink("/dev/zero", "/a")])


def elsewhere(file, name, rng):
    shape, dtype = file[name].shape, file[name].dtype
    del file[name]
    if rng.random() < 0.5:
        file.create_dataset(name, shape, dtype, external=[("/dev/zero", 0, 2**40)])
    else:
        layout = h5py.VirtualLayout(shape or (1,), dtype)
        layout[0] = h5py.VirtualSource("/dev/zero", "a", (shape or (1,))[1:])
        file.create_virtual_dataset(name, layout)


def nothing_in_its_place(file, name, rng):
    replaced(file, name, h5py.Empty("f4"))


def extra_array(file, name, rng):
    file[f"{name}-more"] = np.ones(3)
    file["train/corners" if "train/corners" not in file else "more"] = np.ones(3)


def attribute(file, name, rng):
    key = rng.choice(sorted(file.attrs))
    if rng.random() < 0.2:
        del file.attrs[key]
    else:
        file.attrs[key] = rng.choice(ATTRIBUTES)


def settings(file, name, rng):
    """Other settings than the arrays are of, or no settings."""
    if "settings" in file.attrs:
        tree = json.loads(file.attrs["settings"])
        mutate(tree, rng)
        file.attrs["settings"] = json.dumps(tree)
    else:
        attribute(file, name, rng)


ATTRIBUTES = [
    3, -1, 1.5, np.nan, True, "", "text", "{", "null", "[1]", '{"a": 1}', b"\xff", (7, 7), (0, 0),
    (-28, -28), (2**40, 2**40), (28.0, 28.0), np.zeros((2, 2)), ["a", "b"], h5py.Empty("f4"),
    h5py.Empty("S1"), "../../x", "a\nb", '{"step": -1, "epoch": 9, "reason": 3}',
]  # fmt: skip
FORGERIES = (
    other_dtype, other_shape, odd_numbers, array_gone, group_in_its_place, texts_in_its_place,
    compound_in_its_place, link_in_its_place, elsewhere, nothing_in_its_place, extra_array,
    attribute, attribute, attribute, settings,
)  # fmt: skip


def forged(path, rng):
    """Change what a file says, and give it the digest of what it says now."""
    if path.suffix == ".h5":
        with h5py.File(path, "a") as file:
            forgery, name = rng.choice(FORGERIES), rng.choice(names_in(file))
            if file[name].size == 0 and forgery is odd_numbers:
                forgery = array_gone
            forgery(file, name, rng)
        sealed(path)
    elif path.suffix == ".json":
        tree = json.loads(path.read_text())
        had_digest = isinstance(tree, dict) and tree.pop(DIGEST, "")
        mutate(tree, rng)
        if had_digest and rng.random() < 0.5:
            tree[DIGEST] = json_digest(json.loads(json.dumps(tree)))
        path.write_text(json.dumps(tree))
    elif path.suffix == ".yaml":
        tree = yaml.safe_load(path.read_text())
        mutate(tree, rng)
        path.write_text(yaml.safe_dump(tree, sort_keys=False))
    elif path.suffix == ".gz":
        path.write_bytes(gzip.compress(idx_forged(gzip.decompress(path.read_bytes()), rng)))
    else:
        path.write_bytes(idx_forged(path.read_bytes(), rng))


def idx_forged(raw, rng):
    """Another header before the same values."""
    header = bytearray(raw[:16])
    header[rng.choice([2, 3, 4, 7, 11, 15])] = rng.choice([0, 1, 2, 3, 8, 12, 255])
    return bytes(header) + raw[16:]


# ------------------------------------------------------------------ trees and names

NAMES = [
    "", " ", ".", "..", "../x", "../../etc/passwd", "/etc/passwd", "a/b", "a\\b", "a b", "a.b", "-x",
    "--help", "~", "*", "$(touch x)", "`touch x`", "; touch x", "| touch x", "&& touch x", "> x",
    "'", '"', "{wildcards}", "{experiment}", "%s", "a\nb", "a\0b", "\ud800", "ä", "数", "🙂",
    "e\u0301", "\u202eabc", "x" * 81, "x" * 300, "x" * 5000, "logs", "data", "all", "none", "nul",
]  # fmt: skip
VALUES = [
    None, True, False, 0, 1, -1, 2, 1.0, 0.5, 1e-5, -1e-5, 1e300, 10**30, 10**400, float("nan"),
    float("inf"), [], {}, [[]], [None], {"a": {"b": {"c": {}}}}, [1, "a", None], "1", "1e-3", "text",
    *NAMES,
]  # fmt: skip


def places_in(tree, path=()):
    """Every path into nested mappings and lists."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in items:
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from places_in(value, (*path, key))


def mutate(tree, rng):
    """Change a tree of settings in one to three places."""
    for _ in range(rng.choice([1, 1, 2, 3])):
        places = list(places_in(tree))
        if not places:
            return
        *parents, last = rng.choice(places)
        inner = tree
        for key in parents:
            inner = inner[key]
        _change(inner, last, rng)


def _change(inner, last, rng):
    way = rng.randrange(6)
    if way == 0:
        del inner[last]
    elif way == 1 and isinstance(inner, dict):
        inner[rng.choice([*NAMES, 3, None, 1.5, "extends", "question"])] = inner.pop(last)
    elif way == 2 and isinstance(inner, dict):
        inner[rng.choice(NAMES)] = copy.deepcopy(inner[last])
    elif way == 3 and isinstance(inner[last], str | int | float | bool | None):
        inner[last] = [inner[last]] * rng.choice([1, 2, 2000])
    else:
        inner[last] = copy.deepcopy(rng.choice(VALUES))


def removed(path):
    """Remove a folder with whatever damage left in it."""
    for name, *_ in os.walk(path):
        os.chmod(name, 0o700)  # noqa: PTH101
    shutil.rmtree(path)
