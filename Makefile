# The ways to build, run and check CodeLab Core. Everything lands in build/.
JOBS ?= $(shell nproc)
# Lets two checkouts share the compiler cache, precompiled headers included.
export CCACHE_BASEDIR = $(CURDIR)
export CCACHE_NOHASHDIR = 1
export CCACHE_SLOPPINESS = pch_defines,time_macros,include_file_mtime,include_file_ctime
PYTHON = /usr/bin/python3
CXX_FILES = $(shell git ls-files 'src/*.cpp' 'src/*.hpp' 'tests/*.cpp' 'tests/*.hpp' 'bench/*.cpp' 'cmake/*.hpp')

.PHONY: run build test test-unit test-e2e test-fuzz test-asan test-tsan bench coverage format lint docs clean

run: build
	build/release/codelab serve

build:
	scripts/install_dependencies.sh build
	cmake --preset release -DCODELAB_BUILD_TESTS=OFF
	cmake --build --preset release -j $(JOBS)

test: test-unit test-e2e test-fuzz

test-unit:
	scripts/install_dependencies.sh test
	scripts/check_layers.py
	cmake --preset release -DCODELAB_BUILD_TESTS=ON
	cmake --build --preset release -j $(JOBS)
	ctest --test-dir build/release --output-on-failure -j $(JOBS)

test-e2e: test-unit
	cd tests/e2e && CODELAB_BINARY=$(CURDIR)/build/release/codelab $(PYTHON) -m pytest -q -n 4
	cd tests/e2e && CODELAB_E2E_SCALE=many CODELAB_E2E_CRASHES=6 CODELAB_BINARY=$(CURDIR)/build/release/codelab \
	  $(PYTHON) -m pytest -q -n 4 --ignore=test_front.py --ignore=test_rolling_restart.py \
	  --ignore=test_processes.py --ignore=test_outages.py --ignore=test_versions.py --ignore=test_shards.py
	cd tests/e2e && CODELAB_E2E_SCALE=many CODELAB_E2E_REDIS=cluster CODELAB_E2E_CRASHES=6 \
	  CODELAB_BINARY=$(CURDIR)/build/release/codelab \
	  $(PYTHON) -m pytest -q -n 4 --ignore=test_front.py --ignore=test_rolling_restart.py \
	  --ignore=test_outages.py --ignore=test_versions.py --ignore=test_shards.py

test-fuzz:
	scripts/install_dependencies.sh test
	cmake --preset fuzz
	cmake --build --preset fuzz -j $(JOBS) --target fuzz_targets
	ctest --test-dir build/fuzz --output-on-failure -L fuzz -j $(JOBS)

test-asan test-tsan: test-%:
	scripts/install_dependencies.sh test
	cmake --preset $*
	cmake --build --preset $* -j $(JOBS)
	ctest --test-dir build/$* --output-on-failure -j $(JOBS)
	cd tests/e2e && CODELAB_E2E_PATIENCE=6 CODELAB_E2E_CRASHES=5 CODELAB_BINARY=$(CURDIR)/build/$*/codelab \
	  $(PYTHON) -m pytest -q -n 2

bench:
	scripts/install_dependencies.sh bench
	cmake --preset bench
	cmake --build --preset bench -j $(JOBS)
	bench/run.py build/release

coverage:
	scripts/install_dependencies.sh test
	cmake --preset coverage
	cmake --build --preset coverage -j $(JOBS)
	scripts/coverage.sh build/coverage

format:
	clang-format-19 -i $(CXX_FILES)

lint:
	scripts/install_dependencies.sh test
	scripts/check_layers.py
	cmake --preset dev
	cmake --build --preset dev -j $(JOBS) --target codelab
	clang-format-19 --dry-run -Werror $(CXX_FILES)
	run-clang-tidy-19 -quiet -p build/dev -j $(JOBS) 'src/.*\.cpp$$'

docs: build
	build/release/codelab config doc > docs/configuration.md

clean:
	rm -rf build
