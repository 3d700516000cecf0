# config.yaml -> results/data/<data set>.h5, with a picture of what is worth seeing.
#
# Rules are made by functions, for their arguments: Snakemake evaluates a command once more when its
# job runs, and of a loop it would find the last.


def make_data(name, kind):
    """The rule that makes data sets of a kind."""
    files = options_of(kind.files)

    rule:
        """A data set, as its kind makes it."""
        name:
            Path(kind.script).stem
        input:
            **INPUTS.made_of(kind.made_of),
            code=INPUTS.code(kind.script),
            shipped=INPUTS.shipped_files,
            files=INPUTS.raw_files,
        output:
            "results/data/{dataset}.h5",
        log:
            "results/data/logs/{dataset}.log",
        wildcard_constraints:
            dataset=datasets_of(CATALOGUE, name),
        cache: BETWEEN_WORKFLOWS
        priority: BEFORE_TRAINING
        group:
            group_of_data
        resources:
            mem_mb=NEEDS.data_memory,
            runtime=NEEDS.data_runtime,
        params:
            versions=versions_for(kind.script, kind.packages),
            settings=PARAMS.dataset,
            not_compared=PARAMS.not_compared,
        shell:
            "python {input.code[0]:q}"
            f" {files}"
            " {params.settings}"
            " {params.not_compared}"
            " --output {output:q}"
            " 2>&1 | tee {log:q}"


def draw_data(picture, names):
    """The rule that draws data sets of some kinds."""
    files = options_of(picture.files)
    file = f"results/data/{{dataset}}{picture.suffix}"
    moves = picture.suffix == ".gif"

    rule:
        """The picture of a data set."""
        name:
            Path(picture.script).stem
        input:
            **{picture.option: "results/data/{dataset}.h5"},
            **INPUTS.made_of(picture.behind),
            code=INPUTS.code(picture.script),
        output:
            # What moves has a script beside it, for the player of the page; a report has no room for it.
            **({"script": f"{file}.js"} if moves else {}),
            picture=(
                file
                if moves
                else report(
                    file,
                    category="Data",
                    labels={"data set": "{dataset}", "picture": picture.name},
                    caption="../report/data.rst",
                )
            ),
        log:
            "results/data/logs/{dataset}-picture.log",
        wildcard_constraints:
            dataset=datasets_of(CATALOGUE, *names),
        priority: BEFORE_TRAINING
        group:
            group_of_data
        resources:
            mem_mb=NEEDS.data_picture_memory,
            runtime=NEEDS.data_picture_runtime,
        params:
            versions=versions_for(picture.script, picture.packages),
            settings=PARAMS.animation(picture.settings),
            caption=PARAMS.caption,
        shell:
            "python {input.code[0]:q}"
            f" {files}"
            " {params.settings}"
            " --output {output.picture:q}"
            " 2>&1 | tee {log:q}"


for name, kind in KINDS.items():
    make_data(name, kind)
for picture, names in pictures_of_data():
    draw_data(picture, names)
