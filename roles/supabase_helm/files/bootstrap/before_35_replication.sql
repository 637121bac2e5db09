-- SPDX-License-Identifier: GPL-3.0-or-later
-- Copyright: (c) 2026, Supastack contributors

-- Realtime reads changes from logical replication slots. On RDS the role rds_replication takes the place of the
-- attribute REPLICATION; elsewhere there is none, and run.mjs finds out by a slot whether replication works.

DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'rds_replication') THEN
    GRANT rds_replication TO supabase_admin;
  END IF;
END
$$;
