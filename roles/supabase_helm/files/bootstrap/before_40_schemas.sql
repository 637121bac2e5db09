-- SPDX-License-Identifier: GPL-3.0-or-later
-- Copyright: (c) 2026, Supastack contributors

-- Each service owns its schema and makes everything in it by its own migrations: nothing is created in these here.

-- CREATE SCHEMA IF NOT EXISTS in the services' migrations asks for it even where the schema exists, and so does
-- Realtime's publication.
DO $$
BEGIN
  EXECUTE pg_catalog.format(
    'GRANT CREATE ON DATABASE %I TO supabase_auth_admin, supabase_storage_admin, supabase_admin',
    pg_catalog.current_database()
  );
END
$$;

-- Clients look for extensions in a schema of their own, so that public holds nothing but their tables.
CREATE SCHEMA IF NOT EXISTS extensions;
CREATE SCHEMA IF NOT EXISTS auth AUTHORIZATION supabase_auth_admin;
CREATE SCHEMA IF NOT EXISTS storage AUTHORIZATION supabase_storage_admin;
CREATE SCHEMA IF NOT EXISTS realtime AUTHORIZATION supabase_admin;
-- Realtime's list of tenants, with their database passwords: no other role gets in.
CREATE SCHEMA IF NOT EXISTS _realtime AUTHORIZATION supabase_admin;

-- A schema that was there before may be the master's.
ALTER SCHEMA auth OWNER TO supabase_auth_admin;
ALTER SCHEMA storage OWNER TO supabase_storage_admin;
ALTER SCHEMA realtime OWNER TO supabase_admin;
ALTER SCHEMA _realtime OWNER TO supabase_admin;

GRANT USAGE ON SCHEMA extensions
  TO anon, authenticated, service_role, supabase_auth_admin, supabase_storage_admin, supabase_admin,
  supabase_realtime_admin, dashboard_user;
GRANT USAGE ON SCHEMA public TO anon, authenticated, service_role;

-- As the owners: the master may grant USAGE by itself as soon as it has it WITH GRANT OPTION, and PostgreSQL would then
-- record the same grants a second time in its name. `postgres` is named because the services' own migrations name it.
SET LOCAL ROLE supabase_auth_admin;
-- auth.uid() and its kin are called by policies, in the name of the API roles.
GRANT USAGE ON SCHEMA auth TO anon, authenticated, service_role, dashboard_user, postgres;

SET LOCAL ROLE supabase_storage_admin;
GRANT USAGE ON SCHEMA storage TO anon, authenticated, service_role, dashboard_user;
GRANT USAGE ON SCHEMA storage TO postgres WITH GRANT OPTION;

SET LOCAL ROLE supabase_admin;
GRANT USAGE ON SCHEMA realtime TO anon, authenticated, service_role, dashboard_user;
GRANT USAGE ON SCHEMA realtime TO postgres WITH GRANT OPTION;
GRANT ALL ON SCHEMA realtime TO supabase_realtime_admin WITH GRANT OPTION;
