// Personal access tokens, managed and used through the official SDK: { baseUrl, orgId, username, code } in, what each call came to out.

import { BaseAuthApi, DfnsApiClient, DfnsAuthenticator } from "@dfns/sdk";
import { keyClient } from "./lib/clients.mjs";
import { input, output, recorded } from "./lib/io.mjs";
import { createSigner, keyPair } from "./lib/keys.mjs";

const { baseUrl, orgId, username, code } = await input();
const { results, call } = recorded();

const registration = await BaseAuthApi.createUserRegistrationChallenge({ username, registrationCode: code, orgId }, { baseUrl });
const device = createSigner(registration.challenge);
const registered = await BaseAuthApi.createUserRegistration({ firstFactorCredential: device.credential }, { baseUrl, authToken: registration.temporaryAuthenticationToken });
results.userId = registered.user.id;
const { token } = await new DfnsAuthenticator({ baseUrl, signer: device }).login({ username, orgId });
const jane = new DfnsApiClient({ baseUrl, orgId, authToken: token, signer: device });

const held = await call("permission", () => jane.permissions.createPermission({ body: { name: "Programs", operations: ["Permissions:Create", "Auth:Apps:Read"] } }));
const { publicKey, privateKey } = keyPair();
const created = await call("created", () => jane.auth.createPersonalAccessToken({ body: { name: "Nightly", publicKey, permissionId: held.id, secondsValid: 3600 } }));
const tokenId = created.tokenId;

// What the program does, signed by either name of its key; the second is told with each challenge.
const client = (credId) => keyClient({ baseUrl, orgId }, { token: created.accessToken, credId }, privateKey);
const challenge = await BaseAuthApi.createUserActionChallenge(
  { userActionPayload: "", userActionHttpMethod: "POST", userActionHttpPath: "/permissions" },
  { baseUrl, authToken: created.accessToken },
);
const byName = challenge.allowCredentials.key.map((key) => key.id).find((id) => id.startsWith("cr-"));
const program = client(created.credId);
const body = { name: "Of a program", operations: ["Auth:Apps:Read"] };
await call("signedByCredId", () => program.permissions.createPermission({ body }));
await call("signedByUuid", () => client(byName).permissions.createPermission({ body }));
await call("listedApps", () => program.auth.listApplications());
await call("escalating", () => program.permissions.createPermission({ body: { name: "More", operations: ["Auth:Pats:Create"] } }));
await call("createdByToken", () => program.auth.createPersonalAccessToken({ body: { name: "Another", publicKey } }));
await call("credentials", () => program.auth.listCredentials());

await call("updated", () => jane.auth.updatePersonalAccessToken({ tokenId, body: { name: "Weekly" } }));
await call("listed", () => jane.auth.listPersonalAccessTokens());
await call("got", () => jane.auth.getPersonalAccessToken({ tokenId }));
await call("deactivated", () => jane.auth.deactivatePersonalAccessToken({ tokenId }));
await call("signedWhileInactive", () => program.permissions.createPermission({ body }));
await call("activated", () => jane.auth.activatePersonalAccessToken({ tokenId }));
await call("signedOnceActive", () => program.permissions.createPermission({ body }));
await call("deleted", () => jane.auth.archivePersonalAccessToken({ tokenId }));
await call("signedOnceDeleted", () => program.permissions.createPermission({ body }));
await call("gone", () => jane.auth.getPersonalAccessToken({ tokenId }));
output(results);
