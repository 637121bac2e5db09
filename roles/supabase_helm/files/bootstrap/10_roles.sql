-- SPDX-License-Identifier: GPL-3.0-or-later
-- Copyright: (c) 2026, Supastack contributors

-- Roles. The attributes SUPERUSER, REPLICATION and BYPASSRLS are never named in ALTER ROLE: to a master that is not a
-- superuser PostgreSQL refuses them even where they would change nothing. Passwords are set by run.mjs.

DO $$
DECLARE
  wanted text;
BEGIN
  FOREACH wanted IN ARRAY ARRAY['anon', 'authenticated', 'service_role', 'authenticator'] LOOP
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = wanted) THEN
      EXECUTE pg_catalog.format('CREATE ROLE %I', wanted);
    END IF;
  END LOOP;
END
$$;

ALTER ROLE anon NOLOGIN INHERIT;
ALTER ROLE authenticated NOLOGIN INHERIT;
ALTER ROLE service_role NOLOGIN INHERIT;
-- NOINHERIT: until PostgREST has switched to the role of a request's JWT, its connection may read nothing.
ALTER ROLE authenticator LOGIN NOINHERIT;

-- Upstream's limits: a query of a stranger may not hold a connection for long. They take effect when a session starts,
-- so PostgREST applies those of the switched-to role by itself.
ALTER ROLE anon SET statement_timeout = '3s';
ALTER ROLE authenticated SET statement_timeout = '8s';
ALTER ROLE authenticator SET statement_timeout = '8s';
ALTER ROLE authenticator SET lock_timeout = '8s';
