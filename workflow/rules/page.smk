# Everything that `run:` selects, and what lies there -> results/index.html


rule build_page:
    """The page that shows what is selected, and all else that is up to date."""
    input:
        code=INPUTS.code("build_page.py", datasets.KIND_MODULES),
        templates=INPUTS.templates,
        shown=SHOWN.files(),
    output:
        "results/index.html",
    log:
        "results/logs/page.log",
    resources:
        mem_mb=NEEDS.page_memory,
        runtime=NEEDS.page_runtime,
    params:
        versions=versions_for("build_page.py"),
        contents=SHOWN.contents,
    # Through standard input: no argument may be longer than 128 KiB.
    shell:
        "python {input.code[0]:q}"
        " --contents -"
        " --output {output:q}"
        " <<< {params.contents:q} 2>&1 | tee {log:q}"
