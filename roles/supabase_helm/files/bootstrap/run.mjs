// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, Supastack contributors

// Brings a PostgreSQL database that has no superuser into the state which Supabase's services expect, as its master.
//
// Every *.sql file beside this program is one concept and one transaction, run in the order of their names. Then each
// login role gets its password and the catalogue is compared with wanted.json. The last line of standard output is a
// report in JSON; the exit status is 0 only when nothing differs. A second run changes nothing.
//
// Environment: PGHOST, PGPORT, PGDATABASE, PGSSLROOTCERT (path of a PEM bundle), BOOTSTRAP_SECRETS (folder with
// db/username, db/password and db-roles/<role>), BOOTSTRAP_WAIT_SECONDS (how long to wait for the database).

import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

// The program is mounted from a ConfigMap, far from the image's node_modules, which lie under its working directory.
const { Client } = createRequire(join(process.cwd(), 'package.json'))('pg');

// The only errors that do not fail the run: each with the file it may come from, its SQLSTATE and the reason.
const EXCEPTIONS = [
  {
    file: '20_bypassrls.sql',
    sqlstate: '42501',
    capability: 'bypassrls',
    reason: 'only a role that holds BYPASSRLS may grant it (PostgreSQL 16 and later), before that only a superuser',
  },
];

// Errors that say "not yet": refused or unresolved connections, and SQLSTATE 57P03 of a server that is starting.
const NOT_YET = new Set(['ECONNREFUSED', 'ECONNRESET', 'EHOSTUNREACH', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', '57P03']);
const WRONG_PASSWORD = '28P01';
const MASTER = '<master>';
const SCRAM_ITERATIONS = 4096;
const HERE = import.meta.dirname;

function required(name) {
  const value = process.env[name];
  if (!value) throw new Error(`environment variable ${name} is missing; the bootstrap Job sets it`);
  return value;
}

function secret(...path) {
  const file = join(required('BOOTSTRAP_SECRETS'), ...path);
  const value = readFileSync(file, 'utf8');
  if (!/^[\x21-\x7e]+$/.test(value)) {
    throw new Error(`${file} is empty or holds characters outside printable ASCII; write the secret anew`);
  }
  return value;
}

function connection(user, password) {
  return {
    host: required('PGHOST'),
    port: Number(required('PGPORT')),
    database: required('PGDATABASE'),
    user,
    password,
    ssl: { ca: readFileSync(required('PGSSLROOTCERT'), 'utf8'), rejectUnauthorized: true },
    connectionTimeoutMillis: 10_000,
    application_name: 'supastack-bootstrap',
    // The master must not pick up functions or tables that somebody placed in public.
    options: '-c search_path=pg_catalog',
  };
}

async function connect(settings) {
  const client = new Client(settings);
  await client.connect();
  return client;
}

async function connectWhenUp(settings) {
  const deadline = Date.now() + Number(required('BOOTSTRAP_WAIT_SECONDS')) * 1000;
  for (;;) {
    try {
      return await connect(settings);
    } catch (error) {
      const timedOut = /timeout/i.test(error.message);
      if (!(NOT_YET.has(error.code) || timedOut) || Date.now() > deadline) throw error;
      console.log(`waiting for ${settings.host}:${settings.port}: ${error.message || error.code}`);
      await sleep(2000);
    }
  }
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

function located(error, file, sql) {
  const line = error.position ? `:${sql.slice(0, Number(error.position)).split('\n').length}` : '';
  const more = [error.detail, error.hint, error.where].filter(Boolean).join('; ');
  return new Error(`${file}${line}: SQLSTATE ${error.code}: ${error.message}${more ? ` (${more})` : ''}`);
}

/** Runs one file as one transaction. Returns the name of the capability that the database refused, if any. */
async function runFile(client, file) {
  const sql = readFileSync(join(HERE, file), 'utf8');
  const warnings = [];
  // A GRANT that grants nothing is only a warning to PostgreSQL (SQLSTATE 01007); to us it is a failure.
  const collect = (notice) => notice.severity === 'WARNING' && warnings.push(`${notice.code}: ${notice.message}`);
  client.on('notice', collect);
  try {
    await client.query('BEGIN');
    await client.query(sql);
    if (warnings.length) throw new Error(`${file}: ${warnings.join('; ')}`);
    await client.query('COMMIT');
    console.log(`${file}: done`);
    return null;
  } catch (error) {
    await client.query('ROLLBACK');
    const exception = EXCEPTIONS.find((entry) => entry.file === file && entry.sqlstate === error.code);
    if (!exception) throw error.code ? located(error, file, sql) : error;
    console.log(`${file}: refused (SQLSTATE ${error.code}: ${error.message}); ${exception.reason}`);
    return exception.capability;
  } finally {
    client.off('notice', collect);
  }
}

async function canLogIn(role, password) {
  try {
    const client = await connect(connection(role, password));
    await client.end();
    return true;
  } catch (error) {
    if (error.code === WRONG_PASSWORD) return false;
    throw new Error(`login as ${role} failed: ${error.message}`);
  }
}

/** Stored verifiers cannot be read on RDS, so a login decides whether a password has to be written. */
async function ensurePassword(client, role) {
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

async function rows(client, sql, values = []) {
  return (await client.query(sql, values)).rows;
}

async function roleMismatches(client, wanted, capabilities) {
  const found = await rows(client, `
    SELECT r.rolname AS name, rolcanlogin AS login, rolinherit AS inherit, rolbypassrls AS bypassrls,
           rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication AS elevated,
           ARRAY(SELECT unnest(setconfig) ORDER BY 1) AS settings
    FROM pg_roles r LEFT JOIN pg_db_role_setting s ON s.setrole = r.oid AND s.setdatabase = 0
    WHERE r.rolname = ANY ($1)`, [Object.keys(wanted)]);
  const byName = new Map(found.map((row) => [row.name, row]));
  return Object.entries(wanted).flatMap(([name, want]) => {
    const role = byName.get(name);
    if (!role) return [`role ${name} is missing`];
    const bypassrls = want.bypassrls === 'capability' ? capabilities.bypassrls : want.bypassrls;
    return Object.entries({ ...want, bypassrls, elevated: false })
      .filter(([key, value]) => JSON.stringify(role[key]) !== JSON.stringify(value))
      .map(([key, value]) => `role ${name}: ${key} is ${JSON.stringify(role[key])}, wanted ${JSON.stringify(value)}`);
  });
}

async function membershipMismatches(client, wanted, master, version) {
  // Before PostgreSQL 16 membership alone allows SET ROLE.
  const privilege = version >= 160000 ? 'SET' : 'MEMBER';
  const pairs = Object.entries(wanted).flatMap(([member, roles]) => roles.map((role) => [member, role]));
  const mismatches = [];
  for (const [member, role] of pairs) {
    const name = member === MASTER ? master : member;
    const [{ may }] = await rows(client, 'SELECT pg_has_role($1, $2, $3) AS may', [name, role, privilege]);
    if (!may) mismatches.push(`role ${name} cannot switch to ${role}`);
  }
  return mismatches;
}

async function schemaMismatches(client, wanted, master) {
  const mismatches = [];
  for (const [schema, want] of Object.entries(wanted)) {
    const [found] = await rows(client, `
      SELECT pg_get_userbyid(nspowner) AS owner FROM pg_namespace WHERE nspname = $1`, [schema]);
    if (!found) {
      mismatches.push(`schema ${schema} is missing`);
      continue;
    }
    const owner = want.owner === MASTER ? master : want.owner;
    if (owner && owner !== found.owner) {
      mismatches.push(`schema ${schema}: owner is ${found.owner}, wanted ${owner}`);
    }
    for (const [privilege, role] of [...want.usage.map((r) => ['USAGE', r]), ...want.create.map((r) => ['CREATE', r])]) {
      const name = role === MASTER ? master : role;
      const [{ may }] = await rows(client, 'SELECT has_schema_privilege($1, $2, $3) AS may', [name, schema, privilege]);
      if (!may) mismatches.push(`schema ${schema}: ${name} has no ${privilege}`);
    }
  }
  return mismatches;
}

const OBJECT_TYPES = { tables: 'r', sequences: 'S', functions: 'f' };
// The privileges that make up ALL and that every supported version knows; 17 adds MAINTAIN on tables.
const ALL_PRIVILEGES = {
  tables: ['DELETE', 'INSERT', 'REFERENCES', 'SELECT', 'TRIGGER', 'TRUNCATE', 'UPDATE'],
  sequences: ['SELECT', 'UPDATE', 'USAGE'],
  functions: ['EXECUTE'],
};

async function defaultPrivilegeMismatches(client, wanted) {
  const mismatches = [];
  for (const [schema, objects] of Object.entries(wanted)) {
    for (const [type, grantees] of Object.entries(objects)) {
      const granted = await rows(client, `
        SELECT a.grantee::regrole::text AS grantee, array_agg(a.privilege_type::text) AS privileges
        FROM pg_default_acl d JOIN pg_namespace n ON n.oid = d.defaclnamespace, aclexplode(d.defaclacl) a
        WHERE d.defaclrole = current_user::regrole AND n.nspname = $1 AND d.defaclobjtype = $2
        GROUP BY 1`, [schema, OBJECT_TYPES[type]]);
      const byGrantee = new Map(granted.map((row) => [row.grantee, row.privileges]));
      for (const grantee of grantees) {
        const missing = ALL_PRIVILEGES[type].filter((name) => !byGrantee.get(grantee)?.includes(name));
        if (missing.length) mismatches.push(`default privileges on ${type} in ${schema}: ${grantee} lacks ${missing}`);
      }
    }
  }
  return mismatches;
}

async function transportMismatches(client) {
  const [{ ssl }] = await rows(client, 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
  return ssl ? [] : ['the connection is not encrypted'];
}

async function main() {
  const wanted = JSON.parse(readFileSync(join(HERE, 'wanted.json'), 'utf8'));
  const master = secret('db', 'username');
  const client = await connectWhenUp(connection(master, secret('db', 'password')));
  try {
    // One bootstrap at a time: the Job of an earlier run may still be at work.
    await client.query("SELECT pg_advisory_lock(hashtextextended('supastack-bootstrap', 0))");
    const refused = [];
    for (const file of readdirSync(HERE).filter((name) => name.endsWith('.sql')).sort()) {
      refused.push(await runFile(client, file));
    }
    const loginRoles = Object.keys(wanted.roles).filter((role) => wanted.roles[role].login);
    for (const role of loginRoles) await ensurePassword(client, role);
    const capabilities = Object.fromEntries(EXCEPTIONS.map((e) => [e.capability, !refused.includes(e.capability)]));
    const [{ version }] = await rows(client, "SELECT current_setting('server_version_num')::int AS version");
    const mismatches = [
      ...await transportMismatches(client),
      ...await roleMismatches(client, wanted.roles, capabilities),
      ...await membershipMismatches(client, wanted.memberships, master, version),
      ...await schemaMismatches(client, wanted.schemas, master),
      ...await defaultPrivilegeMismatches(client, wanted.default_privileges),
    ];
    for (const mismatch of mismatches) console.error(`MISMATCH ${mismatch}`);
    console.log(JSON.stringify({ master, server_version_num: version, capabilities, mismatches }));
    process.exitCode = mismatches.length ? 1 : 0;
  } finally {
    await client.end();
  }
}

try {
  await main();
} catch (error) {
  console.error(`bootstrap failed: ${error.message || error.code}`);
  process.exitCode = 1;
}
