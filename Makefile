# Every target works on a machine that has Python 3.11 or newer and nothing else.
PYTHON ?= python3
# Tests run against one release of PyTorch; `make test TORCH=torch` takes the newest.
TORCH ?= torch==2.14.1 torchvision==0.29.1

USER_ENV := .venv
DEV_ENV := .venv-dev
CONTRACTS := tests/contracts
PAGES := docs examples tools README.md CHANGELOG.md CONTRIBUTING.md LICENSE Dockerfile compose.yaml \
	src/deblurgan/training/recipes 'src/deblurgan/models/*/CARD.md'

.PHONY: demo test test-contracts test-others check docs bench clean

demo: $(USER_ENV)/installed
	$(USER_ENV)/bin/deblurgan run examples/street.jpg -o demo/street_deblurred.jpg --overwrite --json \
		| $(USER_ENV)/bin/python examples/side_by_side.py

# Networks are exported in one thread, which takes a good part of the time: their contracts beside the rest.
test: $(DEV_ENV)/installed
	$(MAKE) --no-print-directory --jobs 2 test-contracts test-others

test-contracts:
	$(DEV_ENV)/bin/python -m pytest $(CONTRACTS)

test-others:
	$(DEV_ENV)/bin/python -m pytest --ignore $(CONTRACTS)

check: $(DEV_ENV)/installed docs
	$(DEV_ENV)/bin/ruff format --check .
	$(DEV_ENV)/bin/ruff check .
	$(DEV_ENV)/bin/mypy
	$(DEV_ENV)/bin/lint-imports

# The site has the pages where the repository has them, so that their links hold in both.
docs: $(DEV_ENV)/installed
	rm -rf build site
	mkdir -p build/pages
	git ls-files $(PAGES) | tar -cf - -T - | tar -xf - -C build/pages
	$(DEV_ENV)/bin/zensical build --strict

bench: $(DEV_ENV)/installed
	$(DEV_ENV)/bin/deblurgan benchmark --engine openvino --engine onnx
	$(DEV_ENV)/bin/deblurgan benchmark --engine openvino --engine onnx --engine torch --precision f32

clean:
	rm -rf $(USER_ENV) $(DEV_ENV) demo build site

$(USER_ENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(USER_ENV)
	$(USER_ENV)/bin/pip install --quiet --upgrade pip
	$(USER_ENV)/bin/pip install --quiet .
	touch $@

$(DEV_ENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(DEV_ENV)
	$(DEV_ENV)/bin/pip install --quiet --upgrade pip
	$(DEV_ENV)/bin/pip install --quiet $(TORCH) --editable '.[all]' --group test --group check --group docs --group browser
	touch $@
