// A back end through the official SDK: a service account that signs its actions with the SDK's AsymmetricKeySigner, and
// the devices of its users. { baseUrl, orgId, account, privateKey } in, what each call came to out.

import { BaseAuthApi, DfnsApiClient } from "@dfns/sdk";
import { AsymmetricKeySigner } from "@dfns/sdk-keysigner";
import { generateKeyPairSync } from "node:crypto";
import { input, output, recorded } from "./lib/io.mjs";
import { createBody, privateKeyOf } from "./lib/keys.mjs";

const { baseUrl, orgId, account, privateKey } = await input();

const signer = (credId, key) => new AsymmetricKeySigner({ credId, privateKey: key });
const client = (authToken, itsSigner) => new DfnsApiClient({ baseUrl, orgId, authToken, signer: itsSigner });
const backend = client(account.token, signer(account.credId, privateKey)).auth;
const { results, call } = recorded();

// A registration that the back end begins and the user's device completes.
const body = { email: "jane@example.co", kind: "EndUser", externalId: "crm-1" };
const challenge = await call("delegated", () => backend.createDelegatedRegistrationChallenge({ body }));
await call("delegatedAgain", () => backend.createDelegatedRegistrationChallenge({ body }));

// What older clients do then; the SDK signs it and has no method for it any more.
const restartBody = JSON.stringify({ email: "jane@example.co", kind: "EndUser" });
const restarted = await call("restarted", () => signedPost("/auth/registration/delegated/restart", restartBody));
const slots = { first: { name: "Phone" }, recovery: {} };
const registration = createBody(restarted.challenge, slots);
await call("registered", () => client(restarted.temporaryAuthenticationToken).auth.register({ body: registration }));
await call("registeredElsewhere", () =>
  client(challenge.temporaryAuthenticationToken).auth.register({ body: createBody(challenge.challenge, slots) }));
await call("restartedAfterwards", () => signedPost("/auth/registration/delegated/restart", restartBody));

// The end user signs in with the key of that device, and may do nothing to others.
const credId = registration.firstFactorCredential.credentialInfo.credId;
const device = signer(credId, privateKeyOf(registration.firstFactorCredential));
const login = await BaseAuthApi.createUserLoginChallenge({ username: "jane@example.co", orgId }, { baseUrl });
const session = await call("signedIn", async () =>
  BaseAuthApi.createUserLogin({ challengeIdentifier: login.challengeIdentifier, firstFactor: await device.sign(login) }, { baseUrl }));
await call("endUserLists", () => client(session.token).auth.listUsers());
await call("endUserDeletes", () => client(session.token, device).auth.archiveUser({ userId: restarted.user.id }));

// An end user whose app completes with a session, and wishes for a wallet as the hosted service makes them.
const wished = await call("delegatedWithWallets", () => backend.createDelegatedRegistrationChallenge({ body: { email: "mary@example.co", kind: "EndUser" } }));
const ofMary = createBody(wished.challenge, { first: { name: "Tablet" } });
const registered = await call("registeredEndUser", () =>
  client(wished.temporaryAuthenticationToken).auth.registerEndUser({ body: { ...ofMary, wallets: [{ network: "EthereumSepolia", name: "Savings" }] } }));
const mary = client(registered.authentication.token, signer(ofMary.firstFactorCredential.credentialInfo.credId, privateKeyOf(ofMary.firstFactorCredential)));
await call("endUserSigns", () => mary.auth.createCredentialCode({ body: { expiration: new Date(Date.now() + 30_000).toISOString() } }));
await call("endUserReads", () => mary.auth.listCredentials());
await call("deletedEndUser", () => backend.archiveUser({ userId: registered.user.id }));

// Users.
const employee = await call("created", () => backend.createUser({ body: { email: "john@example.co", kind: "CustomerEmployee" } }));
await call("createdEndUser", () => backend.createUser({ body: { email: "mary@example.co", kind: "EndUser" } }));
const page = await call("listed", () => backend.listUsers({ query: { limit: 1 } }));
await call("listedOn", () => backend.listUsers({ query: { limit: 1, paginationToken: page.nextPageToken } }));
await call("listedEmployees", () => backend.listUsers({ query: { kind: "CustomerEmployee" } }));
await call("got", () => backend.getUser({ userId: employee.userId }));
await call("updated", () => backend.updateUser({ userId: employee.userId, body: { isSSORequired: false } }));
// As three of the official readmes have it: the key under the name that the service has given it.
await call("signedByName", () => client(account.token, signer(account.credentialUuid, privateKey)).auth.updateUser({ userId: employee.userId, body: { isSSORequired: false } }));
await call("updatedSso", () => backend.updateUser({ userId: employee.userId, body: { isSSORequired: true } }));
await call("deactivated", () => backend.deactivateUser({ userId: restarted.user.id }));
await call("endedSession", () => client(session.token).auth.listUsers());
await call("activated", () => backend.activateUser({ userId: restarted.user.id }));
await call("deleted", () => backend.archiveUser({ userId: restarted.user.id }));
await call("gotDeleted", () => backend.getUser({ userId: restarted.user.id }));

// A key that is not the account's.
const forged = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" });
await call("forged", () =>
  client(account.token, signer(account.credId, forged)).auth.createDelegatedRegistrationChallenge({ body: { ...body, email: "eve@example.co" } }));
output(results);

async function signedPost(path, payload) {
  const options = { baseUrl, orgId, authToken: account.token };
  const action = await BaseAuthApi.createUserActionChallenge(
    { userActionPayload: payload, userActionHttpMethod: "POST", userActionHttpPath: path, userActionServerKind: "Api" }, options);
  const firstFactor = await signer(account.credId, privateKey).sign(action);
  const { userAction } = await BaseAuthApi.signUserActionChallenge({ challengeIdentifier: action.challengeIdentifier, firstFactor }, options);
  const response = await fetch(new URL(path, baseUrl), {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${account.token}`, "x-dfns-useraction": userAction },
    body: payload,
  });
  const answer = await response.json();
  if (!response.ok) throw Object.assign(new Error(answer.error.message), { httpStatus: response.status, context: { body: answer } });
  return answer;
}
