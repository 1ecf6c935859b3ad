// Bundled for the browser: the official SDK with its official signers, unmodified.

import { DfnsAuthenticator } from "@dfns/sdk";
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
