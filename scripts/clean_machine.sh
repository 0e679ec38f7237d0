#!/usr/bin/env bash
# README's two commands on a Debian 12 that has nothing: debootstrap into FOLDER, serve, call, stop, test.
# Usage (as root): scripts/clean_machine.sh FOLDER [SECONDS FOR ./dev serve TO COME UP]
# The last committed state is tried. FOLDER is kept: look into it, then remove it. What this machine needs
# to reach its package registries (name servers, certificates, apt's and pip's settings) is lent to it.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly FOLDER=$(realpath -m "${1:?usage: scripts/clean_machine.sh FOLDER}")
readonly SECONDS_TO_SERVE=${2:-2400}

lend() {
  local path
  for path in "$@"; do
    [ -e "$path" ] || continue
    mkdir -p "$FOLDER$(dirname "$path")"
    cp -aL --remove-destination "$path" "$FOLDER$(dirname "$path")/"
  done
}

make_machine() {
  [ -x "$FOLDER/bin/bash" ] || debootstrap --variant=minbase --include=ca-certificates bookworm "$FOLDER"
  lend /etc/resolv.conf /etc/hosts /etc/apt/sources.list /etc/apt/sources.list.d /etc/apt/apt.conf.d \
    /etc/apt/auth.conf.d /etc/pip.conf /root/.npmrc /root/.config/pip /usr/local/share/ca-certificates /etc/ssl/certs
}

# inside COMMAND: a shell in the machine, with its own processes and mounts, which end with it.
inside() {
  unshare --mount --pid --fork --kill-child -- sh -c '
    mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" && mount -t tmpfs tmpfs "$1/tmp"
    exec chroot "$1" /bin/bash -euc "cd /root/embrace; $2"' sh "$FOLDER" "$1"
}

readonly TRY_SERVE='
  setsid ./dev serve > serve.log 2>&1 &
  server=$!
  for ((second = 0; second < '"$SECONDS_TO_SERVE"'; ++second)); do
    if grep -q "hf_[A-Za-z0-9]" serve.log; then break; fi
    kill -0 $server 2>/dev/null || { tail -n 50 serve.log; exit 1; }
    sleep 1
  done
  cat serve.log | tail -n 12
  python3 - <<PY
import json, re, urllib.request
token = re.search(r"hf_[A-Za-z0-9]+", open("serve.log").read()).group()
call = urllib.request.Request("http://localhost:8080/api/whoami-v2", headers={"Authorization": "Bearer " + token})
print("whoami:", json.load(urllib.request.urlopen(call))["name"])
PY
  kill -TERM -- -$server
  wait $server || true'

make_machine
rm -rf "$FOLDER/root/embrace"
git clone -q --no-hardlinks . "$FOLDER/root/embrace"
echo "== ./dev serve"
time inside "$TRY_SERVE"
echo "== ./dev test"
time inside "./dev test"
