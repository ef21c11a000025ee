#!/bin/sh
# Tunes a program. {name} becomes the parameter's value; `--momentum {momentum}` is left out where it is inactive.
set -e
cd "$(dirname "$0")"
luthier run --space cli_space.yaml --trials 10 --jobs 2 --name cli --scheduler median -- \
    sh cli_train.sh --lr {lr} --layers {layers} --optimizer {optimizer} --momentum {momentum}
luthier best cli --json
