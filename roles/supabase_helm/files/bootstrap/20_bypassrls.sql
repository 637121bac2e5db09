-- SPDX-License-Identifier: GPL-3.0-or-later
-- Copyright: (c) 2026, Supastack contributors

-- The service role reads and writes past row level security. AWS documents neither that the RDS master may grant this
-- attribute nor that it may not, so it is tried here, alone, and read back: see the table of exceptions in run.mjs.

DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'service_role' AND NOT rolbypassrls) THEN
    ALTER ROLE service_role BYPASSRLS;
  END IF;
END
$$;
