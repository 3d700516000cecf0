# results/<experiment>/model.h5 and its data -> activity.gif


rule render_activity_gif:
    """Input, activity on the grid and reconstruction, frame by frame."""
    input:
        code=code("render_activity_gif.py"),
        model="results/{experiment}/model.h5",
        data=experiment_data,
    output:
        report(
            "results/{experiment}/activity.gif",
            category="{experiment}",
            labels={"picture": "activity"},
            caption="../report/activity.rst",
        ),
    log:
        "results/{experiment}/logs/activity.log",
    params:
        settings=flags(CATALOGUE.animation),
    shell:
        "python {input.code[0]:q}"
        " --model {input.model}"
        " --data {input.data}"
        " {params.settings}"
        " --output {output}"
        " > {log} 2>&1"
