# results/<experiment>/model.h5 -> measures.json and figures/*.png


rule measure:
    """How well a map reconstructs, how smooth it is, how many units are dead."""
    input:
        code=code("measure.py"),
        model="results/{experiment}/model.h5",
        data=experiment_data,
    output:
        "results/{experiment}/measures.json",
    log:
        "results/{experiment}/logs/measure.log",
    params:
        settings=flags({"held_out": CATALOGUE.evaluation["held_out"]}),
    shell:
        "python {input.code[0]:q}"
        " --model {input.model}"
        " --data {input.data}"
        " {params.settings}"
        " --output {output}"
        " > {log} 2>&1"


rule plot_prototypes:
    """Every unit's prototype at its place on the grid."""
    input:
        code=code("plot_prototypes.py"),
        model="results/{experiment}/model.h5",
    output:
        report(
            "results/{experiment}/figures/prototypes.png",
            category="{experiment}",
            labels={"picture": "prototypes"},
            caption="../report/prototypes.rst",
        ),
    log:
        "results/{experiment}/logs/prototypes.log",
    shell:
        "python {input.code[0]:q}" " --model {input.model}" " --output {output}" " > {log} 2>&1"


rule plot_hit_map:
    """How often each unit won in the last epoch."""
    input:
        code=code("plot_hit_map.py"),
        model="results/{experiment}/model.h5",
    output:
        report(
            "results/{experiment}/figures/hit_map.png",
            category="{experiment}",
            labels={"picture": "hit map"},
            caption="../report/hit_map.rst",
        ),
    log:
        "results/{experiment}/logs/hit_map.log",
    shell:
        "python {input.code[0]:q}" " --model {input.model}" " --output {output}" " > {log} 2>&1"


rule plot_learning_curve:
    """Reconstruction error over the epochs, in training and on held-out samples."""
    input:
        code=code("plot_learning_curve.py"),
        model="results/{experiment}/model.h5",
        measures="results/{experiment}/measures.json",
    output:
        report(
            "results/{experiment}/figures/learning_curve.png",
            category="{experiment}",
            labels={"picture": "learning curve"},
            caption="../report/learning_curve.rst",
        ),
    log:
        "results/{experiment}/logs/learning_curve.log",
    shell:
        "python {input.code[0]:q}"
        " --model {input.model}"
        " --measures {input.measures}"
        " --output {output}"
        " > {log} 2>&1"


rule plot_reconstructions:
    """Held-out samples beside what the map makes of them."""
    input:
        code=code("plot_reconstructions.py"),
        model="results/{experiment}/model.h5",
        data=experiment_data,
    output:
        report(
            "results/{experiment}/figures/reconstructions.png",
            category="{experiment}",
            labels={"picture": "reconstructions"},
            caption="../report/reconstructions.rst",
        ),
    log:
        "results/{experiment}/logs/reconstructions.log",
    params:
        settings=flags({"count": CATALOGUE.evaluation["reconstructions"]}),
    shell:
        "python {input.code[0]:q}"
        " --model {input.model}"
        " --data {input.data}"
        " {params.settings}"
        " --output {output}"
        " > {log} 2>&1"
