"""Parts that several benchmarks share: results files, timers, processes, tables, peers."""
