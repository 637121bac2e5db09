# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors

# Makes the one tenant of Realtime, or brings it up to date, and a token for the readiness probe. Upstream's seed would
# delete the tenant at each start of a pod and make it again with TLS to the database switched off. Run by
# `realtime eval`, which knows the service's modules and configuration but does not start it.

alias Realtime.Api.Tenant

env = &System.fetch_env!/1
number = fn name -> name |> env.() |> String.to_integer() end

settings = %{
  "db_host" => env.("DB_HOST"),
  "db_port" => env.("DB_PORT"),
  "db_name" => env.("DB_NAME"),
  "db_user" => env.("DB_USER"),
  "db_password" => env.("DB_PASSWORD"),
  "region" => "local",
  "poll_interval_ms" => 100,
  "poll_max_record_bytes" => 1_048_576,
  "ssl_enforced" => true
}

wanted = %{
  "name" => env.("TENANT_NAME"),
  "external_id" => env.("TENANT_NAME"),
  "jwt_secret" => env.("TENANT_JWT_SECRET"),
  "jwt_jwks" => Jason.decode!(env.("TENANT_JWT_JWKS")),
  "max_concurrent_users" => number.("TENANT_MAX_CONCURRENT_USERS"),
  "max_events_per_second" => number.("TENANT_MAX_EVENTS_PER_SECOND"),
  "max_bytes_per_second" => number.("TENANT_MAX_BYTES_PER_SECOND"),
  "max_channels_per_client" => number.("TENANT_MAX_CHANNELS_PER_CLIENT"),
  "max_joins_per_second" => number.("TENANT_MAX_JOINS_PER_SECOND"),
  "extensions" => [%{"type" => "postgres_cdc_rls", "settings" => settings}]
}

Application.load(:realtime)

{:ok, _result, _apps} =
  Ecto.Migrator.with_repo(Realtime.Repo, fn repo ->
    {:ok, _tenant} =
      repo.transaction(fn ->
        found = Tenant |> repo.get_by(external_id: wanted["external_id"]) |> repo.preload(:extensions)
        (found || %Tenant{}) |> Tenant.changeset(wanted) |> repo.insert_or_update!()
      end)
  end)

{:ok, _apps} = Application.ensure_all_started(:joken)
signer = Joken.Signer.create("HS256", env.("API_JWT_SECRET"))
# As long as a pod could live: the token is made anew with each.
claims = %{"role" => "readiness", "exp" => System.os_time(:second) + 10 * 365 * 86_400}
{:ok, token, _claims} = Joken.encode_and_sign(claims, signer)

path = "/run/supastack/authorization"
File.write!(path, "Authorization: Bearer #{token}\n")
File.chmod!(path, 0o600)
