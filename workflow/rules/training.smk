# An experiment's settings and its data -> results/<experiment>/model.h5


rule resolve_experiment:
    """The complete settings of an experiment, as training reads them."""
    input:
        code=code("resolve_experiment.py"),
    output:
        "results/{experiment}/config.yaml",
    log:
        "results/{experiment}/logs/resolve.log",
    resources:
        mem_mb=small_memory,
        runtime=small_runtime,
    params:
        versions=versions_for("resolve_experiment.py"),
        settings=resolved_settings,
    shell:
        "python {input.code[0]:q}"
        " --settings {params.settings:q}"
        " --output {output:q}"
        " > {log:q} 2>&1"


rule train:
    """One map, trained from its start to its last epoch."""
    input:
        code=code_for_experiment("train.py"),
        data=experiment_data,
        config="results/{experiment}/config.yaml",
    output:
        "results/{experiment}/model.h5",
    log:
        "results/{experiment}/logs/train.log",
    cache: BETWEEN_WORKFLOWS
    # An engine computes on one thread.
    threads: 1
    resources:
        mem_mb=training_memory,
        runtime=training_runtime,
        gpu=training_gpus,
    params:
        versions=versions_for("train.py"),
    # The only step that takes long: its lines go to the terminal too.
    shell:
        "python {input.code[0]:q}"
        " --data {input.data:q}"
        " --config {input.config:q}"
        " --output {output:q}"
        " 2>&1 | tee {log:q}"
