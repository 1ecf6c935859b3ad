// Bundled for the browser: the official SDK with its official signers, unmodified.

import { BaseAuthApi, DfnsApiClient, DfnsAuthenticator } from "@dfns/sdk";
import { BrowserKeySigner, WebAuthnSigner } from "@dfns/sdk-browser";

const signers = {
  Fido2: async () => new WebAuthnSigner({ relyingParty: { id: location.hostname, name: "Example" } }),
  Key: async () =>
    new BrowserKeySigner({
      keyPair: await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]),
    }),
};

/** Registers an invited user, as a front end on the SDK does. */
window.registerWithOfficialSdk = async ({ kind, withOrgIdOption, username, code, orgId }) => {
  const authenticator = new DfnsAuthenticator({
    baseUrl: location.origin,
    ...(withOrgIdOption && { orgId }),
    signer: await signers[kind](),
  });
  try {
    return { answer: await authenticator.register({ username, registrationCode: code, orgId }) };
  } catch (error) {
    return { error: { name: error.name, httpStatus: error.httpStatus, message: error.message } };
  }
};

/** Completes on the user's device a registration that a back end began, and signs in with the passkey that it made. */
window.completeWithOfficialSdk = async ({ baseUrl, orgId, challenge }) => {
  try {
    const signer = await signers.Fido2();
    const firstFactorCredential = await signer.create(challenge);
    const device = new DfnsApiClient({ baseUrl, orgId, authToken: challenge.temporaryAuthenticationToken });
    const registered = await device.auth.register({ body: { firstFactorCredential } });
    const login = await BaseAuthApi.createUserLoginChallenge({ username: challenge.user.name, orgId }, { baseUrl });
    const firstFactor = await signer.sign(login);
    const session = await BaseAuthApi.createUserLogin({ challengeIdentifier: login.challengeIdentifier, firstFactor }, { baseUrl });
    return { registered, session };
  } catch (error) {
    return { error: { name: error.name, httpStatus: error.httpStatus, message: error.message } };
  }
};
