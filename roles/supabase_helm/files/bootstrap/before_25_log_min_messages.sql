-- SPDX-License-Identifier: GPL-3.0-or-later
-- Copyright: (c) 2026, Supastack contributors

-- Realtime's function list_changes sets this parameter, which is a superuser's. Whether RDS lets its master pass the
-- right on is not documented, so it is tried here, alone: see the table of exceptions in run.mjs. Where it is granted,
-- Realtime's own migrations run; where it is not, realtime.mjs loads its schema without that clause.

DO $$
BEGIN
  IF NOT (pg_catalog.has_parameter_privilege('supabase_admin', 'log_min_messages', 'SET')
      AND pg_catalog.has_parameter_privilege('supabase_realtime_admin', 'log_min_messages', 'SET')) THEN
    GRANT SET ON PARAMETER log_min_messages TO supabase_admin, supabase_realtime_admin;
  END IF;
END
$$;
