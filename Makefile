# run: the dashboard · test: the whole suite · check: linters and types · bench: measurements
# All of them make .venv first when it is missing or older than the requirements.

PORT ?= 8501
# The first Python that is new enough; `make PYTHON=... run` takes another.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$python && break; done)

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
TEST_INSTALLED := $(VENV)/.test-installed

# uv where there is one: seconds instead of minutes. It does not read pip's settings, so where it
# cannot find a package (an index of the house, say), pip gets its turn.
define install
	@if command -v uv >/dev/null && uv pip install --python $(BIN)/python -r $(1); then :; \
	else $(BIN)/python -m pip install --disable-pip-version-check -r $(1); fi
endef

.PHONY: run test check bench browser
.DELETE_ON_ERROR:

run: $(INSTALLED)
	@$(BIN)/python -m dashboard --port $(PORT)

# The browser tests come last: they watch a page and a trainer in real time. Two files at a time, as
# each spends half of its time waiting. One thread a process: two workers with two threads each
# would only wait for each other.
test: export OMP_NUM_THREADS = 1
test: $(TEST_INSTALLED) browser
	@status=0; \
	$(BIN)/python -m pytest -n 2 -m "not browser" || status=$$?; \
	$(BIN)/python -m pytest -n 2 --dist loadfile -m browser || status=$$?; \
	exit $$status

check: $(TEST_INSTALLED)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

bench: $(TEST_INSTALLED)
	@$(BIN)/python -m benchmarks

# Debian packages Chromium; elsewhere, and without the rights, the browser tests say what is missing.
browser:
	@if command -v chromium >/dev/null || command -v chromium-browser >/dev/null \
		|| command -v google-chrome >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && grep -qx 'ID=debian' /etc/os-release 2>/dev/null; then \
		{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium; } \
		|| echo "Chromium could not be installed: the browser tests cannot run."; \
	else echo "No Chromium here: the browser tests cannot run. Install it to run them."; fi

$(INSTALLED): requirements.txt constraints.txt
	@if [ -z "$(PYTHON)" ]; then echo "ConvScope needs Python 3.11 or newer."; exit 1; fi
	@$(PYTHON) -m venv $(VENV) \
		|| { echo "Python's venv module is needed (Debian: apt install python3-venv)."; exit 1; }
	$(call install,requirements.txt)
	@touch $@

$(TEST_INSTALLED): tests/requirements.txt $(INSTALLED)
	$(call install,tests/requirements.txt)
	@touch $@
