// Fido2: a passkey made and used by the browser and the device (WebAuthn Level 3, sections 5.1.3 and 5.1.4).

import { base64Url, fromBase64Url, utf8 } from "./encoding.js";
import { DeviceFailure } from "./failures.js";

const anotherWay = "Or take a key or a password-protected key instead.";

/** @param answer the service's answer to init; everything the browser is asked for comes from it. */
export async function createPasskey(answer, name) {
  requirePasskeys();
  let credential;
  try {
    credential = await navigator.credentials.create({ publicKey: creationOptions(answer) });
  } catch (cause) {
    throw explain(cause, answer, "your device");
  }

  return {
    credentialKind: "Fido2",
    credentialInfo: {
      credId: base64Url(credential.rawId),
      clientData: base64Url(credential.response.clientDataJSON),
      attestationData: base64Url(credential.response.attestationObject),
    },
    credentialName: name,
  };
}

/**
 * Signs with a passkey of the user; where the answer names none, with whichever the user picks.
 * @param answer the service's answer to the init of a sign-in or of an action.
 * @returns the factor that a request carries.
 */
export async function signWithPasskey(answer) {
  requirePasskeys();
  let credential;
  try {
    credential = await navigator.credentials.get({ publicKey: requestOptions(answer) });
  } catch (cause) {
    // A browser does not tell a page which: it could find out who somebody is.
    throw explain(cause, answer, "your device holds none of the passkeys asked for or");
  }

  const { clientDataJSON, authenticatorData, signature, userHandle } = credential.response;
  return {
    kind: "Fido2",
    credentialAssertion: {
      credId: base64Url(credential.rawId),
      clientData: base64Url(clientDataJSON),
      authenticatorData: base64Url(authenticatorData),
      signature: base64Url(signature),
      userHandle: userHandle ? base64Url(userHandle) : undefined,
    },
  };
}

/**
 * Tells the device that the service does not know a passkey it has just made, so that it stops offering it at sign-in.
 * A courtesy: browsers without this call keep an entry that does nothing.
 */
export async function forgetPasskey(answer, credId) {
  try {
    await PublicKeyCredential.signalUnknownCredential?.({ rpId: answer.rp.id, credentialId: credId });
  } catch {
    // The refusal is what matters and is shown; a device that keeps the entry does no harm.
  }
}

function creationOptions(answer) {
  return {
    rp: answer.rp,
    // The user handle is the id's text as bytes, not a decoding of it: sign-in compares it that way.
    user: { ...answer.user, id: utf8(answer.user.id) },
    // Decoded, so that the browser's own encoding yields the very text the service issued.
    challenge: fromBase64Url(answer.challenge),
    pubKeyCredParams: answer.pubKeyCredParams,
    authenticatorSelection: answer.authenticatorSelection,
    attestation: answer.attestation,
    excludeCredentials: answer.excludeCredentials.map(({ type, id }) => ({ type, id: fromBase64Url(id) })),
  };
}

function requestOptions(answer) {
  return {
    rpId: answer.rp.id,
    challenge: fromBase64Url(answer.challenge),
    userVerification: answer.userVerification,
    allowCredentials: answer.allowCredentials.webauthn.map(({ type, id }) => ({ type, id: fromBase64Url(id) })),
  };
}

function requirePasskeys() {
  if (!window.PublicKeyCredential)
    throw new DeviceFailure(
      "This browser does not support passkeys.",
      `Use a current version of Chrome, Edge, Firefox or Safari. ${anotherWay}`,
    );
}

/** @param fault begins the words for a prompt that came to nothing. */
function explain(cause, answer, fault) {
  switch (cause.name) {
    case "NotAllowedError":
    case "AbortError":
      return new DeviceFailure(
        `The passkey prompt was cancelled, timed out, or ${fault} could not confirm that it is you.`,
        "Nothing has changed and your code, if there is one, is still good: try again. " +
          "If no prompt appeared, set up a screen lock or plug in a security key first.",
        cause,
      );
    case "InvalidStateError":
      return new DeviceFailure(
        "This device already holds a passkey for this user.",
        "Use that passkey, or choose another device when the browser asks.",
        cause,
      );
    case "SecurityError":
      return new DeviceFailure(
        `The service's passkeys are for “${answer.rp.id}”; this page was opened at “${location.host}”, ` +
          "and the browser does not let one use a passkey of the other.",
        isIpAddress(location.hostname)
          ? `A passkey belongs to a host name, never to an IP address. Open http://localhost:${location.port} instead.`
          : "Open the page at that host name, or set the service's relying party id to this one.",
        cause,
      );
    case "NotSupportedError":
    case "ConstraintError":
      return new DeviceFailure(
        "No device at hand can do what the service asks of a passkey.",
        `Try another device or security key. ${anotherWay}`,
        cause,
      );
    default:
      return new DeviceFailure("The browser could not do its part for a passkey.", `${cause.message} ${anotherWay}`, cause);
  }
}

export const isIpAddress = (host) => host.startsWith("[") || /^\d+(\.\d+){3}$/.test(host);
