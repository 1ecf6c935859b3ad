// Signing in from the client's side: ask for a challenge, sign it with a credential, and get a session's token.

import { DeviceFailure } from "./failures.js";
import { findKey } from "./keystore.js";
import { signWithPasskey } from "./passkey.js";
import { signWithKey } from "./rawkey.js";

/** Step 1. Without a username the challenge is for a passkey that names its user. */
export const requestLogin = (wire, { username, orgId }) =>
  wire.send("POST", "/auth/login/init", JSON.stringify({ username: username || undefined, orgId }));

/** Step 3. @returns {token}. */
export const login = (wire, { challengeIdentifier }, firstFactor) =>
  wire.send("POST", "/auth/login", JSON.stringify({ challengeIdentifier, firstFactor }));

/** Ends the session, or every session of its user. */
export const logout = (wire, bearer, allSessions) =>
  wire.send("PUT", "/auth/logout", JSON.stringify({ allSessions }), { bearer });

/**
 * What signs: at the sign-in, and every action after it. Step 2 of both is sign(answer), which returns a factor.
 * @param kind Fido2 or Key.
 */
export function signerFor(kind) {
  switch (kind) {
    case "Fido2":
      return { kind, prompt: "Follow your browser's prompt to use the passkey.", sign: signWithPasskey };
    case "Key":
      return { kind, prompt: "Signing with this browser's key.", sign: signWithBrowserKey };
  }
}

async function signWithBrowserKey({ challenge, allowCredentials }) {
  const kept = await findKey(allowCredentials.key.map(({ id }) => id));
  if (!kept)
    throw new DeviceFailure(
      "This browser keeps no key of this user.",
      "Check the username and the organisation, use the browser that registered the key, or sign in another way.",
    );
  return signWithKey("Key", kept.credId, kept.privateKey, challenge);
}
