-- SPDX-License-Identifier: GPL-3.0-or-later
-- Copyright: (c) 2026, Supastack contributors

-- What the master creates in public from now on is open to the API roles; row level security decides on rows.
-- FOR ROLE: default privileges belong to the role that creates the object, and that is the master (through
-- postgres-meta and migrations). What exists already is left alone, so that a REVOKE of the user's is not undone.
ALTER DEFAULT PRIVILEGES FOR ROLE CURRENT_USER IN SCHEMA public
  GRANT ALL ON TABLES TO anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES FOR ROLE CURRENT_USER IN SCHEMA public
  GRANT ALL ON SEQUENCES TO anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES FOR ROLE CURRENT_USER IN SCHEMA public
  GRANT ALL ON FUNCTIONS TO anon, authenticated, service_role;
