"""What ``make docs`` does beyond MkDocs; ``mkdocs.yml`` names it.

The pages are the repository's Markdown files, each at its own place, so that links hold as they are
written. Added are pages of the API, one for each wing of the package, and to the gallery what lies
in ``results/``.
"""

import html
import os
import re
import sys
from pathlib import Path

import griffe
from latex2mathml.converter import convert
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from pymdownx.slugs import slugify

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "topodream"
PAGES = ("*.md", "config/*.md", "results/README.md", "docs/**/*.md", "src/topodream/**/*.md")
ASSETS = ("docs/mkdocs.css", "docs/iframe-worker.js")
GROUND = "ground"  # what lies in no wing
LINK = re.compile(r"\[([^\[\]]*)\]\((?!\w+:|#)([^)#\s]+)(#[^)\s]*)?\)")
FORMULA = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.DOTALL)
ROLE = re.compile(r":\w+:`~?([^`]+)`")
DOCTEST = re.compile(r"\n\n(?=>>> )")

sys.path.insert(0, str(ROOT / "src"))
from topodream.pictures.animations import ANIMATIONS  # noqa: E402
from topodream.pictures.figures import FIGURES  # noqa: E402


def on_config(config):
    """Name headings as a forge does: the same link fits here and there."""
    config.mdx_configs.setdefault("toc", {})["slugify"] = slugify(case="lower")
    return config


def on_files(files, config):
    """Take the repository's pages, and what they link to, in place of the folder ``docs/``."""
    pages = {path.relative_to(ROOT).as_posix() for name in PAGES for path in ROOT.glob(name)}
    others = {name for page in pages for name in linked(page)} | {*ASSETS, *results()}
    of_plugins = [file for file in files if file.src_dir != config.docs_dir]
    ours = [
        File(name, str(ROOT), config.site_dir, use_directory_urls=False)
        for name in sorted(pages | others)
    ]
    api = [
        File.generated(config, f"api/{wing}.md", content=content)
        for wing, content in wings().items()
    ]
    return Files([*of_plugins, *ours, *api])


def on_page_markdown(markdown, page, **_):
    """Lead links to code to the pages of the API; add to the gallery what has been made here."""
    name = page.file.src_uri
    if name == "docs/gallery.md":
        markdown += made_here()
    return LINK.sub(lambda link: led(name, *link.groups()), markdown)


class Docstrings(griffe.Extension):
    """Reads docstrings as Markdown: links for Sphinx's roles, and a heading above doctests."""

    def on_instance(self, *, obj, **_):
        """Change an object's docstring before it is parsed."""
        if obj.docstring and not obj.is_alias:
            link = r'<autoref identifier="\1" optional>`\1`</autoref>'
            value = ROLE.sub(link, obj.docstring.value)
            if "\nExamples\n---" not in value:
                value = DOCTEST.sub("\n\nExamples\n--------\n", value, count=1)
            obj.docstring.value = value


def on_page_content(content, **_):
    """Write formulas in MathML, which browsers draw without a script."""
    return FORMULA.sub(drawn, content)


def drawn(formula):
    """Return a formula in MathML; one that can't be drawn whole is an error."""
    tex = html.unescape(formula[2]).replace(r"\arg", r"\operatorname{arg}")
    found = convert(tex, display="inline" if formula[1] == "span" else "block")
    if ">\\" in found:
        raise PluginError(f"latex2mathml leaves a command in {tex}")
    return found


def led(page, text, link, heading):
    """Return a page's link as it leads on from here: code to the API, a folder to its README."""
    path = target(page, link)
    if module := module_of(path):
        path, heading = ROOT / "api" / f"{wing_of(path)}.md", f"#{module}"
    elif path.is_dir():
        path = path / "README.md"
        if not path.is_file():
            return text
    return f"[{text}]({os.path.relpath(path, (ROOT / page).parent)}{heading or ''})"


def linked(page):
    """Return what a page shows or leads to: files that are no pages, nor modules."""
    paths = {target(page, link[2]) for link in LINK.finditer((ROOT / page).read_text())}
    files = {path for path in paths if path.is_file() and path.suffix != ".md"}
    return {path.relative_to(ROOT).as_posix() for path in files if not module_of(path)}


def target(page, link):
    """Return the path that a link of a page leads to."""
    return Path(os.path.normpath((ROOT / page).parent / link))


def module_of(path):
    """Return the name of the module or package of topodream that a path is, if it is one."""
    is_module = path.suffix == ".py" or (path / "__init__.py").is_file()
    if not (is_module and path.is_relative_to(PACKAGE)):
        return None
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


def wing_of(path):
    """Return the wing of a module or a folder of the package; the library is one by itself."""
    first = Path(path.relative_to(PACKAGE).parts[0])
    return first.stem if first.stem == "library" or (PACKAGE / first).is_dir() else GROUND


def wings():
    """Return the page of each wing: what its modules say of themselves."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        found.setdefault(wing_of(path), []).append(module_of(path))
    return {
        wing: f"# {wing}\n\n" + "\n\n".join(f"::: {module}" for module in modules)
        for wing, modules in found.items()
    }


def results():
    """Return the first of each kind of picture in ``results/``: its path, and what it shows."""
    kinds = {f"*/{picture.file}": picture.caption for picture in (*FIGURES, *ANIMATIONS)}
    kinds |= {
        "data/*.png": "Some samples of a data set.",
        "data/*.gif": "A window that pans over samples.",
        "sweeps/*.png": "Measures over the values of a setting.",
    }
    found = {min(ROOT.glob(f"results/{kind}"), default=None): kinds[kind] for kind in kinds}
    return {path.relative_to(ROOT).as_posix(): caption for path, caption in found.items() if path}


def made_here():
    """Return the gallery's part on ``results/``, empty where nothing has been made."""
    entries = []
    for name, caption in results().items():
        _, of, *_ = Path(name).parts
        title = Path(name).stem.replace("_", " ").capitalize()
        picture = f"![{caption}](../{name})\n\n{caption}\n\n    snakemake {name}"
        entries.append(f"### {title} ({of})\n\n{picture}")
    return "\n\n".join(["\n\n## Made in this checkout", *entries]) if entries else ""
