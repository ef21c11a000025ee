"""Runs trials."""

from __future__ import annotations

from .abstract_runner import AbstractRunner
from .target_function_runner import TargetFunctionRunner
from .target_function_script_runner import TargetFunctionScriptRunner

__all__ = ["AbstractRunner", "TargetFunctionRunner", "TargetFunctionScriptRunner"]
