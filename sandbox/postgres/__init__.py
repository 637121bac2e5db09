# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Real PostgreSQL servers dressed as Amazon RDS: one per emulated DB instance.

What a vanilla build cannot do as RDS does, and what docs/limits.md therefore says:

* Membership in `rds_replication` does not allow replication connections: vanilla PostgreSQL asks for the REPLICATION
  attribute, which only a role that has it may pass on. RDS patches this check.
* A role that is not a superuser cannot create event triggers, here as on RDS.
* Only trusted extensions can be created by the master, so not pg_stat_statements; RDS also allows a list of untrusted
  ones. `rds.extensions` lists what can be created here.
* `CREATE PUBLICATION ... FOR ALL TABLES` wants a superuser; publications of named tables do not.
* Parameter values that depend on the memory of the instance class are left to PostgreSQL's own defaults.
* BYPASSRLS: the master holds it (AWS documents neither way; public evidence says RDS lets the master set it). On
  16 and later it can pass it on; on 15 only a superuser could, so a fallback by policies is exercised there.
* On 16 and later the master's right to grant `rds_iam` is an ADMIN membership without INHERIT and SET; on RDS it is
  no member at all.
* The collation is C.UTF-8 where RDS has en_US.UTF-8, and `fsync` is off: a sandbox survives a killed process, not a
  power failure.
* The minor version is the build's, whatever minor version the API was asked for; `sandbox status` shows both.
"""
