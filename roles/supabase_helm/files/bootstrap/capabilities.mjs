// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, Supastack contributors

// Which of what Supabase can use this database gives: found out by use where a catalogue does not tell.

import { connect, located, rows, secret } from './database.mjs';

// PostgreSQL refuses these before it looks for a point to start from, so a slot that is still being made when the time
// is over (it waits for the transactions that run) is allowed. That no slot is free (53400) is no property of the
// database: it fails the run.
const SLOT_REFUSED = {
  42501: 'the role may not use replication: on RDS it lacks rds_replication',
  55000: 'wal_level is not logical: set rds.logical_replication to 1 and restart the database',
  '58P01': 'the server has no such plugin',
};
const SLOT_TIME_OVER = '57014';

// One line each, for those that are not refused in a file of SQL.
const QUESTIONS = {
  bypassrls: "SELECT rolbypassrls AS found FROM pg_roles WHERE rolname = 'service_role'",
  event_triggers: "SELECT count(*) = 2 AS found FROM pg_event_trigger WHERE evtname ~ '^pgrst_(ddl|drop)_watch$'",
  // Made by nobody here: RDS has no pg_graphql, and upstream leaves it off by default.
  graphql: `SELECT count(*) > 0 AS found FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = 'graphql_public' AND p.proname = 'graphql'`,
  log_min_messages: "SELECT has_parameter_privilege('supabase_admin', 'log_min_messages', 'SET') AS found",
};

async function slotRefusal(client, plugin) {
  try {
    // The slot of an earlier run lives as long as its connection, which the server may not have given up yet.
    const [{ name }] = await rows(client, "SELECT 'supastack_' || pg_backend_pid() AS name");
    await client.query('SELECT pg_create_logical_replication_slot($1, $2, true)', [name, plugin]);
    await client.query('SELECT pg_drop_replication_slot($1)', [name]);
    return null;
  } catch (error) {
    if (error.code === SLOT_TIME_OVER) return null;
    if (!SLOT_REFUSED[error.code]) throw located(error, `replication slot for ${plugin}`, '');
    return `SQLSTATE ${error.code}: ${error.message}; ${SLOT_REFUSED[error.code]}`;
  }
}

/** Whether Realtime's role can read changes: pgoutput for broadcasts from the database, wal2json for row changes. */
async function replication() {
  const client = await connect('supabase_admin', secret('db-roles', 'supabase_admin'));
  try {
    await client.query("SET statement_timeout = '3s'");
    const found = {};
    for (const [capability, plugin] of [['replication', 'pgoutput'], ['wal2json', 'wal2json']]) {
      const refusal = await slotRefusal(client, plugin);
      if (refusal) console.log(`${capability}: refused (${refusal})`);
      found[capability] = !refusal;
    }
    return found;
  } finally {
    await client.end();
  }
}

/** The capabilities by name, in the order of their names. `extensions` are those that were tried. */
export async function capabilitiesOf(client, extensions) {
  const found = await replication();
  for (const [name, sql] of Object.entries(QUESTIONS)) found[name] = (await rows(client, sql))[0].found;
  const installed = (await rows(client, 'SELECT extname FROM pg_extension')).map((row) => row.extname);
  for (const name of extensions) found[name] = installed.includes(name);
  return Object.fromEntries(Object.entries(found).sort(([a], [b]) => (a < b ? -1 : 1)));
}
