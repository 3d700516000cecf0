# The entry: `snakemake` in this folder. The workflow itself lies in workflow/, so that it can
# also be used as a module of another one; a default target set there would be overlooked.
include: "workflow/Snakefile"


workflow.default_target = "all"
