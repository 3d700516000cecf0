# results/<experiment>/model.h5 -> measures.json, baselines.json, responses/*.h5, figures/*.png and
# thumbnail.png, map.js


# Of one map, and of a batch.
MEASURE = (
    "python {input.code[0]:q}"
    " --model {params.models:q}"
    " --data {input.data:q}"
    " {params.settings}"
    " {params.curve}"
    " --output {output:q}"
    " 2>&1 | tee {log:q}"
)


rule measure:
    """How well a map reconstructs, how smooth it is, how many units are dead."""
    input:
        code=INPUTS.code_for_experiment("measure.py"),
        model=INPUTS.model,
        data=INPUTS.data,
    output:
        "results/{experiment}/measures.json",
    log:
        "results/{experiment}/logs/measure.log",
    wildcard_constraints:
        experiment=MADE_ALONE,
    cache: BETWEEN_WORKFLOWS
    priority: BEFORE_TRAINING
    resources:
        mem_mb=NEEDS.measure_memory(named),
        runtime=NEEDS.measure_runtime(named),
    params:
        versions=versions_for("measure.py"),
        settings=flags({"held_out": CATALOGUE.evaluation["held_out"]}),
        curve=PARAMS.curve,
        models=PARAMS.models,
    shell:
        MEASURE


for batch in BATCHES:

    rule:
        """Points of a sweep, or replicates: each as if it were measured alone."""
        name:
            f"measure_batch_{batch.label}"
        input:
            code=batch.as_its_first(INPUTS.code_for_experiment("measure.py")),
            # One job trains all.
            model=INPUTS.model_of(batch.newest),
            data=batch.as_its_first(INPUTS.data),
        output:
            batch.files("measures.json"),
        log:
            f"results/logs/batches/{batch.label}-measure.log",
        priority: BEFORE_TRAINING
        group:
            group_of_batch
        resources:
            mem_mb=NEEDS.measure_memory(batch.its_names),
            runtime=NEEDS.measure_runtime(batch.its_names),
        params:
            versions=versions_for("measure.py"),
            settings=flags({"held_out": CATALOGUE.evaluation["held_out"]}),
            curve=batch.as_its_first(PARAMS.curve),
            models=PARAMS.models,
        shell:
            MEASURE


rule measure_baselines:
    """How well PCA, k-means and others do with the same samples; made if it is asked for."""
    input:
        code=INPUTS.code_for_experiment("measure_baselines.py"),
        model="results/{experiment}/model.h5",
        data=INPUTS.data,
    output:
        "results/{experiment}/baselines.json",
    log:
        "results/{experiment}/logs/baselines.log",
    priority: BEFORE_TRAINING
    resources:
        mem_mb=NEEDS.baselines_memory,
        runtime=NEEDS.baselines_runtime,
    params:
        versions=versions_for("measure_baselines.py"),
        settings=flags({"held_out": CATALOGUE.evaluation["held_out"]}),
    shell:
        "python {input.code[0]:q}"
        " --model {input.model:q}"
        " --data {input.data:q}"
        " {params.settings}"
        " --output {output:q}"
        " 2>&1 | tee {log:q}"


rule respond:
    """What a map does with a data set: the one that it learnt, or any other of its form."""
    input:
        code=INPUTS.code_for_experiment("respond.py"),
        model="results/{experiment}/model.h5",
        images=INPUTS.shown,
    output:
        "results/{experiment}/responses/{dataset}.h5",
    log:
        "results/{experiment}/logs/responses-{dataset}.log",
    wildcard_constraints:
        dataset=pattern(datasets.learnable(CATALOGUE.datasets)),
    priority: BEFORE_TRAINING
    resources:
        mem_mb=NEEDS.respond_memory,
        runtime=NEEDS.respond_runtime,
    params:
        versions=versions_for("respond.py"),
    shell:
        "python {input.code[0]:q}"
        " --model {input.model:q}"
        " --images {input.images:q}"
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
                (
                    report(
                        f"results/{{experiment}}/{figure.file}",
                        category="{experiment}",
                        labels={"picture": figure.title},
                        caption=text_for_report(ROOT, figure),
                    )
                    if figure.in_report
                    else f"results/{{experiment}}/{figure.file}"
                )
                for figure in kind.figures
            ],
            thumbnail=report(
                "results/{experiment}/thumbnail.png",
                category="{experiment}",
                labels={"picture": "prototypes in the middle"},
                caption="../report/thumbnail.rst",
            ),
            laboratory="results/{experiment}/map.js",
        log:
            "results/{experiment}/logs/figures.log",
        wildcard_constraints:
            experiment=pattern(names),
        priority: BEFORE_TRAINING
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
            " --laboratory {output.laboratory:q}"
            " 2>&1 | tee {log:q}"
