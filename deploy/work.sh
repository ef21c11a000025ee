#!/bin/sh
# A worker, which ends when its study has TOTAL trials. The first one makes the study.
# SERVICE is the service's URL, SECRETS a folder with the file `token`, TARGET such as
# train.py:objective, OPTIONS such as "--direction maximize --scheduler median".
set -eu
LUTHIER_TOKEN=$(cat "${SECRETS:-/run/secrets}/token")
LUTHIER_STORAGE=$SERVICE
export LUTHIER_TOKEN LUTHIER_STORAGE

# shellcheck disable=SC2086 # OPTIONS are words
luthier run "$TARGET" --name "$STUDY" --trials 0 ${OPTIONS:-}
exec luthier worker "$STUDY" "$TARGET" --total "$TOTAL"
