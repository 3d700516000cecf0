# measures.json of many experiments -> results/sweeps/*.json, *.png and results/findings.json


rule summarise_sweep:
    """What was measured at every point of a sweep."""
    input:
        code=INPUTS.code("summarise_sweep.py"),
        measures=INPUTS.measures_of_sweep,
    output:
        "results/sweeps/{sweep}.json",
    log:
        "results/sweeps/logs/{sweep}.log",
    resources:
        mem_mb=NEEDS.sweep_memory,
        runtime=NEEDS.small_runtime,
    params:
        versions=versions_for("summarise_sweep.py"),
        sweep=PARAMS.sweep,
        results=subpath(output[0], ancestor=2),
    # Through standard input: no argument may be longer than 128 KiB.
    shell:
        "python {input.code[0]:q}"
        " --sweep -"
        " --results {params.results:q}"
        " --output {output:q}"
        " <<< {params.sweep:q} 2>&1 | tee {log:q}"


rule plot_sweep:
    """Measures over the values of the swept setting, a dot for each seed."""
    input:
        code=INPUTS.code("plot_sweep.py"),
        sweep="results/sweeps/{sweep}.json",
    output:
        report(
            "results/sweeps/{sweep}.png",
            category="Sweeps",
            labels={"sweep": "{sweep}"},
            caption="../report/sweep.rst",
        ),
    log:
        "results/sweeps/logs/{sweep}-picture.log",
    resources:
        mem_mb=NEEDS.sweep_memory,
        runtime=NEEDS.small_runtime,
    params:
        versions=versions_for("plot_sweep.py"),
    shell:
        "python {input.code[0]:q}"
        " --sweep {input.sweep:q}"
        " --output {output:q}"
        " 2>&1 | tee {log:q}"


rule tabulate_findings:
    """The findings as a table to quote from."""
    input:
        code=INPUTS.code("tabulate_findings.py"),
        findings="results/findings.json",
    output:
        "results/findings.md",
    log:
        "results/logs/findings-table.log",
    resources:
        mem_mb=NEEDS.small_memory,
        runtime=NEEDS.small_runtime,
    params:
        versions=versions_for("tabulate_findings.py"),
    shell:
        "python {input.code[0]:q}"
        " --findings {input.findings:q}"
        " --output {output:q}"
        " 2>&1 | tee {log:q}"


rule judge_findings:
    """Whether what was said about experiments is borne out by what was measured."""
    input:
        code=INPUTS.code("judge_findings.py"),
        measures=INPUTS.measures_of_findings,
    output:
        "results/findings.json",
    log:
        "results/logs/findings.log",
    resources:
        mem_mb=NEEDS.findings_memory,
        runtime=NEEDS.small_runtime,
    params:
        versions=versions_for("judge_findings.py"),
        questions=PARAMS.questions,
        results=subpath(output[0], parent=True),
    shell:
        "python {input.code[0]:q}"
        " --questions -"
        " --results {params.results:q}"
        " --output {output:q}"
        " <<< {params.questions:q} 2>&1 | tee {log:q}"
