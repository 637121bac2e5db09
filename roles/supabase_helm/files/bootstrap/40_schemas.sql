-- SPDX-License-Identifier: GPL-3.0-or-later
-- Copyright: (c) 2026, Supastack contributors

-- Clients look for extensions in a schema of their own, so that public holds nothing but their tables.
CREATE SCHEMA IF NOT EXISTS extensions;

GRANT USAGE ON SCHEMA extensions TO anon, authenticated, service_role;
GRANT USAGE ON SCHEMA public TO anon, authenticated, service_role;
