-- SPDX-License-Identifier: GPL-3.0-or-later
-- Copyright: (c) 2026, Supastack contributors

-- Upstream's image has it from the start, and users' tables have uuid_generate_v4() as a default. A database without it
-- is reported as such.
CREATE EXTENSION IF NOT EXISTS "uuid-ossp" WITH SCHEMA extensions;
