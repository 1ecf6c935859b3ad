// What proves a signed call, through the official SDK: { baseUrl, orgId, account, privateKey } in, what each call came to out.

import { DfnsApiClient } from "@dfns/sdk";
import { AsymmetricKeySigner } from "@dfns/sdk-keysigner";
import { input, outcome, output } from "./lib/io.mjs";

const { baseUrl, orgId, account, privateKey } = await input();
const client = new DfnsApiClient({ baseUrl, orgId, authToken: account.token, signer: new AsymmetricKeySigner({ credId: account.credId, privateKey }) });
const results = {};
const call = async (name, run) => (results[name] = await outcome(run)).answer;

const body = { name: "Readers", operations: ["Auth:Logs:Read"] };
results.body = JSON.stringify(body);
await call("created", () => client.permissions.createPermission({ body }));
const csv = await call("listed", () => client.auth.listAuditLogs({ query: { startTime: "2026-01-01T00:00:00Z", endTime: "2100-01-01T00:00:00Z" } }));
await call("got", () => client.auth.getAuditLog({ id: csv.split("\n")[1].split(",")[1] }));
await call("unknown", () => client.auth.getAuditLog({ id: "ce-none" }));
output(results);
