// The implementations in JavaScript. `tests/bench/README.md` describes the modes and commands.

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const url = process.env.BENCH_URL;
const token = "a-token";

// The values of a client to create, for every field.
const request = {
  name: "Terminübersicht",
  authorizedGrantType: "CODE",
  accessTokenValiditySeconds: 86_400,
  description: "Liest die Termine der Filiale und schreibt sie in den Kalender",
  registeredRedirectUri: ["https://termine.example.at/callback", "https://termine.example.at/other"],
  roleIds: ["b3e2c1d0-5a4f-4e3d-9c8b-7a6f5e4d3c2b"],
  scope: ["users:readonly", "calendars"],
  roleDivisions: [{ roleId: "b3e2c1d0-5a4f-4e3d-9c8b-7a6f5e4d3c2b", divisionId: "*" }],
  state: "active",
  dateToDelete: "2026-12-24T00:00:00Z",
};

const makers = {
  async "vendor's SDK"() {
    const { default: sdk } = await import("purecloud-platform-client-v2");
    const client = sdk.ApiClient.instance;
    client.setAccessToken(token);
    const api = new sdk.OAuthApi();
    const apiWithPath = (size) => {
      client.basePath = `${url}/${size}`;
      client.config.basePath = client.basePath;
      return api;
    };
    return {
      listing: async (size) => (await apiWithPath(size).getOauthClients()).entities.length,
      usage: async () =>
        (await apiWithPath(1).getOauthClientUsageQueryResult("an-execution", "a-client")).results.length,
      create: async () => (await apiWithPath(1).postOauthClients(request)).id !== "",
    };
  },
  async "fetch + JSON.parse"() {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const fetchJson = async (path, options) => {
      const response = await fetch(`${url}/${path}`, { headers, ...options });
      if (!response.ok) throw new Error(`status ${response.status}`);
      return response.json();
    };
    const clients = "api/v2/oauth/clients";
    return {
      listing: async (size) => (await fetchJson(`${size}/${clients}`)).entities.length,
      usage: async () =>
        (await fetchJson(`1/${clients}/a-client/usage/query/results/an-execution`)).results.length,
      create: async () =>
        (await fetchJson(`1/${clients}`, { method: "POST", body: JSON.stringify(request) })).id !== "",
    };
  },
};

/** Makes calls for the given time, at least one; returns the duration of each in nanoseconds. */
async function measure(milliseconds, call) {
  const end = process.hrtime.bigint() + BigInt(milliseconds) * 1_000_000n;
  const taken = [];
  do {
    const start = process.hrtime.bigint();
    check(await call());
    taken.push(process.hrtime.bigint() - start);
  } while (process.hrtime.bigint() < end);
  return taken.join(" ");
}

async function atOnce(implementation, total, width) {
  const calls = async () => {
    for (let call = 0; call < total / width; call++) check((await implementation.listing(1)) === 1);
  };
  const start = process.hrtime.bigint();
  await Promise.all(Array.from({ length: width }, calls));
  return process.hrtime.bigint() - start;
}

/** Returns the resident memory, in bytes. */
function memory() {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]) * 1024;
  } catch {
    return 0;
  }
}

function check(holds) {
  if (!holds) throw new Error("unexpected response");
}

const [name, mode] = process.argv.slice(2);
if (mode !== "bare") {
  const implementation = await makers[name]();
  if (mode === "first") {
    check((await implementation.listing(1)) === 1);
  } else if (mode === "obey") {
    for await (const line of createInterface({ input: process.stdin })) {
      const [command, ...numbers] = line.split(" ").map((word, index) => (index ? Number(word) : word));
      const commands = {
        listing: () => measure(numbers[1], async () => (await implementation.listing(numbers[0])) === numbers[0]),
        usage: () => measure(numbers[0], async () => (await implementation.usage()) > 1),
        create: () => measure(numbers[0], implementation.create),
        at_once: () => atOnce(implementation, ...numbers),
        memory,
        inside: () => "",
      };
      console.log(String(await commands[command]()));
    }
  }
}
if (mode !== "obey") console.log(memory());
process.exit(0);
