PRAGMA application_id = 1282765928;
PRAGMA user_version = 3;
BEGIN TRANSACTION;
CREATE TABLE luthier_reports (
    study INTEGER NOT NULL,
    number INTEGER NOT NULL,
    step REAL NOT NULL,
    value NOT NULL,
    revision INTEGER NOT NULL,
    PRIMARY KEY (study, number, step)
) WITHOUT ROWID;
INSERT INTO "luthier_reports" VALUES(1,0,1.0,1.93361940486606598277e-02,2);
INSERT INTO "luthier_reports" VALUES(1,0,2.0,3.86723880973213196554e-02,3);
INSERT INTO "luthier_reports" VALUES(1,1,1.0,1.57530931938421769888e-01,6);
INSERT INTO "luthier_reports" VALUES(1,1,2.0,3.15061863876843539777e-01,7);
INSERT INTO "luthier_reports" VALUES(1,2,1.0,1.34987289554041267614e-01,10);
INSERT INTO "luthier_reports" VALUES(1,2,2.0,2.69974579108082535228e-01,11);
INSERT INTO "luthier_reports" VALUES(1,3,1.0,1.98576809611328286564e-03,14);
INSERT INTO "luthier_reports" VALUES(1,3,2.0,3.97153619222656573128e-03,15);
INSERT INTO "luthier_reports" VALUES(1,4,1.0,1.01146519626561404159e-01,18);
INSERT INTO "luthier_reports" VALUES(1,4,2.0,2.02293039253122808318e-01,19);
INSERT INTO "luthier_reports" VALUES(1,5,1.0,4.45871211347967200122e-01,22);
INSERT INTO "luthier_reports" VALUES(1,5,2.0,8.91742422695934400245e-01,23);
CREATE TABLE luthier_studies (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    spec TEXT NOT NULL,
    created_s REAL NOT NULL,
    revision INTEGER NOT NULL DEFAULT 0,
    n_trials INTEGER NOT NULL DEFAULT 0,
    title TEXT
);
INSERT INTO "luthier_studies" VALUES(1,'tür <1>','{"directions":["maximize"],"seed":1,"space":{"params":{"x":{"type":"float","low":0,"high":1},"k":{"type":"categorical","choices":["a",2,null]}},"constraints":[],"functions":[]},"declared":false}',1.79601289736879920957e+09,27,8,NULL);
INSERT INTO "luthier_studies" VALUES(2,'empty','{"directions":["minimize","maximize"],"seed":2,"space":{"params":{},"constraints":[],"functions":[]},"declared":false}',1.79601289747680449484e+09,0,0,NULL);
CREATE TABLE luthier_trials (
    study INTEGER NOT NULL,
    number INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    state INTEGER NOT NULL,
    token INTEGER NOT NULL,
    lease_s REAL NOT NULL,
    retries INTEGER NOT NULL,
    body TEXT NOT NULL,
    request TEXT,
    PRIMARY KEY (study, number)
) WITHOUT ROWID;
INSERT INTO "luthier_trials" VALUES(1,0,4,3,1,0.0,0,'{"params":{"x":0.03867238809732132,"k":null},"values":[0.03867238809732132],"tags":{"note":"ü"},"started_s":1796012897.3733516,"finished_s":1796012897.4471521,"worker":"host:14313:583ffa08"}',NULL);
INSERT INTO "luthier_trials" VALUES(1,1,8,3,1,0.0,0,'{"params":{"x":0.31506186387684354,"k":null},"values":[0.31506186387684354],"tags":{"note":"ü"},"started_s":1796012897.4494214,"finished_s":1796012897.451233,"worker":"host:14313:583ffa08"}',NULL);
INSERT INTO "luthier_trials" VALUES(1,2,12,3,1,0.0,0,'{"params":{"x":0.26997457910808254,"k":null},"values":[0.26997457910808254],"tags":{"note":"ü"},"started_s":1796012897.4521847,"finished_s":1796012897.4538262,"worker":"host:14313:583ffa08"}',NULL);
INSERT INTO "luthier_trials" VALUES(1,3,16,4,1,0.0,0,'{"params":{"x":0.003971536192226566,"k":2},"values":[0.003971536192226566],"tags":{"note":"ü"},"started_s":1796012897.4546506,"finished_s":1796012897.457479,"worker":"host:14313:583ffa08"}',NULL);
INSERT INTO "luthier_trials" VALUES(1,4,20,5,1,0.0,0,'{"params":{"x":0.2022930392531228,"k":2},"tags":{"note":"ü"},"error":"ValueError: bad\nTraceback (most recent call last):\n  File \"src/luthier/trial/outcome.py\", line 80, in execute\n    returned = objective(trial)\n               ^^^^^^^^^^^^^^^^\n  File \"make3.py\", line 17, in f\n    if t.number==4: raise ValueError(\"bad\")\n                    ^^^^^^^^^^^^^^^^^^^^^^^\nValueError: bad\n","started_s":1796012897.4580579,"finished_s":1796012897.4599247,"worker":"host:14313:583ffa08"}',NULL);
INSERT INTO "luthier_trials" VALUES(1,5,24,3,1,0.0,0,'{"params":{"x":0.8917424226959344,"k":"a"},"values":[0.8917424226959344],"tags":{"note":"ü"},"started_s":1796012897.4605474,"finished_s":1796012897.4618716,"worker":"host:14313:583ffa08"}',NULL);
INSERT INTO "luthier_trials" VALUES(1,6,26,1,1,1.79601295746381378172e+09,0,'{"params":{"x":0.5},"started_s":1796012897.4638138,"worker":"host:14313:583ffa08"}',NULL);
INSERT INTO "luthier_trials" VALUES(1,7,27,1,1,1.79601295746463942527e+09,0,'{"params":{"x":0.8275384831888262,"k":2},"started_s":1796012897.4646316,"worker":"host:14313:583ffa08"}',NULL);
CREATE INDEX trials_revision ON luthier_trials (study, revision);
CREATE UNIQUE INDEX trials_request ON luthier_trials (study, request) WHERE request IS NOT NULL;
CREATE INDEX reports_revision ON luthier_reports (study, revision);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('luthier_studies',2);
COMMIT;
