// Signing in from the client's side: ask for a challenge, sign it with a credential, and get a session's token.

import { DeviceFailure } from "./failures.js";
import { findKey } from "./keystore.js";
import { signWithPasskey } from "./passkey.js";
import { openEncryptedKey, signWithKey } from "./rawkey.js";

/** Has a code sent, for which the service hands the encrypted private key over. The answer is the same for every user, known or not. */
export const sendLoginCode = (wire, { username, orgId }) =>
  wire.send("POST", "/auth/login/code", JSON.stringify({ username, orgId }));

/** Step 1. Without a username the challenge is for a passkey that names its user. */
export const requestLogin = (wire, { username, orgId, loginCode }) =>
  wire.send("POST", "/auth/login/init", JSON.stringify({ username: username || undefined, orgId, loginCode }));

/** Step 3. @returns {token}. */
export const login = (wire, { challengeIdentifier }, firstFactor) =>
  wire.send("POST", "/auth/login", JSON.stringify({ challengeIdentifier, firstFactor }));

/** Ends the session, or every session of its user. */
export const logout = (wire, bearer, allSessions) =>
  wire.send("PUT", "/auth/logout", JSON.stringify({ allSessions }), { bearer });

/**
 * What signs: at the sign-in, and every action after it. Step 2 of both is sign(answer), which returns a factor.
 * @param kind Fido2, Key or PasswordProtectedKey.
 * @param secret {password, username}, for a password-protected key.
 */
export function signerFor(kind, secret) {
  switch (kind) {
    case "Fido2":
      return { kind, prompt: "Follow your browser's prompt to use the passkey.", sign: signWithPasskey };
    case "Key":
      return { kind, prompt: "Signing with this browser's key.", sign: signWithBrowserKey };
    case "PasswordProtectedKey":
      return { kind, prompt: "Opening the key with your password, and signing with it.", sign: openedBy(secret) };
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

/** Opens the key at the first signature; from then on it is the key that is kept, and not the password. */
function openedBy({ password, username }) {
  let opened;
  return async ({ challenge, allowCredentials }) => {
    opened ??= await open(allowCredentials.passwordProtectedKey ?? [], password, username);
    password = undefined;
    return signWithKey("PasswordProtectedKey", opened.credId, opened.privateKey, challenge);
  };
}

async function open(keys, password, username) {
  if (keys.length === 0)
    throw new DeviceFailure(
      "This user has no password-protected key.",
      "Check the username and the organisation, or sign in another way.",
    );
  for (const { id, encryptedPrivateKey } of keys) {
    const privateKey = await openEncryptedKey(encryptedPrivateKey, password, username);
    if (privateKey) return { credId: id, privateKey };
  }
  throw new DeviceFailure(
    "The password does not open the key.",
    "Check it, and try again. The service did not see it, and has counted nothing.",
  );
}
