# results/<experiment>/model.h5 and its data -> *.gif, and each as a script

# Which animations a map has depends on its model and its data: a rule for each kind of map.
for kind, names in map_kinds(CATALOGUE).items():

    rule:
        """Every animation of a map: how it formed, and how it is at work."""
        name:
            f"render_map_gifs_{kind}"
        input:
            code=INPUTS.code_for_pictures("render_map_gifs.py", kind.animations),
            model="results/{experiment}/model.h5",
            data=INPUTS.data,
        output:
            [f"results/{{experiment}}/{one.file}" for one in kind.animations],
            # For the player of the page.
            scripts=[f"results/{{experiment}}/{one.file}.js" for one in kind.animations],
        log:
            "results/{experiment}/logs/animations.log",
        wildcard_constraints:
            experiment=pattern(names),
        priority: BEFORE_TRAINING
        group:
            group_of_training
        resources:
            mem_mb=NEEDS.map_gifs_memory,
            runtime=NEEDS.map_runtime,
        params:
            versions=versions_for("render_map_gifs.py"),
            settings=flags(CATALOGUE.animation),
            folder=subpath(output[0], parent=True),
        shell:
            "python {input.code[0]:q}"
            " --model {input.model:q}"
            " --data {input.data:q}"
            " {params.settings}"
            " --output-folder {params.folder:q}"
            " 2>&1 | tee {log:q}"
