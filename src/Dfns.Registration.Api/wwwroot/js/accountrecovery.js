// The recovery from the client's side: the recovery key, opened here, vouches for new credentials, which then replace all others.

import { base64Url, utf8 } from "./encoding.js";
import { DeviceFailure } from "./failures.js";
import { openEncryptedKey, signWithKey } from "./rawkey.js";
import { submit } from "./registration.js";

/** Has a code sent. The answer is the same for every user, known or not. */
export const sendRecoveryCode = (wire, { username, orgId }) =>
  wire.send("POST", "/auth/recover/user/code", JSON.stringify({ username, orgId }));

/** Step 1. @param credentialId of the recovery key: the credential id on the sheet. */
export const requestRecovery = (wire, { username, orgId, verificationCode, credentialId }) =>
  wire.send("POST", "/auth/recover/user/init", JSON.stringify({ username, verificationCode, orgId, credentialId }));

/** Step 2. @returns {credId, privateKey}. */
export async function openRecoveryKey({ user, allowedRecoveryCredentials: [allowed] }, secret) {
  if (!allowed)
    throw new DeviceFailure(
      "This user has no recovery key with this credential id.",
      "Check it against your sheet: it stands there beside the recovery key. Your code is still good.",
    );
  const privateKey = await openEncryptedKey(allowed.encryptedRecoveryKey, secret, user.name);
  if (!privateKey)
    throw new DeviceFailure(
      "The recovery key does not open the key that the service keeps.",
      "Check each character against your sheet. The service did not see it, and your code is still good.",
    );
  return { credId: allowed.id, privateKey };
}

/** Step 4, once the new credentials are made: their own text is the challenge that the recovery key signs. */
export async function vouchFor(submission, { credId, privateKey }) {
  const challenge = base64Url(utf8(JSON.stringify(submission.credentials)));
  submission.vouched = await signWithKey("RecoveryKey", credId, privateKey, challenge);
}

/** Step 5. May be called again with the same submission when its outcome stayed open. */
export const recover = (wire, submission, orgId) =>
  submit(wire, "/auth/recover/user", submission, { recovery: submission.vouched, newCredentials: submission.credentials }, orgId);
