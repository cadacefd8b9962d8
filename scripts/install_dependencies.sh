#!/usr/bin/env bash
# Installs what building, running and testing need and this Debian 12 does not have yet. Needs root or sudo only then.
# Usage: install_dependencies.sh [build|test|bench]   (each includes the ones before it)
set -euo pipefail

build=(clang-19 lld-19 ccache cmake ninja-build pkg-config libboost1.81-dev libboost-json1.81-dev libboost-url1.81-dev
  libssl-dev libsqlite3-dev libpq-dev libcurl4-openssl-dev libhiredis-dev libsodium-dev libfmt-dev prometheus-cpp-dev
  libcli11-dev libtomlplusplus-dev libutf8proc-dev libjemalloc-dev ca-certificates)
test=(libgtest-dev libgmock-dev libclang-rt-19-dev llvm-19 clang-tidy-19 clang-format-19 python3 python3-pytest
  python3-pytest-xdist python3-aiohttp postgresql pgbouncer redis-server nginx-light haproxy openssl util-linux)
bench=(libbenchmark-dev wrk)

wanted=("${build[@]}")
case "${1:-build}" in
  build) ;;
  test) wanted+=("${test[@]}") ;;
  bench) wanted+=("${test[@]}" "${bench[@]}") ;;
  *) echo "usage: $0 [build|test|bench]" >&2; exit 2 ;;
esac
command -v node >/dev/null && command -v npm >/dev/null || wanted+=(nodejs npm)

missing=()
for package in "${wanted[@]}"; do
  dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "these packages are missing, and this is neither root nor is there sudo: ${missing[*]}" >&2; exit 1; }
  as_root=(sudo)
fi
echo "Installing: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
# A machine's init does not start servers that only tests need.
"${as_root[@]}" env RUNLEVEL=1 apt-get install -y -qq --no-install-recommends "${missing[@]}"
