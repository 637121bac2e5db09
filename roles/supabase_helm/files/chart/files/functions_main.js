// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, Supastack contributors

// The main service of the edge runtime: finds the function that a request is for, checks the caller's token, and hands
// the request to a worker. It imports nothing, so that it starts without reaching any registry.

const FUNCTIONS_FOLDER = "/home/deno/functions";
// What every function sees beside its own variables. The key set holds the secret that legacy keys are signed with.
const HIDDEN = new Set(["SUPASTACK_JWKS", "SUPASTACK_FUNCTIONS", "SUPASTACK_PUBLISHABLE_KEY", "SUPASTACK_SECRET_KEY"]);
const ALGORITHMS = {
  HS256: { kty: "oct", usage: { name: "HMAC", hash: "SHA-256" } },
  ES256: { kty: "EC", usage: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } },
};

function required(name) {
  const value = Deno.env.get(name);
  if (!value) throw new Error(`environment variable ${name} is missing or empty`);
  return value;
}

const settings = JSON.parse(required("SUPASTACK_FUNCTIONS"));
const publishableKey = required("SUPASTACK_PUBLISHABLE_KEY");
const secretKey = required("SUPASTACK_SECRET_KEY");
const apiKeys = new Set([publishableKey, secretKey]);
const keys = await Promise.all(JSON.parse(required("SUPASTACK_JWKS")).keys.map(imported));
const workerVariables = [
  ...Object.entries(Deno.env.toObject()).filter(([name]) => !HIDDEN.has(name)),
  // As hosted functions get them: keys by name.
  ["SUPABASE_PUBLISHABLE_KEYS", JSON.stringify({ default: publishableKey })],
  ["SUPABASE_SECRET_KEYS", JSON.stringify({ default: secretKey })],
];

async function imported(jwk) {
  const found = Object.entries(ALGORITHMS).find(([, { kty }]) => kty === jwk.kty);
  if (!found) throw new Error(`SUPASTACK_JWKS has a key of the type ${jwk.kty}, which is not supported`);
  const [alg, { usage }] = found;
  const { kty, k, crv, x, y } = jwk;
  const key = await crypto.subtle.importKey("jwk", { kty, k, crv, x, y }, usage, false, ["verify"]);
  return { alg, kid: jwk.kid, usage, key };
}

function bytes(base64url) {
  return Uint8Array.from(atob(base64url.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
}

function parsed(base64url) {
  return JSON.parse(new TextDecoder().decode(bytes(base64url)));
}

async function isSigned(token) {
  const [header, claims, signature] = token.split(".");
  const { alg, kid } = parsed(header);
  const signed = new TextEncoder().encode(`${header}.${claims}`);
  for (const own of keys) {
    // The key decides on the algorithm, not the token.
    if (own.alg !== alg || (kid !== undefined && own.kid !== undefined && own.kid !== kid)) continue;
    if (await crypto.subtle.verify(own.usage, own.key, bytes(signature), signed)) return true;
  }
  return false;
}

function isCurrent(token) {
  const { exp, nbf } = parsed(token.split(".")[1]);
  const now = Date.now() / 1000;
  return (exp === undefined || exp > now) && (nbf === undefined || nbf <= now);
}

// What keeps a request from its function, or null.
async function refusal(request) {
  const authorization = request.headers.get("authorization");
  if (!authorization) return "Missing authorization header";
  const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
  // Client libraries send a new API key, which is no JWT, as a bearer token when nobody is signed in.
  if (token !== undefined && apiKeys.has(token)) return null;
  try {
    if (token && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token) && (await isSigned(token)) && isCurrent(token)) return null;
  } catch (error) {
    // What is no JSON or no base64 is no token; only its kind is of interest.
    console.error(`a token was refused: ${error.name}`);
  }
  return "Invalid JWT";
}

function answer(status, msg) {
  return Response.json({ msg }, { status });
}

async function run(name, request, again = true) {
  try {
    const worker = await EdgeRuntime.userWorkers.create({
      servicePath: `${FUNCTIONS_FOLDER}/${name}`,
      memoryLimitMb: settings.memoryMb,
      workerTimeoutMs: settings.seconds * 1000,
      noModuleCache: false,
      envVars: workerVariables,
    });
    return await worker.fetch(request);
  } catch (error) {
    // A worker may reach the end of its time between being chosen and being asked; it has not seen the request then.
    const retired = Deno.errors.WorkerAlreadyRetired;
    if (again && retired && error instanceof retired) return run(name, request, false);
    console.error(`function ${name}: ${error}`);
    const idle = Deno.errors.WorkerRequestIdleTimeout;
    return idle && error instanceof idle
      ? answer(504, `function ${name} did not answer in time`)
      : answer(500, `function ${name} failed; its log says why`);
  }
}

Deno.serve(async (request) => {
  const { pathname } = new URL(request.url);
  if (pathname === "/_internal/health") return Response.json({ message: "ok" });
  const name = pathname.split("/")[1];
  if (!name) return answer(400, "missing function name in request");
  if (!Object.hasOwn(settings.verified, name)) return answer(404, `there is no function ${name}`);
  // Browsers ask without a token what they may send.
  if (request.method !== "OPTIONS" && settings.verified[name]) {
    const reason = await refusal(request);
    if (reason) return answer(401, reason);
  }
  return run(name, request);
});
