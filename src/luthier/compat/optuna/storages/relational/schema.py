"""The tables of Optuna's databases, of its schema 12."""

from __future__ import annotations

REVISION = "v3.2.0.a"  # as Optuna's migrations name it
SCHEMA = 12
# Revisions that Optuna's own command brings to the one above.
OLDER = (
    "v3.0.0.d",
    "v3.0.0.c",
    "v3.0.0.b",
    "v3.0.0.a",
    "v2.6.0.a",
    "v2.4.0.a",
    "v1.3.0.a",
    "v1.2.0.a",
    "v0.9.0.a",
)

# Enums: their name in PostgreSQL, and their words.
ENUMS = {
    "studydirection": ("NOT_SET", "MINIMIZE", "MAXIMIZE"),
    "trialstate": ("RUNNING", "COMPLETE", "PRUNED", "FAIL", "WAITING"),
    "trialvaluetype": ("FINITE", "INF_POS", "INF_NEG"),
    "trialintermediatevaluetype": ("FINITE", "INF_POS", "INF_NEG", "NAN"),
}


def _attributes(owner: str, tables: str, kind: str) -> str:
    return f"""CREATE TABLE IF NOT EXISTS {owner}_{kind}_attributes (
    {owner}_{kind}_attribute_id {{serial}},
    {owner}_id INTEGER REFERENCES {tables} ({owner}_id),
    {{key}} VARCHAR(512),
    value_json {{text}},
    UNIQUE ({owner}_id, {{key}}))"""


# Names in braces differ between databases; see `DIALECTS`.
TABLES = (
    """CREATE TABLE IF NOT EXISTS studies (
    study_id {serial},
    study_name VARCHAR(512) NOT NULL UNIQUE)""",
    """CREATE TABLE IF NOT EXISTS version_info (
    version_info_id INTEGER NOT NULL PRIMARY KEY CHECK (version_info_id = 1),
    schema_version INTEGER,
    library_version VARCHAR(256))""",
    """CREATE TABLE IF NOT EXISTS study_directions (
    study_direction_id {serial},
    direction {studydirection} NOT NULL,
    study_id INTEGER NOT NULL REFERENCES studies (study_id),
    objective INTEGER NOT NULL,
    UNIQUE (study_id, objective))""",
    _attributes("study", "studies", "user"),
    _attributes("study", "studies", "system"),
    """CREATE TABLE IF NOT EXISTS trials (
    trial_id {serial},
    number INTEGER,
    study_id INTEGER REFERENCES studies (study_id),
    state {trialstate} NOT NULL,
    datetime_start {datetime},
    datetime_complete {datetime})""",
    _attributes("trial", "trials", "user"),
    _attributes("trial", "trials", "system"),
    """CREATE TABLE IF NOT EXISTS trial_params (
    param_id {serial},
    trial_id INTEGER REFERENCES trials (trial_id),
    param_name VARCHAR(512),
    param_value {real},
    distribution_json {text},
    UNIQUE (trial_id, param_name))""",
    """CREATE TABLE IF NOT EXISTS trial_values (
    trial_value_id {serial},
    trial_id INTEGER NOT NULL REFERENCES trials (trial_id),
    objective INTEGER NOT NULL,
    value {real},
    value_type {trialvaluetype} NOT NULL,
    UNIQUE (trial_id, objective))""",
    """CREATE TABLE IF NOT EXISTS trial_intermediate_values (
    trial_intermediate_value_id {serial},
    trial_id INTEGER NOT NULL REFERENCES trials (trial_id),
    step INTEGER NOT NULL,
    intermediate_value {real},
    intermediate_value_type {trialintermediatevaluetype} NOT NULL,
    UNIQUE (trial_id, step))""",
    """CREATE TABLE IF NOT EXISTS trial_heartbeats (
    trial_heartbeat_id {serial},
    trial_id INTEGER NOT NULL UNIQUE REFERENCES trials (trial_id),
    heartbeat {datetime} NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS alembic_version (
    version_num VARCHAR(32) NOT NULL PRIMARY KEY)""",
)
# MySQL has no CREATE INDEX IF NOT EXISTS, and makes this one for the foreign key.
INDEXES = ("CREATE INDEX IF NOT EXISTS ix_trials_study_id ON trials (study_id)",)

_WORDS = dict.fromkeys(ENUMS, "VARCHAR(8)")

DIALECTS: dict[str, dict[str, str]] = {
    "sqlite": {
        "serial": "INTEGER NOT NULL PRIMARY KEY",
        "text": "TEXT",
        "real": "FLOAT",
        "datetime": "DATETIME",
        "key": '"key"',
        **_WORDS,
    },
    "postgresql": {
        "serial": "SERIAL PRIMARY KEY",
        "text": "TEXT",
        "real": "DOUBLE PRECISION",
        "datetime": "TIMESTAMP",
        "key": '"key"',
        **{name: name for name in ENUMS},
    },
    "mysql": {
        "serial": "INTEGER NOT NULL AUTO_INCREMENT PRIMARY KEY",
        "text": "TEXT",
        "real": "DOUBLE",
        "datetime": "DATETIME(6)",
        "key": "`key`",
        **{name: f"ENUM({', '.join(map(repr, words))})" for name, words in ENUMS.items()},
    },
}
