"""What was measured, as tables in Markdown and as a picture."""

from typing import Any

from topodream.files.errors import InputError
from topodream.pictures.figure_parts import Figure

BEGIN, END = "<!-- measured -->", "<!-- end of measured -->"
MEMORY_LIMIT_MIB = 600
# Colours that colour-blind people tell apart (Okabe and Ito), from dark to light, and a grey.
BARS = {
    "fast float32": ("fast engine, float32", "#0072b2"),
    "reference": ("reference engine, float32", "#56b4e9"),
    "dense": ("notebooks' arithmetic, float64", "#e69f00"),
    "notebook": ("printed in the notebook (other machine)", "#999999"),
}
Measured = dict[str, Any]


# ------------------------------------------------------------------ text


def number(value: float) -> str:
    """Return a number with three digits that count, and commas.

    >>> [number(value) for value in (26487.2, 713.4, 28.31, 0.9876)]
    ['26,500', '713', '28.3', '0.988']
    """
    if value >= 100:
        digits = len(str(int(value))) - 3
        return f"{round(value, -digits):,.0f}"
    return f"{value:.3g}"


def ratio(spread: dict[str, float]) -> str:
    """Return a ratio with its least and most.

    >>> ratio({"median": 12.34, "least": 9.5, "most": 14.0})
    '12.3 (9.5 to 14)'
    """
    return f"{spread['median']:.3g} ({spread['least']:.3g} to {spread['most']:.3g})"


def table(head: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table whose first column is text and the others numbers.

    >>> print(table(["map", "steps"], [["a", "1"]]))
    | map | steps |
    |---|---:|
    | a | 1 |
    """
    lines = [head, *rows]
    text = ["| " + " | ".join(line) + " |" for line in lines]
    return "\n".join([text[0], "|---|" + "---:|" * (len(head) - 1), *text[1:]])


def steps_table(rows: list[Measured]) -> str:
    """Return the steps per second of each experiment."""
    head = [
        "experiment", "units", "inputs", "notebook", "dense, float64", "reference, float32",
        "fast, float32", "fast, float64", "fast float32 / dense", "fast float64 / dense",
    ]  # fmt: skip
    names = ("dense", "reference", "fast float32", "fast float64")
    return table(
        head,
        [
            [
                f"`{row['experiment']}`",
                f"{row['rows']} x {row['cols']}",
                str(row["inputs"]),
                f"{row['notebook']:,}",
                *(number(row["rates"][name]["median"]) for name in names),
                *(ratio(row["over_dense"][name]) for name in names[2:]),
            ]
            for row in rows
        ],
    )


def density_table(rows: list[Measured]) -> str:
    """Return the steps per second by how many inputs are lit, beside a bare product."""
    head = [
        "images", "inputs", "lit", "dense, float64", "bare product, float32", "fast, float32",
        "fast / dense", "fast / bare product",
    ]  # fmt: skip
    names = ("dense", "product", "fast float32")
    return table(
        head,
        [
            [
                row["images"],
                f"{row['inputs']:,}",
                f"{row['lit']:.0%}",
                *(number(row["rates"][name]["median"]) for name in names),
                ratio(row["over_dense"]),
                ratio(row["over_product"]),
            ]
            for row in rows
        ],
    )


def threads_table(rows: list[Measured]) -> str:
    """Return the steps per second of one training, and of two at once."""
    head = ["experiment", "one, steps/s", "two, steps/s in total", "two / one"]
    return table(
        head,
        [
            [
                f"`{row['experiment']}`",
                *(number(row[name]["median"]) for name in ("one", "two")),
                ratio(row["two_over_one"]),
            ]
            for row in rows
        ],
    )


def jobs_table(rows: list[Measured]) -> str:
    """Return seconds and memory of whole trainings, and whether the limit is kept."""
    head = ["training", "steps", "seconds", "peak memory, MiB"]
    text = table(
        head,
        [
            [row["job"], f"{row['steps']:,}", f"{row['seconds']:.1f}", f"{row['peak_mib']:.0f}"]
            for row in rows
        ],
    )
    most = max(row["peak_mib"] for row in rows)
    verdict = "within" if most <= MEMORY_LIMIT_MIB else "BEYOND"
    return f"{text}\n\nThe most is {most:.0f} MiB, {verdict} the {MEMORY_LIMIT_MIB} MiB aimed at."


def catalogue_table(measured: Measured | None) -> str:
    """Return what the whole catalogue took, and each part's share of the processor."""
    if measured is None:
        return "Not measured in a quick run."
    rows = [
        [row["part"], str(row["processes"]), f"{row['cpu_seconds']:.0f}"]
        for row in measured["parts"]
    ]
    whole = sum(row["cpu_seconds"] for row in measured["parts"])
    jobs = sum(row["processes"] for row in measured["parts"])
    text = table(["part", "processes", "CPU seconds"], [*rows, ["sum", str(jobs), f"{whole:.0f}"]])
    minutes, seconds = divmod(round(measured["seconds"]), 60)
    return (
        f"{minutes} min {seconds} s by the clock on {measured['cores']} cores; once all is made, "
        f"{measured['seconds_again']:.1f} s to find that out.\n\n{text}"
    )


def libraries_table(measured: Measured | None) -> str:
    """Return the rates of libraries for self-organising maps, and our engine in the same rounds."""
    if measured is None:
        return "Not measured in a quick run."
    head = ["", "samples per CPU second", "fast MWTA / it", "version", "how"]
    rows = [["topodream, fast MWTA", number(measured["ours"]["median"]), "1", "", "float32"]]
    for row in measured["libraries"]:
        rate = number(row["samples_per_cpu_second"]["median"])
        name_and_rate = [row["name"], rate, ratio(row["ours_over_it"])]
        rows.append([*name_and_rate, row["version"], row["note"]])
    text = table(head, rows)
    if measured["missing"]:
        text += f"\n\nNot installed, so not measured: {', '.join(measured['missing'])}."
    return text


def machine_text(machine: Measured) -> str:
    """Return in one sentence what it was measured on."""
    return (
        f"{machine['processor']}, {machine['cores']} cores; Python {machine['python']}, "
        f"NumPy {machine['numpy']}, Numba {machine['numba']}"
    )


def report(measured: Measured) -> str:
    """Return all tables; the first line names the command."""
    quick = " A quick run: too short to compare anything." if measured["quick"] else ""
    command = "python benchmarks/bench.py --quick" if measured["quick"] else "make bench"
    return "\n\n".join(
        [
            f"Measured by `{command}` on: {machine_text(measured['machine'])}.{quick}",
            "### Training steps per second, on one thread",
            steps_table(measured["steps"]),
            "![Training steps per second](performance.png)",
            "### By density of the inputs, 40 x 40 units",
            density_table(measured["densities"]),
            "### Two trainings at once",
            threads_table(measured["threads"]),
            "### Whole trainings",
            jobs_table(measured["jobs"]),
            "### The whole catalogue",
            catalogue_table(measured["catalogue"]),
            "### Libraries for self-organising maps",
            libraries_table(measured["libraries"]),
        ]
    )


def put_between(text: str, tables: str) -> str:
    """Return a page with what stands between the two markers replaced."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise InputError(f"the page to renew has to hold {BEGIN} and, after it, {END}")
    return f"{before}{BEGIN}\n\n{tables}\n\n{END}{after}"


# ------------------------------------------------------------------ picture


def picture(measured: Measured) -> Figure:
    """Draw the steps per second of each experiment as bars, on a logarithmic scale."""
    rows = measured["steps"]
    figure = Figure(figsize=(9, 1.5 + 1.05 * len(rows)), dpi=100, layout="constrained")
    axes = figure.add_subplot()
    height = 0.8 / len(BARS)
    for i, (name, (label, colour)) in enumerate(BARS.items()):
        rates = [_rate(row, name) for row in rows]
        places = [row + (i - (len(BARS) - 1) / 2) * height for row in range(len(rows))]
        bars = axes.barh(places, rates, height * 0.92, color=colour, label=label)
        texts = [f"{rate:,.0f}" if name == "notebook" else number(rate) for rate in rates]
        axes.bar_label(bars, texts, padding=3, fontsize="small")
    axes.set_yticks(range(len(rows)), [_label(row) for row in rows])
    axes.invert_yaxis()
    axes.set(xscale="log", xlabel="training steps per second, one thread (logarithmic scale)")
    slowest = min(_rate(row, name) for row in rows for name in BARS)
    fastest = max(_rate(row, name) for row in rows for name in BARS)
    axes.set_xlim(slowest / 2, fastest * 3)  # room for the numbers beside the bars
    axes.grid(axis="x", alpha=0.25)
    axes.set_axisbelow(True)
    figure.legend(loc="outside upper center", ncols=2, fontsize="small", frameon=False)
    figure.supxlabel(machine_text(measured["machine"]), fontsize="small")
    return figure


def _rate(row: Measured, name: str) -> float:
    return float(row["notebook"] if name == "notebook" else row["rates"][name]["median"])


def _label(row: Measured) -> str:
    return f"{row['experiment']}\n{row['rows']} x {row['cols']}, {row['inputs']} inputs"
