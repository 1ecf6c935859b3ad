// The registration from the client's side: ask for a challenge, create credentials over it, send them all in one request.
// A recovery creates and sends its new credentials in the same way.

import { DeviceFailure } from "./failures.js";
import { dropKey, keepKey } from "./keystore.js";
import { createPasskey, forgetPasskey } from "./passkey.js";
import { createBrowserKey, createEncryptedKey } from "./rawkey.js";
import { createRecoverySecret } from "./recovery.js";

/** Replaces the user's code. The answer is the same for every user, known or not. */
export const sendNewCode = (wire, { username, orgId }) =>
  wire.send("PUT", "/auth/registration/code", JSON.stringify({ username, orgId }));

/** Step 1: the code opens a session, whose one challenge every credential has to sign. */
export const requestChallenge = (wire, { username, code, orgId }) =>
  wire.send("POST", "/auth/registration/init", JSON.stringify({ username, registrationCode: code, orgId }));

/**
 * Step 2: the credentials, made on this device.
 * @param choice {kind: Fido2 | Key | PasswordProtectedKey, password?, withRecoveryKey}.
 * @param progress told in a sentence what is being made.
 * @returns a submission: what step 3 sends, and what belongs to it on this side. Its credentials are those of the request.
 */
export async function createCredentials(answer, choice, progress) {
  const accepted = answer.supportedCredentialKinds.firstFactor;
  // Asked before the device is: a passkey made for a service that does not take it would only be in the way.
  if (!accepted.includes(choice.kind))
    throw new DeviceFailure(
      `This service does not accept ${choice.kind} as a first factor.`,
      `It accepts ${accepted.join(", ")}.`,
    );

  const { credential, privateKey } = await createCredential(answer, choice, progress);
  const submission = { answer, outcomeWasOpen: false, firstFactor: credential, browserKey: privateKey };
  if (choice.withRecoveryKey) {
    progress("Creating the recovery key.");
    submission.recoverySecret = createRecoverySecret();
    submission.recovery = await createEncryptedKey(
      "RecoveryKey", answer.challenge, "Recovery key", submission.recoverySecret, answer.user.name);
  }

  submission.credentials = {
    firstFactorCredential: submission.firstFactor,
    recoveryCredential: submission.recovery,
  };
  return submission;
}

/**
 * One credential, made on this device.
 * @param answer the service's answer that carried the challenge.
 * @param choice {kind: Fido2 | Key | PasswordProtectedKey, password?, name?}.
 * @returns {credential, privateKey?}: what is sent, and the key that this browser has to keep.
 */
export async function createCredential(answer, { kind, password, name }, progress) {
  switch (kind) {
    case "Fido2":
      progress("Follow your browser's prompt to create the passkey.");
      return { credential: await createPasskey(answer, name ?? "Passkey") };
    case "Key":
      progress("Creating a key in this browser.");
      return createBrowserKey(answer.challenge, name ?? "Browser key");
    case "PasswordProtectedKey": {
      progress("Creating a key and encrypting it with your password.");
      const credential = await createEncryptedKey(
        kind, answer.challenge, name ?? "Password-protected key", password, answer.user.name);
      return { credential };
    }
  }
}

/** Step 3 of a registration. */
export const register = (wire, submission, orgId) =>
  submit(wire, "/auth/registration", submission, submission.credentials, orgId);

/**
 * Sends credentials. May be called again with the same submission when its outcome stayed open: the service stores it once.
 * @param request what to send with them; written at the first call, since a repeated request has to carry the very same bytes.
 */
export async function submit(wire, path, submission, request, orgId) {
  const { answer, firstFactor, browserKey } = submission;
  submission.body ??= JSON.stringify(request);
  // Kept before it is sent: a registered key that this browser lost in a crash could not be replaced.
  if (browserKey) await keepBrowserKey(answer.user, orgId, firstFactor, browserKey);

  try {
    return await wire.send("POST", path, submission.body, { bearer: answer.temporaryAuthenticationToken });
  } catch (failure) {
    submission.outcomeWasOpen ||= failure.outcomeIsOpen;
    // A refusal after an open outcome proves nothing: the first sending may have been accepted, so its keys must stay.
    if (!submission.outcomeWasOpen && !failure.worthSendingAgain) await takeBack(answer, firstFactor);
    throw failure;
  }
}

export const keepBrowserKey = (user, orgId, { credentialInfo: { credId } }, privateKey) =>
  keepKey({ credId, userId: user.id, username: user.name, orgId, privateKey });

/** Takes back what a credential that was refused left on this device. */
export async function takeBack(answer, { credentialKind, credentialInfo: { credId } }) {
  // A key that cannot be dropped is of no use to anyone; the refusal is what has to be shown.
  if (credentialKind === "Key") await dropKey(credId).catch(() => {});
  if (credentialKind === "Fido2") await forgetPasskey(answer, credId);
}
