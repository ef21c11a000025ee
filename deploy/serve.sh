#!/bin/sh
# The service. SECRETS is a folder with the files `token` and `storage`, the URL of the database.
set -eu
secrets=${SECRETS:-/run/secrets}

# The token's file has to be ours alone, which a mounted secret is not.
umask 077
private=$(mktemp -d)
cat "$secrets/token" >"$private/token"

LUTHIER_STORAGE=$(cat "$secrets/storage")
export LUTHIER_STORAGE
exec luthier serve --host "${HOST:-0.0.0.0}" --port "${PORT:-8700}" --token-file "$private/token"
