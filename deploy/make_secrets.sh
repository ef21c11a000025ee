#!/bin/sh
# Makes the folder `secrets`, with a token for the service and a password for the database. What is
# there already stays.
set -eu
cd "$(dirname "$0")"
umask 077
mkdir -p secrets

draw() { # 48 random hexadecimal digits, which a URL can hold as they are
    od -An -N24 -tx1 /dev/urandom | tr -d ' \n'
}
[ -e secrets/token ] || draw >secrets/token
[ -e secrets/database_password ] || draw >secrets/database_password
[ -e secrets/storage ] ||
    printf 'postgresql://luthier:%s@database/luthier' "$(cat secrets/database_password)" >secrets/storage
