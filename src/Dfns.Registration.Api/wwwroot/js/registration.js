// The registration from the client's side: ask for a challenge, create credentials over it, send them all in one request.

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
 * @returns a submission: what step 3 sends, and what belongs to it on this side.
 */
export async function createCredentials(answer, choice, progress) {
  const accepted = answer.supportedCredentialKinds.firstFactor;
  // Asked before the device is: a passkey made for a service that does not take it would only be in the way.
  if (!accepted.includes(choice.kind))
    throw new DeviceFailure(
      `This service does not accept ${choice.kind} as a first factor.`,
      `It accepts ${accepted.join(", ")}.`,
    );

  const submission = { answer, outcomeWasOpen: false };
  switch (choice.kind) {
    case "Fido2":
      progress("Follow your browser's prompt to create the passkey.");
      submission.firstFactor = await createPasskey(answer, "Passkey");
      break;
    case "Key": {
      progress("Creating a key in this browser.");
      const { credential, privateKey } = await createBrowserKey(answer.challenge, "Browser key");
      submission.firstFactor = credential;
      submission.browserKey = privateKey;
      break;
    }
    case "PasswordProtectedKey":
      progress("Creating a key and encrypting it with your password.");
      submission.firstFactor = await createEncryptedKey(
        "PasswordProtectedKey", answer.challenge, "Password-protected key", choice.password, answer.user.name);
      break;
  }

  if (choice.withRecoveryKey) {
    progress("Creating the recovery key.");
    submission.recoverySecret = createRecoverySecret();
    submission.recovery = await createEncryptedKey(
      "RecoveryKey", answer.challenge, "Recovery key", submission.recoverySecret, answer.user.name);
  }

  // Written once: a repeated request has to carry the very same bytes.
  submission.body = JSON.stringify({
    firstFactorCredential: submission.firstFactor,
    recoveryCredential: submission.recovery,
  });
  return submission;
}

/** Step 3. May be called again with the same submission when its outcome stayed open: the service stores it once. */
export async function register(wire, submission, orgId) {
  const { answer, firstFactor, browserKey } = submission;
  const credId = firstFactor.credentialInfo.credId;

  // Kept before it is sent: a registered key that this browser lost in a crash could not be replaced.
  if (browserKey)
    await keepKey({ credId, userId: answer.user.id, username: answer.user.name, orgId, privateKey: browserKey });

  try {
    return await wire.send("POST", "/auth/registration", submission.body, answer.temporaryAuthenticationToken);
  } catch (failure) {
    submission.outcomeWasOpen ||= failure.outcomeIsOpen;
    // A refusal after an open outcome proves nothing: the first sending may have been accepted, so its keys must stay.
    if (!submission.outcomeWasOpen && !failure.worthSendingAgain) await cleanUp(submission);
    throw failure;
  }
}

/** Takes back what a refused registration left on this device. */
async function cleanUp({ answer, firstFactor, browserKey }) {
  const credId = firstFactor.credentialInfo.credId;
  // A key that cannot be dropped is of no use to anyone; the refusal is what has to be shown.
  if (browserKey) await dropKey(credId).catch(() => {});
  if (firstFactor.credentialKind === "Fido2") await forgetPasskey(answer, credId);
}
