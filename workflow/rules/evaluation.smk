# results/<experiment>/model.h5 -> measures.json, figures/*.png and thumbnail.png


rule measure:
    """How well a map reconstructs, how smooth it is, how many units are dead."""
    input:
        code=INPUTS.code_for_experiment("measure.py"),
        model="results/{experiment}/model.h5",
        data=INPUTS.data,
    output:
        "results/{experiment}/measures.json",
    log:
        "results/{experiment}/logs/measure.log",
    cache: BETWEEN_WORKFLOWS
    resources:
        mem_mb=NEEDS.measure_memory,
        runtime=NEEDS.map_runtime,
    params:
        versions=versions_for("measure.py"),
        settings=flags({"held_out": CATALOGUE.evaluation["held_out"]}),
        curve=PARAMS.curve,
    shell:
        "python {input.code[0]:q}"
        " --model {input.model:q}"
        " --data {input.data:q}"
        " {params.settings}"
        " {params.curve}"
        " --output {output:q}"
        " 2>&1 | tee {log:q}"


# Which figures a map has depends on its model and its data: a rule for each kind of map.
for kind, names in map_kinds(CATALOGUE).items():

    rule:
        """Every figure of a map, and it small: in one process, to start takes longer than to draw."""
        name:
            f"plot_map_{kind}"
        input:
            code=INPUTS.code_for_pictures("plot_map.py", kind.figures),
            model="results/{experiment}/model.h5",
            data=INPUTS.data,
            measures="results/{experiment}/measures.json",
        output:
            [
                report(
                    f"results/{{experiment}}/{figure.file}",
                    category="{experiment}",
                    labels={"picture": figure.title},
                    caption=text_for_report(ROOT, figure),
                )
                for figure in kind.figures
            ],
            thumbnail="results/{experiment}/thumbnail.png",
        log:
            "results/{experiment}/logs/figures.log",
        wildcard_constraints:
            experiment=pattern(names),
        group:
            group_of_training
        resources:
            mem_mb=NEEDS.figures_memory,
            runtime=NEEDS.map_runtime,
        params:
            versions=versions_for("plot_map.py"),
            settings=flags({"count": CATALOGUE.evaluation["reconstructions"]}),
            folder=subpath(output[0], parent=True),
        shell:
            "python {input.code[0]:q}"
            " --model {input.model:q}"
            " --data {input.data:q}"
            " --measures {input.measures:q}"
            " {params.settings}"
            " --output-folder {params.folder:q}"
            " --thumbnail {output.thumbnail:q}"
            " 2>&1 | tee {log:q}"
