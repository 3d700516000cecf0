"""What the page is filled into: files of ``page/templates``, beside ``page.html``."""

from pathlib import Path

# In this order they stand in the page; of scripts each uses those before it, and the last one begins.
STYLES = ("page.css", "site.css", "charts.css", "laboratory.css", "compare.css")
SCRIPTS = (
    "elements.js",
    "packed.js",
    "frames.js",
    "sheet.js",
    "respond.js",
    "gif.js",
    "clock.js",
    "player.js",
    "views.js",
    "filters.js",
    "csv.js",
    "overview.js",
    "pad.js",
    "laboratory.js",
    "seeds.js",
    "contrast.js",
    "compare.js",
    "chart.js",
    "charts.js",
    "findings.js",
    "terms.js",
    "start.js",
)
# The page itself, and what it includes.
VIEWS = (
    "page.html",
    "macros.html",
    "overview.html",
    "laboratory.html",
    "experiment.html",
    "compare.html",
    "charts.html",
    "findings.html",
    "sweeps.html",
    "data.html",
    "terms.html",
)

NAMES = (*VIEWS, *STYLES, *SCRIPTS)
# In the project's folder.
FOLDER = Path("src/topodream/page/templates")
