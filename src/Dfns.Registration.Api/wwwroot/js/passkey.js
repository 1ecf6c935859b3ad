// Fido2: a passkey made by the browser and the device (WebAuthn Level 3, section 5.1.3).

import { base64Url, fromBase64Url, utf8 } from "./encoding.js";
import { DeviceFailure } from "./failures.js";

const anotherWay = "Or register with a key or a password-protected key.";

/** @param answer the service's answer to init; everything the browser is asked for comes from it. */
export async function createPasskey(answer, name) {
  if (!window.PublicKeyCredential)
    throw new DeviceFailure(
      "This browser does not support passkeys.",
      `Use a current version of Chrome, Edge, Firefox or Safari. ${anotherWay}`,
    );

  let credential;
  try {
    credential = await navigator.credentials.create({ publicKey: creationOptions(answer) });
  } catch (cause) {
    throw explain(cause, answer);
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

function explain(cause, answer) {
  switch (cause.name) {
    case "NotAllowedError":
    case "AbortError":
      return new DeviceFailure(
        "The passkey prompt was cancelled, timed out, or your device could not confirm that it is you.",
        "Nothing was registered and your code is still good: try again. " +
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
        `The service makes passkeys for “${answer.rp.id}”; this page was opened at “${location.host}”, ` +
          "and the browser does not let one make a passkey for the other.",
        isIpAddress(location.hostname)
          ? `A passkey belongs to a host name, never to an IP address. Open http://localhost:${location.port} instead.`
          : "Open the page at that host name, or set the service's relying party id to this one.",
        cause,
      );
    case "NotSupportedError":
    case "ConstraintError":
      return new DeviceFailure(
        "No device at hand can make the kind of passkey that the service asks for.",
        `Try another device or security key. ${anotherWay}`,
        cause,
      );
    default:
      return new DeviceFailure("The browser could not make a passkey.", `${cause.message} ${anotherWay}`, cause);
  }
}

export const isIpAddress = (host) => host.startsWith("[") || /^\d+(\.\d+){3}$/.test(host);
