#!/bin/sh
# Tunes a program. {name} is replaced by a parameter's value; `--momentum {momentum}` is left out
# where it is inactive. The study is in a temporary folder; without LUTHIER_STORAGE it would be in
# luthier.db and could be continued.
set -e
here=$(dirname "$0")
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
export LUTHIER_STORAGE="sqlite:///$folder/luthier.db"
luthier run --space "$here/cli_space.yaml" --trials 10 --jobs 2 --name cli --scheduler median -- \
    sh "$here/cli_train.sh" --lr '{lr}' --layers '{layers}' \
    --optimizer '{optimizer}' --momentum '{momentum}'
luthier best cli --json
