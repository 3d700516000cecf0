# config.yaml -> results/data/<data set>.h5, with a picture of what is worth seeing.


rule prepare_mnist:
    """Labelled images, from the source that the config names."""
    input:
        code=INPUTS.code("prepare_mnist.py"),
        embedded=INPUTS.embedded_files,
        idx=INPUTS.idx_files,
    output:
        "results/data/{dataset}.h5",
    log:
        "results/data/logs/{dataset}.log",
    wildcard_constraints:
        dataset=datasets_of(CATALOGUE, "mnist"),
    cache: BETWEEN_WORKFLOWS
    resources:
        mem_mb=NEEDS.data_memory,
        runtime=NEEDS.data_runtime,
    params:
        versions=versions_for("prepare_mnist.py"),
        settings=PARAMS.source,
        places=PARAMS.mirrors,
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
        code=INPUTS.code("build_tapestry.py"),
        digits=INPUTS.made_of("digits"),
    output:
        "results/data/{dataset}.h5",
    log:
        "results/data/logs/{dataset}.log",
    wildcard_constraints:
        dataset=datasets_of(CATALOGUE, "tapestry"),
    cache: BETWEEN_WORKFLOWS
    resources:
        mem_mb=NEEDS.data_memory,
        runtime=NEEDS.data_runtime,
    params:
        versions=versions_for("build_tapestry.py"),
        settings=PARAMS.dataset("side"),
    shell:
        "python {input.code[0]:q}"
        " --digits {input.digits:q}"
        " {params.settings}"
        " --output {output:q}"
        " 2>&1 | tee {log:q}"


rule build_pan_sequence:
    """Windows moving over a tapestry."""
    input:
        code=INPUTS.code("build_pan_sequence.py"),
        tapestry=INPUTS.made_of("tapestry"),
    output:
        "results/data/{dataset}.h5",
    log:
        "results/data/logs/{dataset}.log",
    wildcard_constraints:
        dataset=datasets_of(CATALOGUE, "pan"),
    cache: BETWEEN_WORKFLOWS
    resources:
        mem_mb=NEEDS.data_memory,
        runtime=NEEDS.data_runtime,
    params:
        versions=versions_for("build_pan_sequence.py"),
        settings=PARAMS.dataset(
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
        code=INPUTS.code("plot_tapestry.py"),
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
        dataset=datasets_of(CATALOGUE, "tapestry"),
    resources:
        mem_mb=NEEDS.tapestry_picture_memory,
        runtime=NEEDS.data_picture_runtime,
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
        code=INPUTS.code("render_sequence_gif.py"),
        sequence="results/data/{dataset}.h5",
        tapestry=INPUTS.made_of("tapestry"),
    output:
        gif=report(
            "results/data/{dataset}.gif",
            category="Data",
            labels={"data set": "{dataset}", "picture": "animation"},
            caption="../report/sequence.rst",
        ),
        # For the player of the page.
        script="results/data/{dataset}.gif.js",
    log:
        "results/data/logs/{dataset}-animation.log",
    wildcard_constraints:
        dataset=datasets_of(CATALOGUE, "pan"),
    resources:
        mem_mb=NEEDS.sequence_gif_memory,
        runtime=NEEDS.data_picture_runtime,
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
        " --output {output.gif:q}"
        " 2>&1 | tee {log:q}"
