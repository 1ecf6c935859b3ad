// Service accounts, managed and used through the official SDK: { baseUrl, orgId, account, privateKey } in, what each call came to out.

import { generateKeyPairSync } from "node:crypto";
import { DfnsApiClient } from "@dfns/sdk";
import { AsymmetricKeySigner } from "@dfns/sdk-keysigner";
import { input, outcome, output } from "./lib/io.mjs";

const { baseUrl, orgId, account, privateKey } = await input();
const client = (authToken, credId, key) => new DfnsApiClient({ baseUrl, orgId, authToken, signer: new AsymmetricKeySigner({ credId, privateKey: key }) });
const results = {};
const call = async (name, run) => (results[name] = await outcome(run)).answer;

const admin = client(account.token, account.credId, privateKey);
const held = await call("permission", () => admin.permissions.createPermission({ body: { name: "Programs", operations: ["Permissions:Create", "Auth:Apps:Read"] } }));

const pair = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
const pem = { public: pair.publicKey.export({ type: "spki", format: "pem" }), private: pair.privateKey.export({ type: "pkcs8", format: "pem" }) };
const created = await call("created", () => admin.auth.createServiceAccount({ body: { name: "Back end", publicKey: pem.public, permissionId: held.id, daysValid: 30 } }));
const serviceAccountId = created.userInfo.userId;
const { accessToken, credId } = created.accessTokens[0];

// What it does as itself, signed by either name of its key.
const byCredId = client(accessToken, credId, pem.private);
const byUuid = client(accessToken, created.userInfo.credentialUuid, pem.private);
const body = { name: "Of a program", operations: ["Auth:Apps:Read"] };
await call("signedByCredId", () => byCredId.permissions.createPermission({ body }));
await call("signedByUuid", () => byUuid.permissions.createPermission({ body }));
await call("listedApps", () => byCredId.auth.listApplications());
await call("lacking", () => byCredId.auth.listServiceAccounts());
await call("escalating", () => byCredId.permissions.createPermission({ body: { name: "More", operations: ["Auth:ServiceAccounts:Create"] } }));

await call("updated", () => admin.auth.updateServiceAccount({ serviceAccountId, body: { name: "Program", externalId: "crm-1" } }));
await call("listed", () => admin.auth.listServiceAccounts());
await call("got", () => admin.auth.getServiceAccount({ serviceAccountId }));
await call("deactivated", () => admin.auth.deactivateServiceAccount({ serviceAccountId, body: {} }));
await call("signedWhileInactive", () => byCredId.permissions.createPermission({ body }));
await call("activated", () => admin.auth.activateServiceAccount({ serviceAccountId }));
await call("signedOnceActive", () => byCredId.permissions.createPermission({ body }));
await call("deleted", () => admin.auth.archiveServiceAccount({ serviceAccountId, query: { force: true } }));
await call("signedOnceDeleted", () => byCredId.permissions.createPermission({ body }));
await call("gone", () => admin.auth.getServiceAccount({ serviceAccountId }));
output(results);
