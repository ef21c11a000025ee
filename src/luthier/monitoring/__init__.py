"""A look at running studies: an overview of workers, and logs as JSON."""
