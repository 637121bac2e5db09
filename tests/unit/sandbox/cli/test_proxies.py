# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""What keeps requests to the sandbox away from a proxy, and that clients understand it."""

from __future__ import annotations

import pytest
from botocore.utils import get_environ_proxies

from sandbox import proxies
from tests.stages import programs

PROXY = "http://192.0.2.1:3128"


@pytest.mark.parametrize(
    ("environment", "upper", "lower"),
    [
        ({}, "127.0.0.1,localhost", "127.0.0.1,localhost"),
        ({"NO_PROXY": "a, b"}, "a,b,127.0.0.1,localhost", "a,b,127.0.0.1,localhost"),
        ({"no_proxy": "localhost"}, "localhost,127.0.0.1", "localhost,127.0.0.1"),
        ({"NO_PROXY": "a", "no_proxy": "b"}, "a,127.0.0.1,localhost", "b,127.0.0.1,localhost"),
        ({"NO_PROXY": "*"}, "*", "*"),
        ({"NO_PROXY": ""}, "127.0.0.1,localhost", "127.0.0.1,localhost"),
    ],
)
def test_bypass(environment: dict[str, str], upper: str, lower: str) -> None:
    assert proxies.bypass(environment) == {"NO_PROXY": upper, "no_proxy": lower}


def test_botocore_goes_past_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, PROXY)
    assert get_environ_proxies("http://127.0.0.1:5000")["http"] == PROXY
    for name, value in proxies.bypass({}).items():
        monkeypatch.setenv(name, value)
    assert get_environ_proxies("http://127.0.0.1:5000") == {}
    assert get_environ_proxies("https://eks.eu-west-1.amazonaws.com")["https"] == PROXY


def test_test_programs_go_past_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("NO_PROXY", "intranet")
    assert programs.environment()["NO_PROXY"] == "intranet,127.0.0.1,localhost"
