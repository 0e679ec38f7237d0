#!/usr/bin/env bash
# Installs what is missing on Debian 12, Debian 13 or Ubuntu 24.04. Usage: scripts/install.sh GROUP...
# Quick when everything is there: dpkg is asked first, apt only for what it lacks.
set -euo pipefail

# The one list of packages, by what they are needed for.
packages_of() {
  case "$1" in
    build)
      echo clang-19 lld-19 ccache ninja-build cmake pkg-config git zlib1g-dev ca-certificates python3 python3-venv
      echo "$(boost_packages)"
      echo libgit2-dev libsoci-dev libsqlite3-dev libpq-dev libcurl4-openssl-dev libssl-dev libargon2-dev libhwy-dev
      echo libspdlog-dev libfmt-dev libcli11-dev prometheus-cpp-dev libyaml-cpp-dev liblz4-dev
      echo libonig-dev libicu-dev libjpeg-dev libpng-dev libwebp-dev
      ;;
    sanitize) echo libclang-rt-19-dev llvm-19 ;;  # llvm-symbolizer makes reports readable
    check) echo clang-format-19 ;;
    test) echo libgtest-dev libgmock-dev postgresql git-lfs python3-venv curl "$(browser_packages)" ;;
    bench) echo libbenchmark-dev nginx-light wrk python3-venv ;;
    *)
      echo "scripts/install.sh: no group named $1; there are build, sanitize, check, test, bench" >&2
      return 1
      ;;
  esac
}

# Debian 12's own Boost is 1.74, with 1.81 beside it; later systems' own is new enough.
boost_packages() {
  if . /etc/os-release && [ "${VERSION_ID:-}" = 12 ]; then
    echo libboost1.81-dev libboost-json1.81-dev
  else
    echo libboost-dev libboost-json-dev
  fi
}

# Ubuntu has Chromium as a snap only, which wants a running snapd: there, EMBRACE_BROWSER names a browser.
browser_packages() {
  if . /etc/os-release && [ "${ID:-}" = debian ]; then echo chromium fonts-dejavu-core fonts-noto-color-emoji; fi
}

list_missing() {
  local wanted=$1 package
  local have
  # shellcheck disable=SC2086
  have=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' $wanted 2>/dev/null || true)
  for package in $wanted; do
    grep -qx "$package installed" <<<"$have" || echo "$package"
  done
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "Installing packages needs root: run this as root, or install sudo." >&2
    return 1
  fi
}

# A server that a package brings (PostgreSQL, nginx) is for our tests to start, on their own ports: it
# must not start by itself now, and PostgreSQL needs no cluster of its own.
keep_services_asleep() {
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    printf '#!/bin/sh\nexit 101\n' | as_root tee /usr/sbin/policy-rc.d >/dev/null
    as_root chmod 755 /usr/sbin/policy-rc.d
    trap 'as_root rm -f /usr/sbin/policy-rc.d' EXIT
  fi
  if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    as_root mkdir -p /etc/postgresql-common
    echo 'create_main_cluster = false' | as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
  fi
}

main() {
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "This script knows Debian and Ubuntu. Elsewhere, install the packages that it lists by hand." >&2
    return 1
  fi
  local group wanted="" missing
  for group in "$@"; do wanted+=" $(packages_of "$group" | tr '\n' ' ')"; done
  missing=$(list_missing "$wanted")
  [ -n "$missing" ] || return 0

  echo "Installing:" $missing
  keep_services_asleep
  as_root apt-get update -q
  # shellcheck disable=SC2086
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
    -o Dpkg::Options::=--force-confold $missing
}

main "$@"
