"""The files that guide people and services: links lead somewhere, and versions agree."""

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
GUIDES = [
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CODE_OF_CONDUCT.md",
    "CHANGELOG.md",
    "changelog.d/README.md",
    "benchmarks/README.md",
    "examples/README.md",
]
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[!c]*.yml"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("guide", GUIDES)
def test_links_lead_somewhere(guide):
    links = re.findall(r"\]\(([^)#:]+)\)", read(guide))
    folder = (ROOT / guide).parent
    assert [link for link in links if not (folder / link).exists()] == []


def test_make_has_the_targets_that_are_named():
    targets = set(re.findall(r"^([\w-]+):", read("Makefile"), flags=re.MULTILINE))
    texts = [read(name) for name in GUIDES] + [
        read(f) for f in (".github/pull_request_template.md",)
    ]
    texts += [file.read_text(encoding="utf-8") for file in WORKFLOWS]
    named = set(re.findall(r"(?:`|run: |^)make ([a-z-]+)", "\n".join(texts), flags=re.MULTILINE))
    assert named
    assert named - targets == set()


def pythons():
    prefix = "Programming Language :: Python :: 3."
    return [c.rpartition(" ")[2] for c in PROJECT["classifiers"] if c.startswith(prefix)]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda file: file.stem)
def test_every_supported_python_is_tested(workflow):
    jobs = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"]
    matrices = [job["strategy"]["matrix"]["python"] for job in jobs.values() if "strategy" in job]
    assert matrices == [pythons()]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda file: file.stem)
def test_a_workflow_may_do_only_what_it_needs(workflow):
    content = yaml.safe_load(workflow.read_text(encoding="utf-8"))
    assert content["permissions"] == {"contents": "read"}
    for name, job in content["jobs"].items():
        assert job["timeout-minutes"] > 0
        assert job.get("permissions") == ({"id-token": "write"} if name == "publish" else None)


@pytest.mark.parametrize("form", FORMS, ids=lambda file: file.stem)
def test_issue_forms_have_what_the_service_requires(form):
    content = yaml.safe_load(form.read_text(encoding="utf-8"))
    assert {"name", "description", "body"} <= set(content)
    fields = [field for field in content["body"] if field["type"] != "markdown"]
    assert len({field["id"] for field in fields}) == len(fields)
    assert all(field["attributes"]["label"] for field in fields)


def test_the_hooks_use_the_tools_of_the_project():
    (repository,) = yaml.safe_load(read(".pre-commit-config.yaml"))["repos"]
    assert repository["repo"] == "local"
    for hook in repository["hooks"]:
        assert hook["language"] == "system"
        assert hook["entry"].startswith(".venv/bin/")


def test_the_citation_is_of_this_project():
    citation = yaml.safe_load(read("CITATION.cff"))
    assert citation["cff-version"] == "1.2.0"
    assert citation["title"].startswith("luthier")
    assert citation["license"] == PROJECT["license"]
    assert citation["authors"] == [{"name": "The luthier developers"}]
    assert "version" not in citation  # it has one place, src/luthier/__init__.py


def test_the_version_has_one_place():
    assert "version" in PROJECT["dynamic"]
    hatch = tomllib.loads(read("pyproject.toml"))["tool"]["hatch"]
    assert hatch["version"]["path"] == "src/luthier/__init__.py"


def test_coverage_counts_branches_and_has_a_bound():
    coverage = tomllib.loads(read("pyproject.toml"))["tool"]["coverage"]
    assert coverage["run"]["branch"]
    assert coverage["report"]["fail_under"] >= 80


def packages(extra):
    """Names of the packages that an extra and the extras that it names install."""
    requirements = PROJECT["optional-dependencies"][extra] if extra else PROJECT["dependencies"]
    names = set() if extra is None else packages(None)
    for requirement in requirements:
        name, inner = re.match(r"([\w-]+)(?:\[([^\]]*)\])?", requirement).groups()
        names |= {name.lower()} if name != "luthier" else set()
        for other in (inner or "").split(",") if name == "luthier" else []:
            names |= packages(other)
    return names


def imported_modules(folder):
    for file in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                yield node.module


def test_mypy_misses_no_module_that_make_check_does_not_install():
    """On the machine that wrote it the module was installed, on the one that checks it is not."""
    modules = {"scikit-learn": "sklearn", "pyyaml": "yaml"}
    found = {modules.get(name, name.replace("-", "_")) for name in packages("dev")}
    overrides = tomllib.loads(read("pyproject.toml"))["tool"]["mypy"]["overrides"]
    found |= {name.removesuffix(".*") for o in overrides for name in o["module"]}
    found |= {"luthier", "benchmarks", "tests"} | sys.stdlib_module_names
    used = {name.partition(".")[0] for f in ("src", "benchmarks") for name in imported_modules(f)}
    assert used - found == set()
