# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup dns_delegation, against a real DNS server, and against messages that another implementation wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.plugins.loader import lookup_loader
from ansible_collections.supastack.aws.plugins.module_utils import _dns

from tests.unit.plugins.lookup.dns_server import AAAA, NO_SUCH_NAME, NS, SERVER_FAILURE, A, Reply, Table, serving

ZONE = "api.example.com"
SERVERS = ("ns-1.awsdns-00.com", "ns-2.awsdns-00.net")
# There is a zone example.com, and the loopback serves it.
ABOVE: Table = {
    ("example.com", NS, True): Reply(("NS.example.net",)),
    ("ns.example.net", A, True): Reply(("127.0.0.1",)),
}
ASKED = (ZONE, NS, False)


HEADER = b"ID\x80\x00\x00\x01\x00\x01\x00\x00\x00\x00"
# A question about the root, and a record of a type that says nothing here.
OTHER_RECORD = HEADER + b"\0\0\x02\0\x01" + b"\0\0\x10\0\x01\0\0\0\0\0\x01\0"


def look_up(table: Table, *zones: str) -> Any:
    """Call the lookup as Ansible does, by its name."""
    with serving(table) as resolver:
        return lookup_loader.get("supastack.aws.dns_delegation").run(list(zones), {}, resolver=resolver, timeout=0.5)


@pytest.mark.parametrize(
    ("table", "zone", "parent", "servers"),
    [
        ({ASKED: Reply(SERVERS, referral=True)}, "Api.example.com.", "example.com", SERVERS),
        ({ASKED: Reply(tuple(reversed(SERVERS)))}, ZONE, "example.com", SERVERS),
        ({ASKED: Reply(SERVERS, referral=True, long=True)}, ZONE, "example.com", SERVERS),
        ({ASKED: Reply(code=NO_SUCH_NAME)}, ZONE, "example.com", ()),
        ({}, ZONE, "example.com", ()),
        ({ASKED: Reply(raw=OTHER_RECORD)}, ZONE, "example.com", ()),
        # Names between two zones are none.
        ({("a.eu.example.com", NS, False): Reply(SERVERS)}, "a.eu.example.com", "example.com", SERVERS),
        ({("", NS, True): Reply(("ns.example.net",)), ("com", NS, False): Reply(SERVERS)}, "com", "", SERVERS),
        # A server that only has an address of the newer kind is no reason to give up.
        (
            {("example.com", NS, True): Reply(("six.example.net", "ns.example.net"))}
            | {("six.example.net", AAAA, True): Reply(("100::1",)), ASKED: Reply(SERVERS)},
            ZONE,
            "example.com",
            SERVERS,
        ),
    ],
    ids=["referral", "answer", "by TCP", "no such name", "no delegation", "text", "between", "top", "another server"],
)
def test_what_the_zone_above_names(table: Table, zone: str, parent: str, servers: tuple[str, ...]) -> None:
    found = look_up({**ABOVE, **table}, zone)
    assert found == [{"zone": zone, "parent": parent, "name_servers": list(servers), "problem": ""}]


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ({ASKED: Reply(code=SERVER_FAILURE)}, "(127.0.0.1: it answers with code 2)"),
        ({("ns.example.net", A, True): Reply()}, "nobody answers who serves api.example.com (no server is known)"),
        ({("ns.example.net", A, True): Reply(("127.0.0.2",))}, "(127.0.0.2: [Errno 111] Connection refused)"),
        ({("example.com", NS, True): Reply()}, "no resolver knows of a zone above api.example.com"),
        ({ASKED: Reply(raw=b"ID\x80")}, "127.0.0.1: what came is no whole message"),
        ({ASKED: Reply(raw=HEADER + b"\xc0\x0c")}, "127.0.0.1: the answer has a name without end"),
        ({ASKED: Reply(raw=HEADER + b"\0\0\x02\0\x01")}, "127.0.0.1: what came is no whole message"),
        ({ASKED: Reply(raw=HEADER.replace(b"ID", b"no"))}, "127.0.0.1: what came is no answer to question"),
    ],
    ids=["failure", "no address", "nobody there", "no zone", "short", "endless", "cut off", "another question"],
)
def test_why_it_cannot_be_told(table: Table, problem: str) -> None:
    found, other = look_up({**ABOVE, **table}, ZONE, ZONE)
    assert found == other
    assert problem in found["problem"]
    assert found["name_servers"] == []


def test_without_an_option_the_resolvers_of_the_machine_are_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "resolv.conf"
    monkeypatch.setattr(_dns, "RESOLV_CONF", file)
    look = lookup_loader.get("supastack.aws.dns_delegation")
    assert "no server is known" in look.run([ZONE], {})[0]["problem"]
    file.write_text("# nameserver 192.0.2.1\nsearch example.com\nnameserver 127.0.0.1\nnameserver ::1\n")
    assert _dns.system_resolvers() == [("127.0.0.1", 53), ("::1", 53)]
