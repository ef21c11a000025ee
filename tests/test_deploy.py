"""The files in `deploy/`: they are valid, fit together, and their scripts serve and work."""

import contextlib
import http.client
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import luthier

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
RESOURCES = {
    resource["kind"]: resource
    for file in sorted(DEPLOY.glob("kubernetes/*.yaml"))
    for resource in yaml.safe_load_all(file.read_text())
}
PODS = {kind: r["spec"]["template"] for kind, r in RESOURCES.items() if "template" in r["spec"]}


def needs(script):
    """Variables that a script needs."""
    text = (DEPLOY / script).read_text()
    used = set(re.findall(r"\$\{?([A-Z]+)\b(?!:-)\}?", text))
    return used - {"SECRETS", "HOST", "PORT", "OPTIONS"} - set(re.findall(r"(?m)^(\w+)=", text))


def containers():
    """Command, variables and mounted files of each container that runs our scripts."""
    for service in COMPOSE["services"].values():
        if service.get("image") == "luthier":
            yield service["command"], service.get("environment", {}), set(service["secrets"])
    for pod in PODS.values():
        (container,) = pod["spec"]["containers"]
        (secret,) = [v["secret"] for v in pod["spec"]["volumes"] if "secret" in v]
        items = {i["key"] for i in secret.get("items", [])} or {"token", "storage"}
        env = {e["name"]: e["value"] for e in container.get("env", [])}
        yield container["command"], env, items


def test_containers_run_scripts_that_find_what_they_need():
    assert len(list(containers())) == 4
    for (script,), env, secrets in containers():
        assert os.access(DEPLOY / script, os.X_OK)
        assert needs(script) <= set(env)
        assert set(env) <= needs(script) | {"OPTIONS"}
        text = (DEPLOY / script).read_text()
        assert set(re.findall(r'(?:secrets|:-/run/secrets\})/(\w+)"', text)) == secrets
        assert script in (DEPLOY / "Dockerfile").read_text()


def test_what_manifests_name_is_there():
    assert set(COMPOSE["secrets"]) == {
        s for c in COMPOSE["services"].values() for s in c["secrets"]
    }
    made = (DEPLOY / "make_secrets.sh").read_text()
    for secret in COMPOSE["secrets"].values():
        assert f">{secret['file']}" in made
    for kind, pod in PODS.items():
        spec = pod["spec"]
        volumes = {volume["name"] for volume in spec["volumes"]}
        for container in spec["containers"]:
            assert {mount["name"] for mount in container["volumeMounts"]} == volumes, kind
            assert container["securityContext"]["readOnlyRootFilesystem"]
    labels = PODS["Deployment"]["metadata"]["labels"]
    assert RESOURCES["Deployment"]["spec"]["selector"]["matchLabels"] == labels
    assert RESOURCES["Service"]["spec"]["selector"] == labels
    policy = RESOURCES["NetworkPolicy"]["spec"]
    assert policy["podSelector"]["matchLabels"] == labels
    (rule,) = policy["ingress"]
    workers = PODS["Job"]["metadata"]["labels"]
    assert [p["podSelector"]["matchLabels"] for p in rule["from"]] == [workers]
    env = {e["name"]: e["value"] for e in PODS["Job"]["spec"]["containers"][0]["env"]}
    (port,) = RESOURCES["Service"]["spec"]["ports"]
    assert env["SERVICE"] == f"http://{RESOURCES['Service']['metadata']['name']}:{port['port']}"


@pytest.mark.external("kubernetes_validate")
@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(RESOURCES))
@pytest.mark.filterwarnings("default")
def test_kubernetes_takes_the_manifests(kind):
    import kubernetes_validate

    newest = kubernetes_validate.latest_version()
    for version in (newest, "1.29"):
        kubernetes_validate.validate(RESOURCES[kind], version, strict=True)
    broken = RESOURCES[kind] | {"spec": {**RESOURCES[kind]["spec"], "replica": 1}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, newest, strict=True)


@pytest.mark.external("check_jsonschema")
@pytest.mark.slow
def test_compose_takes_its_file(tmp_path):
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    assert subprocess.run([*check, DEPLOY / "compose.yaml"], check=False).returncode == 0
    broken = COMPOSE | {"services": {"a": {"image": "x", "secrts": []}}}
    (tmp_path / "compose.yaml").write_text(yaml.safe_dump(broken))
    assert subprocess.run([*check, tmp_path / "compose.yaml"], check=False).returncode == 1


@pytest.fixture
def deployed(tmp_path, script):
    """The folder, with secrets, and with a function that starts its scripts."""
    folder = tmp_path / "deploy"
    shutil.copytree(DEPLOY, folder)
    subprocess.run(["sh", folder / "make_secrets.sh"], check=True)
    started = []

    def start(name, **env):
        env = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "SECRETS": str(folder / "secrets"),
            "TMPDIR": str(tmp_path),
            "LUTHIER_MARK": script.mark,
            "OPENBLAS_NUM_THREADS": "1",
            **env,
        }
        with (tmp_path / "log").open("a") as log:
            process = subprocess.Popen(
                ["sh", folder / name], cwd=folder, env=env, stdout=log, stderr=log
            )
        started.append(process)
        return process

    yield folder, start
    for process in started:
        process.kill()
        process.wait()


def test_secrets_are_made_once_for_us_alone(tmp_path):
    shutil.copy(DEPLOY / "make_secrets.sh", tmp_path)
    found = []
    for _ in range(2):
        subprocess.run(["sh", tmp_path / "make_secrets.sh"], check=True)
        found.append({f.name: f.read_text() for f in (tmp_path / "secrets").iterdir()})
    assert found[0] == found[1]
    assert re.fullmatch("[0-9a-f]{48}", found[0]["token"])
    assert re.fullmatch("[0-9a-f]{48}", found[0]["database_password"])
    assert found[0]["database_password"] != found[0]["token"]
    password = found[0]["database_password"]
    assert found[0]["storage"] == f"postgresql://luthier:{password}@database/luthier"
    for file in (tmp_path / "secrets", *(tmp_path / "secrets").iterdir()):
        assert file.stat().st_mode & 0o077 == 0


@pytest.mark.slow
def test_the_scripts_serve_and_work_until_the_study_is_complete(deployed, tmp_path, eventually):
    folder, start = deployed
    (folder / "secrets" / "storage").write_text(f"sqlite:///{tmp_path}/s.db?lease_s=1")
    start("serve.sh", HOST="127.0.0.1", PORT="0")
    log = tmp_path / "log"
    found = eventually(lambda: re.search(r"http://127\.0\.0\.1:(\d+)", log.read_text()))
    assert found, log.read_text()
    port = int(found[1])

    def is_healthy():
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port)) as line:
            try:
                line.request("GET", "/health")
                return line.getresponse().status == 200
            except OSError:
                return False

    assert eventually(is_healthy)
    job = PODS["Job"]["spec"]["containers"][0]
    env = {e["name"]: e["value"] for e in job["env"]}
    env |= {"SERVICE": f"http://127.0.0.1:{port}", "TOTAL": "6"}
    workers = [start("work.sh", **env) for _ in range(2)]
    assert eventually(lambda: "joins study train" in log.read_text())
    workers[0].send_signal(signal.SIGTERM)
    stopped = workers[0].wait()  # by the signal itself where luthier was not loaded yet
    assert stopped in (0, 143, -signal.SIGTERM), log.read_text()
    assert workers[1].wait() == 0, log.read_text()

    rows = luthier.load_study("train", f"sqlite:///{tmp_path}/s.db").trials
    assert len(rows) == 6
    assert {row.state.finished for row in rows} == {True}
    token = (folder / "secrets" / "token").read_text()
    assert token not in log.read_text()
