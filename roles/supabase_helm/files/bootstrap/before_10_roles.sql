-- SPDX-License-Identifier: GPL-3.0-or-later
-- Copyright: (c) 2026, Supastack contributors

-- Roles. The attributes SUPERUSER, REPLICATION and BYPASSRLS are never named in ALTER ROLE: to a master that is not a
-- superuser PostgreSQL refuses them even where they would change nothing. Passwords are set by run.mjs. Upstream's
-- image gives CREATEROLE and CREATEDB to the services' roles; their migrations do not need it.

DO $$
DECLARE
  wanted record;
BEGIN
  -- Auth's migration 20240612123726 grants to it by name.
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'postgres') THEN
    RAISE EXCEPTION 'the database has no role postgres, which Auth''s migrations grant to: let it be the master user';
  END IF;
  FOR wanted IN
    SELECT * FROM (VALUES
      ('anon', false, true),
      ('authenticated', false, true),
      ('service_role', false, true),
      -- No inheritance: until PostgREST or Storage has switched to the role of a request's JWT, its connection may read
      -- nothing of the users'.
      ('authenticator', true, false),
      ('supabase_storage_admin', true, false),
      ('supabase_auth_admin', true, false),
      -- Realtime logs in as supabase_admin and works on what supabase_realtime_admin owns.
      ('supabase_admin', true, true),
      ('supabase_realtime_admin', false, false),
      -- Nobody is it: Realtime's migrations and schema grant to it by name.
      ('dashboard_user', false, true)
    ) AS w (name, login, inherit)
  LOOP
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = wanted.name) THEN
      EXECUTE pg_catalog.format('CREATE ROLE %I', wanted.name);
    END IF;
    -- Only where it differs: PostgreSQL 15 lets nobody but a superuser alter a role that has REPLICATION.
    IF EXISTS (
      SELECT FROM pg_catalog.pg_roles
      WHERE rolname = wanted.name AND (rolcanlogin, rolinherit) <> (wanted.login, wanted.inherit)
    ) THEN
      EXECUTE pg_catalog.format('ALTER ROLE %I', wanted.name)
        || CASE WHEN wanted.login THEN ' LOGIN' ELSE ' NOLOGIN' END
        || CASE WHEN wanted.inherit THEN ' INHERIT' ELSE ' NOINHERIT' END;
    END IF;
  END LOOP;
END
$$;

-- Upstream's limits, for a beginning: a query of a stranger may not hold a connection for long. Whoever sets others by
-- ALTER ROLE keeps them. They take effect when a session starts, so PostgREST applies those of the switched-to role by
-- itself.
DO $$
DECLARE
  wanted record;
BEGIN
  FOR wanted IN
    SELECT * FROM (VALUES
      ('anon', 'statement_timeout', '3s'),
      ('authenticated', 'statement_timeout', '8s'),
      ('authenticator', 'statement_timeout', '8s'),
      ('authenticator', 'lock_timeout', '8s'),
      ('supabase_auth_admin', 'idle_in_transaction_session_timeout', '60s')
    ) AS w (role, setting, value)
  LOOP
    IF NOT EXISTS (
      SELECT FROM pg_catalog.pg_db_role_setting s, pg_catalog.unnest(s.setconfig) AS line
      WHERE s.setrole = wanted.role::pg_catalog.regrole AND s.setdatabase = 0
        AND pg_catalog.starts_with(line, wanted.setting || '=')
    ) THEN
      EXECUTE pg_catalog.format('ALTER ROLE %I SET %I = %L', wanted.role, wanted.setting, wanted.value);
    END IF;
  END LOOP;
END
$$;

-- Auth's and Storage's migrations name no schema.
ALTER ROLE supabase_auth_admin SET search_path = auth;
ALTER ROLE supabase_storage_admin SET search_path = storage;
-- Row level policies that Realtime evaluates may use extensions, as they may in PostgREST.
ALTER ROLE supabase_admin SET search_path = public, extensions;
