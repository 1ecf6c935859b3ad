// Makes every call that the clients of the installed SDK can make, and writes what each sent and how the service answered: { baseUrl, orgId, authToken, credId, privateKey } in, a list out. What is called is
// what the client objects have, read from themselves; whatever a call wants to know of its argument is made up, with the name of a parameter in its place in the path.

import { createServer } from "node:http";
import { createRequire } from "node:module";
import { BaseAuthApi, DfnsApiClient, DfnsDelegatedApiClient } from "@dfns/sdk";
import { AsymmetricKeySigner } from "@dfns/sdk-keysigner";
import { input, output } from "./lib/io.mjs";

const { baseUrl, orgId, authToken, credId, privateKey } = await input();

// Between the SDK and the service: what was really sent, and the answer to it.
const sent = [];
const recorder = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !["host", "connection", "content-length", "accept-encoding", "transfer-encoding"].includes(name)));
  const body = chunks.length > 0 ? Buffer.concat(chunks) : undefined;
  const answer = await fetch(new URL(request.url, baseUrl), { method: request.method, headers, body, redirect: "manual" });
  const text = await answer.text();
  sent.push({ method: request.method, path: decodeURIComponent(request.url.split("?")[0]), status: answer.status, code: codeOf(text) });
  response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "application/json" }).end(text);
});
await new Promise((resolve) => recorder.listen(0, "127.0.0.1", resolve));

function codeOf(text) {
  try {
    return JSON.parse(text).error?.code;
  } catch {
    return undefined;
  }
}

const apiOptions = { baseUrl: `http://127.0.0.1:${recorder.address().port}`, orgId, authToken, signer: new AsymmetricKeySigner({ credId, privateKey }) };
const anything = () => new Proxy({ body: {}, query: {} }, { get: (known, name) => (name in known || typeof name === "symbol" ? known[name] : `{${name}}`) });

// The methods of an object, those it inherits but for JavaScript's own; of a class its own functions too.
function methodsOf(client) {
  const names = new Set();
  for (let at = client; at && at !== Object.prototype && at !== Function.prototype; at = Object.getPrototypeOf(at)) {
    for (const [name, member] of Object.entries(Object.getOwnPropertyDescriptors(at))) if (typeof member.value === "function" && name !== "constructor" && name !== "prototype") names.add(name);
  }
  return [...names].sort();
}

async function call(client, name, run) {
  sent.length = 0;
  let error;
  try {
    await run();
  } catch (thrown) {
    error = thrown.message;
  }
  // The last one: a call that is signed has the two that sign it in front.
  const last = sent.at(-1);
  return last ? { client, name, ...last } : { client, name, error };
}

const api = new DfnsApiClient(apiOptions);
const delegated = new DfnsDelegatedApiClient({ ...apiOptions });
const served = ["auth", "permissions", "webhooks"];
const clients = Object.keys(Object.getOwnPropertyDescriptors(DfnsApiClient.prototype)).filter((name) => name !== "constructor");
const others = [];
for (const client of clients.filter((name) => !served.includes(name))) {
  for (const name of methodsOf(api[client])) others.push(await call(client, name, () => api[client][name](anything())));
}

const calls = [];
const halves = {};
for (const client of served) {
  // Signing out is last: it ends the token.
  const names = methodsOf(api[client]).sort((a, b) => (a === "logout") - (b === "logout"));
  for (const name of names) calls.push(await call(client, name, () => api[client][name](anything())));
  halves[client] = methodsOf(delegated[client]);
}

const base = [...methodsOf(BaseAuthApi), ...methodsOf(BaseAuthApi.prototype)].filter((name, n, all) => all.indexOf(name) === n);
for (const name of base) {
  const holder = typeof BaseAuthApi[name] === "function" ? BaseAuthApi : BaseAuthApi.prototype;
  const args = holder[name].length === 1 ? [apiOptions] : [{}, apiOptions];
  calls.push(await call("BaseAuthApi", name, () => holder[name](...args)));
}

output({ version: createRequire(import.meta.url)("@dfns/sdk/package.json").version, calls, others, halves, clients });
recorder.close();
process.exit(0);
