// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, Supastack contributors

// What the main service uses of the edge runtime, on Node: Deno.env, Deno.serve and EdgeRuntime.userWorkers. A worker
// answers with what it was made with and asked for; functions named as below fail as workers do.
// Arguments: the main service's file. Prints the port that it listens on.

import { createServer } from "node:http";
import { pathToFileURL } from "node:url";

class WorkerAlreadyRetired extends Error {}
class WorkerRequestIdleTimeout extends Error {}
let retired = 0;

globalThis.EdgeRuntime = {
  userWorkers: {
    async create(options) {
      const name = options.servicePath.split("/").pop();
      if (name === "unbuilt") throw new Error("a line of the code");
      return {
        async fetch(request) {
          if (name === "retired" && retired++ % 2 === 0) throw new WorkerAlreadyRetired("retired");
          if (name === "gone") throw new WorkerAlreadyRetired("retired");
          if (name === "slow") throw new WorkerRequestIdleTimeout("idle");
          if (name === "broken") throw new Error("a secret of the code");
          const { method, url, headers } = request;
          const { pathname, search } = new URL(url);
          const asked = { method, path: pathname + search, authorization: headers.get("authorization") };
          return Response.json({ ...options, ...asked, body: await request.text() }, { status: 201 });
        },
      };
    },
  },
};

globalThis.Deno = {
  env: { get: (name) => process.env[name], toObject: () => ({ ...process.env }) },
  errors: { WorkerAlreadyRetired, WorkerRequestIdleTimeout },
  serve(handle) {
    const server = createServer(async (incoming, outgoing) => {
      const parts = [];
      for await (const part of incoming) parts.push(part);
      const { method, headers } = incoming;
      const body = parts.length ? Buffer.concat(parts) : undefined;
      const answer = await handle(new Request(`http://localhost${incoming.url}`, { method, headers, body }));
      outgoing.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text());
    });
    server.listen(0, "127.0.0.1", () => console.log(server.address().port));
  },
};

await import(pathToFileURL(process.argv[2]).href);
