// Permissions through the official SDK: an administrator's service account hands out what another then does.
// { baseUrl, orgId, admin, adminKey, backend, backendKey, operations } in, what each call came to out.

import { DfnsDelegatedApiClient } from "@dfns/sdk";
import { AsymmetricKeySigner } from "@dfns/sdk-keysigner";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { keyClient } from "./lib/clients.mjs";
import { input, output, recorded } from "./lib/io.mjs";

const { baseUrl, orgId, admin, adminKey, backend, backendKey } = await input();

const [administrator, program] = [keyClient({ baseUrl, orgId }, admin, adminKey), keyClient({ baseUrl, orgId }, backend, backendKey)];
const { permissions } = administrator;
const { results, call } = recorded();

const created = await call("created", () => permissions.createPermission({ body: { name: "Readers", operations: ["Auth:Users:Read"] } }));
const permissionId = created.id;
await call("got", () => permissions.getPermission({ permissionId }));
await call("listed", () => permissions.listPermissions({ query: { limit: 1 } }));
await call("refusedBefore", () => program.auth.listUsers());
const assigned = await call("assigned", () => permissions.createAssignment({ permissionId, body: { identityId: backend.id } }));
await call("assignments", () => permissions.listAssignments({ permissionId }));
await call("served", () => program.auth.listUsers());
await call("escalated", () => permissions.updatePermission({ permissionId, body: { operations: ["Auth:Users:Read", "Auth:Users:Delete"] } }));
await call("wallets", () => permissions.updatePermission({ permissionId, body: { operations: ["Wallets:Create"] } }));
await call("updated", () => permissions.updatePermission({ permissionId, body: { name: "Auditors" } }));
await call("archived", () => permissions.archivePermission({ permissionId, body: { isArchived: true } }));
await call("refusedArchived", () => program.auth.listUsers());
await call("restored", () => permissions.archivePermission({ permissionId, body: { isArchived: false } }));

await call("applications", () => administrator.auth.listApplications());

// As a page does for which a server keeps the token, with the query in the path that is signed.
const delegated = new DfnsDelegatedApiClient({ baseUrl, orgId, authToken: admin.token }).permissions;
const request = { permissionId, assignmentId: assigned.id, query: { force: true } };
await call("revoked", async () => {
  const challenge = await delegated.deleteAssignmentInit(request);
  const firstFactor = await new AsymmetricKeySigner({ credId: admin.credId, privateKey: adminKey }).sign(challenge);
  await delegated.deleteAssignmentComplete(request, { challengeIdentifier: challenge.challengeIdentifier, firstFactor });
  return {};
});
await call("refusedAfterwards", () => program.auth.listUsers());

// Every operation that the SDK's types know.
const types = readFileSync(fileURLToPath(new URL("types.d.ts", import.meta.resolve("@dfns/sdk/generated/permissions/index.js"))), "utf8");
const [listed] = types.split("export type CreatePermissionBody")[1].match(/operations: \(\(.*/);
results.operations = [...listed.matchAll(/"([^"]+)"/g)].map(([, name]) => name);
output(results);
