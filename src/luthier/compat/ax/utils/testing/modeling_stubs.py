"""Models of Ax's tests: each name says on use what to do instead."""

from __future__ import annotations

from ...inside import refuse_names

__getattr__ = refuse_names("ax.utils.testing.modeling_stubs", "Make a GenerationStrategy of steps.")
