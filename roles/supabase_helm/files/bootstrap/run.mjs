// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, Supastack contributors

// Brings a PostgreSQL database that has no superuser into the state which Supabase's services expect, as its master.
//
//   node run.mjs before     roles, schemas, privileges, extensions, passwords: before any service starts
//   node run.mjs realtime   Realtime's schema, from the dump in its image: before Realtime starts
//   node run.mjs after      what depends on tables that the services' migrations make: after each install and upgrade
//
// Every <phase>_*.sql beside this program is one concept and one transaction, run in the order of their names. Then the
// catalogue is compared with wanted.json, and what differs is printed as a table. The last line of standard output is a
// report in JSON; the exit status is 0 only when nothing differs. A second run changes nothing.
//
// Environment: PGHOST, PGPORT, PGDATABASE, PGSSLROOTCERT (path of a PEM bundle), BOOTSTRAP_SECRETS (folder with
// db/username, db/password and db-roles/<role>), BOOTSTRAP_WAIT_SECONDS (how long to wait for the database), and for
// realtime BOOTSTRAP_REALTIME (folder with the tenant_db_dump_<major version>.sql of Realtime's image).

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { capabilitiesOf } from './capabilities.mjs';
import { mismatchesOf, table } from './check.mjs';
import { connectMaster, ensurePassword, located, rows, secret, transaction } from './database.mjs';
import { ensureRealtime } from './realtime.mjs';

// The only errors and warnings that do not fail the run: each with the file it may come from, its SQLSTATE and the
// reason. The file is undone by an error, and what it would have made is then missing from the capabilities.
const BYPASSRLS = 'only a role that holds BYPASSRLS may give it (PostgreSQL 16 and later), before that only a superuser';
const EXTENSION = 'the server does not have it (0A000), or lets only a superuser create it (42501)';
const EXCEPTIONS = [
  { file: 'before_05_service_role.sql', sqlstates: ['42501'], reason: BYPASSRLS },
  { file: 'before_20_bypassrls.sql', sqlstates: ['42501'], reason: BYPASSRLS },
  {
    file: 'before_25_log_min_messages.sql',
    sqlstates: ['42501'],
    reason: "the parameter is a superuser's; Realtime's schema is then loaded without it",
  },
  {
    file: 'before_60_publication.sql',
    sqlstates: ['55000'],
    warning: true,
    reason: 'wal_level is not logical: the publication is there, and nothing can be read from it until it is',
  },
  { file: 'before_71_pgcrypto.sql', sqlstates: ['0A000', '42501'], reason: EXTENSION },
  { file: 'before_72_uuid_ossp.sql', sqlstates: ['0A000', '42501'], reason: EXTENSION },
  { file: 'before_73_pg_stat_statements.sql', sqlstates: ['0A000', '42501'], reason: EXTENSION },
  {
    file: 'before_80_event_triggers.sql',
    sqlstates: ['42501'],
    reason: 'only a superuser may create event triggers, or the master on RDS',
  },
];

const PHASES = ['before', 'realtime', 'after'];
const HERE = import.meta.dirname;
const LOCK = "hashtextextended('supastack-bootstrap', 0)";

function exceptionFor(file, sqlstate, warning) {
  return EXCEPTIONS.find((entry) => (
    entry.file === file && entry.sqlstates.includes(sqlstate) && Boolean(entry.warning) === warning));
}

/** Waits until no other bootstrap is at work, such as the Job of an earlier run: one at a time. */
async function lock(client) {
  const [{ free }] = await rows(client, `SELECT pg_try_advisory_lock(${LOCK}) AS free`);
  if (!free) {
    console.log('another bootstrap is at work: waiting for its end');
    await client.query(`SELECT pg_advisory_lock(${LOCK})`);
  }
  // A statement that waits for a lock on a user's table makes all that come after it wait too.
  await client.query("SET lock_timeout = '10s'");
}

/** Runs one file as one transaction. A warning, such as of a GRANT that grants nothing (01007), is a failure too. */
async function runFile(client, file) {
  const sql = readFileSync(join(HERE, file), 'utf8');
  const warnings = [];
  const collect = (notice) => notice.severity === 'WARNING' && warnings.push(notice);
  client.on('notice', collect);
  try {
    await transaction(client, async () => {
      await client.query(sql);
      const refused = warnings.filter((notice) => !exceptionFor(file, notice.code, true));
      const text = refused.map((notice) => `${notice.code}: ${notice.message}`).join('; ');
      if (refused.length) throw new Error(`${file}: ${text}`);
    });
    for (const notice of warnings) console.log(`${file}: ${exceptionFor(file, notice.code, true).reason}`);
    console.log(`${file}: done`);
  } catch (error) {
    const exception = exceptionFor(file, error.code, false);
    if (!exception) throw located(error, file, sql);
    console.log(`${file}: refused (SQLSTATE ${error.code}: ${error.message}); ${exception.reason}`);
  } finally {
    client.off('notice', collect);
  }
}

async function runPhase(client, phase, wanted) {
  for (const file of readdirSync(HERE).filter((name) => name.startsWith(`${phase}_`)).sort()) {
    await runFile(client, file);
  }
  if (phase !== 'before') return;
  const loginRoles = Object.keys(wanted.roles).filter((role) => wanted.roles[role].login);
  for (const role of loginRoles) await ensurePassword(client, role);
}

async function main(phase) {
  if (!PHASES.includes(phase)) throw new Error(`the argument is ${phase}; it has to be one of ${PHASES.join(', ')}`);
  const wanted = JSON.parse(readFileSync(join(HERE, 'wanted.json'), 'utf8'));
  const client = await connectMaster();
  try {
    await lock(client);
    const [{ version }] = await rows(client, "SELECT current_setting('server_version_num')::int AS version");
    await runPhase(client, phase, wanted);
    const capabilities = await capabilitiesOf(client, wanted.extensions);
    const realtime = phase === 'realtime'
      ? { realtime: await ensureRealtime(Math.floor(version / 10000), capabilities.log_min_messages) } : {};
    const master = secret('db', 'username');
    const mismatches = await mismatchesOf({ client, wanted, capabilities, master, version, phase });
    if (mismatches.length) console.error(`MISMATCH\n${table(mismatches)}`);
    console.log(JSON.stringify({ phase, master, server_version_num: version, capabilities, ...realtime, mismatches }));
    process.exitCode = mismatches.length ? 1 : 0;
  } finally {
    await client.end();
  }
}

try {
  await main(process.argv[2]);
} catch (error) {
  console.error(`bootstrap failed: ${error.message || error.code}`);
  process.exitCode = 1;
}
