# The only set-up logic of the project: an environment in .venv, made once from the lock files.
#
#   make            set up, then make everything `run:` in config.yaml selects (results/index.html)
#   make study      the same with several seeds, which findings and sweeps need
#   make test       set up, then all checks and tests
#   make help       the other targets
#
# CONFIG=mine.yaml is laid over config.yaml, RUN=my-map is what to make in place of its `run:`.

PYTHON ?= python3
CORES  ?= all
BIN    := .venv/bin
# Not from the environment.
CONFIG =
RUN =
OVERLAY = $(if $(CONFIG),--configfile $(or $(wildcard $(CONFIG)),$(error CONFIG=$(CONFIG): there is no such file)))
MINE = $(OVERLAY) $(if $(RUN),--config 'run=$(RUN)')
# Progress and what jobs print, without the details of each job. Cores come last: what follows
# --quiet would be taken for one more of its words.
SNAKEMAKE := $(BIN)/python -m snakemake --quiet rules host --cores $(CORES)
# What is compiled once; then whole files, in the order that tests/conftest.py gives them, in two
# processes for each core of a small machine: some tests wait.
PYTEST := $(BIN)/python tests/machine_code.py && $(BIN)/python -m pytest --numprocesses 4 --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := results
.PHONY: results study baselines site report provenance crate dry-run setup setup-dev test check tests test-fast test-oldest test-slurm gpu-check gpu-tables kills fuzz format docs dist bench readme-pictures lock clean help

results: setup ## Make the selected experiments, their pictures and the page
	$(SNAKEMAKE) $(MINE)
	@echo "Open results/index.html in a browser."

study: setup ## All of it with several seeds: findings and sweeps too (twenty minutes more)
	$(SNAKEMAKE) $(OVERLAY) --config 'run=$(or $(RUN),study)'

dry-run: setup ## Say what `make` would do
	$(SNAKEMAKE) --dry-run $(MINE)

site: setup ## The page as one file to send, or to put on a web server: results/site.zip
	$(SNAKEMAKE) results/site.zip $(MINE)

report: setup ## One self-contained HTML file by Snakemake itself: results/report.html
	$(SNAKEMAKE) --report results/report.html $(MINE)

# `make baselines BASELINES="excited-20 trace-40"`
baselines: setup-dev ## PCA, k-means and others on the data of BASELINES="<experiments>", on the page
	$(SNAKEMAKE) $(BASELINES:%=results/%/baselines.json) $(MINE)
	$(SNAKEMAKE) $(MINE)
BASELINES ?= digits-competition patches

# `make provenance ARTIFACT=results/excited-20/activity.gif`
provenance: setup ## What made ARTIFACT=<a file in results/>, back to the raw data
	@$(BIN)/python src/trace_provenance.py "$(or $(ARTIFACT),$(error name a file: make provenance ARTIFACT=results/...))"

crate: setup ## Describe results/ as an RO-Crate: results/ro-crate-metadata.json
	$(BIN)/python src/export_crate.py --output results/ro-crate-metadata.json

test: check tests ## Everything that must pass before a commit

check: setup-dev ## Format, lint, types, spelling, what a forge reads
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/mypy
	$(BIN)/codespell
	$(BIN)/actionlint .github/workflows/*.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/bug.yml .github/ISSUE_TEMPLATE/idea.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.citation-file-format CITATION.cff

tests: setup-dev ## The tests alone (eight minutes)
	$(PYTEST)

test-fast: setup-dev ## The quick tests of each part, for work in progress (a minute)
	$(PYTEST) -m "not slow"

# `make test-oldest TESTS=` runs all of them. Packages as old as these speak of each other's deprecations.
test-oldest: .venv-oldest/stamp ## The quick tests with Python 3.11 and the lowest versions that pyproject.toml allows
	.venv-oldest/bin/python tests/machine_code.py
	.venv-oldest/bin/python -m pytest --numprocesses 4 --dist loadfile --no-loadscope-reorder -W default::DeprecationWarning $(TESTS)
TESTS = -m "not slow"

test-slurm: setup-dev ## The workflow on a SLURM of its own (root; slurmctld, slurmd, munge)
	$(BIN)/python -m pytest tests/slurm

gpu-check: setup ## Does a GPU compute what the reference does, and how fast? (docs/gpu.md)
	@$(BIN)/python src/check_gpu.py --output results/gpu-check.json --report results/gpu-check.md

gpu-tables: setup-dev ## Renew what docs/gpu-evidence.md and docs/model.md table, with GPUs emulated on this CPU (ten minutes)
	$(BIN)/python tests/emulator/tables.py

kills: setup-dev ## Kill runs at forty random moments, see that nothing is lost (five minutes)
	PYTHONPATH=src $(BIN)/python tests/kills.py

fuzz: setup-dev ## Damage 20,000 files and settings, see that each is one clear line (ten minutes)
	$(BIN)/python tests/fuzz/fuzz.py --cases 20000

format: setup-dev ## Format the Python and Snakemake code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/snakefmt Snakefile workflow

setup: .venv/default.stamp ## The environment for `make`
setup-dev: .venv/dev.stamp ## The environment for `make test`

# pip is the last thing that venv puts in: an interrupted set-up begins anew.
.venv/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "topodream needs Python 3.11 or newer, $(PYTHON) is " + sys.version.split()[0] + "; name another one: make PYTHON=python3.12")'
	$(PYTHON) -m venv --clear .venv

# `import topodream` there is the package of this checkout.
IMPORTABLE := $(BIN)/python -c "import pathlib, sysconfig; pathlib.Path(sysconfig.get_path('purelib'), 'topodream.pth').write_text(str(pathlib.Path('src').resolve()) + '\n')"

.venv/default.stamp: requirements.lock | .venv/bin/pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(IMPORTABLE)
	@touch $@

# The development lock holds the default one's packages at the same versions.
.venv/dev.stamp: requirements-dev.lock | .venv/bin/pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(IMPORTABLE)
	@touch $@ .venv/default.stamp

.venv-oldest/stamp: requirements-oldest.lock
	$(OLDEST) -m venv --clear .venv-oldest
	.venv-oldest/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-oldest.lock
	@touch $@
OLDEST = python3.11

.venv-docs/stamp: requirements-docs.lock
	$(PYTHON) -m venv --clear .venv-docs
	.venv-docs/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-docs.lock
	@touch $@

# Broken links are warnings, which --quiet would neither show nor count.
docs: .venv-docs/stamp ## The documentation as pages to read in a browser: build/docs/index.html
	NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs build
	@echo "Open build/docs/index.html in a browser."

# The last line is what somebody does who installs it: nothing of this folder is in reach.
dist: setup-dev ## Build what is released, dist/*; install the wheel in an empty environment and use it
	rm -rf dist build/lib build/bdist.*
	$(BIN)/python -m build --no-isolation
	$(PYTHON) -m venv --clear .venv-installed
	.venv-installed/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	.venv-installed/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-index dist/*.whl
	.venv-installed/bin/python -I tests/use_installed.py

bench: .venv-bench/stamp ## Measure speed and memory, renew docs/performance.* (ten minutes)
	.venv-bench/bin/python benchmarks/bench.py

# An environment of its own: the libraries to compare with bring PyTorch, on Linux some gigabytes.
# Without them (offline, say) the benchmark leaves them out, and says so.
.venv-bench/stamp: requirements.lock
	$(PYTHON) -m venv --clear .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	-.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check $$(.venv-bench/bin/python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies']['bench'])")
	@touch $@

# What CIFAR10=<the folder of its batches> adds to the study; without it statements on it are not measured.
CIFAR10_SOURCE = $(if $(CIFAR10),'datasets={cifar10: {source: binary, folder: $(CIFAR10)}}')

# The crop: 26 x 14 units of 29 pixels each, from unit row 4, column 9 on.
readme-pictures: setup-dev ## Renew pictures, findings and results in README.md and docs/ (CIFAR10=<folder>)
	$(SNAKEMAKE) --config run=study $(CIFAR10_SOURCE)
	$(BIN)/python src/render_map_gifs.py --model results/excited-20/model.h5 \
	  --data results/data/pan.h5 --sequence-frames 60 --sequence-ms 100 \
	  --images-frames 60 --images-ms 400 --animations activity --output-folder docs
	rm docs/activity.gif.js
	cp results/findings.md docs/findings.md
	$(BIN)/python benchmarks/tabulate_results.py
	cp results/patches/figures/orientation_map.png docs/orientation-map.png
	cp results/colour-patches/figures/colour_map.png docs/colour-map.png
	cp results/bars/figures/bars_found.png docs/bars.png
	for sweep in strength patch-strength radius-at-one-sum fixed-strength; do \
	  cp results/sweeps/$$sweep.png docs/$$sweep.png; done
	$(BIN)/python -c "from PIL import Image; \
	  Image.open('results/digits-competition/figures/prototypes.png').convert('L') \
	  .crop((321, 166, 321 + 26 * 29 + 1, 166 + 14 * 29 + 1)).quantize(64) \
	  .save('docs/prototypes.png', optimize=True)"

lock: ## Renew all lock files (needs uv)
	uv pip compile pyproject.toml --upgrade $(LOCK_OPTIONS) --output-file requirements.lock
	uv pip compile pyproject.toml --extra dev --constraint requirements.lock $(LOCK_OPTIONS) --output-file requirements-dev.lock
	uv pip compile pyproject.toml --extra docs --constraint requirements.lock $(LOCK_OPTIONS) --output-file requirements-docs.lock
	uv pip compile pyproject.toml --extra test --resolution lowest-direct --upgrade --python-platform linux $(filter-out --universal,$(LOCK_OPTIONS)) --output-file requirements-oldest.lock
LOCK_OPTIONS := --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links

clean: ## Remove everything that was made in results/
	find results -mindepth 1 -not -path results/README.md -delete

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20
	@echo "With CONFIG=<your config> RUN=<what to make> those that run Snakemake use yours: make site CONFIG=mine.yaml RUN=my-map"
