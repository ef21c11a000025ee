#!/bin/sh
# A program that luthier tunes, in another language. It prints one line of JSON a step, then its
# result.
lr=0.001 momentum=0
while [ $# -gt 0 ]; do
    case $1 in
        --lr) lr=$2 ;;
        --momentum) momentum=$2 ;;
    esac
    shift
done
awk -v lr="$lr" -v momentum="$momentum" 'BEGIN {
    floor = (log(lr) / log(10) + 3) ^ 2 + (momentum - 0.9) ^ 2
    for (step = 1; step <= 5; step++)
        printf "{\"step\": %d, \"value\": %.6f}\n", step, floor + exp(-step)
    print floor
}'
