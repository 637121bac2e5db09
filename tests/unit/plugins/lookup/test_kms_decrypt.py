# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup kms_decrypt."""

from __future__ import annotations

import base64
import importlib.util
import sys
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible.errors import AnsibleLookupError
from ansible.plugins.loader import lookup_loader
from ansible_collections.supastack.aws.plugins.module_utils import _kms_envelope
from ansible_collections.supastack.aws.plugins.module_utils._kms_envelope import seal
from ansible_collections.supastack.aws.plugins.plugin_utils import _aws_session
from botocore.session import Session

ACCESS_KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY"
SECRET = "correct-horse-battery-staple"
CONTEXT = {"environment": "production", "name": "SUPABASE_SMTP"}
OPTIONS = {
    "region": "eu-west-1",
    "access_key": ACCESS_KEY,
    "secret_key": SECRET_KEY,
    "encryption_context": CONTEXT,
}
KEY = "arn:aws:kms:eu-west-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef"
DATA_KEY = bytes(range(32))
BLOB = b"\x01\x02\x02\x00first"
CIPHERTEXT = base64.b64encode(BLOB).decode()
OTHER_BLOB = b"\x01\x02\x02\x00other"
OTHER = base64.b64encode(OTHER_BLOB).decode()
Call = tuple[str, dict[str, Any], Any]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """Hide the credentials and settings of whoever runs the tests."""
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


@pytest.fixture
def kms(make_api: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Any]]:
    """Return a function that agrees on the calls, and returns a list of the clients that the lookup then makes."""

    def expect(*steps: Call) -> list[Any]:
        client = make_api("kms", steps).client
        made: list[Any] = []

        def create_client(session: Session, service: str, **settings: Any) -> Any:
            made.append((service, session.get_credentials(), settings))
            return client

        monkeypatch.setattr(Session, "create_client", create_client)
        return made

    return expect


def look_up(*terms: Any, **options: Any) -> list[str]:
    """Call the lookup as Ansible does, by its name."""
    texts: list[str] = lookup_loader.get("supastack.aws.kms_decrypt").run(list(terms), variables={}, **options)
    return texts


def decrypt(answer: bytes | str, blob: bytes = BLOB, context: dict[str, str] | None = None, **members: str) -> Call:
    """Return the expected Decrypt call; the answer is a value, or the text of an error."""
    request = {"CiphertextBlob": blob, "EncryptionContext": CONTEXT if context is None else context, **members}
    return ("decrypt", request, answer if isinstance(answer, str) else {"Plaintext": answer, "KeyId": KEY})


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """Return an exception and those that led to it, shown or not."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def refusal(*terms: Any, **options: Any) -> str:
    """Return the message of a lookup that fails, after looking for the secret in everything that it carries."""
    with pytest.raises(AnsibleLookupError) as failure:
        look_up(*terms, **options)
    shown = "".join(traceback.format_exception(failure.value))
    carried = "".join(repr((error, error.args, vars(error))) for error in chain(failure.value))
    assert "battery" not in shown + carried
    assert base64.b64encode(SECRET.encode()).decode() not in shown + carried
    message = str(failure.value)
    # Ansible adds the texts of the exceptions that led to this one, which are part of it already.
    assert message.count("An error occurred") < 2
    assert message.startswith("kms_decrypt: ")
    return message


def test_ciphertexts_are_decrypted_in_their_order(kms: Callable[..., list[Any]]) -> None:
    made = kms(decrypt(SECRET.encode()), decrypt("é".encode(), OTHER_BLOB))
    assert look_up(CIPHERTEXT, OTHER, **OPTIONS) == [SECRET, "é"]
    ((service, credentials, settings),) = made
    assert (service, credentials.access_key) == ("kms", ACCESS_KEY)
    assert settings == {"region_name": "eu-west-1", "endpoint_url": None}


def test_no_context_is_an_empty_one(kms: Callable[..., list[Any]]) -> None:
    kms(decrypt(SECRET.encode(), context={}))
    assert look_up(CIPHERTEXT, **{**OPTIONS, "encryption_context": {}}) == [SECRET]


def test_numbers_in_the_context_are_text(kms: Callable[..., list[Any]]) -> None:
    kms(decrypt(SECRET.encode(), context={"1": "2"}))
    assert look_up(CIPHERTEXT, **{**OPTIONS, "encryption_context": {1: 2}}) == [SECRET]


def test_the_key_can_be_demanded(kms: Callable[..., list[Any]]) -> None:
    kms(decrypt(SECRET.encode(), KeyId="alias/production-supabase"))
    assert look_up(CIPHERTEXT, key_id="alias/production-supabase", **OPTIONS) == [SECRET]


def test_envelope(kms: Callable[..., list[Any]]) -> None:
    kms(decrypt(DATA_KEY))
    value = SECRET * 200
    assert look_up(seal(value.encode(), DATA_KEY, BLOB, CONTEXT), **OPTIONS) == [value]


def test_endpoint_url_names_another_host(kms: Callable[..., list[Any]]) -> None:
    made = kms(decrypt(SECRET.encode()))
    look_up(CIPHERTEXT, endpoint_url="http://127.0.0.1:5000/", **OPTIONS)
    assert made[0][2]["endpoint_url"] == "http://127.0.0.1:5000"


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_credentials_and_region_come_from_the_environment(
    kms: Callable[..., list[Any]], monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    monkeypatch.setenv(variable, "eu-central-1")
    made = kms()
    assert look_up() == []
    ((_service, credentials, settings),) = made
    assert (credentials.access_key, settings["region_name"]) == ("AKIAENVIRONMENT", "eu-central-1")


def test_profile(kms: Callable[..., list[Any]], tmp_path: Any) -> None:
    (tmp_path / "credentials").write_text(
        f"[ops]\naws_access_key_id = AKIAPROFILE\naws_secret_access_key = {SECRET_KEY}\n", encoding="utf-8"
    )
    made = kms(decrypt(SECRET.encode(), context={}))
    assert look_up(CIPHERTEXT, region="eu-west-1", profile="ops") == [SECRET]
    assert made[0][1].access_key == "AKIAPROFILE"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"region": "eu-west-1"}, "no AWS credentials found"),
        ({"access_key": ACCESS_KEY, "secret_key": SECRET_KEY}, "region is not set. Give region=<the key's region>"),
        ({"region": "eu-west-1", "access_key": ACCESS_KEY}, "got access_key only"),
        ({**OPTIONS, "profile": "ops"}, "profile and access_key, secret_key exclude each other"),
        ({"region": "eu-west-1", "profile": "nobody"}, "nobody"),
        ({**OPTIONS, "endpoint_url": "127.0.0.1:5000"}, "endpoint_url is '127.0.0.1:5000'"),
        ({**OPTIONS, "encryption_context": {"name": None}}, "encryption_context has None as name"),
    ],
)
def test_bad_options_are_named(options: dict[str, Any], message: str) -> None:
    assert message in refusal(CIPHERTEXT, **options)


@pytest.mark.parametrize(
    ("term", "message"),
    [
        ("", "is no ciphertext"),
        (None, "is no ciphertext"),
        ({"password": SECRET}, "is no ciphertext"),
        (SECRET, "is not base64"),
        (CIPHERTEXT[:-1], "is not base64"),
        (base64.b64encode(SECRET.encode() * 300).decode(), "has an unknown format"),
        ("supastack/envelope/2AAAA", "has an unknown format: it is an envelope that a newer release made"),
        ("supastack/envelope/1AAAA", "is an envelope that was cut off"),
    ],
)
def test_what_is_no_ciphertext_is_not_quoted(kms: Callable[..., list[Any]], term: Any, message: str) -> None:
    kms(*([decrypt(SECRET.encode())] if isinstance(term, str) and term else []))
    assert f"term 2 {message}" in refusal(CIPHERTEXT, term, **OPTIONS)


@pytest.mark.parametrize(
    ("answer", "texts"),
    [
        ("InvalidCiphertextException: ", ["term 2 was made with another encryption context, or"]),
        ("AccessDeniedException: no", ["kms:Decrypt", "must be in eu-west-1", "(AccessDeniedException)"]),
        (f"DisabledException: {KEY} is disabled.", ["its KMS key is disabled", "enabled=true", KEY]),
        (f"KMSInvalidStateException: {KEY} is pending deletion.", ["Cancel its deletion", "is pending deletion."]),
        ("IncorrectKeyException: no", ["another KMS key than the one that key_id names"]),
        ("NotFoundException: Alias is not found.", ["no such KMS key in eu-west-1", "Correct key_id"]),
        ("ExpiredTokenException: expired", ["Failed to decrypt", "(ExpiredTokenException)"]),
    ],
)
def test_refusals_of_kms_say_what_to_do(kms: Callable[..., list[Any]], answer: str, texts: list[str]) -> None:
    kms(decrypt(SECRET.encode()), decrypt(answer, OTHER_BLOB))
    message = refusal(CIPHERTEXT, OTHER, **OPTIONS)
    assert [text for text in ["term 2", *texts] if text not in message] == []


def test_problems_are_told_instead_of_texts(kms: Callable[..., list[Any]]) -> None:
    kms(decrypt(SECRET.encode()), decrypt("InvalidCiphertextException: ", OTHER_BLOB), decrypt("DisabledException: no"))
    fine, bound, disabled = look_up(CIPHERTEXT, OTHER, CIPHERTEXT, problem=True, **OPTIONS)
    assert fine == ""
    assert bound.startswith("was made with another encryption context")
    assert disabled.startswith("cannot be used: Failed to decrypt the ciphertext: its KMS key is disabled")


def test_a_damaged_envelope(kms: Callable[..., list[Any]]) -> None:
    kms(decrypt(bytes(32)))
    message = refusal(seal(SECRET.encode(), DATA_KEY, BLOB, CONTEXT), **OPTIONS)
    assert "term 1 is an envelope that is damaged" in message


def test_binary_data_is_no_text(kms: Callable[..., list[Any]]) -> None:
    kms(decrypt(SECRET.encode() + b"\xff"))
    assert "term 1 holds binary data, not text in UTF-8" in refusal(CIPHERTEXT, **OPTIONS)


def test_missing_libraries_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    lookup = lookup_loader.get("supastack.aws.kms_decrypt")
    monkeypatch.setitem(lookup.run.__globals__, "HAS_BOTOCORE", False)
    with pytest.raises(AnsibleLookupError, match="pip install boto3"):
        lookup.run([CIPHERTEXT], variables={}, **OPTIONS)
    monkeypatch.setitem(lookup.run.__globals__, "HAS_BOTOCORE", True)
    monkeypatch.setattr(_kms_envelope, "HAS_CRYPTOGRAPHY", False)
    with pytest.raises(AnsibleLookupError, match="cryptography"):
        lookup.run([seal(b"x", DATA_KEY, BLOB, CONTEXT)], variables={}, **OPTIONS)


def test_the_sessions_can_be_imported_without_botocore(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "botocore.session", None)
    specification = importlib.util.spec_from_file_location("without", str(_aws_session.__file__))
    assert specification is not None
    assert specification.loader is not None
    without = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(without)
    assert without.HAS_BOTOCORE is False
