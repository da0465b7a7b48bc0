# Two commands: `make demo` and `make test`. Each makes what it needs, once.
.DEFAULT_GOAL := help
.PHONY: help setup dev assets demo test lint types clean
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev
DEMO_SIZE ?= 512
DEMO_SAMPLES ?= 16
DEMO_SEED ?= 8

help:
	@echo "make demo   set up, fetch the assets, render and label 8 faces into demo/"
	@echo "make test   set up and run the tests"
	@echo "make lint   ruff;  make types   strict mypy;  make clean   remove demo/ and .venv/"

$(STAMP): pyproject.toml
	@sh .ci/make-venv $(VENV)
	@echo "installing what rendering needs; Blender is large, so this takes some minutes"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[render,examples]'
	@touch $@

$(DEV_STAMP): $(STAMP)
	@echo "installing what the tests need"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[render,dev]'
	@sh .ci/get-browser $(VENV)
	@touch $@

setup: $(STAMP)

dev: $(DEV_STAMP)

assets: setup
	$(BIN)/rf-assets fetch

demo: assets
	@mkdir -p demo
	$(BIN)/rf-sample --n 8 --seed $(DEMO_SEED) -o demo/manifest.parquet
	$(BIN)/rf-plot demo/manifest.parquet -o demo/poses.png
	$(BIN)/rf-render demo/manifest.parquet --out demo/dataset --size $(DEMO_SIZE) --samples $(DEMO_SAMPLES)
	$(BIN)/rf-convert overlay demo/dataset demo/overlay.png
	$(BIN)/rf-convert 300w-lp demo/dataset demo/300w-lp.zip --overwrite
	@echo "done: look at demo/overlay.png and demo/poses.png"

test: assets dev
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile

lint: dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: dev
	$(BIN)/mypy

clean:
	rm -rf demo $(VENV)
