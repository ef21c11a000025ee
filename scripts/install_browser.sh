#!/bin/sh
# Installs Chromium, which draws figures and reports in the tests, from Debian's packages.
# Does nothing where it is there. Where it may not install it, its tests are skipped.
set -eu

! command -v chromium >/dev/null 2>&1 || exit 0
run=""
if [ "$(id -u)" -ne 0 ]; then
    run="sudo -n"
fi
if ! command -v apt-get >/dev/null 2>&1 || ! $run true 2>/dev/null; then
    echo "Chromium is not here and cannot be installed (no apt-get, or no right to use it): its tests are skipped." >&2
    exit 0
fi
install() {
    $run env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
}
install || { $run apt-get update -qq && install; }
