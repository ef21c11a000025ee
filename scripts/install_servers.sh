#!/bin/sh
# Installs MariaDB, the one server of the tests that has no wheel, from Debian's or Ubuntu's packages.
# Does nothing where it is there. Where it may not install it, its tests are skipped.
set -eu

for file in /usr/sbin/mariadbd $(command -v mariadbd || true); do
    [ ! -x "$file" ] || exit 0
done
run=""
if [ "$(id -u)" -ne 0 ]; then
    run="sudo -n"
fi
if ! command -v apt-get >/dev/null 2>&1 || ! $run true 2>/dev/null; then
    echo "MariaDB is not here and cannot be installed (no apt-get, or no right to use it): its tests are skipped." >&2
    exit 0
fi
# No server is started by its package: the tests start their own, as an ordinary user.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap '$run rm -f "$policy"' EXIT
    trap 'exit 129' HUP # a signal alone would end some shells without what is to be done at the exit
    trap 'exit 130' INT
    trap 'exit 143' TERM
    printf '#!/bin/sh\nexit 101\n' | $run tee "$policy" >/dev/null
    $run chmod +x "$policy"
fi
install() {
    $run env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends mariadb-server >/dev/null
}
install || { $run apt-get update -qq && install; }
