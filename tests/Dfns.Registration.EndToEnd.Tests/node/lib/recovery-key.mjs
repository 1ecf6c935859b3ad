// A recovery key as the page of the official recovery example makes one: a P-256 key, wrapped under what PBKDF2 makes of a secret that the person writes
// down, its client data with the page's origin and with the challenge encoded once more.

import { rawSignatureToAns1, toBase64Url, toHex } from "@dfns/sdk/utils";

const utf8 = (text) => new TextEncoder().encode(text);
const base64 = (data) => btoa(String.fromCharCode(...new Uint8Array(data)));
const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const sha256 = async (data) => new Uint8Array(await crypto.subtle.digest("SHA-256", data));
const ecdsa = { name: "ECDSA", namedCurve: "P-256" };

/** The page's origin goes with each signature. */
const clientData = (type, text) => JSON.stringify({ type, challenge: toBase64Url(text), origin: location.origin, crossOrigin: false });

async function wrapping(secret, username) {
  const material = await crypto.subtle.importKey("raw", utf8(secret), "PBKDF2", false, ["deriveKey"]);
  const salt = await sha256(utf8(username.trim().toLowerCase()));
  return crypto.subtle.deriveKey({ name: "PBKDF2", hash: "SHA-256", iterations: 100_000, salt }, material, { name: "AES-GCM", length: 256 }, false, ["wrapKey", "unwrapKey"]);
}

const derOf = async (privateKey, data) => rawSignatureToAns1(new Uint8Array(await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, privateKey, utf8(data))));

/** A new one, and the secret to write down. */
export async function createRecoveryKey(challenge, username) {
  const pair = await crypto.subtle.generateKey(ecdsa, true, ["sign", "verify"]);
  const secret = toHex(crypto.getRandomValues(new Uint8Array(16)));
  const iv = crypto.getRandomValues(new Uint8Array(16));
  const wrapped = await crypto.subtle.wrapKey("pkcs8", pair.privateKey, await wrapping(secret, username), { name: "AES-GCM", iv });
  const encryptedPrivateKey = btoa(JSON.stringify({ key: base64(wrapped), iv: base64(iv) }));
  // In one line, as not every PEM is.
  const publicKey = `-----BEGIN PUBLIC KEY-----\n${base64(await crypto.subtle.exportKey("spki", pair.publicKey))}\n-----END PUBLIC KEY-----`;
  const data = clientData("key.create", challenge);
  const signature = await derOf(pair.privateKey, JSON.stringify({ clientDataHash: toHex(await sha256(utf8(data))), publicKey }));
  const credentialInfo = {
    credId: base64(await sha256(utf8(encryptedPrivateKey))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", ""),
    attestationData: toBase64Url(JSON.stringify({ publicKey, signature: toHex(signature), algorithm: "SHA256" })),
    clientData: toBase64Url(data),
  };
  return { secret, credential: { credentialKind: "RecoveryKey", credentialInfo, encryptedPrivateKey } };
}

/** One that the service has kept, which signs for new credentials. */
export async function openRecoveryKey(encryptedPrivateKey, secret, username) {
  const { key, iv } = JSON.parse(atob(encryptedPrivateKey));
  const privateKey = await crypto.subtle.unwrapKey("pkcs8", bytes(key), await wrapping(secret, username), { name: "AES-GCM", iv: bytes(iv) }, ecdsa, false, ["sign"]);
  return {
    async sign(credId, newCredentials) {
      const data = clientData("key.get", JSON.stringify(newCredentials));
      const signature = base64(await derOf(privateKey, data)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
      return { kind: "RecoveryKey", credentialAssertion: { credId, clientData: toBase64Url(data), signature } };
    },
  };
}
