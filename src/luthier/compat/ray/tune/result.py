"""Names in results, as Ray Tune has constants for them."""

from __future__ import annotations

TRAINING_ITERATION = "training_iteration"
TIME_TOTAL_S = "time_total_s"
TIME_THIS_ITER_S = "time_this_iter_s"
TIMESTAMP = "timestamp"
TIMESTEPS_TOTAL = "timesteps_total"
TIMESTEPS_THIS_ITER = "timesteps_this_iter"
EPISODES_TOTAL = "episodes_total"
EPISODES_THIS_ITER = "episodes_this_iter"
EPISODE_REWARD_MEAN = "episode_reward_mean"
MEAN_LOSS = "mean_loss"
MEAN_ACCURACY = "mean_accuracy"
DEFAULT_METRIC = "_metric"
DONE = "done"
SHOULD_CHECKPOINT = "should_checkpoint"
TRIAL_ID = "trial_id"
EXPERIMENT_TAG = "experiment_tag"
HOSTNAME = "hostname"
NODE_IP = "node_ip"
PID = "pid"
CONFIG_PREFIX = "config"

DEFAULT_RESULT_KEYS = (TRAINING_ITERATION, TIME_TOTAL_S, MEAN_ACCURACY, MEAN_LOSS)

# What is added to each report.
AUTO_RESULT_KEYS = (
    TIMESTAMP,
    "checkpoint_dir_name",
    DONE,
    TRAINING_ITERATION,
    TRIAL_ID,
    "date",
    TIME_THIS_ITER_S,
    TIME_TOTAL_S,
    PID,
    HOSTNAME,
    NODE_IP,
    CONFIG_PREFIX,
    "time_since_restore",
    "iterations_since_restore",
    EXPERIMENT_TAG,
    SHOULD_CHECKPOINT,
)

EXPR_PARAM_FILE = "params.json"
EXPR_RESULT_FILE = "result.json"
EXPR_PROGRESS_FILE = "progress.csv"
EXPR_ERROR_FILE = "error.txt"
