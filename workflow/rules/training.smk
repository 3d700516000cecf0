# An experiment's settings and its data -> results/<experiment>/model.h5


rule resolve_experiment:
    """The complete settings of an experiment, as training reads them."""
    input:
        code=INPUTS.code("resolve_experiment.py"),
    output:
        "results/{experiment}/config.yaml",
    log:
        "results/{experiment}/logs/resolve.log",
    resources:
        mem_mb=NEEDS.small_memory,
        runtime=NEEDS.small_runtime,
    params:
        versions=versions_for("resolve_experiment.py"),
        settings=PARAMS.settings,
    shell:
        "python {input.code[0]:q}"
        " --settings {params.settings:q}"
        " --output {output:q}"
        " 2>&1 | tee {log:q}"


rule train:
    """One map, trained from its start to its last epoch."""
    input:
        code=INPUTS.code_for_training,
        data=INPUTS.data,
        config="results/{experiment}/config.yaml",
    output:
        "results/{experiment}/model.h5",
    log:
        "results/{experiment}/logs/train.log",
    cache: BETWEEN_WORKFLOWS
    # An engine computes on one thread.
    threads: 1
    resources:
        mem_mb=NEEDS.training_memory,
        runtime=NEEDS.training_runtime,
        gpu=NEEDS.training_gpus,
    params:
        versions=PARAMS.versions_for_training,
    shell:
        "python {input.code[0]:q}"
        " --data {input.data:q}"
        " --config {input.config:q}"
        " --output {output:q}"
        " 2>&1 | tee {log:q}"


# Maps that train together on a GPU (`maps_per_gpu_job:`): a rule for each job, whose outputs are
# named. Snakemake prefers rules without wildcards, so that the rule above is for all other maps.
for number, names in enumerate(CATALOGUE.ensembles):

    rule:
        """Maps of one shape, trained side by side on a GPU; each as if it were alone."""
        name:
            f"train_together_{number}"
        input:
            code=INPUTS.code_for_training_together(names),
            data=INPUTS.data_of(names[0]),
            configs=expand("results/{name}/config.yaml", name=names),
        output:
            expand("results/{name}/model.h5", name=names),
        log:
            f"results/logs/train-together-{number}.log",
        group:
            group_of_training
        threads: 1
        resources:
            mem_mb=NEEDS.training_together_memory(names),
            runtime=NEEDS.training_together_runtime(names),
            gpu=1,
        params:
            versions=versions_for_gpu("train.py"),
        shell:
            "python {input.code[0]:q}"
            " --data {input.data:q}"
            " --config {input.configs:q}"
            " --output {output:q}"
            " 2>&1 | tee {log:q}"
