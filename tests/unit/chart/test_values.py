# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Which values of the supabase chart arrive where, and which it refuses."""

from __future__ import annotations

import json
import subprocess
from functools import cache, reduce
from pathlib import Path
from typing import Any

import pytest

from tests.unit.chart.rendering import REQUIRED, SUPABASE, RenderError, named, render, supabase
from tests.unit.chart.variants import CODE, SERVICES, VARIANTS, deployments, environment, pod, variant
from tools.toolchain import tool

CA = "/etc/supabase/database-ca/ca.pem"
ROLES, JWT, KEYS = "supabase-db-roles", "supabase-jwt", "supabase-api-keys"
# By component: the variables that come from Secrets, all of which have a reader that was looked up in its code.
SECRETS: dict[str, dict[str, tuple[str, str]]] = {
    "gateway": {
        "SUPABASE_ANON_KEY": (KEYS, "anon"),
        "SUPABASE_SERVICE_ROLE_KEY": (KEYS, "service_role"),
        "SUPABASE_PUBLISHABLE_KEY": (KEYS, "publishable"),
        "SUPABASE_SECRET_KEY": (KEYS, "secret"),
        "SUPABASE_ANON_JWT": (KEYS, "anon_asymmetric"),
        "SUPABASE_SERVICE_ROLE_JWT": (KEYS, "service_role_asymmetric"),
        "DASHBOARD_USERNAME": ("supabase-dashboard", "username"),
        "DASHBOARD_PASSWORD": ("supabase-dashboard", "password"),
    },
    "auth": {
        "DATABASE_PASSWORD": (ROLES, "supabase_auth_admin"),
        "GOTRUE_JWT_SECRET": (JWT, "secret"),
        "GOTRUE_JWT_KEYS": (JWT, "keys"),
    },
    "rest": {"PGPASSWORD": (ROLES, "authenticator"), "PGRST_JWT_SECRET": (JWT, "jwks")},
    "realtime": {
        "DB_PASSWORD": (ROLES, "supabase_admin"),
        "DB_ENC_KEY": ("supabase-realtime", "db_enc_key"),
        "SECRET_KEY_BASE": ("supabase-realtime", "secret_key_base"),
        "API_JWT_SECRET": ("supabase-realtime", "secret_key_base"),
        "METRICS_JWT_SECRET": ("supabase-realtime", "secret_key_base"),
    },
    "storage": {
        "DATABASE_PASSWORD": (ROLES, "supabase_storage_admin"),
        "AUTH_JWT_SECRET": (JWT, "secret"),
        "JWT_JWKS": (JWT, "jwks"),
        "ANON_KEY": (KEYS, "anon"),
        "SERVICE_KEY": (KEYS, "service_role"),
        "S3_PROTOCOL_ACCESS_KEY_ID": ("supabase-s3-protocol", "access_key_id"),
        "S3_PROTOCOL_ACCESS_KEY_SECRET": ("supabase-s3-protocol", "secret_access_key"),
    },
    "functions": {
        "SUPABASE_ANON_KEY": (KEYS, "anon"),
        "SUPABASE_SERVICE_ROLE_KEY": (KEYS, "service_role"),
        "SUPASTACK_PUBLISHABLE_KEY": (KEYS, "publishable"),
        "SUPASTACK_SECRET_KEY": (KEYS, "secret"),
        "SUPASTACK_JWKS": (JWT, "jwks"),
    },
    "meta": {
        "PG_META_DB_USER": ("supabase-db", "username"),
        "PG_META_DB_PASSWORD": ("supabase-db", "password"),
        "CRYPTO_KEY": ("supabase-dashboard", "pg_meta_crypto_key"),
    },
    "studio": {
        "POSTGRES_USER_READ_WRITE": ("supabase-db", "username"),
        "POSTGRES_PASSWORD": ("supabase-db", "password"),
        "PG_META_CRYPTO_KEY": ("supabase-dashboard", "pg_meta_crypto_key"),
        "SUPABASE_ANON_KEY": (KEYS, "anon"),
        "SUPABASE_SERVICE_KEY": (KEYS, "service_role"),
        "SUPABASE_PUBLISHABLE_KEY": (KEYS, "publishable"),
        "SUPABASE_SECRET_KEY": (KEYS, "secret"),
        "AUTH_JWT_SECRET": (JWT, "secret"),
    },
}


def from_secrets(variables: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Which of a container's variables come from Secrets, and of what key."""
    found = {key: value["secretKeyRef"] for key, value in variables.items() if "secretKeyRef" in value}
    return {key: (value["name"], value["key"]) for key, value in found.items()}


@pytest.mark.parametrize("component", SERVICES)
def test_secrets_arrive_by_reference(component: str) -> None:
    assert from_secrets(environment(pod("defaults", component))) == SECRETS.get(component, {})


URL = "http://127.0.0.1:8000"
# Variant, component, and some of its variables.
VARIABLES: list[tuple[str, str, dict[str, Any]]] = [
    (
        "defaults",
        "auth",
        {
            "API_EXTERNAL_URL": f"{URL}/auth/v1",
            "GOTRUE_JWT_ISSUER": f"{URL}/auth/v1",
            "GOTRUE_SITE_URL": URL,
            "GOTRUE_URI_ALLOW_LIST": "",
            "GOTRUE_JWT_EXP": "3600",
            "GOTRUE_DISABLE_SIGNUP": "false",
            "GOTRUE_EXTERNAL_EMAIL_ENABLED": "true",
            "GOTRUE_EXTERNAL_PHONE_ENABLED": "false",
            "GOTRUE_EXTERNAL_ANONYMOUS_USERS_ENABLED": "false",
            "GOTRUE_MAILER_AUTOCONFIRM": "false",
            "GOTRUE_MAILER_URLPATHS_RECOVERY": "/auth/v1/verify",
            "GOTRUE_DB_MAX_POOL_SIZE": "10",
            "GOTRUE_SMTP_HOST": None,
            "GOTRUE_RATE_LIMIT_HEADER": None,
            "GOTRUE_DB_DATABASE_URL": "postgres://supabase_auth_admin:$(DATABASE_PASSWORD)@db.example.com:5432/postgres"
            f"?sslmode=verify-full&sslrootcert={CA}&application_name=auth",
        },
    ),
    (
        "auth",
        "auth",
        {
            "GOTRUE_SITE_URL": "https://app.example.com",
            "GOTRUE_URI_ALLOW_LIST": "https://app.example.com/**,com.example.app://callback",
            "GOTRUE_JWT_EXP": "604800",
            "GOTRUE_DISABLE_SIGNUP": "true",
            "GOTRUE_EXTERNAL_EMAIL_ENABLED": "false",
            "GOTRUE_EXTERNAL_ANONYMOUS_USERS_ENABLED": "true",
            "GOTRUE_MAILER_AUTOCONFIRM": "true",
            "GOTRUE_DB_MAX_POOL_SIZE": "7",
            "GOTRUE_SMTP_HOST": ("supabase-smtp", "host"),
            "GOTRUE_SMTP_PORT": ("supabase-smtp", "port"),
            "GOTRUE_SMTP_USER": ("supabase-smtp", "username"),
            "GOTRUE_SMTP_PASS": ("supabase-smtp", "password"),
            "GOTRUE_SMTP_ADMIN_EMAIL": ("supabase-smtp", "admin_email"),
            "GOTRUE_SMTP_SENDER_NAME": ("supabase-smtp", "sender_name"),
            "GOTRUE_EXTERNAL_GOOGLE_ENABLED": "true",
            "GOTRUE_EXTERNAL_GOOGLE_CLIENT_ID": "g",
            "GOTRUE_EXTERNAL_GOOGLE_SECRET": ("oauth", "google"),
            "GOTRUE_EXTERNAL_GOOGLE_REDIRECT_URI": f"{URL}/auth/v1/callback",
            "GOTRUE_EXTERNAL_GOOGLE_URL": None,
            "GOTRUE_EXTERNAL_KEYCLOAK_SECRET": ("oauth-keycloak", "k"),
            "GOTRUE_EXTERNAL_KEYCLOAK_REDIRECT_URI": "https://api.example.com/auth/v1/callback",
            "GOTRUE_EXTERNAL_KEYCLOAK_URL": "https://id.example.com/realms/x",
        },
    ),
    (
        "ingress",
        "auth",
        {"GOTRUE_RATE_LIMIT_HEADER": "x-supastack-client", "GOTRUE_SITE_URL": "https://api.example.com"},
    ),
    (
        "defaults",
        "rest",
        {
            "PGHOST": "db.example.com",
            "PGSSLMODE": "verify-full",
            "PGSSLROOTCERT": CA,
            "PGRST_DB_MAX_ROWS": "1000",
            "PGRST_DB_POOL": "10",
            "PGRST_DB_SCHEMAS": "public",
            "PGRST_DB_EXTRA_SEARCH_PATH": "public,extensions",
            "PGRST_OPENAPI_SERVER_PROXY_URI": f"{URL}/rest/v1/",
        },
    ),
    ("large numbers", "rest", {"PGRST_DB_MAX_ROWS": "12345678", "PGRST_DB_POOL": "1000"}),
    ("large numbers", "studio", {"PGRST_DB_MAX_ROWS": "12345678"}),
    ("graphql", "rest", {"PGRST_DB_SCHEMAS": "public,api,graphql_public", "PGRST_DB_EXTRA_SEARCH_PATH": ""}),
    ("graphql", "studio", {"PGRST_DB_SCHEMAS": "public,api,graphql_public"}),
    (
        "defaults",
        "realtime",
        {
            "DB_HOST": "db.example.com",
            "DB_SSL": "true",
            "DB_SSL_CA_CERT": CA,
            "DB_POOL_SIZE": "5",
            "SEED_SELF_HOST": "false",
            "ERL_AFLAGS": "-proto_dist inet_tcp -kernel inet_dist_listen_min 9100 inet_dist_listen_max 9100",
        },
    ),
    (
        "defaults",
        "storage",
        {
            "DATABASE_URL": "postgres://supabase_storage_admin:$(DATABASE_PASSWORD)@db.example.com:5432/postgres",
            "DATABASE_MAX_CONNECTIONS": "10",
            "DB_INSTALL_ROLES": "false",
            "STORAGE_S3_BUCKET": "demo-supabase",
            "STORAGE_S3_REGION": "eu-west-1",
            "UPLOAD_FILE_SIZE_LIMIT": "52428800",
            "ENABLE_IMAGE_TRANSFORMATION": "true",
            "IMGPROXY_URL": "http://supabase-imgproxy:5001",
        },
    ),
    ("without imgproxy", "storage", {"ENABLE_IMAGE_TRANSFORMATION": "false", "IMGPROXY_URL": None}),
    ("large numbers", "storage", {"UPLOAD_FILE_SIZE_LIMIT": "5368709120"}),
    ("defaults", "imgproxy", {"IMGPROXY_MAX_SRC_RESOLUTION": "16.8", "IMGPROXY_AUTO_WEBP": "true"}),
    ("defaults", "meta", {"PG_META_DB_HOST": "db.example.com", "PG_META_DB_SSL_MODE": "verify-full"}),
    (
        "defaults",
        "studio",
        {
            "STUDIO_PG_META_URL": "http://supabase-meta:8080",
            "SUPABASE_URL": "http://supabase-gateway:8000",
            "SUPABASE_PUBLIC_URL": URL,
            "ENABLED_FEATURES_LOGS_ALL": "false",
        },
    ),
    (
        "functions",
        "functions",
        {
            "SUPABASE_URL": "http://supabase-gateway:8000",
            "SUPASTACK_FUNCTIONS": '{"memoryMb":150,"seconds":60,"verified":{"hello":true,"hook":false}}',
        },
    ),
    (
        "large numbers",
        "functions",
        {"SUPASTACK_FUNCTIONS": '{"memoryMb":1048576,"seconds":86400,"verified":{}}'},
    ),
]


@pytest.mark.parametrize(
    ("name", "component", "variables"), VARIABLES, ids=[f"{row[1]} of {row[0]}" for row in VARIABLES]
)
def test_options_arrive_in_the_variables_of_their_service(name: str, component: str, variables: dict[str, Any]) -> None:
    found = environment(pod(name, component))
    read = {**found, **from_secrets(found)}
    assert {key: read.get(key) for key in variables} == variables


def test_services_that_take_certificates_as_text_get_the_whole_file() -> None:
    reference = {"configMapKeyRef": {"name": "supabase-database-ca", "key": "ca.pem"}}
    for component, variable in (("meta", "PG_META_DB_SSL_ROOT_CERT"), ("storage", "DATABASE_SSL_ROOT_CERT")):
        assert environment(pod("defaults", component))[variable] == reference
    # What an URL says about TLS would win over the certificates.
    assert "ssl" not in environment(pod("defaults", "storage"))["DATABASE_URL"]


def test_own_secrets_never_win_over_the_charts_variables() -> None:
    for component in ("auth", "functions"):
        container = pod(component, component)["containers"][0]
        # Of `env` and `envFrom`, Kubernetes lets `env` win.
        assert container["envFrom"] == [{"secretRef": {"name": f"{component}-own"}}]


def test_variable_is_defined_before_the_one_that_contains_it() -> None:
    for component, variable in (("auth", "GOTRUE_DB_DATABASE_URL"), ("storage", "DATABASE_URL")):
        names = list(environment(pod("defaults", component)))
        assert names.index("DATABASE_PASSWORD") < names.index(variable)


def test_tenant_of_realtime_gets_its_limits_and_keys() -> None:
    spec = pod("large numbers", "realtime")
    prepare, serving = environment(spec, "initContainers"), environment(spec)
    text = named(list(variant("defaults")), "ConfigMap", "supabase-realtime")["data"]["realtime_tenant.exs"]
    assert text == (SUPABASE / "files/realtime_tenant.exs").read_text()
    # The script's env.("NAME") and number.("NAME") have a variable each, or it would stop.
    read = {part.split('"')[0] for call in ('env.("', 'number.("') for part in text.split(call)[1:]}
    assert read <= prepare.keys()
    assert {key: value for key, value in prepare.items() if key.startswith("TENANT_")} == {
        "TENANT_NAME": "realtime-dev",
        "TENANT_JWT_SECRET": {"secretKeyRef": {"name": JWT, "key": "secret"}},
        "TENANT_JWT_JWKS": {"secretKeyRef": {"name": JWT, "key": "jwks"}},
        "TENANT_MAX_CONCURRENT_USERS": "1000000",
        "TENANT_MAX_EVENTS_PER_SECOND": "100",
        "TENANT_MAX_BYTES_PER_SECOND": "100000000",
        "TENANT_MAX_CHANNELS_PER_CLIENT": "100",
        "TENANT_MAX_JOINS_PER_SECOND": "100",
    }
    # The service itself has no business with them.
    assert {key: value for key, value in prepare.items() if not key.startswith("TENANT_")} == serving
    shared = {item["name"] for item in spec["volumes"] if "emptyDir" in item}
    mounts = [
        {item["name"]: item["mountPath"] for item in spec[kind][0]["volumeMounts"]}
        for kind in ("initContainers", "containers")
    ]
    assert mounts[0]["token"] == mounts[1]["token"] and "token" in shared


def test_code_of_functions_keeps_its_paths_and_text() -> None:
    data = named(list(variant("functions")), "ConfigMap", "supabase-functions")["data"]
    for component, folder in (("functions", "code"), ("studio", "functions")):
        (volume,) = [item for item in pod("functions", component)["volumes"] if item["name"] == folder]
        files = {item["path"]: data[item["key"]] for item in volume["configMap"]["items"]}
        # Studio shows the user's functions, and not the service that calls them.
        main = {"main/index.ts": (SUPABASE / "files/functions_main.js").read_text()} if component == "functions" else {}
        assert files == main | {f"{name}/{path}": text for name, tree in CODE.items() for path, text in tree.items()}
    (empty,) = [item for item in pod("defaults", "studio")["volumes"] if item["name"] == "functions"]
    assert [item["path"] for item in empty["configMap"]["items"]] == [".none"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # Pool and listener times pods with the one more of an update; Realtime's ten for the tenant.
        ("defaults", {"auth": 30, "rest": 33, "realtime": 24, "storage": 33, "meta": 10}),
        ("without realtime", {"auth": 30, "rest": 33, "storage": 33, "meta": 10}),
        ("autoscaling", {"auth": 70, "rest": 77, "realtime": 24, "storage": 77, "meta": 10}),
    ],
)
def test_connections_are_counted_for_the_most_pods(name: str, expected: dict[str, int]) -> None:
    annotations = {key: item["metadata"].get("annotations", {}) for key, item in deployments(variant(name)).items()}
    key = "supastack.dev/database-connections"
    assert {name: int(value[key]) for name, value in annotations.items() if key in value} == expected


# Path in the values, what stands there, and the refusal: the place, when it is not that path, and what is wrong.
REFUSALS: list[tuple[str, Any, str]] = [
    ("surprise", 1, "'': additional properties 'surprise' not allowed"),
    ("publicUrl", "supabase.example.com", "does not match"),
    ("publicUrl", "https://supabase.example.com/", "does not match"),
    ("terminationDelaySeconds", 301, "maximum"),
    ("priorityClassName", "High", "does not match"),
    ("database.host", "", "does not match"),
    ("database.port", 99999, "maximum"),
    ("database.name", "a-b", "does not match"),
    ("images.rest", "postgrest/postgrest:latest", "'not' failed"),
    ("images.rest", "postgrest/postgrest", "does not match"),
    ("images.meta", "supabase/postgres-meta:v1@sha256:12", "does not match"),
    ("images.logflare", "supabase/logflare:1", "'/images': additional properties 'logflare' not allowed"),
    ("secrets.jwt.name", "Not A Name", "does not match"),
    ("secrets.jwt.value", "eyJ", "'/secrets/jwt': additional properties 'value' not allowed"),
    ("secrets.jwt.version", 2, "got number, want string"),
    ("gateway.port", 80, "minimum"),
    ("gateway.studioHost", "Studio.example.com", "does not match"),
    ("auth.siteUrl", "app.example.com", "does not match"),
    ("auth.redirectUrls", ["https://a.example.com,https://b.example.com"], "'/auth/redirectUrls/0': "),
    ("auth.jwtExpirySeconds", 604801, "maximum"),
    ("auth.smtp", "yes", "got string, want boolean"),
    ("auth.oauth.myspace", {}, "'/auth/oauth': additional properties 'myspace' not allowed"),
    ("auth.oauth.google", {"clientId": "g"}, "missing property 'secret'"),
    ("auth.oauth.x", {"clientId": "x", "secret": {"name": "s"}}, "'/auth/oauth/x/secret': missing property 'key'"),
    ("auth.pool", 0, "minimum"),
    ("auth.environmentFrom", [{"version": "1"}], "'/auth/environmentFrom/0': missing property 'name'"),
    ("rest.replica", 3, "'/rest': additional properties 'replica' not allowed"),
    ("rest.replicas", 0, "minimum"),
    ("rest.replicas", "2", "got string, want integer"),
    ("rest.schemas", [], "minItems"),
    ("rest.schemas", ["public; DROP"], "'/rest/schemas/0': "),
    ("rest.maxRows", 1.5, "got number, want integer"),
    ("rest.enabled", None, "'/rest': missing property 'enabled'"),
    ("meta.resources.limits.memory", "lots", "does not match"),
    ("meta.autoscaling", {"enabled": True}, "'/meta': additional properties 'autoscaling' not allowed"),
    ("realtime.limits.concurrentUsers", 0, "minimum"),
    ("storage.bucket", "", "minLength"),
    ("storage.region", "europe", "does not match"),
    ("storage.autoscaling.cpuPercent", 101, "maximum"),
    ("imgproxy.maxMegapixels", 0, "exclusiveMinimum"),
    ("functions.code.a", {"main.ts": ""}, "missing property 'index.ts'"),
    ("functions.code.b", {"index.ts": "", "../b.ts": ""}, "additional properties '../b.ts' not allowed"),
    ("functions.code.a/b", {"index.ts": ""}, "'/functions/code': additional properties 'a/b' not allowed"),
    ("functions.workerMemoryMb", 1, "minimum"),
    ("studio.project", "", "minLength"),
]


@cache
def refused() -> str:
    """What Helm says of all of REFUSALS: of each path's first value, then of its second."""
    found = ""
    for turn in range(2):
        values: dict[str, Any] = {}
        for path in sorted({row[0] for row in REFUSALS}):
            given = [value for own, value, _message in REFUSALS if own == path]
            if len(given) > turn:
                *folders, key = path.split(".")
                place = reduce(lambda folder, name: folder.setdefault(name, {}), folders, values)
                place[key] = given[turn]
        with pytest.raises(RenderError) as error:
            supabase(**values)
        found += str(error.value)
    return found


@pytest.mark.parametrize(("path", "value", "message"), REFUSALS, ids=[f"{row[0]} {row[1]!r}" for row in REFUSALS])
def test_schema_refuses_by_name(path: str, value: Any, message: str) -> None:
    place = "" if message.startswith(("'/", "'': ")) else f"'/{path.replace('.', '/')}': "
    shown = f"'{value}' {message}" if message == "does not match" else message
    assert f"at {place}{shown}" in refused()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"functions": {"public": ["gone"]}}, "functions.public names gone, which is no function of functions.code"),
        ({"functions": {"code": {"main": {"index.ts": ""}}}}, "functions.code has main"),
        ({"functions": {"code": {"a": {"index.ts": "x" * 524289}}}}, "functions.code has 524289 bytes"),
        ({"meta": {"enabled": False}}, "studio.enabled is true and meta.enabled false"),
        (
            {"rest": {"replicas": 7, "autoscaling": {"enabled": True}}},
            "rest.autoscaling.maxReplicas is 6, fewer than rest.replicas, which are 7",
        ),
    ],
    ids=["public function", "main", "size", "studio without meta", "replicas"],
)
def test_templates_refuse_what_does_not_go_together(values: dict[str, Any], message: str) -> None:
    with pytest.raises(RenderError, match=message):
        supabase(**values)


@pytest.mark.parametrize(
    "place", ["/database/host", "/storage/bucket", "/storage/region", "/networkPolicy/databaseCidrs"]
)
def test_what_has_no_default_is_asked_for(place: str) -> None:
    _root, section, name = place.split("/")
    values = {
        key: {own: value for own, value in given.items() if (key, own) != (section, name)}
        for key, given in REQUIRED.items()
    }
    with pytest.raises(RenderError, match=place):
        render(SUPABASE, values)


def test_code_may_be_as_large_as_it_says() -> None:
    manifests = supabase(functions={"code": {"a": {"index.ts": "x" * 524288}}})
    assert len(named(manifests, "ConfigMap", "supabase-functions")["data"]["a.0"]) == 524288


def test_helm_finds_nothing_to_lint(tmp_path: Path) -> None:
    values = tmp_path / "values.json"
    values.write_text(json.dumps({**VARIANTS["auth"], **REQUIRED}))
    result = subprocess.run(
        [tool("helm"), "lint", "--strict", SUPABASE, "--values", values], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0 and "[WARNING]" not in result.stdout, result.stdout
