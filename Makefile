# `make help` lists what can be made. Everything that is built goes below build/ and .venv/.

PYTHON := /usr/bin/python3
BIN := .venv/bin
PAYLOAD := build/repository/packages.main/XS-REPOSITORY
XEN := build/payload/xen/boot/xen.gz
DEMO := build/demo.img
# network boot: the server's address (and port), what starts when nobody chooses, more kernel words, an answerfile
export SERVER DEFAULT WORDS RANGE ANSWERFILE
BOOT ?= 1
FIRMWARE ?= 1
# In memory the tests run faster, where there is room for what a run of all leaves: 8 GiB.
ROOM := 8589934592
TEMPORARY := $(shell test -w /dev/shm && test "$$(df --output=avail -B1 /dev/shm | tail -n 1)" -ge $(ROOM) && echo /dev/shm || echo /tmp)
PYTEST := PYTEST_DEBUG_TEMPROOT=$(TEMPORARY) $(BIN)/python -m pytest
# Two at a time, a file's tests one after another: an emulated machine keeps one processor busy, not two.
TWO := -n 2 --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help deps venv payload install.img install-fast.img pxe pxe-server iso linux-iso demo console check test test-vm measure reproducible bench faults fuzz mutants golden pictures screens random-keys clean

help: ## list the targets
	@sed -nE 's/^## (.*)/\n\1/p; s/^([a-z.-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 25

## To use it (what is made lies in build/ and .venv/):

deps: build/.deps ## install the Debian packages (as root)

build/.deps: debian-packages initrd/payload/debian-packages initrd/image/debian-packages
	@mkdir -p build
	@missing=$$(cat $^ | grep -v '^#' | sort -u | LC_ALL=C xargs dpkg-query -W -f='$${db:Status-Status} $${Package}\n' 2>&1 \
	  | sed -nE 's/.*no packages found matching (.*)/\1/p; s/^(not-installed|config-files) (.*)/\2/p'); \
	if [ -n "$$missing" ]; then \
	  echo "installing:" $$missing; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; \
	fi
	@touch $@

venv: build/.venv ## .venv/bin/installer with its pinned dependencies

build/.venv: setup.cfg pyproject.toml build/.deps
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check pip==25.3 setuptools==80.9.0 wheel==0.45.1
	$(BIN)/pip install --quiet --disable-pip-version-check --use-pep517 --editable '.[test]'
	@touch $@

payload: $(PAYLOAD) ## the reference repository: a Debian 12 dom0 with Xen (build/repository)

$(PAYLOAD): build/.venv $(shell find initrd/payload -type f 2>/dev/null)
	initrd/payload/build build/payload
	initrd/payload/pack $(BIN)/installer build/repository
	@touch $@

install.img: build/.deps ## the boot image and its kernel vmlinuz (FIRMWARE=0: smaller)
	FIRMWARE=$(FIRMWARE) initrd/image/build build/install.img xz

pxe: $(PAYLOAD) install.img ## what a TFTP server offers (SERVER=192.168.77.1 DEFAULT=... WORDS=...)
	initrd/media/pxe build/pxe build/install.img build/vmlinuz $(XEN)

pxe-server: pxe ## DHCP, TFTP and HTTP around it: build/pxe-server/start (ANSWERFILE=...)
	initrd/media/pxe-server build/pxe-server build/pxe build/repository

iso: $(PAYLOAD) install.img ## installer.iso, a CD or USB stick for BIOS and UEFI, with packages.main
	initrd/media/iso build/installer.iso build/install.img build/vmlinuz $(XEN) build/repository/packages.main

linux-iso: $(PAYLOAD) ## linux.iso, the disc of the Linux pack
	initrd/media/linux-iso build/linux.iso build/repository/packages.linux

demo: $(PAYLOAD) ## install onto demo.img over HTTP and boot it to its login (BOOT=0: not)
	$(BIN)/python -m tests.end_to_end.demo --image $(DEMO) --repository build/repository $(if $(filter 0,$(BOOT)),--no-boot)

console: ## use the host that `make demo` installed (leave with Ctrl-A X)
	@test -f $(DEMO) || { echo "there is no $(DEMO) yet: run make demo BOOT=0 first" >&2; exit 2; }
	$(BIN)/python -m tests.end_to_end.demo --image $(DEMO) --console

clean: ## remove images, discs and leftovers; payload, caches and build/pxe* stay
	rm -rf build/again build/demo* build/vm build/vm-image build/install*.img* build/*.iso .pytest_cache .mypy_cache .ruff_cache

## To work on it (CONTRIBUTING.md):

install-fast.img: build/.deps ## the boot image for tests: bigger, but quickly made and unpacked
	FIRMWARE=0 initrd/image/build build/install-fast.img zstd

check: build/.venv ## lint, types and quick tests (under two minutes)
	$(PYTEST) -q $(TWO) -m 'not vm and not long'

test: $(PAYLOAD) install-fast.img install.img ## all tests with virtual machines, but the rarest machines
	$(PYTEST) -q $(TWO) -m 'not rare'

test-vm: $(PAYLOAD) install-fast.img install.img ## all tests with virtual machines, on every machine (an hour)
	BOOTED=12 $(PYTEST) -q $(TWO) -m vm

measure: $(PAYLOAD) install-fast.img ## size, phases and least memory of the boot image (XEN=1: under Xen)
	$(BIN)/python -m tests.end_to_end.measure $(if $(filter 1,$(XEN)),--under-xen)

reproducible: $(PAYLOAD) install-fast.img ## make payload and boot image a second time: the same bytes?
	rm -rf build/again
	initrd/payload/build build/again/payload
	initrd/payload/pack $(BIN)/installer build/again/repository
	FIRMWARE=0 initrd/image/build build/again/install-fast.img zstd
	cd build/again && find repository install-fast.img vmlinuz -type f -print0 | sort -z | xargs -0 sha256sum >SUMS
	cd build && sha256sum --check again/SUMS

fuzz: build/.venv ## changed inputs for every reader (SECONDS=60 each, READERS=all)
	$(BIN)/pip install --quiet --disable-pip-version-check --upgrade --target build/fuzz atheris==3.0.0 coverage==7.17.3 \
	  || echo "atheris does not install here: hypothesis does the work" >&2
	PYTHONPATH=build/fuzz $(BIN)/python -m tests.fuzz --seconds $(or $(SECONDS),60) $(READERS)

mutants: build/.venv ## change decisions: does a test notice? (SAMPLE=300, MODULES=...)
	$(BIN)/pip install --quiet --disable-pip-version-check --upgrade --no-deps --target build/mutants \
	  cosmic-ray==8.7.0 coverage==7.17.3 parso==0.8.7 attrs==26.1.0
	PYTHONPATH=build/mutants $(BIN)/python -m tests.mutation --sample $(or $(SAMPLE),0) $(MODULES)

bench: $(PAYLOAD) ## time and memory beside plain tools (as root, on a quiet machine)
	$(BIN)/python -m tests.bench

faults: build/.venv ## let every change of every plan fail (as root, half an hour; THIN=1)
	$(BIN)/python -m tests.faults --thin $(or $(THIN),3)

golden: build/.venv ## write golden plans, frames and made pages anew; look at the difference
	$(PYTEST) -q tests/backend/test_planner.py tests/backend/test_machines.py tests/installer/test_reference.py \
	  tests/installer/test_manual.py tests/installer/test_completion.py tests/installer/test_schema.py tests/screens/test_screens.py --write-golden

pictures: $(PAYLOAD) ## draw docs/pictures from the real program in a terminal emulator
	$(BIN)/python -m tests.pictures build/repository docs/pictures

screens: build/.venv ## draw every screen into docs/pictures/screens
	$(BIN)/python -W ignore -m tests.screens.pictures docs/pictures/screens

random-keys: build/.venv ## 20,000 random keys on the screens of every recorded machine
	$(BIN)/python -W ignore -m tests.screens.random_keys --keys 20000
