# Everything that `run:` selects, and what lies there -> results/index.html; that -> results/site.zip


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


rule pack_site:
    """The page with what it needs as one file, to send; made if it is asked for."""
    input:
        code=INPUTS.code("pack_site.py"),
        page="results/index.html",
        shown=SHOWN.files(),
    output:
        "results/site.zip",
    log:
        "results/logs/site.log",
    resources:
        mem_mb=NEEDS.page_memory,
        runtime=NEEDS.page_runtime,
    params:
        versions=versions_for("pack_site.py"),
    shell:
        "python {input.code[0]:q}"
        " --page {input.page:q}"
        " --output {output:q}"
        " 2>&1 | tee {log:q}"
