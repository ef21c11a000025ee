"""How many trials a budget is enough for, in brackets of Hyperband."""

from __future__ import annotations

from typing import Any

from ....numerics.halving import brackets


def determine_HB(min_budget: float, max_budget: float, eta: int = 3) -> dict[str, Any]:
    """Return facts about one pass of Hyperband.

    Args:
        min_budget: The least budget of a trial.
        max_budget: The greatest.
        eta: By how much the budget grows from rung to rung.

    Returns:
        `max_iterations`, `n_configs_in_stage` and `budgets_in_stage` by bracket; `trials_used`,
        `budget_used`, `number_of_brackets`.
    """
    rungs = brackets(min_budget, max_budget, eta)
    return {
        "max_iterations": {i: len(b) for i, b in enumerate(rungs)},
        "n_configs_in_stage": {i: [n for n, _ in b] for i, b in enumerate(rungs)},
        "budgets_in_stage": {i: [budget for _, budget in b] for i, b in enumerate(rungs)},
        "trials_used": sum(n for b in rungs for n, _ in b),
        "budget_used": sum(n * budget for b in rungs for n, budget in b),
        "number_of_brackets": len(rungs),
    }


def determine_hyperband_for_multifidelity(
    total_budget: float, min_budget: float, max_budget: float, eta: int = 3
) -> dict[str, Any]:
    """Return facts about one pass, and how many trials a total budget is enough for.

    Args:
        total_budget: Of all trials.
        min_budget: The least budget of a trial.
        max_budget: The greatest.
        eta: By how much the budget grows from rung to rung.

    Returns:
        What `determine_HB` returns, `n_trials`, and the arguments.
    """
    found = determine_HB(min_budget, max_budget, eta)
    n_passes, left = divmod(total_budget, found["budget_used"])
    n_trials = int(n_passes) * found["trials_used"]
    for rungs in brackets(min_budget, max_budget, eta):
        for n, budget in rungs:
            n_trials += min(n, int(left // budget))
            left = max(left - n * budget, 0.0)
    given = {"total_budget": total_budget, "eta": eta}
    limits = {"min_budget": min_budget, "max_budget": max_budget}
    return {**found, "n_trials": n_trials, **given, **limits}


def print_hyperband_summary(hyperband_info: dict[str, Any]) -> None:
    """Print what `determine_hyperband_for_multifidelity` returned."""
    for name, value in hyperband_info.items():
        print(f"{name.replace('_', ' ')}: {value}")  # noqa: T201  (what it is for)


def get_n_trials_for_hyperband_multifidelity(
    total_budget: float,
    min_budget: float,
    max_budget: float,
    eta: int = 3,
    print_summary: bool = True,
) -> int:
    """Return how many trials a total budget is enough for, and print facts about one pass.

    Args:
        total_budget: Of all trials.
        min_budget: The least budget of a trial.
        max_budget: The greatest.
        eta: By how much the budget grows from rung to rung.
        print_summary: Whether facts are printed.
    """
    found = determine_hyperband_for_multifidelity(total_budget, min_budget, max_budget, eta)
    if print_summary:
        print_hyperband_summary(found)
    return int(found["n_trials"])
