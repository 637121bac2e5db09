-- SPDX-License-Identifier: GPL-3.0-or-later
-- Copyright: (c) 2026, Supastack contributors

-- The service role reads and writes past row level security. AWS documents neither that the RDS master may give this
-- attribute nor that it may not; what is known to have worked gave it when the role was made. So that is tried here,
-- alone: see the table of exceptions in run.mjs.

DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'service_role') THEN
    CREATE ROLE service_role BYPASSRLS;
  END IF;
END
$$;
