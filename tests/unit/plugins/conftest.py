# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures for tests of plugins: the collection's import path, a stubbed AWS client, a clock without waiting."""

from __future__ import annotations

import copy
import dataclasses
import functools
import json
import tempfile
import typing as t
from pathlib import Path

import pytest
from ansible.utils.collection_loader import AnsibleCollectionConfig

CHECKOUT = Path(__file__).resolve().parents[3]
COLLECTIONS = tempfile.TemporaryDirectory(prefix="supastack-collections-")


def make_importable(checkout: Path, folder: Path) -> None:
    """Let ansible_collections.supastack.aws be imported from a checkout that lies anywhere.

    ansible-test installs Ansible's collection finder itself; then there is nothing to do.
    """
    if AnsibleCollectionConfig.collection_finder is not None:
        return
    from ansible.plugins.loader import init_plugin_loader

    link = folder / "ansible_collections" / "supastack" / "aws"
    link.parent.mkdir(parents=True)
    link.symlink_to(checkout, target_is_directory=True)
    init_plugin_loader([str(folder)])


make_importable(CHECKOUT, Path(COLLECTIONS.name))

# One expected call: the client's method, the request that must come, and the answer. A string is an error answer,
# "Code: message".
Step = tuple[str, dict[str, t.Any], t.Any]


@dataclasses.dataclass
class Outcome:
    """How a module ended."""

    exit_code: int
    result: dict[str, t.Any]

    @property
    def message(self) -> str:
        """The message of a module that failed."""
        assert self.exit_code != 0, self.result
        return str(self.result["msg"])

    def assert_made(self, changed: bool, key: str, part: t.Mapping[str, t.Any] | None) -> None:
        """Assert that a module succeeded, that its difference says the same as changed, and what it returned.

        :param part: some of the values returned under the key; None when the key must not be there.
        """
        assert self.exit_code == 0, self.result
        assert self.result["changed"] is changed
        assert (self.result["diff"]["before"] != self.result["diff"]["after"]) is changed
        if part is None:
            assert key not in self.result
        else:
            assert {name: self.result[key][name] for name in part} == part


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        """Return the seconds slept so far."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


@functools.cache
def session() -> t.Any:
    """Return the one session of all tests, which reads each service's model only once."""
    import boto3

    return boto3.Session("AKIAIOSFODNN7EXAMPLE", "example")


class Api:
    """A boto3 client whose calls and answers are agreed beforehand and checked against the service's model."""

    def __init__(self, service: str, region: str) -> None:
        from botocore.stub import Stubber

        self.client = session().client(service, region_name=region)
        self.stubber = Stubber(self.client)

    def expect(self, steps: t.Iterable[Step]) -> None:
        """Add the calls that must come next, in this order."""
        for method, request, answer in steps:
            if isinstance(answer, str):
                code, _colon, message = answer.partition(": ")
                self.stubber.add_client_error(method, code, message, expected_params=request)
            else:
                # botocore decodes the policy documents of IAM in the answer itself, which may be expected again.
                self.stubber.add_response(method, copy.deepcopy(answer), request)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Replace the clock of waiters and retries."""
    from ansible_collections.supastack.aws.plugins.module_utils import _retries, _waiters

    stopped = Clock()
    monkeypatch.setattr(_retries, "time", stopped)
    monkeypatch.setattr(_waiters, "time", stopped)
    monkeypatch.setattr("time.sleep", stopped.sleep)
    return stopped


@pytest.fixture
def make_api() -> t.Iterator[t.Callable[..., Api]]:
    """Return a function that makes a stubbed client; every expected call must have come when the test ends."""
    made: list[Api] = []

    def make(service: str, steps: t.Iterable[Step] = (), region: str = "eu-west-1") -> Api:
        api = Api(service, region)
        api.expect(steps)
        api.stubber.activate()
        made.append(api)
        return api

    yield make
    for api in made:
        api.stubber.assert_no_pending_responses()


@pytest.fixture
def run_module(
    make_api: t.Callable[..., Api], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> t.Callable[..., Outcome]:
    """Return a function that runs a module's main() against expected calls.

    They are those of every client that the module makes, except of those which the setting services has calls for.
    """
    from ansible.module_utils.testing import patch_module_args
    from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

    def run(module: t.Any, options: dict[str, t.Any], steps: t.Iterable[Step] = (), **settings: t.Any) -> Outcome:
        apis: dict[str, Api] = {}
        services: dict[str, list[Step]] = settings.get("services", {})

        def client(_module: t.Any, service: str) -> t.Any:
            apis[service] = make_api(service, services.get(service, steps), settings.get("region", "eu-west-1"))
            return apis[service].client

        monkeypatch.setattr(AnsibleAWSModule, "client", client)
        arguments = {**options, "_ansible_check_mode": settings.get("check_mode", False)}
        with patch_module_args(arguments), pytest.raises(SystemExit) as stop:
            module.main()
        assert [service for service, calls in services.items() if calls and service not in apis] == []
        return Outcome(int(stop.value.code or 0), json.loads(capsys.readouterr().out))

    return run
