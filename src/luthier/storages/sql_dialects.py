"""PostgreSQL and MySQL: their tables, and what differs between them."""

from __future__ import annotations

from typing import Any

import msgspec

TABLES = """
CREATE TABLE IF NOT EXISTS luthier_studies (
    id {serial},
    name CHAR(64) NOT NULL UNIQUE,
    spec {text} NOT NULL,
    created_s {real} NOT NULL,
    revision BIGINT NOT NULL DEFAULT 0,
    n_trials BIGINT NOT NULL DEFAULT 0,
    title {text},
    spec_revision BIGINT NOT NULL DEFAULT 0,
    checksum BIGINT
) {options};
CREATE TABLE IF NOT EXISTS luthier_trials (
    study BIGINT NOT NULL,
    number BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    state SMALLINT NOT NULL,
    token INTEGER NOT NULL,
    lease_s {real} NOT NULL,
    retries INTEGER NOT NULL,
    body {text} NOT NULL,
    request VARCHAR(64),
    checksum BIGINT,
    PRIMARY KEY (study, number),
    UNIQUE (study, request){index}
) {options};
CREATE TABLE IF NOT EXISTS luthier_reports (
    study BIGINT NOT NULL,
    number BIGINT NOT NULL,
    step {real} NOT NULL,
    value {text} NOT NULL,
    revision BIGINT NOT NULL,
    checksum BIGINT,
    PRIMARY KEY (study, number, step){index}
) {options};
{indexes}CREATE TABLE IF NOT EXISTS luthier_schema (version INTEGER NOT NULL) {options}
"""
# Statements that lead from a schema to the next; the first on servers was 3.
UPGRADES: dict[int, str] = {
    # A change of a study's spec has a revision, and every row a checksum.
    3: """
ALTER TABLE luthier_studies ADD COLUMN spec_revision BIGINT NOT NULL DEFAULT 0;
ALTER TABLE luthier_studies ADD COLUMN checksum BIGINT;
ALTER TABLE luthier_trials ADD COLUMN checksum BIGINT;
ALTER TABLE luthier_reports ADD COLUMN checksum BIGINT
""",
}


class Dialect(msgspec.Struct, frozen=True):
    """Differences between databases.

    Attributes:
        driver: SQLAlchemy's name for the database and its driver.
        extra: The extra of luthier that installs the driver.
        connect: Arguments for the driver.
        session: Statements for each new connection: a worker that hangs must not keep others
            waiting.
        read: Statement that begins a transaction that sees one moment.
        lock: Query that locks the whole database, while its tables are made.
        unlock: Query that unlocks it again; empty where the end of the transaction does.
        schema: Expression for the schema in which tables are made.
        now: Query for the server's clock, in seconds since 1970.
        identity: Query for a text that no other database has, on this server or another.
        types: Texts for `TABLES`.
        busy: Error codes that mean: try again. One of them says that the first attempt of the same
            call has just come through.
        full: Error codes that mean: no space is left.
        denied: Error codes that mean: a wrong password, or no right to do this.
        refused: Error codes that mean: what was to be stored is too large, or no valid text.
        max_bytes: Query for the size of the largest statement that the server reads; empty where it
            has no such bound.
        answer_options: The driver's options that say how long an answer may take, in seconds; empty
            where it has none.
    """

    driver: str
    extra: str
    connect: dict[str, Any]
    session: tuple[str, ...]
    read: str
    lock: str
    unlock: str
    schema: str
    now: str
    identity: str
    types: dict[str, str]
    busy: frozenset[str | int]
    full: frozenset[str | int]
    denied: frozenset[str | int]
    refused: frozenset[str | int]
    max_bytes: str = ""
    answer_options: tuple[str, ...] = ()


_POSTGRESQL = Dialect(
    driver="postgresql+psycopg",
    extra="postgres",
    connect={
        "connect_timeout": 10,
        "tcp_user_timeout": 30_000,
        "keepalives_idle": 30,
        "application_name": "luthier",
        "autocommit": True,
    },
    session=("SET idle_in_transaction_session_timeout = 30000", "SET lock_timeout = 60000"),
    read="BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    lock="SELECT pg_advisory_xact_lock(1282765928)",  # "Luth"
    unlock="",
    schema="current_schema()",
    now="SELECT extract(epoch FROM clock_timestamp())::float8",
    identity="SELECT concat_ws('/', system_identifier, current_database(), current_schema()) "
    "FROM pg_control_system()",
    types={
        "serial": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        "text": "TEXT",
        "real": "DOUBLE PRECISION",
        "options": "",
        "index": "",
        "indexes": """
CREATE INDEX IF NOT EXISTS luthier_trials_revision ON luthier_trials (study, revision);
CREATE INDEX IF NOT EXISTS luthier_reports_revision ON luthier_reports (study, revision);
""",
    },
    busy=frozenset(
        [
            "23505",
            "25006",
            "25P03",
            "26000",
            "40001",
            "40P01",
            "42P05",
            "53300",
            "55P03",
            "57014",
            "57P01",
            "57P02",
            "57P03",
        ]
    ),
    full=frozenset({"53100", "53200"}),
    denied=frozenset({"28000", "28P01", "42501"}),
    refused=frozenset({"54000", "22021", "22P05", "22003"}),
)
_MYSQL = Dialect(
    driver="mysql+pymysql",
    extra="mysql",
    connect={
        "connect_timeout": 10,
        "charset": "utf8mb4",
        "autocommit": True,
    },
    session=(  # the last is MariaDB's alone
        "SET SESSION time_zone = '+00:00', sql_mode = 'TRADITIONAL' /*M!100300 , "
        "idle_transaction_timeout = 30 */",
    ),
    read="START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
    lock="SELECT GET_LOCK(concat('luthier ', left(database(), 50)), 30)",
    unlock="SELECT RELEASE_LOCK(concat('luthier ', left(database(), 50)))",
    schema="database()",
    now="SELECT unix_timestamp(now(6)) + 0e0",
    identity="SELECT concat_ws('/', "  # each of the two servers reads its own comment
    "/*!50700 @@server_uuid, */ /*M!101100 @@server_uid, */ database())",
    types={
        "serial": "BIGINT AUTO_INCREMENT PRIMARY KEY",
        "text": "LONGTEXT",
        "real": "DOUBLE",
        "options": "ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        "index": ", INDEX (study, revision)",
        "indexes": "",
    },
    busy=frozenset(
        map(
            int,
            [
                "1020",
                "1040",
                "1053",
                "1062",
                "1129",
                "1158",
                "1159",
                "1160",
                "1161",
                "1203",
                "1205",
                "1213",
                "1226",
                "1290",
                "1836",
                "1927",
                "4031",
            ],
        )
    ),
    full=frozenset({1021, 1026, 1114, 3, 28}),
    denied=frozenset({1044, 1045, 1142, 1698}),
    refused=frozenset({1118, 1153, 1264, 1301, 1366, 1367, 1406}),
    max_bytes="SELECT @@max_allowed_packet",
    answer_options=("read_timeout", "write_timeout"),
)
DIALECTS = {"postgresql": _POSTGRESQL, "postgres": _POSTGRESQL, "mysql": _MYSQL, "mariadb": _MYSQL}
