# config.yaml -> results/data/<data set>.h5, with a picture of what is worth seeing.


rule prepare_mnist:
    """Labelled images, from the source that the config names."""
    input:
        code=code("prepare_mnist.py"),
        embedded=embedded_files,
        idx=idx_files,
    output:
        "results/data/{dataset}.h5",
    log:
        "results/data/logs/{dataset}.log",
    wildcard_constraints:
        dataset=datasets_of("mnist"),
    cache: BETWEEN_WORKFLOWS
    resources:
        mem_mb=data_memory,
        runtime=data_runtime,
    params:
        versions=versions_for("prepare_mnist.py"),
        settings=source_flags,
        places=mirror_flags,
    shell:
        "python {input.code[0]:q}"
        " {params.settings}"
        " {params.places}"
        " --files {input.idx:q}"
        " --output {output:q}"
        " 2>&1 | tee {log:q}"


rule build_tapestry:
    """A square of images that repeats at its edges."""
    input:
        code=code("build_tapestry.py"),
        digits=lambda wildcards: f"results/data/{CATALOGUE.datasets[wildcards.dataset]['digits']}.h5",
    output:
        "results/data/{dataset}.h5",
    log:
        "results/data/logs/{dataset}.log",
    wildcard_constraints:
        dataset=datasets_of("tapestry"),
    cache: BETWEEN_WORKFLOWS
    resources:
        mem_mb=data_memory,
        runtime=data_runtime,
    params:
        versions=versions_for("build_tapestry.py"),
        settings=dataset_flags("side"),
    shell:
        "python {input.code[0]:q}"
        " --digits {input.digits:q}"
        " {params.settings}"
        " --output {output:q}"
        " 2>&1 | tee {log:q}"


rule build_pan_sequence:
    """Windows moving over a tapestry."""
    input:
        code=code("build_pan_sequence.py"),
        tapestry=tapestry_of,
    output:
        "results/data/{dataset}.h5",
    log:
        "results/data/logs/{dataset}.log",
    wildcard_constraints:
        dataset=datasets_of("pan"),
    cache: BETWEEN_WORKFLOWS
    resources:
        mem_mb=data_memory,
        runtime=data_runtime,
    params:
        versions=versions_for("build_pan_sequence.py"),
        settings=dataset_flags(
            "frames",
            "held_out_frames",
            "window",
            "hold",
            "max_acceleration",
            "max_speed",
            "seed",
        ),
    shell:
        "python {input.code[0]:q}"
        " --tapestry {input.tapestry:q}"
        " {params.settings}"
        " --output {output:q}"
        " 2>&1 | tee {log:q}"


rule plot_tapestry:
    """The tapestry of training images."""
    input:
        code=code("plot_tapestry.py"),
        tapestry="results/data/{dataset}.h5",
    output:
        report(
            "results/data/{dataset}.png",
            category="Data",
            labels={"data set": "{dataset}", "picture": "tapestry"},
            caption="../report/tapestry.rst",
        ),
    log:
        "results/data/logs/{dataset}-picture.log",
    wildcard_constraints:
        dataset=datasets_of("tapestry"),
    resources:
        mem_mb=tapestry_picture_memory,
        runtime=data_picture_runtime,
    params:
        versions=versions_for("plot_tapestry.py"),
    shell:
        "python {input.code[0]:q}"
        " --tapestry {input.tapestry:q}"
        " --output {output:q}"
        " 2>&1 | tee {log:q}"


rule render_sequence_gif:
    """What the moving window sees, and where it is."""
    input:
        code=code("render_sequence_gif.py"),
        sequence="results/data/{dataset}.h5",
        tapestry=tapestry_of,
    output:
        report(
            "results/data/{dataset}.gif",
            category="Data",
            labels={"data set": "{dataset}", "picture": "animation"},
            caption="../report/sequence.rst",
        ),
    log:
        "results/data/logs/{dataset}-animation.log",
    wildcard_constraints:
        dataset=datasets_of("pan"),
    resources:
        mem_mb=sequence_gif_memory,
        runtime=data_picture_runtime,
    params:
        versions=versions_for("render_sequence_gif.py"),
        settings=flags(
            {
                "frames": CATALOGUE.animation["sequence_frames"],
                "frame_ms": CATALOGUE.animation["sequence_ms"],
            }
        ),
    shell:
        "python {input.code[0]:q}"
        " --sequence {input.sequence:q}"
        " --tapestry {input.tapestry:q}"
        " {params.settings}"
        " --output {output:q}"
        " 2>&1 | tee {log:q}"
