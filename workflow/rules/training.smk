# An experiment's settings and its data -> results/<experiment>/model.h5


rule resolve_experiment:
    """The complete settings of an experiment, as training reads them."""
    input:
        code=code_for_experiment("resolve_experiment.py"),
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
        " 2>&1 | tee {log:q}"


rule train:
    """One map, trained from its start to its last epoch."""
    input:
        code=code_for_training(),
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
        mem_mb=training_memory(),
        runtime=training_runtime(),
        gpu=training_gpus,
    params:
        versions=versions_for_training,
    shell:
        "python {input.code[0]:q}"
        " --data {input.data:q}"
        " --config {input.config:q}"
        " --output {output:q}"
        " 2>&1 | tee {log:q}"


# Maps that train together on a GPU (`maps_per_gpu_job:`): a rule for each job, whose outputs are
# named. Snakemake prefers rules without wildcards, so that the rule above is for all other maps. The
# group is the one that the profiles put a map's other steps into: they can't name these rules.
for number, names in enumerate(CATALOGUE.ensembles):

    rule:
        """Maps of one shape, trained side by side on a GPU; each as if it were alone."""
        name:
            f"train_together_{number}"
        input:
            code=code_for_training(*names),
            data=data_of(names[0]),
            configs=expand("results/{name}/config.yaml", name=names),
        output:
            expand("results/{name}/model.h5", name=names),
        log:
            f"results/logs/train-together-{number}.log",
        group:
            "experiment"
        threads: 1
        resources:
            mem_mb=training_memory(*names),
            runtime=training_runtime(*names),
            gpu=1,
        params:
            versions=gpu_versions("train.py"),
        shell:
            "python {input.code[0]:q}"
            " --data {input.data:q}"
            " --config {input.configs:q}"
            " --output {output:q}"
            " 2>&1 | tee {log:q}"
