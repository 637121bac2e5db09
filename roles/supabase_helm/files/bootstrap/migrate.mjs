// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, Supastack contributors

// Runs the user's own migrations as the database's master, whose the tables in public are.
//
//   node migrate.mjs FOLDER
//
// Every *.sql of the folder runs once, in the order of the names, each in one transaction and a connection of its own.
// supastack_migrations.applied tells which have run, by name and SHA-256. A file that was changed since, and a new one
// that comes before one that has run, are refused before anything runs. Files that are gone stay applied.
//
// The last line of standard output is a report in JSON. Environment: as run.mjs.

import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { connectMaster, located, rows } from './database.mjs';

const TABLE = 'supastack_migrations.applied';
const CREATE_TABLE = `
  CREATE SCHEMA IF NOT EXISTS supastack_migrations;
  CREATE TABLE IF NOT EXISTS ${TABLE} (
    name text PRIMARY KEY, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT pg_catalog.now()
  )`;

function read(folder) {
  const names = readdirSync(folder).filter((name) => name.endsWith('.sql')).sort();
  return names.map((name) => {
    const sql = readFileSync(join(folder, name), 'utf8');
    return { name, sql, sha256: createHash('sha256').update(sql).digest('hex') };
  });
}

/** The files that have to run. Throws when the others are not what has run, or would have had to run earlier. */
function pending(files, applied) {
  const last = [...applied.keys()].sort().at(-1) ?? '';
  const problems = files.flatMap(({ name, sha256 }) => {
    const before = applied.get(name);
    if (before && before.sha256 !== sha256) {
      return [`${name} was changed after it was applied on ${before.applied_at.toISOString()}: put its old content `
        + `back (SHA-256 ${before.sha256}), and write what is to change into a new file`];
    }
    return !before && name < last ? [`${name} comes before ${last}, which was applied: give it a later name`] : [];
  });
  if (problems.length) throw new Error(problems.join('\n'));
  return files.filter(({ name }) => !applied.has(name));
}

function told(error, { name, sql }) {
  return error.severity ? located(error, name, sql) : new Error(`${name}: ${error.message}`);
}

/** Runs one file and leaves its transaction open. Throws when it fails; then nothing of it is recorded. */
async function run(client, keeper, file) {
  client.on('notice', (notice) => console.log(`${file.name}: ${notice.severity}: ${notice.message}`));
  // As tables of public and functions of extensions are named everywhere in Supabase's documentation.
  await client.query(`SET application_name = 'supastack-migrations'; SET search_path = "$user", public, extensions`);
  await client.query('BEGIN');
  // Before the file: one that ends the transaction itself is then recorded together with what it did.
  await client.query(`INSERT INTO ${TABLE} (name, sha256) VALUES ($1, $2)`, [file.name, file.sha256]);
  try {
    await client.query(file.sql);
  } catch (error) {
    await client.query('ROLLBACK').catch((second) => console.error(`no ROLLBACK: ${second.message}`));
    await keeper.query(`DELETE FROM ${TABLE} WHERE name = $1`, [file.name]);
    throw told(error, file);
  }
}

async function recorded(keeper, name) {
  return (await rows(keeper, `SELECT FROM ${TABLE} WHERE name = $1`, [name])).length > 0;
}

/** Runs one file. Throws when it fails or does not stay; then it counts as one that has not run. */
async function apply(keeper, file) {
  const client = await connectMaster();
  try {
    await run(client, keeper, file);
    await client.query('COMMIT').catch((error) => { throw told(error, file); });
  } finally {
    await client.end();
  }
  if (!(await recorded(keeper, file.name))) {
    throw new Error(`${file.name} rolls back what it does: take ROLLBACK out, each file is one transaction anyway`);
  }
  console.log(`${file.name}: applied`);
}

async function main(folder) {
  if (!folder) throw new Error('the argument is missing: give the folder of the migrations');
  const files = read(folder);
  const keeper = await connectMaster();
  try {
    await keeper.query("SELECT pg_advisory_lock(hashtextextended('supastack-migrations', 0))");
    await keeper.query(CREATE_TABLE);
    const known = await rows(keeper, `SELECT name, sha256, applied_at FROM ${TABLE}`);
    const waiting = pending(files, new Map(known.map((row) => [row.name, row])));
    for (const file of waiting) await apply(keeper, file);
    // Where there is no event trigger that tells it.
    if (waiting.length) await keeper.query("NOTIFY pgrst, 'reload schema'");
    const applied = waiting.map(({ name }) => name);
    console.log(JSON.stringify({ applied, unchanged: files.length - applied.length }));
  } finally {
    await keeper.end();
  }
}

try {
  await main(process.argv[2]);
} catch (error) {
  console.error(`migrations failed: ${error.message || error.code}`);
  process.exitCode = 1;
}
