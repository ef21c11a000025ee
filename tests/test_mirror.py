"""Every module of the source has its tests, where one looks for them.

`src/luthier/room/module.py` is tested by `tests/room/test_module.py`, or it is named below, with
the test that covers it together with others.
"""

from __future__ import annotations

from pathlib import Path

import luthier

SRC = Path(luthier.__file__).parent
TESTS = Path(__file__).parent

# Test: the modules that it covers.
THEMES = {
    "test_architecture": ["errors", "typing"],
    "analysis/test_choice": [
        "analysis/candidates",
        "analysis/no_results",
        "analysis/recommendation",
        "analysis/rule_language",
    ],
    "analysis/test_every_view": [
        "analysis/axes",
        "analysis/measured_trials",
        "analysis/points",
    ],
    "analysis/test_diagnosis": [
        "analysis/findings/bad_gradients",
        "analysis/findings/case",
        "analysis/findings/catalogue",
        "analysis/findings/confirmed",
        "analysis/findings/constant_parameter",
        "analysis/findings/constant_predictions",
        "analysis/findings/crash_values",
        "analysis/findings/curves",
        "analysis/findings/divergence",
        "analysis/findings/drift",
        "analysis/findings/duplicates",
        "analysis/findings/early_end",
        "analysis/findings/exceeded_limits",
        "analysis/findings/failing_region",
        "analysis/findings/finding",
        "analysis/findings/flat_parameter",
        "analysis/findings/idle_workers",
        "analysis/findings/infeasibility",
        "analysis/findings/inseparable_leaders",
        "analysis/findings/jump",
        "analysis/findings/large_batches",
        "analysis/findings/late_end",
        "analysis/findings/missing_pruning",
        "analysis/findings/missing_shuffle",
        "analysis/findings/narrow_optimum",
        "analysis/findings/no_better_than_random",
        "analysis/findings/no_signal",
        "analysis/findings/noise",
        "analysis/findings/noisy_validation",
        "analysis/findings/optimism",
        "analysis/findings/optimum_at_bound",
        "analysis/findings/oscillation",
        "analysis/findings/over_pruning",
        "analysis/findings/overfitting",
        "analysis/findings/overtuning",
        "analysis/findings/perfect_scores",
        "analysis/findings/plateau",
        "analysis/findings/pruned_share",
        "analysis/findings/region",
        "analysis/findings/reversed_direction",
        "analysis/findings/rising_training_loss",
        "analysis/findings/signal",
        "analysis/findings/slow_learning",
        "analysis/findings/small_validation",
        "analysis/findings/stragglers",
        "analysis/findings/tied_values",
        "analysis/findings/too_many_parameters",
        "analysis/findings/underfitting",
        "analysis/findings/unstable_best",
        "analysis/findings/unused_models",
        "analysis/findings/validation_below_training",
        "analysis/findings/wording",
        "analysis/findings/wrong_scale",
        "cli/diagnose",
    ],
    "analysis/importances/test_ranking": [
        "analysis/importances/half_samples",
        "analysis/importances/local",
        "analysis/importances/model_estimates",
        "analysis/importances/result",
        "analysis/importances/swaps",
        "models/additive_model",
    ],
    "checkpoints/test_store": ["checkpoints/folder"],
    "cli/test_cli": [
        "cli/choose",
        "cli/files",
        "cli/lazy_group",
        "cli/options",
        "cli/results",
        "cli/rich_tables",
        "cli/run",
        "cli/run_monitor",
        "cli/run_trials",
        "cli/session",
        "cli/studies",
        "cli/summary",
        "cli/tables",
        "cli/targets",
        "cli/text",
        "cli/trial_options",
    ],
    "cli/test_demo": ["cli/demo_model", "cli/demo_study"],
    "executors/test_foreign": ["executors/sharing"],
    "executors/test_processes": [
        "executors/child_process",
        "executors/task_memory",
        "executors/tasks",
        "executors/worker",
    ],
    "executors/test_ray": ["executors/actor", "executors/ray_cluster"],
    "executors/test_supervised": ["executors/supervisor"],
    "history/test_history": [
        "history/constraint_columns",
        "history/info",
        "history/report_columns",
    ],
    "integration/test_bad_objectives": ["study/loop", "study/stop_signal"],
    "integration/test_faults": ["study/remote"],
    "integration/test_forks": ["storages/forks", "trial/forks"],
    "integration/test_kill": ["study/engine", "warn_once"],
    "integration/test_worker": [
        "cli/dashboard",
        "cli/serve",
        "cli/worker",
        "monitoring/json_logs",
        "storages/bounded",
        "study/worker",
    ],
    "models/test_learning_curves": [
        "analysis/forecast_result",
        "analysis/forecasting",
        "history/resources",
        "schedulers/freeze_thaw",
    ],
    "integration/test_retry": ["cli/retry"],
    "monitoring/test_overview": ["cli/live_view", "cli/study_view", "cli/watch"],
    "objectives/test_program": ["objectives/process", "objectives/program_output"],
    "plots/test_backends": [
        "plots/backends/endings",
        "plots/backends/matplotlib",
        "plots/backends/plotly",
        "plots/backends/svg",
        "plots/backends/svg_figure",
        "plots/backends/svg_layers",
        "plots/drawing",
        "plots/figure",
        "plots/look",
        "plots/texts",
    ],
    "plots/test_by_name": ["cli/plot", "plots/optuna_names"],
    "report/test_contents": ["report/blocks", "report/evidence", "report/units"],
    "report/test_html": ["report/plain", "report/style"],
    "report/test_written": ["cli/report"],
    "plots/test_figures": [
        "plots/figures/ablation",
        "plots/figures/attainment",
        "plots/figures/calibration",
        "plots/figures/compare",
        "plots/figures/contour",
        "plots/figures/convergence",
        "plots/figures/curves",
        "plots/figures/duplicates",
        "plots/figures/edf",
        "plots/figures/effects",
        "plots/figures/history",
        "plots/figures/hypervolume",
        "plots/figures/importance",
        "plots/figures/interactions",
        "plots/figures/isolation",
        "plots/figures/names",
        "plots/figures/parallel",
        "plots/figures/parameters",
        "plots/figures/pareto",
        "plots/figures/points",
        "plots/figures/rank",
        "plots/figures/rank_correlation",
        "plots/figures/resources",
        "plots/figures/slices",
        "plots/figures/states",
        "plots/figures/timeline",
        "plots/figures/tuning_curve",
        "plots/source",
    ],
    "plots/test_layout": ["plots/frame"],
    "samplers/test_all": [
        "numerics/random_streams",
        "samplers/base",
        "samplers/grid",
        "samplers/qmc",
        "samplers/random",
    ],
    "samplers/test_cmaes": ["samplers/cmaes_columns", "samplers/cmaes_state"],
    "samplers/test_forest": ["samplers/configurations", "samplers/neighbourhood"],
    "samplers/test_gp": [
        "samplers/acquisition_search",
    ],
    "samplers/test_gp_objectives": ["samplers/gp_acquisitions"],
    "samplers/test_nsga": ["samplers/nsga2", "samplers/nsga3"],
    "samplers/test_population": ["samplers/startup"],
    "samplers/test_tpe": ["samplers/density_ratio"],
    "schedulers/test_hyperband": [
        "numerics/halving",
        "schedulers/dehb",
        "schedulers/successive_halving",
    ],
    "schedulers/test_pbt": ["schedulers/perturb"],
    "schedulers/test_percentile": ["schedulers/median"],
    "schedulers/test_rungs": ["history/rungs"],
    "schedulers/test_schedulers": ["schedulers/auto", "schedulers/base"],
    "server/test_service": [
        "server/app",
        "server/metrics",
        "server/open_studies",
        "server/openapi",
        "server/request",
        "server/routes",
        "server/run",
        "server/study_handlers",
        "server/study_specs",
        "server/trial_handlers",
    ],
    "server/test_page_handlers": ["server/page_schemas", "server/page_summary"],
    "server/test_service_fuzz": ["server/schemas", "server/spec_limits"],
    "server/test_service_security": [
        "server/limits",
        "server/middleware",
        "server/request_body",
        "server/request_log",
        "server/response_cache",
        "server/tokens",
        "server/work_queue",
    ],
    "server/test_service_storage": [
        "server/storage_api",
        "storages/http",
        "storages/http_messages",
    ],
    "integration/test_unstorable": ["space/choices", "study/trial_end"],
    "server/test_worker_processes": [
        "server/dispatch",
        "server/handling",
        "server/worker_loop",
    ],
    "storages/test_checksums": ["storages/table_rows"],
    "storages/test_hanging_servers": ["storages/psycopg_connection"],
    "storages/test_repair": ["storages/sqlite_pages"],
    "storages/test_contract": [
        "storages/base",
        "storages/memory",
        "storages/relational",
        "storages/relational_reader",
        "storages/wrapper",
    ],
    "storages/test_redis": [
        "storages/redis_errors",
        "storages/redis_scripts",
        "storages/redis_server",
    ],
    "storages/test_sql": [
        "storages/server_clock",
        "storages/server_urls",
        "storages/sql_connection",
        "storages/sql_dialects",
        "storages/sql_engine",
        "storages/sql_errors",
    ],
    "space/test_design_check": ["cli/check"],
    "space/test_distributions": ["space/widening"],
    "space/test_space": [
        "space/conditions",
        "space/constraints",
        "space/descriptions",
        "space/discovery",
        "space/feasible_draws",
    ],
    "storages/test_sqlite": ["storages/sqlite_file"],
    "study/test_intake": ["study/offer"],
    "study/test_copy": ["cli/storage"],
    "study/test_create": ["storages/files"],
    "study/test_leases": ["study/lease_process", "study/lease_process_main"],
    "study/test_study": [
        "study/trial_number",
        "study/opening",
        "study/proposals",
        "trial/table",
        "study/run_settings",
    ],
    "testing/test_checks": [
        "testing/sampler_check",
        "testing/scheduler_check",
        "testing/storage_check",
    ],
    "trial/test_handle": ["trial/notes", "trial/reported_steps", "trial/ticket"],
}


def modules() -> list[str]:
    files = [p.relative_to(SRC).with_suffix("") for p in SRC.rglob("*.py")]
    return sorted(f.as_posix() for f in files if f.name not in ("__init__", "__main__"))


def own_test(module: str) -> Path:
    path = Path(module)
    return TESTS / path.parent / f"test_{path.name.strip('_')}.py"


def test_every_module_has_its_test() -> None:
    covered = {module for covers in THEMES.values() for module in covers}
    assert [m for m in modules() if not own_test(m).exists() and m not in covered] == []


def test_the_table_of_themes_is_up_to_date() -> None:
    covered = sorted(module for covers in THEMES.values() for module in covers)
    assert covered == sorted(set(covered)), "a module stands in two rows"
    assert [m for m in covered if m not in modules()] == [], "there is no such module"
    assert [m for m in covered if own_test(m).exists()] == [], "it has its own test by now"
    assert [t for t in THEMES if not (TESTS / f"{t}.py").exists()] == [], "there is no such test"
