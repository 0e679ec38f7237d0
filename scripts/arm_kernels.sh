#!/usr/bin/env bash
# The kernels of the Transformers library on ARM64 (NEON): built by clang, their tests run under qemu.
# Usage: scripts/arm_kernels.sh FOLDER
# Needs clang-19 and lld-19, and Debian's qemu-user and g++-12-aarch64-linux-gnu. Libraries and
# what is built come into FOLDER. It says nothing about speed.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly FOLDER=$(realpath -m "${1:?usage: scripts/arm_kernels.sh FOLDER}")
readonly LIBRARIES=$FOLDER/root/usr/lib/aarch64-linux-gnu
readonly SYSTEM=/usr/aarch64-linux-gnu

# With lists of its own, so that this machine's packages stay as they are.
fetch_libraries() {
  [ -e "$LIBRARIES/libgtest.a" ] && return 0
  local apt=(apt-get -q -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o APT::Sandbox::User=root
    -o Dir::State::lists="$FOLDER/lists" -o Dir::Cache="$FOLDER/cache")
  mkdir -p "$FOLDER/lists/partial" "$FOLDER/cache/archives/partial" "$FOLDER/packages"
  "${apt[@]}" update
  (cd "$FOLDER/packages" && "${apt[@]}" download libhwy1 libhwy-dev libgtest-dev libspdlog1.10 libspdlog-dev libfmt9 \
    libfmt-dev libboost1.81-dev libboost-json1.81.0 libboost-json1.81-dev)
  local package
  for package in "$FOLDER"/packages/*.deb; do dpkg -x "$package" "$FOLDER/root"; done
}

sources() {
  find src/base src/json src/transformers/tensor -name '*.cc' ! -name '*_test.cc' ! -name '*_fuzz.cc' ! -name '*_bench.cc'
  find src/transformers/kernels -name '*.cc' ! -name '*_bench.cc'
}

compile() {
  local object=$FOLDER/objects/${1//\//_}.o
  clang++-19 --target=aarch64-linux-gnu -std=c++23 -O2 -DSPDLOG_COMPILED_LIB -DSPDLOG_FMT_EXTERNAL -Isrc \
    -isystem "$FOLDER/root/usr/include" -c "$1" -o "$object"
}

fetch_libraries
rm -rf "$FOLDER/objects"
mkdir -p "$FOLDER/objects"
export -f compile
export FOLDER
sources | xargs -P "$(nproc)" -I{} bash -euc 'compile {}'
clang++-19 --target=aarch64-linux-gnu -fuse-ld=lld "$FOLDER"/objects/*.o -L "$LIBRARIES" -lgtest -lgtest_main -lhwy \
  -lboost_json -lspdlog -lfmt -lpthread -o "$FOLDER/kernels_test"
exec qemu-aarch64 -L "$SYSTEM" -E "LD_LIBRARY_PATH=$LIBRARIES:$SYSTEM/lib" "$FOLDER/kernels_test" --gtest_brief=1
