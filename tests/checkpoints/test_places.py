"""Which places for checkpoints are opened: those that the user of this process named or allows."""

from __future__ import annotations

import pytest

from luthier.checkpoints import Checkpoints
from luthier.checkpoints.places import SCHEMES, check_url, find_allowed
from luthier.errors import CheckpointError


@pytest.mark.parametrize(
    "url",
    [
        "reference://::data:application/json;base64,e30=",
        "reference://x",
        "simplecache::s3://bucket/x",
        "s3://bucket/a::ftp://host/x",
        "zip://x::file:///tmp/a.zip",
        "data://x",
        "cached://x",
        "github://user:repo@main/x",
        "dir://x",
        "generic://x",
        "http://host/x",
        "S3://bucket/x",
        "://x",
    ],
)
def test_what_could_open_something_else_than_it_names_is_refused(url):
    with pytest.raises(CheckpointError):
        Checkpoints(url)


def test_the_plain_schemes_are_taken():
    for scheme in SCHEMES:
        check_url(f"{scheme}://place/folder")


@pytest.mark.parametrize(
    ("stored", "allowed", "address"),
    [
        ("s3://bucket/a/b", "s3://bucket", "s3://bucket/a/b"),
        ("s3://bucket/a", "s3://bucket/a/", "s3://bucket/a"),
        ("s3://bucket", "s3://bucket", "s3://bucket"),
        ("sftp://me:***@host/a/b", "sftp://me:hunter2@host/a", "sftp://me:hunter2@host/a/b"),
        ("sftp://me:other@host/a", "sftp://me@host", "sftp://me@host/a"),
        ("abfs://box@account/a", "abfs://box@account", "abfs://box@account/a"),
        ("s3://bucket.evil/a", "s3://bucket", None),
        ("s3://bucket/ab", "s3://bucket/a", None),
        ("s3://bucket", "s3://bucket/a", None),
        ("gs://bucket/a", "s3://bucket", None),
        ("sftp://you@host/a", "sftp://me@host", None),
        ("abfs://other@account/a", "abfs://box@account", None),
        ("s3://bucket/a/../../b", "s3://bucket/a", None),
        ("s3://bucket/a/%2e%2e/b", "s3://bucket/a", None),
        ("s3://bucket/a::ftp://evil/x", "s3://bucket", None),
        ("s3://bucket/a%3a%3aftp", "s3://bucket", None),
        ("webhdfs://host/a?proxy_to=evil", "webhdfs://host", None),
        ("sftp://host?@evil/a", "sftp://host", None),
        ("sftp://host#@evil/a", "sftp://host", None),
        ("sftp://host\\@evil/a", "sftp://host", None),
        ("sftp://host@evil/a", "sftp://host", None),
        ("s3://bucket/a\x00b", "s3://bucket", None),
        ("reference://::data:x", "s3://bucket", None),
        ("/etc/cron.d", "s3://bucket", None),
        ("etc", "/", None),
        ("{'url': 5}", "/", None),
    ],
)
def test_a_stored_place_is_opened_below_an_allowed_one_and_at_its_host(stored, allowed, address):
    assert find_allowed(stored, [allowed]) == address
    assert find_allowed(stored, []) is None


def test_a_stored_folder_is_opened_below_an_allowed_one(tmp_path):
    allowed = tmp_path / "allowed"
    (allowed / "a").mkdir(parents=True)
    outside = tmp_path / "outside"
    outside.mkdir()
    (allowed / "link").symlink_to(outside)

    assert find_allowed(str(allowed / "a"), [str(allowed)]) == str(allowed / "a")
    assert find_allowed(str(allowed / "new"), [f"file://{allowed}"]) == str(allowed / "new")
    for place in (outside, allowed / "link", allowed / ".." / "outside", f"{allowed}2"):
        assert find_allowed(str(place), [str(allowed)]) is None
