# Everything that `run:` selects -> results/index.html


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
    return experiments + data + data_pictures()


def made_files():
    """The page, all that it shows, and the maps: a file that was deleted is made again."""
    models = expand("results/{name}/model.h5", name=CATALOGUE.selected)
    return ["results/index.html", *shown_files(), *models]


rule build_page:
    """The page that shows every selected experiment."""
    input:
        code=code("build_page.py"),
        template=f"{SRC}/topodream/templates/page.html",
        shown=shown_files(),
    output:
        "results/index.html",
    log:
        "results/logs/page.log",
    params:
        # From a function, or braces in a question would be taken for wildcards.
        experiments=lambda wildcards: json.dumps(
            {name: CATALOGUE.questions[name] for name in CATALOGUE.selected}
        ),
        datasets=shown_datasets(),
    shell:
        "python {input.code[0]:q}"
        " --experiments {params.experiments:q}"
        " --datasets {params.datasets}"
        " --output {output}"
        " > {log} 2>&1"
