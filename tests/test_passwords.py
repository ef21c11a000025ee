"""No URL is shown with its password; see also tests/integration/test_security.py."""

from __future__ import annotations

import pytest

from luthier.passwords import find_secrets, hide_password, hide_passwords, hide_secrets


@pytest.mark.parametrize(
    "url",
    [
        "s3://KEY:hunter2@bucket/x",
        "sftp://me:hunter2@host/x",
        "abfs://box@account/x?sas_token=hunter2",
        "az://box?account_key=hunter2&sig=hunter2",
        "oss://x?key=hunter2&secret=hunter2&credentials=hunter2",
        "redis://host?checkpoints=sftp://me:hunter2@host/x",
        "postgresql://me@host/d?checkpoints=sftp://me:hunter2@host/x",
        "postgresql://me@host/d?checkpoints=sftp%3A%2F%2Fme%3Ahunter2%40host%2Fx&lease_s=3",
        "me:hunter2@host/d",  # the scheme was forgotten
        "me:hun@ter:hunter2@host:5432/d",
        "/home/me/me:hunter2@host",  # taken for a path
        "me:hunter2@[::1]/d",
    ],
)
def test_a_password_is_neither_shown_nor_missed(url):
    assert "hunter2" not in hide_password(url)
    assert "hunter2" not in hide_passwords(f"no answer ('{url}'): sorry")
    assert "hunter2" not in hide_secrets("login with hunter2 failed", find_secrets(url)) or (
        "checkpoints=" in url or "://" not in url
    )


@pytest.mark.parametrize(
    "piece",
    ["a://?x=", "a://u:p@", "a://x?", "&=", "a%3A%2F%2Fx?y=", "://", "://:", "/a:b", "a:b@", ":@-"],
)
def test_a_url_within_a_url_within_a_url_is_no_burden(piece):
    text = "a://me:hunter2@host?" + piece * 50_000 + "a://me:hunter2@host"
    assert "hunter2" not in hide_passwords(text)
    assert find_secrets(text) is not None


@pytest.mark.parametrize(
    "url",
    [
        "s3://bucket/a@b",
        "abfs://box@account/x",
        "sqlite:///a.db?lease_s=3",
        "a@b.db",
        "C:/a.db",
        "x.py:12: @property",
    ],
)
def test_a_url_without_a_password_is_shown_as_it_is(url):
    assert hide_password(url) == url
    assert find_secrets(url) == set()


def test_a_secret_is_found_as_it_is_written_and_as_it_is_meant():
    assert find_secrets("sftp://me:p%40ss@host/x") == {"p%40ss", "p@ss"}
    assert hide_secrets("p@ss or p%40ss", {"p@ss", "p%40ss"}) == "*** or ***"


@pytest.mark.parametrize("piece", ["/a:b", "a:b@", ":@-", "'a:"])
def test_what_may_be_a_url_without_a_scheme_is_no_burden(piece):
    text = piece * 50_000 + " me:hunter2@host " + piece * 50_000
    assert "hunter2" not in hide_passwords(text)
