// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, Supastack contributors

// The database: settings and secrets from the environment, connections over verified TLS, transactions, passwords.

import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

// The program is mounted from a ConfigMap, far from the image's node_modules, which lie under its working directory.
const { Client } = createRequire(join(process.cwd(), 'package.json'))('pg');

// Errors that say "not yet": refused or unresolved connections, a server that is starting or stopping (57P03), and one
// whose connections are all in use (53300), as they may be while pods are replaced.
const NOT_YET = new Set([
  'ECONNREFUSED', 'ECONNRESET', 'EHOSTUNREACH', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', '57P03', '53300',
]);
// The driver gives these no code.
const NOT_YET_MESSAGE = /timeout|terminated unexpectedly/i;
// Codes of Node and OpenSSL for what is wrong with a certificate, or with the file that it is checked by.
const TLS_ERROR = /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_|ERR_SSL_|ERR_OSSL_|HOSTNAME_)/;
const PLAIN = 'The server does not support SSL connections';
const WRONG_PASSWORD = '28P01';
const SCRAM_ITERATIONS = 4096;

/** An environment variable. Throws when it is missing or empty. */
export function required(name) {
  const value = process.env[name];
  if (!value) throw new Error(`environment variable ${name} is missing; the bootstrap Job sets it`);
  return value;
}

/** A mounted secret. Throws when its file is missing or holds what would need preparation (RFC 4013) in a password. */
export function secret(...path) {
  const file = join(required('BOOTSTRAP_SECRETS'), ...path);
  const value = readFileSync(file, 'utf8');
  if (!/^[\x21-\x7e]+$/.test(value)) {
    throw new Error(`${file} is empty or holds characters outside printable ASCII; write the secret anew`);
  }
  return value;
}

/** The certificates that the server's is checked by. Throws when there are none: Node would take its own instead. */
function authorities() {
  const file = required('PGSSLROOTCERT');
  const pem = readFileSync(file, 'utf8');
  if (!pem.includes('-----BEGIN CERTIFICATE-----')) {
    throw new Error(`${file} holds no certificate; the role writes it from supabase_helm_database.ca_bundle`);
  }
  return pem;
}

function settingsOf(user, password) {
  return {
    host: required('PGHOST'),
    port: Number(required('PGPORT')),
    database: required('PGDATABASE'),
    user,
    password,
    ssl: { ca: authorities(), rejectUnauthorized: true },
    connectionTimeoutMillis: 30_000,
    application_name: 'supastack-bootstrap',
    // Functions or tables that somebody placed in public must not be picked up.
    options: '-c search_path=pg_catalog',
  };
}

function explained(error) {
  if (!TLS_ERROR.test(error.code ?? '') && error.message !== PLAIN) return error;
  const server = `${required('PGHOST')}:${required('PGPORT')}`;
  const code = error.code ? ` (${error.code})` : '';
  return new Error(`no verified TLS with ${server}: ${error.message}${code}. The server's certificate is checked by `
    + `${required('PGSSLROOTCERT')}, which the role writes from supabase_helm_database.ca_bundle: give the bundle of `
    + 'the authority that signs it now');
}

/** A new connection. Throws what the driver throws, and of TLS what to do; `end()` it. */
export async function connect(user, password) {
  const client = new Client(settingsOf(user, password));
  // Of a connection that is lost between two statements the driver tells here, and Node would end the program for want
  // of a listener. The next statement fails.
  client.on('error', (error) => console.error(`the connection of ${user} is lost: ${error.message}`));
  try {
    await client.connect();
  } catch (error) {
    throw explained(error);
  }
  return client;
}

/** A connection as the master, waiting up to BOOTSTRAP_WAIT_SECONDS for the database to be there. */
export async function connectMaster() {
  const [user, password] = [secret('db', 'username'), secret('db', 'password')];
  const deadline = Date.now() + Number(required('BOOTSTRAP_WAIT_SECONDS')) * 1000;
  for (;;) {
    try {
      return await connect(user, password);
    } catch (error) {
      if (!(NOT_YET.has(error.code) || NOT_YET_MESSAGE.test(error.message)) || Date.now() > deadline) throw error;
      console.log(`waiting for ${required('PGHOST')}:${required('PGPORT')}: ${error.message || error.code}`);
      await sleep(2000);
    }
  }
}

/** The rows of one statement. */
export async function rows(client, sql, values = []) {
  return (await client.query(sql, values)).rows;
}

/** Does `work` in one transaction, which an error undoes. Throws that error. */
export async function transaction(client, work) {
  await client.query('BEGIN');
  try {
    await work();
    await client.query('COMMIT');
  } catch (error) {
    // With the connection the transaction is gone, and what cut it is the error to tell.
    await client.query('ROLLBACK').catch((second) => console.error(`no ROLLBACK: ${second.message}`));
    throw error;
  }
}

/** An error of the server, with the place in `file`, SQLSTATE, detail, hint and context; any other as it is. */
export function located(error, file, sql) {
  if (!error.severity) return error;
  const line = error.position ? `:${sql.slice(0, Number(error.position)).split('\n').length}` : '';
  const more = [error.detail, error.hint, error.where].filter(Boolean).join('; ');
  return new Error(`${file}${line}: SQLSTATE ${error.code}: ${error.message}${more ? ` (${more})` : ''}`);
}

/** The verifier that PostgreSQL stores for a password (RFC 5803), so that no SQL text ever carries the password. */
function scramVerifier(password) {
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password, salt, SCRAM_ITERATIONS, 32, 'sha256');
  const keyed = (text) => createHmac('sha256', salted).update(text).digest();
  const storedKey = createHash('sha256').update(keyed('Client Key')).digest('base64');
  const serverKey = keyed('Server Key').toString('base64');
  return `SCRAM-SHA-256$${SCRAM_ITERATIONS}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
}

async function canLogIn(role, password) {
  try {
    const client = await connect(role, password);
    await client.end();
    return true;
  } catch (error) {
    if (error.code === WRONG_PASSWORD) return false;
    throw new Error(`login as ${role} failed: ${error.message}`);
  }
}

/** Gives `role` its password. Stored verifiers cannot be read on RDS, so a login decides whether to write it. */
export async function ensurePassword(client, role) {
  const password = secret('db-roles', role);
  if (await canLogIn(role, password)) {
    console.log(`password of ${role}: unchanged`);
    return;
  }
  const [name, verifier] = [client.escapeIdentifier(role), client.escapeLiteral(scramVerifier(password))];
  await client.query(`ALTER ROLE ${name} PASSWORD ${verifier}`);
  if (!(await canLogIn(role, password))) throw new Error(`login as ${role} is refused with the password just set`);
  console.log(`password of ${role}: set`);
}
