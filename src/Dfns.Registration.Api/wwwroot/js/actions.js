// A call that changes something, signed: a challenge for just this call, a signature, the right to make it once, the call.

import { setStatus, step } from "./progress.js";

/**
 * @param session {token, signer}.
 * @param body an object, or undefined for a call without one.
 * @returns the answer to the call.
 */
export async function signedCall(wire, { token: bearer, signer }, method, path, body) {
  // Written once: what is sent has to be what was signed.
  const payload = body && JSON.stringify(body);
  const call = {
    userActionPayload: payload ?? "",
    userActionHttpMethod: method,
    userActionHttpPath: path,
    userActionServerKind: "Api",
  };

  setStatus("Asking the service for a challenge for just this change.");
  const { challengeIdentifier, ...answer } = await step("action-challenge", () =>
    wire.send("POST", "/auth/action/init", JSON.stringify(call), { bearer }));
  setStatus(signer.prompt);
  const firstFactor = await step("action-sign", () => signer.sign(answer));
  setStatus("Exchanging the signature for the right to make this call.");
  const { userAction } = await step("action-token", () =>
    wire.send("POST", "/auth/action", JSON.stringify({ challengeIdentifier, firstFactor }), { bearer }));
  setStatus("Making the call.");
  return step("action-call", () => wire.send(method, path, payload, { bearer, userAction }));
}
