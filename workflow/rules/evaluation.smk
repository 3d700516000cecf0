# results/<experiment>/model.h5 -> measures.json and figures/*.png


rule measure:
    """How well a map reconstructs, how smooth it is, how many units are dead."""
    input:
        code=code_for_experiment("measure.py"),
        model="results/{experiment}/model.h5",
        data=experiment_data,
    output:
        "results/{experiment}/measures.json",
    log:
        "results/{experiment}/logs/measure.log",
    cache: BETWEEN_WORKFLOWS
    resources:
        mem_mb=measure_memory,
        runtime=map_runtime,
    params:
        versions=versions_for("measure.py"),
        settings=flags({"held_out": CATALOGUE.evaluation["held_out"]}),
        # The curve takes most of the time, and is drawn only of what has pictures.
        curve=lambda wildcards: "" if has_pictures(wildcards.experiment) else "--no-curve",
    shell:
        "python {input.code[0]:q}"
        " --model {input.model:q}"
        " --data {input.data:q}"
        " {params.settings}"
        " {params.curve}"
        " --output {output:q}"
        " 2>&1 | tee {log:q}"


# Which figures a map has depends on its model and its data: a rule for each kind of map.
for kind in MAP_KINDS:

    rule:
        """Every figure of a map, in one process: to start takes longer than to draw."""
        name:
            f"plot_map_{'_'.join(kind)}"
        input:
            code=code_for_experiment("plot_map.py"),
            model="results/{experiment}/model.h5",
            data=experiment_data,
            measures="results/{experiment}/measures.json",
        output:
            [
                map_picture(f"results/{{experiment}}/figures/{name}.png", name)
                for name in figures_of(kind)
            ],
        log:
            "results/{experiment}/logs/figures.log",
        wildcard_constraints:
            experiment=experiments_of(kind),
        resources:
            mem_mb=figures_memory,
            runtime=map_runtime,
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
            " 2>&1 | tee {log:q}"
