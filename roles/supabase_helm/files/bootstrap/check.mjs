// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, Supastack contributors

// The self-check: what the catalogue says, compared with wanted.json. Every function returns the rows that differ, each
// with `object`, `property`, `found` and `wanted`.

import { rows } from './database.mjs';

const MASTER = '<master>';
const OBJECT_TYPES = { tables: 'r', sequences: 'S', functions: 'f' };
// The privileges that make up ALL and that every supported version knows; 17 adds MAINTAIN on tables.
const ALL_PRIVILEGES = {
  tables: ['DELETE', 'INSERT', 'REFERENCES', 'SELECT', 'TRIGGER', 'TRUNCATE', 'UPDATE'],
  sequences: ['SELECT', 'UPDATE', 'USAGE'],
  functions: ['EXECUTE'],
};

const named = (name, master) => (name === MASTER ? master : name);

function difference(object, property, found, wanted) {
  return JSON.stringify(found) === JSON.stringify(wanted) ? [] : [{ object, property, found, wanted }];
}

async function transport({ client }) {
  const [{ ssl }] = await rows(client, 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
  return difference('connection', 'encrypted', ssl, true);
}

const ATTRIBUTES = ['superuser', 'createrole', 'createdb', 'replication', 'bypassrls'];

/** Settings that somebody else made are left alone: PostgREST, for one, takes its configuration from its role. */
function roleDifferences(name, want, role) {
  const settings = Object.fromEntries(role.settings.map((line) => /^([^=]*)=(.*)$/s.exec(line).slice(1)));
  const object = `role ${name}`;
  return [
    ...['login', 'inherit'].flatMap((property) => difference(object, property, role[property], want[property])),
    ...ATTRIBUTES.filter((property) => want[property] !== 'any')
      .flatMap((property) => difference(object, property, role[property], false)),
    ...Object.entries(want.settings)
      .flatMap(([setting, value]) => difference(object, setting, settings[setting] ?? null, value)),
    // Of these upstream's values are but a beginning.
    ...want.limits.flatMap((setting) => difference(object, `${setting} is set`, setting in settings, true)),
  ];
}

async function roles({ client, wanted }) {
  const found = await rows(client, `
    SELECT r.rolname AS name, rolcanlogin AS login, rolinherit AS inherit, rolsuper AS superuser,
           rolcreaterole AS createrole, rolcreatedb AS createdb, rolreplication AS replication,
           rolbypassrls AS bypassrls, coalesce(setconfig, '{}') AS settings
    FROM pg_roles r LEFT JOIN pg_db_role_setting s ON s.setrole = r.oid AND s.setdatabase = 0
    WHERE r.rolname = ANY ($1)`, [Object.keys(wanted.roles)]);
  const byName = new Map(found.map((row) => [row.name, row]));
  return Object.entries(wanted.roles).flatMap(([name, want]) => (byName.has(name)
    ? roleDifferences(name, want, byName.get(name)) : difference(`role ${name}`, 'exists', false, true)));
}

/**
 * `switch`: the member may SET ROLE; `inherit`: it has the role's privileges without that as well. Roles that only RDS
 * has are left out elsewhere.
 */
async function memberships({ client, wanted, master, version }) {
  // The member's attribute decides on inheritance before PostgreSQL 16; afterwards each grant has its own options.
  const options = version >= 160000 ? 'bool_or(m.inherit_option) AS inherit, bool_or(m.set_option) AS switch'
    : 'bool_or(r.rolinherit) AS inherit, true AS switch';
  const found = await rows(client, `
    SELECT r.rolname AS member, m.roleid::regrole::text AS role, bool_or(m.admin_option) AS admin, ${options}
    FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member GROUP BY 1, 2`);
  const byPair = new Map(found.map((row) => [`${row.member} ${row.role}`, row]));
  const existing = new Set((await rows(client, 'SELECT rolname FROM pg_roles')).map((row) => row.rolname));
  const pairs = Object.entries(wanted.memberships)
    .flatMap(([key, granted]) => Object.entries(granted).map(([role, how]) => [named(key, master), role, how]));
  return pairs.filter(([, role]) => existing.has(role)).flatMap(([member, role, how]) => {
    const { admin, inherit, switch: may } = byPair.get(`${member} ${role}`) ?? {};
    const object = `membership of ${member} in ${role}`;
    return [
      ...difference(object, 'SET', may ?? false, true),
      // Before 16 a role that inherits does so from all.
      ...(version < 160000 && inherit && how === 'switch' ? []
        : difference(object, 'INHERIT', inherit ?? false, how === 'inherit')),
      ...(member === master ? [] : difference(object, 'ADMIN', admin ?? false, false)),
    ];
  });
}

async function database({ client, wanted }) {
  const found = await rows(client, `
    SELECT name, has_database_privilege(name, current_database(), 'CREATE') AS may
    FROM unnest($1::text[]) AS name`, [wanted.database.create]);
  return found.flatMap((row) => difference('database', `CREATE for ${row.name}`, row.may, true));
}

async function schemas({ client, wanted, master }) {
  const mismatches = [];
  for (const [schema, want] of Object.entries(wanted.schemas)) {
    const [found] = await rows(client, `
      SELECT pg_get_userbyid(nspowner) AS owner FROM pg_namespace WHERE nspname = $1`, [schema]);
    const owner = named(want.owner, master) ?? found?.owner;
    mismatches.push(...difference(`schema ${schema}`, 'owner', found?.owner ?? null, owner ?? null));
    if (!found) continue;
    const privileges = { USAGE: want.usage, CREATE: want.create, 'USAGE WITH GRANT OPTION': want.grant_usage };
    for (const [privilege, names] of Object.entries(privileges)) {
      const grantees = names.map((name) => named(name, master));
      const answers = await rows(client, `
        SELECT name, has_schema_privilege(name, $2, $3) AS may FROM unnest($1::text[]) AS name`,
      [grantees, schema, privilege]);
      mismatches.push(...answers.flatMap((row) => (
        difference(`schema ${schema}`, `${privilege} for ${row.name}`, row.may, true))));
    }
  }
  return mismatches;
}

async function defaultPrivileges({ client, wanted, master }) {
  const granted = await rows(client, `
    SELECT d.defaclrole::regrole::text AS creator, n.nspname AS schema, d.defaclobjtype AS type,
           a.grantee::regrole::text AS grantee, array_agg(a.privilege_type::text) AS privileges
    FROM pg_default_acl d JOIN pg_namespace n ON n.oid = d.defaclnamespace, aclexplode(d.defaclacl) a
    GROUP BY 1, 2, 3, 4`);
  const keyOf = (row) => `${row.creator} ${row.schema} ${row.type} ${row.grantee}`;
  const byKey = new Map(granted.map((row) => [keyOf(row), row.privileges]));
  return Object.entries(wanted.default_privileges).flatMap(([key, inSchemas]) => {
    const creator = named(key, master);
    return Object.entries(inSchemas).flatMap(([schema, grantees]) => grantees.flatMap((grantee) => (
      Object.entries(OBJECT_TYPES).flatMap(([objects, type]) => {
        const found = byKey.get(keyOf({ creator, schema, type, grantee })) ?? [];
        const privileges = ALL_PRIVILEGES[objects].filter((name) => found.includes(name));
        const object = `default privileges of ${creator} in ${schema}`;
        return difference(object, `on ${objects} for ${grantee}`, privileges, ALL_PRIVILEGES[objects]);
      }))));
  });
}

async function publications({ client, wanted, master }) {
  const found = await rows(client, `
    SELECT pubname AS name, pg_get_userbyid(pubowner) AS owner, pubinsert AND pubupdate AND pubdelete AS complete
    FROM pg_publication`);
  const byName = new Map(found.map((row) => [row.name, row]));
  return wanted.publications.flatMap((name) => [
    ...difference(`publication ${name}`, 'owner', byName.get(name)?.owner ?? null, master),
    ...difference(`publication ${name}`, 'inserts, updates, deletes', byName.get(name)?.complete ?? null, true),
  ]);
}

async function extensions({ client, wanted, capabilities }) {
  const found = await rows(client, 'SELECT extname, extnamespace::regnamespace::text AS schema FROM pg_extension');
  const byName = new Map(found.map((row) => [row.extname, row.schema]));
  return wanted.extensions.filter((name) => capabilities[name])
    .flatMap((name) => difference(`extension ${name}`, 'schema', byName.get(name) ?? null, 'extensions'));
}

async function eventTriggers({ client, wanted, capabilities, master }) {
  if (!capabilities.event_triggers) return [];
  const found = await rows(client, `
    SELECT evtname, pg_get_userbyid(evtowner) AS owner, evtenabled <> 'D' AS enabled FROM pg_event_trigger`);
  const byName = new Map(found.map((row) => [row.evtname, row]));
  return wanted.event_triggers.flatMap((name) => [
    ...difference(`event trigger ${name}`, 'owner', byName.get(name)?.owner ?? null, master),
    ...difference(`event trigger ${name}`, 'enabled', byName.get(name)?.enabled ?? null, true),
  ]);
}

/**
 * Tables and functions of a service that somebody else made (a restored dump, say): its migrations fail with "must be
 * owner". Those of other names are nobody's business but the user's.
 */
async function serviceObjects({ client, wanted }) {
  const found = await rows(client, `
    SELECT n.nspname AS schema, o.name, pg_get_userbyid(o.owner) AS owner
    FROM (
      SELECT relname AS name, relnamespace AS namespace, relowner AS owner FROM pg_class WHERE relkind IN ('r', 'p')
      UNION SELECT proname, pronamespace, proowner FROM pg_proc
    ) AS o JOIN pg_namespace n ON n.oid = o.namespace
    WHERE n.nspname = ANY ($1) ORDER BY 1, 2, 3`, [Object.keys(wanted.service_objects)]);
  return found.flatMap(({ schema, name, owner }) => {
    const { owners, names } = wanted.service_objects[schema];
    return !names.includes(name) || owners.includes(owner) ? []
      : difference(`${schema}.${name}`, 'owner', owner, owners.join(' or '));
  });
}

/** Every table with row level security has the service role's policy exactly where that cannot bypass it. */
async function policies({ client, capabilities, phase }) {
  if (phase !== 'after') return [];
  const found = await rows(client, `
    SELECT c.oid::regclass::text AS name, p.oid IS NOT NULL AS present
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_policy p ON p.polrelid = c.oid AND p.polname = 'supastack_service_role'
    LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
    WHERE c.relkind IN ('r', 'p') AND c.relrowsecurity AND d.objid IS NULL AND pg_has_role(c.relowner, 'USAGE')
      AND n.nspname <> ALL ('{auth,_realtime,information_schema}') AND n.nspname !~ '^pg_' ORDER BY 1`);
  return found.flatMap((row) => (
    difference(`table ${row.name}`, 'policy of service_role', row.present, !capabilities.bypassrls)));
}

const CHECKS = [
  memberships, database, schemas, defaultPrivileges, publications, extensions, eventTriggers, serviceObjects, policies,
];

/** All that differs. `context`: client, wanted, capabilities, master, version (server_version_num), phase. */
export async function mismatchesOf(context) {
  const found = [...await transport(context), ...await roles(context)];
  // The others ask for the privileges of roles, which is an error of the server's where one is missing.
  if (found.some((row) => row.property === 'exists')) return found;
  for (const check of CHECKS) found.push(...await check(context));
  return found;
}

/** The rows as a table for people. */
export function table(mismatches) {
  const text = (value) => (typeof value === 'string' ? value : JSON.stringify(value));
  const lines = [['object', 'property', 'found', 'wanted'],
    ...mismatches.map((row) => [row.object, row.property, text(row.found), text(row.wanted)])];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...lines.map((line) => line[column].length)));
  return lines.map((line) => line.map((cell, column) => cell.padEnd(widths[column])).join('  ').trimEnd()).join('\n');
}
