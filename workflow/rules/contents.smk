# What the page shows, and the files that belong to it.

from topodream.plan.found import besides

# As a module of another workflow, under a prefix of that one's.
RESULTS = Path(workflow.modifier.modify_path("results/index.html")).parent

PAGE_PARTS = ["page.html", "page.css", "page.js", "player.js", "gif.js"]


def shown_datasets():
    """The data sets behind the selected experiments, each before what is made of it."""
    wanted = [CATALOGUE.experiments[name].dataset for name in CATALOGUE.selected]
    for name in wanted:  # grows while it is walked through
        section = CATALOGUE.datasets[name]
        wanted += [section[key] for key in ("digits", "tapestry") if key in section]
    return [name for name in CATALOGUE.datasets if name in wanted]


def data_pictures():
    """One picture for each data set that has one."""
    suffixes = {"tapestry": "png", "pan": "gif"}
    kinds = {name: CATALOGUE.datasets[name]["kind"] for name in shown_datasets()}
    return [f"results/data/{n}.{suffixes[kind]}" for n, kind in kinds.items() if kind in suffixes]


def shown_files():
    """Everything that the page shows or reads."""
    experiments = [
        f"results/{name}/{part}"
        for name in CATALOGUE.selected
        for part in (
            "config.yaml",
            "measures.json",
            *(f"figures/{figure}.png" for figure in figures_of(map_kind(name))),
            *(f"{animation}.gif" for animation in animations_of(map_kind(name))),
        )
    ]
    data = expand("results/data/{name}.h5", name=shown_datasets())
    sweeps = expand(
        "results/sweeps/{name}.{kind}", name=CATALOGUE.selected_sweeps, kind=["json", "png"]
    )
    return experiments + data + data_pictures() + sweeps + findings()


def findings():
    """The judged findings, where they are selected."""
    return ["results/findings.json"] if CATALOGUE.findings else []


def page_contents():
    """What the page shows, each in its order, and what it finds in the results besides."""
    return {
        "experiments": {name: CATALOGUE.questions[name] for name in CATALOGUE.selected},
        "groups": [{"name": name, **group} for name, group in CATALOGUE.groups.items()],
        "datasets": shown_datasets(),
        "findings": CATALOGUE.findings,
        "sweeps": CATALOGUE.selected_sweeps,
        "besides": besides(CATALOGUE, RESULTS),
    }


def trained_maps():
    """The map of every selected experiment."""
    return expand("results/{name}/model.h5", name=CATALOGUE.selected)


def companion_files():
    """What only the page needs: a thumbnail for each map, and each GIF as a script."""
    gifs = [path for path in shown_files() if path.endswith(".gif")]
    thumbnails = expand("results/{name}/thumbnail.png", name=CATALOGUE.selected)
    return thumbnails + [f"{path}.js" for path in gifs]


def made_files():
    """The page, all that it shows, and the maps: a file that was deleted is made again."""
    tables = ["results/findings.md"] if CATALOGUE.findings else []
    return ["results/index.html", *companion_files(), *shown_files(), *trained_maps(), *tables]
