-- SPDX-License-Identifier: GPL-3.0-or-later
-- Copyright: (c) 2026, Supastack contributors

-- PostgREST loads its schema anew when it hears of a change. Vanilla PostgreSQL keeps event triggers for superusers,
-- RDS allows them to its master: see the table of exceptions in run.mjs. Without them whoever changes the schema says
-- NOTIFY pgrst, 'reload schema'.

CREATE OR REPLACE FUNCTION extensions.pgrst_ddl_watch() RETURNS event_trigger
LANGUAGE plpgsql SET search_path = pg_catalog
AS $function$
BEGIN
  -- What the services do in their own schemas, and anything temporary, is not served by PostgREST.
  IF EXISTS (
    SELECT FROM pg_event_trigger_ddl_commands() AS command
    WHERE coalesce(command.schema_name, '') NOT IN ('auth', 'storage', 'realtime', '_realtime', 'pg_temp')
  ) THEN
    PERFORM pg_notify('pgrst', 'reload schema');
  END IF;
END
$function$;

CREATE OR REPLACE FUNCTION extensions.pgrst_drop_watch() RETURNS event_trigger
LANGUAGE plpgsql SET search_path = pg_catalog
AS $function$
BEGIN
  IF EXISTS (
    SELECT FROM pg_event_trigger_dropped_objects() AS dropped
    WHERE NOT dropped.is_temporary
      AND coalesce(dropped.schema_name, '') NOT IN ('auth', 'storage', 'realtime', '_realtime')
  ) THEN
    PERFORM pg_notify('pgrst', 'reload schema');
  END IF;
END
$function$;

DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_event_trigger WHERE evtname = 'pgrst_ddl_watch') THEN
    CREATE EVENT TRIGGER pgrst_ddl_watch ON ddl_command_end EXECUTE FUNCTION extensions.pgrst_ddl_watch();
  END IF;
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_event_trigger WHERE evtname = 'pgrst_drop_watch') THEN
    CREATE EVENT TRIGGER pgrst_drop_watch ON sql_drop EXECUTE FUNCTION extensions.pgrst_drop_watch();
  END IF;
END
$$;
