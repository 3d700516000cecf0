# results/<experiment>/model.h5 and its data -> *.gif

# Which animations a map has depends on its model and its data: a rule for each kind of map.
for kind in MAP_KINDS:

    rule:
        """Every animation of a map: how it formed, and how it is at work."""
        name:
            f"render_map_gifs_{'_'.join(kind)}"
        input:
            code=code_for_experiment("render_map_gifs.py"),
            model="results/{experiment}/model.h5",
            data=experiment_data,
        output:
            [
                map_picture(f"results/{{experiment}}/{name}.gif", name)
                for name in animations_of(kind)
            ],
        log:
            "results/{experiment}/logs/animations.log",
        wildcard_constraints:
            experiment=experiments_of(kind),
        resources:
            mem_mb=map_gifs_memory,
            runtime=map_runtime,
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
