# An experiment's settings and its data -> results/<experiment>/model.h5 and config.yaml


rule resolve_experiment:
    """The complete settings of an experiment, for readers."""
    input:
        code=INPUTS.code("resolve_experiment.py"),
    output:
        "results/{experiment}/config.yaml",
    log:
        "results/{experiment}/logs/resolve.log",
    priority: BEFORE_TRAINING
    # A third of a second, less than a place in a queue costs.
    localrule: True
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


# Of one map, and of a batch: Snakemake compares the command too.
TRAIN = (
    "python {input.code[0]:q}"
    " --data {input.data:q}"
    " --settings -"
    " --start-from {input.start:q}"
    " --output {output:q}"
    " <<< {params.settings:q} 2>&1 | tee {log:q}"
)


rule train:
    """One map, trained from its start to its last epoch."""
    input:
        code=INPUTS.code_for_training,
        data=INPUTS.data,
        start=INPUTS.start,
    output:
        "results/{experiment}/model.h5",
    log:
        "results/{experiment}/logs/train.log",
    wildcard_constraints:
        experiment=MADE_ALONE,
    cache: BETWEEN_WORKFLOWS
    priority: NEEDS.training_priority
    # An engine computes on one thread.
    threads: 1
    resources:
        mem_mb=NEEDS.training_memory(named),
        runtime=NEEDS.training_runtime(named),
        gpu=NEEDS.training_gpus,
    params:
        versions=PARAMS.versions_for_training,
        fixed=PARAMS.fixed,
        settings=PARAMS.told,
    shell:
        TRAIN


# Snakemake prefers rules without wildcards, so that the rule above is for all other maps.
for batch in BATCHES:

    rule:
        """Points of a sweep, or replicates: each as if it were trained alone."""
        name:
            f"train_batch_{batch.label}"
        input:
            code=batch.as_its_first(INPUTS.code_for_training),
            data=batch.as_its_first(INPUTS.data),
            start=batch.as_its_first(INPUTS.start),
        output:
            batch.files("model.h5"),
        log:
            f"results/logs/batches/{batch.label}-train.log",
        group:
            group_of_batch
        threads: 1
        resources:
            mem_mb=NEEDS.training_memory(batch.its_names),
            runtime=NEEDS.training_runtime(batch.its_names),
            gpu=batch.as_its_first(NEEDS.training_gpus),
        params:
            versions=batch.as_its_first(PARAMS.versions_for_training),
            fixed=batch.as_its_first(PARAMS.fixed),
            settings=PARAMS.told_of(batch.names),
        shell:
            TRAIN
