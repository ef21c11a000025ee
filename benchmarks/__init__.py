"""Benchmarks of luthier: its own cost, the quality of its search, and both beside other libraries.

Each is a module that is run from the root of the repository, `python -m benchmarks.speed`;
README.md lists them. Importing this package sets the linear algebra libraries to one thread, which
must happen before numpy is loaded.
"""

import os

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
