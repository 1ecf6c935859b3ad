// Service accounts, managed and used through the official SDK: { baseUrl, orgId, account, privateKey } in, what each call came to out.

import { keyClient } from "./lib/clients.mjs";
import { input, output, recorded } from "./lib/io.mjs";
import { keyPair } from "./lib/keys.mjs";

const { baseUrl, orgId, account, privateKey } = await input();
const client = (token, credId, key) => keyClient({ baseUrl, orgId }, { token, credId }, key);
const { results, call } = recorded();

const admin = client(account.token, account.credId, privateKey);
const held = await call("permission", () => admin.permissions.createPermission({ body: { name: "Programs", operations: ["Permissions:Create", "Auth:Apps:Read"] } }));

const pair = keyPair();
const created = await call("created", () => admin.auth.createServiceAccount({ body: { name: "Back end", publicKey: pair.publicKey, permissionId: held.id, daysValid: 30 } }));
const serviceAccountId = created.userInfo.userId;
const { accessToken, credId } = created.accessTokens[0];

// What it does as itself, signed by either name of its key.
const byCredId = client(accessToken, credId, pair.privateKey);
const byUuid = client(accessToken, created.userInfo.credentialUuid, pair.privateKey);
const body = { name: "Of a program", operations: ["Auth:Apps:Read"] };
await call("signedByCredId", () => byCredId.permissions.createPermission({ body }));
await call("signedByUuid", () => byUuid.permissions.createPermission({ body }));
await call("listedApps", () => byCredId.auth.listApplications());
// What the official example does then; there are no wallets here.
await call("createdWallet", () => byCredId.wallets.createWallet({ body: { network: "EthereumSepolia" } }));
await call("listedWallets", () => byCredId.wallets.listWallets({}));
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
