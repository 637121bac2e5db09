-- SPDX-License-Identifier: GPL-3.0-or-later
-- Copyright: (c) 2026, Supastack contributors

-- Without BYPASSRLS the service role is subject to row level security, so it gets a policy of its own on each table
-- that has it, of the services and of the user's. Run after the services' migrations and after each upgrade, which
-- brings new tables. With the attribute these policies have no use and go. Not in auth and _realtime: nobody reaches
-- their tables through the API.

DO $$
DECLARE
  bypasses constant boolean := (SELECT rolbypassrls FROM pg_catalog.pg_roles WHERE rolname = 'service_role');
  target record;
BEGIN
  FOR target IN
    SELECT c.oid::pg_catalog.regclass AS name, p.oid IS NOT NULL AS has_policy
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_policy p ON p.polrelid = c.oid AND p.polname = 'supastack_service_role'
    WHERE n.nspname NOT IN ('auth', '_realtime', 'information_schema') AND n.nspname !~ '^pg_'
      AND c.relkind IN ('r', 'p') AND c.relrowsecurity
      -- Of the tables of others the master cannot decide.
      AND pg_catalog.pg_has_role(c.relowner, 'USAGE')
      -- Those of extensions, such as pg_cron's, have policies that these count on.
      AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend d
        WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e'
      )
    ORDER BY c.oid::pg_catalog.regclass::text
  LOOP
    IF bypasses AND target.has_policy THEN
      EXECUTE pg_catalog.format('DROP POLICY supastack_service_role ON %s', target.name);
    ELSIF NOT bypasses AND NOT target.has_policy THEN
      EXECUTE pg_catalog.format(
        'CREATE POLICY supastack_service_role ON %s FOR ALL TO service_role USING (true) WITH CHECK (true)',
        target.name
      );
    END IF;
  END LOOP;
END
$$;
