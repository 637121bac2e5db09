-- SPDX-License-Identifier: GPL-3.0-or-later
-- Copyright: (c) 2026, Supastack contributors

-- Studio shows slow queries from it. It records only where the parameter group preloads it. A database without it is
-- reported as such.
CREATE EXTENSION IF NOT EXISTS pg_stat_statements WITH SCHEMA extensions;
