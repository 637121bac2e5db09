# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The search for secrets: what it takes for one, in which encodings and places it finds one, and what may be there."""

from __future__ import annotations

import base64
import gzip
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, quote_plus, urlencode
from xml.dom import minidom

import pytest
import yaml

from sandbox.aws.request_log import Entry
from tests.leaks import canaries, places
from tests.leaks.canaries import Canary, unpredictable
from tests.leaks.recorder import Recorder

SPECIAL = "/+&=%'\"\\<> é"
VALUE = f"canary0123456789{SPECIAL}tail"
ENCODERS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "json": json.dumps,
    "json in json": lambda value: json.dumps({"inner": json.dumps({"value": value})}),
    "json for html": lambda value: (
        json.dumps(value).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    ),
    "report of JUnit": lambda value: minidom.Document().createTextNode(json.dumps(value)).toxml(),
    "yaml": lambda value: yaml.safe_dump({"value": value}, allow_unicode=True, width=1000),
    "yaml in single quotes": lambda value: yaml.safe_dump({"value": value}, default_style="'", allow_unicode=True),
    "python": repr,
    "form": lambda value: urlencode({"value": value}),
    "query": lambda value: quote(value, safe=""),
    "path": quote,
    "plus": quote_plus,
    "base64": lambda value: base64.b64encode(value.encode()).decode(),
    "base64 for URLs": lambda value: base64.urlsafe_b64encode(value.encode()).decode(),
}


def found(value: str, content: bytes) -> list[str]:
    """Return the encodings in which a value is in some content."""
    hits = canaries.search([Canary("it", value)], {"place": [("part", b"other"), ("part", content)]})
    return [hit.encoding for hit in hits]


@pytest.mark.parametrize("encode", ENCODERS.values(), ids=ENCODERS)
def test_each_encoding_is_found(encode: Callable[[str], str]) -> None:
    value = unpredictable(special=SPECIAL)
    assert found(value, f"before {encode(value)} behind".encode())
    assert not found(unpredictable(special=SPECIAL), f"before {encode(value)} behind".encode())


@pytest.mark.parametrize("behind", range(4))
@pytest.mark.parametrize("before", range(4))
def test_base64_is_found_wherever_the_value_begins_in_it(before: int, behind: int) -> None:
    value = unpredictable()
    text = b"{" * before + value.encode() + b"}" * behind
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        assert found(value, encode(text)) == ["in base64"]


def test_a_hit_tells_where_it_is_and_not_what_it_is() -> None:
    [hit] = canaries.search([Canary("the password", VALUE)], {"log": [("line", f"user=x password={VALUE}".encode())]})
    assert str(hit) == "the password (plain) in log, line, after 'user=x password='"


def test_what_occurs_by_chance_is_refused() -> None:
    with pytest.raises(ValueError, match="the port has 4 characters: 12 are needed"):
        Canary("the port", "5432")


def test_each_value_of_a_secret_is_a_canary() -> None:
    private = {"kty": "EC", "crv": "P-256", "x": "x" * 43, "d": "d" * 43, "kid": "k" * 36}
    shared = {"kty": "oct", "k": "s" * 43}
    keys, jwks = json.dumps([private, shared]), json.dumps({"keys": [shared]})
    content = {"username": "postgres", "password": "p" * 40, "keys": keys, "jwks": jwks}
    assert {canary.name: canary.value for canary in canaries.of_secret("db", json.dumps(content))} == {
        "password of db": "p" * 40,
        "keys of db": keys,
        "d of key 1 in keys of db": "d" * 43,
        "k of key 2 in keys of db": "s" * 43,
        "jwks of db": jwks,
        "k of key 1 in jwks of db": "s" * 43,
    }
    assert [*canaries.of_secret("bare", VALUE)] == [Canary("bare", VALUE)]
    assert [*canaries.of_secret("list", json.dumps([VALUE]))] == [Canary("list", json.dumps([VALUE]))]


def test_a_token_of_a_cluster_is_known_by_its_form() -> None:
    token = f"k8s-aws-v1.{'aB3_' * 40}".encode()
    assert [
        hit.part for hit in canaries.search_tokens({"log": [("none", b"k8s-aws-v1."), ("it", b"say " + token)]})
    ] == ["it"]


def test_what_may_be_asked_of_aws() -> None:
    password = f"Action=CreateDBInstance&MasterUserPassword={VALUE}&Tags.1={VALUE}".encode()
    entries = [
        Entry("secretsmanager", "POST", "http://aws/", body=VALUE.encode()),
        Entry("kms", "POST", "http://aws/", body=VALUE.encode()),
        Entry("rds", "POST", "http://aws/", body=password),
        Entry("s3", "PUT", f"http://aws/bucket?tag={VALUE}", {"X-Amz-Meta": VALUE}, VALUE.encode()),
    ]
    searched = [*places.searchable(entries)]
    assert [label for label, _content in searched] == [
        "request 3: rds POST http://aws/",
        "request 4: s3 PUT http://aws/bucket",
    ]
    assert [content.count(VALUE.encode()) for _label, content in searched] == [1, 3]


def test_files_and_what_helm_recorded(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_text(VALUE)
    (tmp_path / "link").symlink_to(tmp_path / "folder" / "file")
    assert [*places.files(tmp_path)] == [(str(tmp_path / "folder" / "file"), VALUE.encode())]
    record = base64.b64encode(base64.b64encode(gzip.compress(json.dumps({"config": VALUE}).encode()))).decode()
    assert found(VALUE, places.release(record)) == ["in JSON"]


def test_files_are_kept_that_other_programs_remove(tmp_path: Path) -> None:
    watched, kept = tmp_path / "watched", tmp_path / "kept"
    (watched / "before").mkdir(parents=True)
    (watched / "before" / "old").write_text("old")
    with Recorder(kept, [watched]) as recorder:
        for number in range(3):
            folder = watched / f"new{number}" / "deeper"
            folder.mkdir(parents=True)
            (folder / "file").touch()
            wait_for_second_name(folder / "file")
            (folder / "file").write_text(f"content {number}")
            (folder / "file").unlink()
            folder.rmdir()
    assert {content for _name, content in recorder.files()} == {b"old", b"content 0", b"content 1", b"content 2"}


def wait_for_second_name(file: Path) -> None:
    deadline = time.monotonic() + 60
    while file.stat().st_nlink < 2:
        assert time.monotonic() < deadline
        time.sleep(0.01)


PYTHON_PROGRAM = """
import os, pathlib, shutil, sys, tempfile
folder = pathlib.Path(sys.argv[1])
for number in range(20):
    (folder / "removed").write_text(f"removed {number}")
    (folder / "removed").unlink()
    (folder / "replaced").write_text(f"replaced {number}")
(folder / "new").write_text("new")
(folder / "new").replace(folder / "replaced")
with tempfile.NamedTemporaryFile("w", dir=folder) as file:
    file.write("temporary")
(folder / "tree" / "deeper").mkdir(parents=True)
(folder / "tree" / "deeper" / "file").write_text("in a tree")
shutil.rmtree(folder / "tree")
os.chdir(folder)
pathlib.Path("relative").write_text("relative")
os.remove("relative")
"""


def test_no_file_that_python_removes_is_missed(tmp_path: Path) -> None:
    watched, kept = tmp_path / "watched", tmp_path / "kept"
    watched.mkdir()
    recorder = Recorder(kept, [watched])
    kept.mkdir()
    # The recorder does not run: what is kept, the program itself kept.
    program = [sys.executable, "-c", PYTHON_PROGRAM, str(watched)]
    subprocess.run(program, env={**os.environ, **recorder.environment}, check=True)
    expected = {f"removed {number}" for number in range(20)}
    expected |= {"replaced 19", "new", "temporary", "in a tree", "relative"}
    assert {content.decode() for _name, content in recorder.files()} == expected


def test_a_file_is_gone_when_nothing_gave_it_a_second_name(tmp_path: Path) -> None:
    watched = tmp_path / "watched"
    watched.mkdir()
    # Each is made and removed before the recorder can look.
    program = 'for name in 1 2 3 4 5 6 7 8 9; do : > "$0/$name"; rm "$0/$name"; done'
    with Recorder(tmp_path / "kept", [watched]) as recorder:
        subprocess.run(["sh", "-c", program, watched], check=True)
        time.sleep(0.5)
    kept = {name.rpartition(" ")[2] for name, _content in recorder.files()}
    assert kept | {path.name for path in recorder.gone()} == set("123456789")
    assert kept.isdisjoint(path.name for path in recorder.gone())


def test_a_folder_that_is_not_there_is_no_quiet_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Recorder(tmp_path / "kept", [tmp_path / "none"])


def test_command_lines_of_processes_are_seen(tmp_path: Path) -> None:
    argument = unpredictable()
    with Recorder(tmp_path / "kept", []) as recorder:
        subprocess.run([sys.executable, "-c", "import time; time.sleep(0.5)", argument], check=True)
    assert any(line.split(b"\0")[-2] == argument.encode() for line in recorder.command_lines)
    assert recorder.samples > 1
