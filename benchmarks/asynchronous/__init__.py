"""The use that schedulers make of many workers: real studies, curves on a virtual clock.

    python -m benchmarks.asynchronous                                # a few minutes
    python -m benchmarks.asynchronous --schedulers asha,pbt --workers 1,8,64 --seeds 20
    python -m benchmarks.asynchronous --save          # also writes results/asynchronous-<date>.json

Each worker asks the study, trains epoch by epoch, reports, and asks again when its trial pauses or
ends; where the study has nothing for it, it idles until something happens. An epoch takes its
recorded time, a millisecond as a second; deciding takes no virtual time, and how long it really
took is measured. A paused trial pays only for the epochs that it adds, and `--startup` seconds for
each turn. Curves are those of benchmarks/curves.py, interpolated between the points of their grid.
They know no params that change: a trial that copies another goes on with the curve of its new
params.

For each number of workers W: the virtual seconds until a report comes within `--target` of the best
of the table (the best is 0, the median of all final errors 1), efficiency = seconds with 1 worker /
(W * seconds with W), how long workers idle on average and the one that idles most, and the
milliseconds that an ask and a report really took. Means over seeds.

`curve_table` holds the recorded curves, `simulator` the virtual clock.
"""
