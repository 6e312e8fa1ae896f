# The portal's commands. `make run` and `make test` ask for python3 and make, and for a package registry once.

.PHONY: run setup test stress import-trials bench bench-full screenshots check check-style check-types check-imports check-templates \
	check-django check-messages check-tree fix requirements
.NOTPARALLEL:
.DELETE_ON_ERROR:

PORT ?= 8000
PY := .venv/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --no-input --quiet --quiet
MESSAGES := $(patsubst %.po,%.mo,$(wildcard locale/*/LC_MESSAGES/*.po))
TEMPLATES := $(shell find templates -name '*.html')

## run: set up what is missing, then serve the demonstration on this machine
run: setup
	@echo "The portal is at http://127.0.0.1:$(PORT)/ until Ctrl+C."
	@$(PY) manage.py jobs & jobs=$$!; \
	.venv/bin/gunicorn jfo_portal.wsgi --bind 127.0.0.1:$(PORT) --worker-class gthread --workers 2 \
		--threads 4 --no-control-socket --log-level warning & server=$$!; \
	trap 'kill $$server $$jobs 2>/dev/null' INT TERM; \
	wait $$server; status=$$?; kill $$jobs 2>/dev/null; wait; exit $$status

## setup: everything that `run` does but serve; may be repeated
setup: .venv/base .env $(MESSAGES)
	@$(PY) manage.py migrate --verbosity 0
	@$(PY) manage.py collectstatic --no-input --verbosity 0
	@$(PY) manage.py load_demo

## test: every test, on SQLite, on PostgreSQL and in a browser
test: .venv/dev $(MESSAGES)
	@$(PY) -m tests

## stress: simultaneous writers against the rules of assignments, on SQLite and PostgreSQL; some minutes
stress: .venv/dev $(MESSAGES)
	@$(PY) -m tests.stress

## import-trials: awkward and hostile files, imports that are killed or meet, on SQLite and PostgreSQL; half an hour
import-trials: .venv/dev $(MESSAGES)
	@$(PY) -m tests.trials

## bench: pages with 100,000 assignments, and exhibits with a million files, beside fewer; some minutes
bench: .venv/dev $(MESSAGES)
	@$(PY) -m benchmarks

## bench-full: the same, and what takes long: five million files, an import of 100,000
bench-full: .venv/dev $(MESSAGES)
	@$(PY) -m benchmarks --full

## screenshots: those of the README, taken anew of the demonstration
screenshots: .venv/dev $(MESSAGES)
	@$(PY) -m pytest -q tests/browser/take_screenshots.py

## check: everything but the tests; `make -k check` goes on after the first finding
check: check-style check-types check-imports check-templates check-django check-messages check-tree

check-style: .venv/dev
	.venv/bin/ruff check
	.venv/bin/ruff format --check

check-types: .venv/dev
	$(BARE) .venv/bin/mypy

check-imports: .venv/dev
	.venv/bin/lint-imports --no-logo

check-templates: .venv/dev
	.venv/bin/djade --target-version 5.2 --check $(TEMPLATES)
	.venv/bin/djlint --lint --quiet templates

# The settings of a production server that says the least it can.
check-django: .venv/dev
	$(BARE) JFO_SECRET_KEY="$$($(NEW_KEY))" JFO_ALLOWED_HOSTS=portal.example \
		$(PY) manage.py check --deploy --fail-level WARNING
	$(BARE) $(PY) manage.py makemigrations --check --dry-run

check-messages: .venv/dev
	$(PY) -m tests.catalogue
	@! command -v msgfmt >/dev/null || msgfmt --check --output-file=/dev/null locale/fr/LC_MESSAGES/django.po

# Brackets, so that the patterns do not find themselves.
check-tree:
	@! git grep -nIE 'py[p]i\.org|pytho[n]hosted|np[m]js\.|de[b]ian\.org|\.\./share[d]|(^|[^a-zA-Z0-9_.-])/wor[k]/' \
		|| { echo "A package registry or a path outside the tree is named above." >&2; exit 1; }

## fix: format the code and mend what the linter can
fix: .venv/dev
	.venv/bin/ruff check --fix
	.venv/bin/ruff format
	.venv/bin/djade --target-version 5.2 $(TEMPLATES)

## requirements: pin what pyproject.toml asks for, after a change there; UPGRADE=1 takes the newest versions
requirements: .venv/dev
	UV_CUSTOM_COMPILE_COMMAND="make requirements" $(COMPILE) pyproject.toml --output-file requirements/base.txt
	UV_CUSTOM_COMPILE_COMMAND="make requirements" $(COMPILE) pyproject.toml --group test --group check \
		--constraint requirements/base.txt --output-file requirements/dev.txt

# Nothing of the developer's own environment, and no database.
BARE := env JFO_ENV_FILE=/dev/null JFO_DEMONSTRATION=0 JFO_SECRET_KEY=unused DATABASE_URL=sqlite://:memory:
COMPILE := .venv/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
	--python-version 3.11 $(if $(UPGRADE),--upgrade)
NEW_KEY := $(PY) -c "import secrets; print(secrets.token_urlsafe(50))"

.venv/bin/pip:
	@python3 -c "import sys; sys.exit(sys.version_info < (3, 11))" || { \
		echo "The portal needs Python 3.11 or later; python3 here is $$(python3 --version)." >&2; exit 1; }
	@python3 -m venv .venv >/dev/null 2>&1 || { rm -rf .venv; \
		echo "python3 cannot make a virtual environment here. On Debian: apt-get install python3-venv" >&2; exit 1; }

# The two stamps say which requirements are installed.
.venv/base: requirements/base.txt | .venv/bin/pip
	@echo "Installing what the portal needs, once…"
	@$(PIP) install --require-hashes --requirement $<
	@touch $@

.venv/dev: requirements/dev.txt | .venv/bin/pip
	@echo "Installing what the portal and its tests need, once…"
	@$(PIP) install --require-hashes --requirement $<
	@touch $@

.env: | .venv/base
	@umask 077; printf 'JFO_SECRET_KEY=%s\nJFO_DEMONSTRATION=1\n' "$$($(NEW_KEY))" > $@

# polib, so that nobody needs gettext to run the portal (docs/decisions/0004-message-catalogues.md).
%.mo: %.po | .venv/bin/pip
	@$(PY) -c "import sys, polib; polib.pofile(sys.argv[1]).save_as_mofile(sys.argv[2])" $< $@
