"""Files as inputs of rules that Snakemake records by their content, not by where they lie.

What is made again is then what other content makes: docs/decisions/02.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from snakemake.io import ancient, local, sourcecache_entry

from topodream.files.digests import file_digest
from topodream.origin.provenance import local_sources
from topodream.plan.wildcards import in_one_line

DIGITS = 12  # of a sha256, that tell contents apart

# A path, with what Snakemake is told of it.
Input = Any


@dataclass(frozen=True, eq=False)
class Sources:
    """The files of a project, and others beside it, as inputs.

    Attributes
    ----------
    root : Path
        The project's folder.
    is_module : bool
        Whether its workflow is a module of another one.
    inputs_count : callable
        Whether other inputs are a reason to run again; known when jobs are planned.
    is_in_storage : bool
        Whether results lie in a storage, not in a file system.
    """

    root: Path
    is_module: bool
    inputs_count: Callable[[], bool]
    is_in_storage: bool = False

    def by_content(
        self, path: str, name: str, digest: str, *, is_local: bool, elsewhere: bool
    ) -> Input:
        """Return a file as an input that is recorded by a name and its content.

        It is another input where its content is. What Snakemake knows of times is by path. So of a
        file that may lie ``elsewhere`` the next time no time counts (``ancient``), or what is newer
        would be taken for changed; unless nothing but times is to count (``--rerun-triggers mtime``).
        One that ``is_local`` is no file of a storage, and not under a module's prefix.
        """
        file = sourcecache_entry(local(path) if is_local else path, f"{name} {digest[:DIGITS]}")
        return ancient(file) if elsewhere and self.inputs_count() else file

    def as_one_of_many(self, path: str, name: str) -> Input:
        """Return a file that the workflow makes as an input that is recorded by a name.

        Its time counts, and which file it is does not. (In a storage Snakemake would look for it
        beside that.)
        """
        return path if self.is_in_storage else sourcecache_entry(path, name)

    @cache  # noqa: B019, for there is one object, as long as Snakemake runs
    def file(self, path: Path) -> Input:
        """Return a file of the project as an input, relative to the working folder.

        Of a module it is local, or it would be looked for under the module's prefix. Seen from
        another working folder it may lie anywhere: another clone with the same content reruns
        nothing.
        """
        with in_one_line():
            digest = file_digest(path)
        name, place = path.relative_to(self.root).as_posix(), os.path.relpath(path)
        elsewhere = Path.cwd() != self.root
        return self.by_content(place, name, digest, is_local=self.is_module, elsewhere=elsewhere)

    @cache  # noqa: B019
    def of_script(self, script: str, modules: tuple[str, ...] = ()) -> list[Input]:
        """Return a script and every module of the project that it imports, the script first.

        ``modules`` are those that it imports by a registry.
        """
        return [self.file(path) for path in local_sources(self.root / "src" / script, modules)]
