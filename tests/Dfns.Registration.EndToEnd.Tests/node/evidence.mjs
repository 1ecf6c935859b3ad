// What proves a signed call, through the official SDK: { baseUrl, orgId, account, privateKey } in, what each call came to out.

import { keyClient } from "./lib/clients.mjs";
import { input, output, recorded } from "./lib/io.mjs";

const { baseUrl, orgId, account, privateKey } = await input();
const client = keyClient({ baseUrl, orgId }, account, privateKey);
const { results, call } = recorded();

const body = { name: "Readers", operations: ["Auth:Logs:Read"] };
results.body = JSON.stringify(body);
await call("created", () => client.permissions.createPermission({ body }));
const csv = await call("listed", () => client.auth.listAuditLogs({ query: { startTime: "2026-01-01T00:00:00Z", endTime: "2100-01-01T00:00:00Z" } }));
await call("got", () => client.auth.getAuditLog({ id: csv.split("\n")[1].split(",")[1] }));
await call("unknown", () => client.auth.getAuditLog({ id: "ce-none" }));
output(results);
