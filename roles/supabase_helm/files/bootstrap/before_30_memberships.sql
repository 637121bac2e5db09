-- SPDX-License-Identifier: GPL-3.0-or-later
-- Copyright: (c) 2026, Supastack contributors

-- Who may switch to whom. Since PostgreSQL 16 a membership has its own INHERIT and SET; before, the member's attribute
-- decides on the first, and the second always holds.

DO $$
DECLARE
  with_options constant boolean := pg_catalog.current_setting('server_version_num')::int >= 160000;
  wanted record;
BEGIN
  FOR wanted IN
    SELECT * FROM (VALUES
      -- PostgREST switches to the role that the JWT of a request names.
      ('anon', 'authenticator', false),
      ('authenticated', 'authenticator', false),
      ('service_role', 'authenticator', false),
      -- Storage does so too, with upstream's detour.
      ('authenticator', 'supabase_storage_admin', false),
      -- Realtime applies row level security as the role of each subscriber, and gives its objects to its own admin.
      ('anon', 'supabase_admin', false),
      ('authenticated', 'supabase_admin', false),
      ('service_role', 'supabase_admin', false),
      ('supabase_realtime_admin', 'supabase_admin', true),
      ('anon', 'supabase_realtime_admin', false),
      ('authenticated', 'supabase_realtime_admin', false),
      ('service_role', 'supabase_realtime_admin', false),
      -- The master tries policies out and gives schemas to the services. The creator of a role may administer it but,
      -- since PostgreSQL 16, neither switch to it nor inherit from it until it grants the role to itself.
      ('anon', CURRENT_USER, true),
      ('authenticated', CURRENT_USER, true),
      ('service_role', CURRENT_USER, true),
      ('supabase_auth_admin', CURRENT_USER, true),
      ('supabase_storage_admin', CURRENT_USER, true),
      ('supabase_realtime_admin', CURRENT_USER, true),
      ('supabase_admin', CURRENT_USER, true)
    ) AS w (granted, member, inherit)
  LOOP
    EXECUTE pg_catalog.format('GRANT %I TO %I', wanted.granted, wanted.member)
      || CASE WHEN with_options THEN pg_catalog.format(' WITH INHERIT %s, SET TRUE', wanted.inherit::text) ELSE '' END;
  END LOOP;
END
$$;
