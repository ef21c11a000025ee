"""The page is whole, loads nothing, runs nothing, and can be read by everybody."""

import base64
import hashlib
import itertools
import re

import pytest
from tests.support.reports import HOSTILE, read, tuned

import luthier
from luthier.report.style import STYLE


@pytest.fixture(scope="module")
def html():
    return tuned(40).report().html


@pytest.fixture(scope="module")
def hostile():
    study = luthier.create_study(name=HOSTILE, seed=0, objectives={HOSTILE + "y": "minimize"})

    def objective(trial):
        x = trial.suggest_float(HOSTILE, 0, 1)
        url = trial.suggest_categorical("url", ["postgresql://me:sesame@host/db", "b\u202e\x00"])
        if x < 0.3:
            raise RuntimeError(f"{HOSTILE} cannot open postgresql://me:sesame@host/db")
        return x + (url[0] == "b")

    study.optimize(objective, n_trials=40, catch=RuntimeError)
    return study.report()


def test_nothing_comes_from_elsewhere(html):
    for tag, attributes in read(html).tags:
        assert tag not in {"script", "iframe", "object", "embed", "base", "form", "img", "image"}
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            assert name != "style", tag  # the policy allows none
            if name in ("href", "src", "srcset", "xlink:href", "action"):
                assert value.startswith("#") or value == "data:,"
    assert not re.search(r"url\(|@import", html)


def test_the_policy_allows_the_style_of_the_page_alone(html):
    [policy] = [a["content"] for t, a in read(html).tags if a.get("http-equiv")]
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    assert "default-src 'none'" in policy
    assert f"style-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy
    assert re.findall(r"<style>(.*?)</style>", html, re.S) == [STYLE]


def test_everybody_can_read_it(html):
    tags = read(html).tags
    assert ("html", {"lang": "en"}) in tags
    levels = [int(tag[1]) for tag, _ in tags if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b <= a + 1 for a, b in itertools.pairwise(levels))
    assert all(a.get("scope") in ("col", "row") for tag, a in tags if tag == "th")
    figures = [a for tag, a in tags if tag == "svg" and "class" in a]
    assert figures
    assert all(a["role"] == "img" and a["aria-label"] for a in figures)
    ids = [a["id"] for _, a in tags if "id" in a]
    assert len(set(ids)) == len(ids)
    for _, attributes in tags:
        if attributes.get("href", "").startswith("#"):
            assert attributes["href"][1:] in ids
        assert attributes.get("aria-labelledby", ids[0]) in ids


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def test_text_is_seen_on_both_papers():
    """Contrast of 4.5 at least: WCAG 2.2, 1.4.3."""
    roots = re.findall(r":root\{([^}]*)\}", STYLE)
    assert len(roots) == 2
    for root in roots:
        found = dict(re.findall(r"--(\w+):(#\w+)", root))
        found = {name: colour.ljust(7, colour[-1]) for name, colour in found.items()}  # of #fff
        for paper in ("paper", "fill"):
            for ink in ("ink", "soft", "link", "warning", "advice", "note"):
                a, b = sorted((luminance(found[paper]), luminance(found[ink])))
                assert (b + 0.05) / (a + 0.05) >= 4.5, (root, paper, ink)


def test_hostile_names_are_text(hostile):
    reader = read(hostile.html)
    assert "script" not in {tag for tag, _ in reader.tags}
    assert "alert(1)" in "".join(reader.text)
    assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e]", hostile.html.replace("\n", ""))


def test_passwords_are_hidden(hostile):
    for text in (hostile.html, hostile.markdown, hostile._repr_html_()):
        assert "sesame" not in text
        assert "me:***@host" in text or "me:\\*\\*\\*" in text


@pytest.mark.slow
def test_a_thousand_trials_are_small():
    study = tuned(1000)
    size = len(study.report().html.encode())
    assert size < 150_000
