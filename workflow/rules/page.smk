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


PARTS_OF_AN_EXPERIMENT = [
    "config.yaml",
    "measures.json",
    "figures/prototypes.png",
    "figures/hit_map.png",
    "figures/learning_curve.png",
    "figures/reconstructions.png",
    "activity.gif",
]


rule build_page:
    """The page that shows every selected experiment."""
    input:
        code=code("build_page.py"),
        template=f"{SRC}/topodream/templates/page.html",
        experiments=expand(
            "results/{experiment}/{part}",
            experiment=CATALOGUE.selected,
            part=PARTS_OF_AN_EXPERIMENT,
        ),
        data=expand("results/data/{dataset}.h5", dataset=shown_datasets()),
        pictures=data_pictures(),
    output:
        "results/index.html",
    log:
        "results/data/logs/page.log",
    params:
        experiments=json.dumps({name: CATALOGUE.questions[name] for name in CATALOGUE.selected}),
        datasets=shown_datasets(),
    shell:
        "python {input.code[0]:q}"
        " --results results"
        " --experiments {params.experiments:q}"
        " --datasets {params.datasets}"
        " --output {output}"
        " > {log} 2>&1"
