-- SPDX-License-Identifier: GPL-3.0-or-later
-- Copyright: (c) 2026, Supastack contributors

-- Upstream's image has it from the start, and users' SQL counts on it. A database without it is reported as such.
CREATE EXTENSION IF NOT EXISTS pgcrypto WITH SCHEMA extensions;
