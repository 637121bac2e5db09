// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, Supastack contributors

// Loads the schema that Realtime makes in the database, from the dump in Realtime's own image.
//
// Realtime (since 2.115) makes its schema from a dump of it, or else by its migrations one after the other. Both create
// functions, realtime.list_changes among them, with a clause that only a superuser may write, SET log_min_messages, so
// on a database without one both fail (supabase/realtime#1326). Loaded here first, without that clause and with the
// list of the migrations that it stands for, it leaves Realtime nothing to do. The clause only keeps the server's log
// short.

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { connect, located, required, rows, secret, transaction } from './database.mjs';

const DUMP = /^tenant_db_dump_(\d+)\.sql$/;
// As pg_dump writes them: name; all up to the body, which no other statement begins in; the body.
const FUNCTION = new RegExp([
  String.raw`^CREATE (?:OR REPLACE )?FUNCTION realtime\."?(\w+)"?`,
  String.raw`(\((?:(?!^CREATE )[^])*?)`,
  String.raw`\bAS (\$\w*\$)([^]*?)\3;$`,
].join(''), 'gm');
const CLAUSE = /\n[ \t]*SET log_min_messages TO '[a-z0-9]+'(?=\n)/;
const VERSION = /^INSERT INTO realtime\."?schema_migrations"? \(version\) VALUES \((\d+)\);$/gm;
// It would end the transaction that makes the load all or nothing.
const TRANSACTION = /^(?:BEGIN|START TRANSACTION|COMMIT|ROLLBACK)(?: WORK| TRANSACTION)?;/m;
const REFUSED = '42501';

/** Name and text of the dump for a server of that major version: its own, or else the newest of an older one. */
function dumpFor(folder, major) {
  const majors = readdirSync(folder).map((name) => Number(DUMP.exec(name)?.[1])).filter((found) => found <= major);
  if (!majors.length) {
    throw new Error(`${folder} has no tenant_db_dump_<n>.sql for PostgreSQL ${major}: this image of Realtime does not `
      + 'support that version, or is older than 2.115');
  }
  const name = `tenant_db_dump_${Math.max(...majors)}.sql`;
  return { name, sql: readFileSync(join(folder, name), 'utf8') };
}

/** The versions of migrations in the dump, name and body of its functions with the clause, its text without that. */
function parsed(name, sql) {
  const versions = [...sql.matchAll(VERSION)].map((match) => match[1]);
  if (!versions.length) throw new Error(`${name} lists no migrations, so Realtime would run them all again`);
  if (TRANSACTION.test(sql)) throw new Error(`${name} opens or ends transactions, so it cannot be loaded as a whole`);
  const functions = [];
  const without = sql.replace(FUNCTION, (text, function_, header, quote, body) => {
    if (!CLAUSE.test(header)) return text;
    functions.push({ name: function_, body });
    // The first in the text is the one before the body. Its line stays, so that errors name those of the file.
    return text.replace(CLAUSE, '\n');
  });
  return { functions, versions, without };
}

async function appliedVersions(client) {
  const [{ exists }] = await rows(client, "SELECT to_regclass('realtime.schema_migrations') IS NOT NULL AS exists");
  if (!exists) return [];
  return (await rows(client, 'SELECT version::text FROM realtime.schema_migrations')).map((row) => row.version);
}

/** Throws when Realtime would have to run a migration that this database refuses. */
async function refuseMigrations(client, dump, missing) {
  const found = await rows(client, `
    SELECT proname AS name, prosrc AS body FROM pg_proc
    WHERE pronamespace = to_regnamespace('realtime') AND proname = ANY ($1)`, [dump.functions.map(({ name }) => name)]);
  const changed = dump.functions.filter((wanted) => (
    !found.some(({ name, body }) => name === wanted.name && body === wanted.body)));
  if (!changed.length) return;
  const names = changed.map(({ name }) => `realtime.${name}`).join(', ');
  throw new Error(`Realtime's migrations ${missing.join(', ')} are still to run, and they make ${names} anew with SET `
    + 'log_min_messages, which this database refuses. '
    + (found.length
      ? 'Stay with the image of Realtime that you had'
      : 'Realtime has begun its schema by itself and stopped there: drop the schema realtime, if it holds nothing of '
        + 'yours, and run again'));
}

async function load(client, name, sql) {
  try {
    await transaction(client, () => client.query(sql));
  } catch (error) {
    const advice = error.code === REFUSED
      ? '. This image of Realtime makes its schema otherwise than those that this program knows: keep the image of the '
        + 'tested set' : '';
    throw new Error(located(error, name, sql).message + advice);
  }
}

/**
 * Loads the dump in the folder BOOTSTRAP_REALTIME as Realtime's role, unless Realtime has its schema already.
 * `major`: of the server. `settable`: whether the database lets that role set log_min_messages.
 * Returns `loaded` or `present`. Throws when the dump is not what is expected, or a migration would be refused.
 */
export async function ensureRealtime(major, settable) {
  const { name, sql } = dumpFor(required('BOOTSTRAP_REALTIME'), major);
  const dump = parsed(name, sql);
  // A connection of its own: the dump changes settings of its session.
  const client = await connect('supabase_admin', secret('db-roles', 'supabase_admin'));
  try {
    const applied = new Set(await appliedVersions(client));
    const missing = dump.versions.filter((version) => !applied.has(version));
    if (applied.size) {
      if (missing.length && !settable) await refuseMigrations(client, dump, missing);
      console.log(`${name}: Realtime's schema is there; migrations left to Realtime: ${missing.join(', ') || 'none'}`);
      return 'present';
    }
    const cut = dump.functions.length && !settable;
    await load(client, name, cut ? dump.without : sql);
    const names = dump.functions.map((item) => item.name).join(', ');
    const how = cut ? `without SET log_min_messages in ${names}` : 'as it is';
    console.log(`${name}: loaded ${how}, ${dump.versions.length} migrations`);
    return 'loaded';
  } finally {
    await client.end();
  }
}
