# Everything that `run:` selects, and what lies there -> results/index.html, and what belongs to it


rule build_page:
    """The page that shows what is selected, and all else that is up to date."""
    input:
        code=code("build_page.py"),
        templates=lambda wildcards: [
            source(ROOT / "src/topodream/page/templates" / part) for part in PAGE_PARTS
        ],
        shown=shown_files(),
        maps=trained_maps(),
    output:
        page="results/index.html",
        companions=companion_files(),
    log:
        "results/logs/page.log",
    resources:
        mem_mb=page_memory,
        runtime=page_runtime,
    params:
        versions=versions_for("build_page.py"),
        # From a function, or braces in a question would be taken for wildcards.
        contents=lambda wildcards: json.dumps(page_contents()),
    # Through standard input: no argument may be longer than 128 KiB.
    shell:
        "python {input.code[0]:q}"
        " --contents -"
        " --output {output.page:q}"
        " <<< {params.contents:q} 2>&1 | tee {log:q}"
