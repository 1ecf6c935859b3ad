// The life of an account through the official SDK. The first line of standard input is { baseUrl, invitation, kind }; once it has written
// { "needs": "code" } the recovery code is the second. Then it writes what each call came to, by name.

import { createInterface } from "node:readline";
import { BaseAuthApi, DfnsApiClient, DfnsAuthenticator } from "@dfns/sdk";
import { outcome, output } from "./lib/io.mjs";
import { createSigner } from "./lib/keys.mjs";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const { baseUrl, invitation, kind } = JSON.parse((await lines.next()).value);
const { username, code: registrationCode, orgId } = invitation;

const registration = await BaseAuthApi.createUserRegistrationChallenge({ username, registrationCode, orgId }, { baseUrl });
const first = createSigner(registration.challenge, { kind });
const recovery = createSigner(registration.challenge, { kind: "RecoveryKey" });
const results = {};
results.registered = await outcome(() => BaseAuthApi.createUserRegistration(
  { firstFactorCredential: first.credential, recoveryCredential: recovery.credential },
  { baseUrl, authToken: registration.temporaryAuthenticationToken },
));

const login = (signer) => new DfnsAuthenticator({ baseUrl, signer }).login({ username, orgId });
const { token } = await login(first);
const client = (authToken, signer) => new DfnsApiClient({ baseUrl, orgId, authToken, signer });
const { auth } = client(token, first);

// A second credential, and what can be done with it.
const challenge = await auth.createCredentialChallenge({ body: { kind: "Key" } });
const second = createSigner(challenge.challenge, { key: "Ed25519", name: "Server" });
results.created = await outcome(() => auth.createCredential({
  body: { ...second.credential, challengeIdentifier: challenge.challengeIdentifier },
}));
const { credentialUuid } = results.created.answer;
results.listed = await outcome(() => auth.listCredentials());
results.deactivated = await outcome(() => auth.deactivateCredential({ body: { credentialUuid } }));
results.loginWithDeactivated = await outcome(() => login(second));
results.activated = await outcome(() => auth.activateCredential({ body: { credentialUuid } }));
results.loginWithActivated = await outcome(() => login(second));

// A third one, on a device that has no session.
const { code: deviceCode } = await auth.createCredentialCode({ body: { expiration: new Date(Date.now() + 50_000).toISOString() } });
const anonymous = new DfnsApiClient({ baseUrl, orgId }).auth;
const deviceChallenge = await anonymous.createCredentialChallengeWithCode({ body: { code: deviceCode, credentialKind: "Key" } });
const third = createSigner(deviceChallenge.challenge, { name: "Phone" });
results.createdWithCode = await outcome(() => anonymous.createCredentialWithCode({
  body: { ...third.credential, challengeIdentifier: deviceChallenge.challengeIdentifier },
}));
results.loginWithThird = await outcome(() => login(third));

// Every device is lost.
results.recoveryCodeSent = await outcome(() => anonymous.sendRecoveryCode({ body: { username, orgId } }));
output({ needs: "code" });
const verificationCode = (await lines.next()).value;
const recovering = await anonymous.createRecoveryChallenge({
  body: { username, verificationCode, orgId, credentialId: recovery.credential.credentialInfo.credId },
});
results.allowed = recovering.allowedRecoveryCredentials;
const fresh = createSigner(recovering.challenge, { kind, name: "New device" });
const freshRecovery = createSigner(recovering.challenge, { kind: "RecoveryKey" });
const newCredentials = { firstFactorCredential: fresh.credential, recoveryCredential: freshRecovery.credential };
results.recovered = await outcome(() => client(recovering.temporaryAuthenticationToken).auth.recover({
  body: { recovery: recovery.recover(newCredentials), newCredentials },
}));
results.loginWithLost = await outcome(() => login(first));
results.listWithOldSession = await outcome(() => auth.listCredentials());
const session = await login(fresh);
results.listedAfterwards = await outcome(() => client(session.token, fresh).auth.listCredentials());
output(results);
process.exit(0);
