-- SPDX-License-Identifier: GPL-3.0-or-later
-- Copyright: (c) 2026, Supastack contributors

-- PostgREST logs in as authenticator and switches to the role named by the JWT of each request.
GRANT anon, authenticated, service_role TO authenticator;

-- The master switches to these roles to try policies out. Since PostgreSQL 16 the creator of a role may administer it
-- but neither switch to it nor inherit from it until it grants the role to itself.
GRANT anon, authenticated, service_role TO CURRENT_USER;
