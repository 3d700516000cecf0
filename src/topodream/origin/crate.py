"""Results as a research object: an RO-Crate that says which run of which code made which file.

It follows the Provenance Run Crate profile of the Workflow Run RO-Crate collection, version 0.5
(https://w3id.org/ro/wfrun/provenance/0.5). All that it says is read from the notes in the files.
"""

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from topodream.data import KINDS
from topodream.files.digests import file_digest
from topodream.files.errors import InputError
from topodream.files.strict import read_yaml
from topodream.origin import commits, notes
from topodream.origin.lineage import MATCHES, Link, Shelf, links_of
from topodream.origin.provenance import SRC

Entity = dict[str, Any]

CONTEXT = [
    "https://w3id.org/ro/crate/1.1/context",
    "https://w3id.org/ro/terms/workflow-run/context",
]
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/ro/wfrun/provenance/0.5": "Provenance Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}
COMPLETED = "http://schema.org/CompletedActionStatus"
SNAKEMAKE = "https://w3id.org/workflowhub/workflow-ro-crate#snakemake"
FORMATS = {
    ".gif": "image/gif",
    ".h5": "application/x-hdf5",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".md": "text/markdown",
    ".png": "image/png",
    ".pdf": "application/pdf",
    ".svg": "image/svg+xml",
    ".yaml": "application/yaml",
}

# A crate holds its workflow. The name has a character that no experiment's name has.
CODE = "source_code"
WORKFLOW = f"{CODE}/Snakefile"
COPIED = ("Snakefile", "config.yaml", "findings.yaml", "CITATION.cff", "LICENSE")
COPIED_FOLDERS = ("workflow", "src")

# The scripts of the workflow, in the order in which they run.
STEPS = (
    *(Path(kind.script).stem for kind in KINDS.values()),
    *dict.fromkeys(Path(kind.picture.script).stem for kind in KINDS.values() if kind.picture),
    "resolve_experiment", "train", "measure", "respond", "plot_map", "render_map_gifs", "summarise_sweep",
    "plot_sweep", "judge_findings", "tabulate_findings", "build_page",
)  # fmt: skip


def copy_code(results: Path) -> None:
    """Copy the workflow into the folder of results, in place of an earlier copy."""
    folder = results / CODE
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir()
        for name in COPIED:
            shutil.copyfile(SRC.parent / name, folder / name)
        ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
        for name in COPIED_FOLDERS:
            shutil.copytree(SRC.parent / name, folder / name, ignore=ignored)
    except (OSError, shutil.Error) as error:
        raise InputError(f"cannot copy the workflow to {folder}: {error}") from error


def describe(results: Path, date: str | None = None, *, points: bool = False) -> Entity:
    """Return the content of ``ro-crate-metadata.json``.

    Parameters
    ----------
    results : Path
        The folder of results, with a page and the code (:func:`copy_code`) in it.
    date : str, optional
        Of publication, as in 2024-12-31; without it, the day of the latest commit.
    points : bool
        Describe the points of sweeps and other seeds one by one too.
    """
    files = list(_files(results, points))
    crate = _Crate(results, {file: notes.read(file) for file in files})
    return crate.as_json_ld(date or crate.date())


def _files(results: Path, points: bool) -> Iterator[Path]:
    """Yield the files that are described: what the page shows, and what that was made of."""
    page = results / "index.html"
    shown = notes.read(page)["options"]
    yield page
    summaries = [results / "sweeps" / f"{name}.json" for name in shown.get("sweeps", [])]
    summaries += results.glob("findings.json") if "findings_sha256" in notes.read(page) else []
    names = dict.fromkeys(shown["experiments"])
    for summary in summaries:
        yield from sorted(summary.parent.glob(f"{summary.stem}.*"))
        names |= dict.fromkeys(notes.read(summary)["measures_sha256"] if points else [])
    for name in shown.get("datasets", []):
        yield from sorted((results / "data").glob(f"{name}.*"))
    for name in names:
        yield from sorted(
            path for path in (results / name).rglob("*.*")
            if path.suffix in FORMATS and "model.checkpoint" not in path.parts
        )  # fmt: skip


class _Crate:
    """Entities by their identifier, gathered from the notes of files."""

    def __init__(self, results: Path, read: Mapping[Path, Mapping[str, Any]]) -> None:
        self._results, self._notes = results, read
        self._shelf = Shelf(results)
        self._entities: dict[str, Entity] = {}
        self._tools: dict[str, list[str]] = {}
        self._files = [self._file(path) for path in read]
        self._actions = [self._action(*run) for run in self._runs()]

    def date(self) -> str:
        """Return the day of the latest commit by which any of the files was made."""
        names = {note["commit"].removesuffix(commits.EDITED) for note in self._notes.values()}
        known = sorted(name for name in names if not name.startswith("unknown"))
        found = commits.date_of(SRC, known) if known else None
        if found is None:
            raise InputError("git can't tell when the code was committed: give --date YYYY-MM-DD")
        return found

    def as_json_ld(self, date: str) -> Entity:
        """Return all entities, with those that hold them together."""
        citation = read_yaml(SRC.parent / "CITATION.cff")
        self._workflow(citation)
        readme = [self._readme()] if (self._results / "README.md").is_file() else []
        self._put(f"{CODE}/", "Dataset", name="the workflow", hasPart=_refs([WORKFLOW]))
        for address, name in PROFILES.items():
            version = address.rsplit("/", 1)[1]
            self._put(address, "CreativeWork", name=name, version=version)
        root: Entity = {
            "@id": "./",
            "@type": "Dataset",
            "conformsTo": _refs(PROFILES),
            "name": "Results of topodream",
            "description": f"{citation['abstract'].strip()} Data sets, and what shows their images, "
            "are under the licence of the data, the code under that of this crate.",
            "datePublished": date,
            "license": _ref(self._licence(citation)),
            "author": _refs(self._authors(citation)),
            "mainEntity": _ref(WORKFLOW),
            "hasPart": _refs([f"{CODE}/", WORKFLOW, *readme, *self._files]),
            "mentions": _refs([self._whole_run(), *self._actions]),
        }
        descriptor: Entity = {
            "@id": "ro-crate-metadata.json",
            "@type": "CreativeWork",
            "conformsTo": _refs(["https://w3id.org/ro/crate/1.1", [*PROFILES][-1]]),
            "about": _ref("./"),
        }
        others = [self._entities[name] for name in sorted(self._entities)]
        return {"@context": CONTEXT, "@graph": [descriptor, root, *others]}

    def _put(self, identity: str, kind: str | list[str], **properties: Any) -> str:
        known = {key: value for key, value in properties.items() if value not in (None, [])}
        self._entities[identity] = {"@id": identity, "@type": kind, **known}
        return identity

    # -------------------------------------------------------------- files

    def _identity(self, path: Path) -> str:
        return quote(path.relative_to(self._results).as_posix())

    def _file(self, path: Path) -> str:
        note = self._notes[path]
        licence = note.get("licence")
        return self._put(
            self._identity(path), "File",
            name=path.relative_to(self._results).as_posix(),
            description=note.get("described"),
            encodingFormat=FORMATS.get(path.suffix),
            contentSize=str(path.stat().st_size),
            sha256=file_digest(path),
            license=_ref(self._put(f"#licence/{quote(licence)}", "CreativeWork", name=licence))
            if licence else None,
        )  # fmt: skip

    def _readme(self) -> str:
        path = self._results / "README.md"
        return self._put(
            "README.md", "File", name="README.md", about=_ref("./"),
            encodingFormat="text/markdown", sha256=file_digest(path),
        )  # fmt: skip

    # -------------------------------------------------------------- runs

    def _runs(self) -> list[tuple[str, list[Path]]]:
        """Return what was made by one run of a script: an identifier, and the files."""
        runs: dict[str, list[Path]] = {}
        for path, note in self._notes.items():
            folder = path.parent.parent if path.parent.name == "figures" else path.parent
            inner = folder.relative_to(self._results).as_posix()
            at = "results" if inner == "." else inner
            # Where each file has a run of its own.
            of_its_own = at in ("data", "sweeps") or folder.name == "responses"
            home = f"{at}/{path.name.split('.')[0]}" if of_its_own else at
            runs.setdefault(f"#{_script(note)}/{home}/{_version(note)}", []).append(path)
        return list(runs.items())

    def _action(self, identity: str, made: Sequence[Path]) -> str:
        """Describe a run: by what, of what, with which settings, what came out."""
        note = self._notes[made[0]]
        links = [link for path in made for link in links_of(path, self._notes[path], self._shelf)]
        # What it made of what it made itself, scripts of GIFs, didn't come in.
        came_in = [link for link in links if link.file not in made]
        used = [*map(self._used, came_in), *self._config_of(made[0]), *self._parameters(note)]
        name = identity[1:].rsplit("/", 1)[0]
        by = f"{note['made_by']}, commit {note['commit']}"
        device = f" on {note['device']}" if "device" in note else ""
        return self._put(
            identity, "CreateAction", name=name,
            description=f"{by}, made {len(made)} of the files{device}",
            actionStatus=COMPLETED,
            instrument=_ref(self._tool(note)),
            object=_refs(dict.fromkeys(used)),
            result=_refs(map(self._identity, made)),
        )  # fmt: skip

    def _used(self, link: Link) -> str:
        """Return the identifier of what a link leads to, described if it is no file of the crate."""
        if link.file is not None and link.file in self._notes and link.state == MATCHES:
            return self._identity(link.file)
        if link.what == "measures":
            # Thousands, in a sweep: their digests stand in its summary.
            name = f"measures that {self._identity(link.of)} lists"
            return self._put(f"#measures/{self._identity(link.of)}", "CreativeWork", name=name)
        name = f"{link.what} {link.name}".strip()
        identity = f"#{link.what}/{link.sha256}"
        return self._put(
            identity, "CreativeWork", name=name, description=link.state, sha256=link.sha256
        )

    def _config_of(self, made: Path) -> list[str]:
        """Return the settings file of a trained map, if it still holds what was used."""
        config = made.parent / "config.yaml"
        if made.name != "model.h5" or config not in self._notes:
            return []
        same = self._notes[config]["settings"] == self._notes[made]["settings"]
        return [self._identity(config)] if same else []

    def _parameters(self, note: Mapping[str, Any]) -> Iterator[str]:
        """Yield options, and settings where they came in."""
        settings = note["settings"] if _script(note) in ("resolve_experiment", "train") else {}
        for name, value in {**note["options"], **settings}.items():
            written = value if isinstance(value, str) else json.dumps(value)
            identity = f"#parameter/{name}={quote(written, safe='')}"
            yield self._put(identity, "PropertyValue", name=name, value=written)

    def _tool(self, note: Mapping[str, Any]) -> str:
        """Describe a script as it was then."""
        script, commit = _script(note), note["commit"]
        identity = self._put(
            f"#{script}.py/{_version(note)}", "SoftwareSourceCode", name=f"{script}.py",
            version=f"{note['made_by'].split()[-1]}, commit {commit}",
            identifier=None if " " in commit else f"swh:1:rev:{commit}",
            sha256=note["code_sha256"],
            softwareRequirements=[f"{name} {version}" for name, version in note["versions"].items()],
        )  # fmt: skip
        if identity not in self._tools.setdefault(script, []):
            self._tools[script].append(identity)
        return identity

    # -------------------------------------------------------------- the workflow

    def _workflow(self, citation: Mapping[str, Any]) -> None:
        """Describe the workflow with its steps."""
        self._put(
            SNAKEMAKE, "ComputerLanguage", name="Snakemake", url=_ref("https://snakemake.github.io"),
            identifier=_ref("https://doi.org/10.1093/bioinformatics/bts480"),
        )  # fmt: skip
        steps = [
            self._put(
                f"#step/{script}", "HowToStep", name=script, position=str(STEPS.index(script) + 1),
                workExample=_refs(self._tools[script]),
            )
            for script in sorted(self._tools, key=STEPS.index)
        ]  # fmt: skip
        kinds = ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"]
        self._put(
            WORKFLOW, kinds, name=citation["title"], version=citation["version"],
            description=citation["abstract"].strip(),
            programmingLanguage=_ref(SNAKEMAKE),
            encodingFormat="text/plain",
            license=_ref(self._licence(citation)),
            creator=_refs(self._authors(citation)),
            sha256=file_digest(self._results / WORKFLOW),
            step=_refs(steps),
            hasPart=_refs(tool for tools in self._tools.values() for tool in tools),
        )  # fmt: skip

    def _whole_run(self) -> str:
        """Describe the run of the workflow: from the raw data to all files."""
        raw = sorted(name for name in self._entities if name.startswith("#raw/"))
        return self._put(
            "#run", "CreateAction", name="the run of the workflow",
            description="From the raw data to the page; its steps are the other actions.",
            actionStatus=COMPLETED,
            instrument=_ref(WORKFLOW), object=_refs(raw), result=_refs(self._files),
        )  # fmt: skip

    def _licence(self, citation: Mapping[str, Any]) -> str:
        name = citation["license"]
        return self._put(f"https://spdx.org/licenses/{name}", "CreativeWork", name=name)

    def _authors(self, citation: Mapping[str, Any]) -> list[str]:
        names = [
            author.get("name") or f"{author['given-names']} {author['family-names']}"
            for author in citation["authors"]
        ]
        return [
            self._put(
                f"#author/{quote(name)}",
                "Organization" if "name" in author else "Person",
                name=name,
            )
            for name, author in zip(names, citation["authors"], strict=True)
        ]


def _script(note: Mapping[str, Any]) -> str:
    return str(note["made_by"]).split(".py")[0]


def _version(note: Mapping[str, Any]) -> str:
    """Return what tells code from other code: part of its digest."""
    return str(note["code_sha256"])[:12]


def _ref(identity: str) -> Entity:
    return {"@id": identity}


def _refs(identities: Iterable[str]) -> Entity | list[Entity]:
    """Return references: one stands for itself, without a list around it."""
    found = [_ref(identity) for identity in identities]
    return found[0] if len(found) == 1 else found
