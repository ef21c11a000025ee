"""The limits of 1,000 and 10,000 workers: measured costs, and simulated fleets made of them.

    python -m benchmarks.scaling                     # simulates with the costs last saved
    python -m benchmarks.scaling --measure --save    # measures first; results/scaling-<date>.json
    python -m benchmarks.scaling --tables            # tables of docs/benchmarks/scaling.md

Costs are processor time of the server's processes where possible, so that other work on the machine
does not count. How long a writer keeps the others of its study waiting (`lock`) is wall time, the
median.

The simulation is a closed network of queues. A worker trains, writes its result, reads what is new,
proposes, writes its next trial, trains. Servers have cores, which all requests share, first come,
first served; of a study's writers one holds the lock. Training times are lognormal, the first ones
begun before the first moment, and the first half of all events is left out. A row that changed
twice between two reads is counted twice. Networks add `rtt_s` to each round trip.

`queues` holds virtual time, `fleet` the simulation, `measurement` the costs, `scenarios` what is
simulated, and `tables` the tables of the documentation.
"""
