// What a program does with the hosted service, done here through the official SDK: an administrator lets a back end in and has it told of what happens,
// the back end registers an end user, the user signs, and what proves it outlives the user and the key. { baseUrl, orgId, account, privateKey } in; a line
// for each step, and then { evidence, body } out: what proves the user's action, and the body that was signed.

import { DfnsApiClient, DfnsAuthenticator } from "@dfns/sdk";
import { keyClient } from "./lib/clients.mjs";
import { input, outcome, output } from "./lib/io.mjs";
import { createSigner, keyPair } from "./lib/keys.mjs";
import { isGood, receive } from "./lib/receiver.mjs";

const { baseUrl, orgId, account, privateKey } = await input();
const service = { baseUrl, orgId };
const receiver = await receive();
let steps = 0;

const say = (who, what, told) => console.log(`${++steps}. ${who}: ${what} -> ${told}`);

/** A call that has to succeed, and what of its answer is told. */
async function step(who, what, run, tell) {
  const { answer, error } = await outcome(run);
  say(who, what, error ? `${error.httpStatus} ${error.code} ${error.message}` : tell(answer));
  if (error) throw new Error(`${what} failed.`);
  return answer;
}

/** A call that has to be refused. */
async function refused(who, what, run) {
  const { answer, error } = await outcome(run);
  say(who, what, error ? `refused: ${error.httpStatus} ${error.code ?? error.message}` : `not refused: ${JSON.stringify(answer)}`);
}

/** An event that has to be delivered, signed with the secret of the webhook. */
async function told(kind, secret, tell) {
  const delivery = await receiver.next(kind);
  say("webhook", `${kind}, ${isGood(delivery, secret) ? "signed" : "not signed as it should be"}`, tell(delivery.event.data));
}

// The organisation's service account, its permission, its webhook.
const administrator = keyClient(service, account, privateKey);
const operations = ["Auth:Register:Delegated", "Auth:Logs:Read", "Auth:Users:Read", "Auth:Users:Delete"];
const permission = await step("administrator", "permissions.createPermission", () => administrator.permissions.createPermission({ body: { name: "Registrars", operations } }),
  ({ id, operations }) => `${id} ${operations.join(" ")}`);
const pair = keyPair();
const created = await step("administrator", "auth.createServiceAccount", () => administrator.auth.createServiceAccount({ body: { name: "Back end", publicKey: pair.publicKey, daysValid: 30 } }),
  ({ userInfo }) => `${userInfo.userId} ${userInfo.name}`);
const [{ accessToken, credId }] = created.accessTokens;
const backend = keyClient(service, { token: accessToken, credId }, pair.privateKey);
const delegated = { body: { email: "jane@example.co", kind: "EndUser", externalId: "crm-1" } };
await refused("back end", "auth.createDelegatedRegistrationChallenge, nothing assigned", () => backend.auth.createDelegatedRegistrationChallenge(delegated));
await step("administrator", "permissions.createAssignment", () => administrator.permissions.createAssignment({ permissionId: permission.id, body: { identityId: created.userInfo.userId } }),
  ({ id, permissionId, identityId }) => `${id} ${permissionId} for ${identityId}`);
const { secret } = await step("administrator", "webhooks.createWebhook",
  () => administrator.webhooks.createWebhook({ body: { url: receiver.url, events: ["user.registered", "credential.created", "credential.deactivated", "user.deleted"] } }),
  ({ id, status, events }) => `${id} ${status} ${events.join(" ")}`);

// An end user, registered by the back end and a device.
const challenge = await step("back end", "auth.createDelegatedRegistrationChallenge", () => backend.auth.createDelegatedRegistrationChallenge(delegated), ({ user }) => `${user.id} ${user.name}`);
const phone = createSigner(challenge.challenge, { name: "Phone" });
const client = (authToken, signer) => new DfnsApiClient({ baseUrl, orgId, authToken, signer }).auth;
const registered = await step("device", "auth.registerEndUser",
  () => client(challenge.temporaryAuthenticationToken).registerEndUser({ body: { firstFactorCredential: phone.credential, wallets: [{ network: "EthereumSepolia" }] } }),
  ({ user, credential, wallets, authentication }) => `${user.username} with ${credential.uuid} ${credential.name}, ${wallets.length} wallets, ${authentication.token ? "a session" : "no session"}`);
await told("user.registered", secret, ({ user, wallets }) => `${user.username} ${user.externalId} wants a wallet on ${wallets[0].network}`);

// The user signs an action: a second key.
const { token } = registered.authentication;
const user = client(token, phone);
const fresh = await user.createCredentialChallenge({ body: { kind: "Key" } });
const tablet = createSigner(fresh.challenge, { name: "Tablet" });
const body = { ...tablet.credential, challengeIdentifier: fresh.challengeIdentifier };
await step("end user", "auth.createCredential, signed with Phone", () => user.createCredential({ body }), ({ credentialUuid, name }) => `${credentialUuid} ${name}`);
await told("credential.created", secret, ({ credential }) => `${credential.credentialUuid} ${credential.name}`);

// What proves it.
const range = { startTime: "2026-01-01T00:00:00Z", endTime: "2100-01-01T00:00:00Z", userId: registered.user.id };
const listed = await step("back end", "auth.listAuditLogs", () => backend.auth.listAuditLogs({ query: range }), (csv) => `${csv.trim().split("\n").length - 1} signed by ${registered.user.username}`);
const id = listed.split("\n")[1].split(",")[1];
const evidence = await step("back end", "auth.getAuditLog", () => backend.auth.getAuditLog({ id }), (log) => `${log.id} ${log.action} by ${log.username} with a ${log.firstFactorCredential.kind}`);

// The key is given up, then the user, then the program.
await step("end user", "auth.deactivateCredential of Phone, signed with Phone", () => user.deactivateCredential({ body: { credentialUuid: registered.credential.uuid } }), ({ message }) => message);
await told("credential.deactivated", secret, ({ credential }) => `${credential.credentialUuid} ${credential.name}`);
const login = (signer) => new DfnsAuthenticator({ baseUrl, signer }).login({ username: "jane@example.co", orgId });
await refused("end user", "login with Phone", () => login(phone));
const session = await step("end user", "login with Tablet", () => login(tablet), ({ token }) => (token ? "a session" : "no session"));
await step("back end", "auth.archiveUser", () => backend.auth.archiveUser({ userId: registered.user.id }), ({ userId }) => userId);
await told("user.deleted", secret, ({ user }) => user.username);
await refused("end user", "auth.listCredentials", () => client(session.token, tablet).listCredentials());
await refused("back end", "auth.getUser", () => backend.auth.getUser({ userId: registered.user.id }));
const kept = await step("back end", "auth.getAuditLog, user and key deleted", () => backend.auth.getAuditLog({ id }),
  (log) => `${log.id} ${JSON.stringify(log) === JSON.stringify(evidence) ? "as before" : "changed"}`);
await step("administrator", "auth.archiveServiceAccount", () => administrator.auth.archiveServiceAccount({ serviceAccountId: created.userInfo.userId }), ({ userInfo }) => `${userInfo.userId} ${userInfo.isActive ? "active" : "not active"}`);
await refused("back end", "auth.getAuditLog", () => backend.auth.getAuditLog({ id }));
receiver.close();
output({ evidence: kept, body: JSON.stringify(body) });
