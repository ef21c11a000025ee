#!/bin/sh
# Installs the database servers that the tests run against: PostgreSQL, MariaDB and Redis, from Debian's or Ubuntu's
# packages. Does nothing where they are there. The tests start them themselves, as an ordinary user.
set -eu

have() {
    command -v "$1" >/dev/null 2>&1 && return 0
    for file in /usr/sbin/"$1" /usr/lib/postgresql/*/bin/"$1"; do
        [ -x "$file" ] && return 0
    done
    return 1
}

if have postgres && have mariadbd && have redis-server; then
    exit 0
fi
if [ -n "${LUTHIER_NO_SERVERS:-}" ]; then
    echo "PostgreSQL, MariaDB or Redis is missing, and LUTHIER_NO_SERVERS is set: their tests will be skipped." >&2
    exit 0
fi
run=""
if [ "$(id -u)" -ne 0 ]; then
    run="sudo -n"
fi
if ! command -v apt-get >/dev/null 2>&1 || ! $run true 2>/dev/null; then
    echo "The tests need the programs postgres, mariadbd and redis-server, and this script cannot install them here" >&2
    echo "(no apt-get, or no right to use it). Install them, or set LUTHIER_NO_SERVERS=1 to skip their tests." >&2
    exit 1
fi
# No server is started by its package, and no cluster is made: the tests make their own.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap '$run rm -f "$policy"' EXIT
    trap 'exit 129' HUP # a signal alone would end some shells without what is to be done at the exit
    trap 'exit 130' INT
    trap 'exit 143' TERM
    printf '#!/bin/sh\nexit 101\n' | $run tee "$policy" >/dev/null
    $run chmod +x "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
install() {
    $run env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        postgresql mariadb-server redis-server >/dev/null
}
install || { $run apt-get update -qq && install; }
