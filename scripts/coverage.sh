#!/usr/bin/env bash
# Runs the unit and contract tests of a coverage build and prints what they covered. Usage: coverage.sh BUILD_DIR
set -euo pipefail
build=$1
rm -f "$build"/*.profraw
LLVM_PROFILE_FILE="$PWD/$build/%p.profraw" ctest --test-dir "$build" --output-on-failure -j "$(nproc)"
llvm-profdata-19 merge -sparse "$build"/*.profraw -o "$build/tests.profdata"
llvm-cov-19 report "$build/tests/unit_tests" -object "$build/tests/contract_tests" \
  -instr-profile "$build/tests.profdata" -ignore-filename-regex '(tests|build)/'
