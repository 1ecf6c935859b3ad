// Key, PasswordProtectedKey and RecoveryKey: an ECDSA P-256 key pair that proves possession in the same way for all three.

import { base64, base64Url, fromBase64, fromUtf8, hex, sha256, utf8 } from "./encoding.js";
import { DeviceFailure } from "./failures.js";

const p256 = { name: "ECDSA", namedCurve: "P-256" };
const ecdsaSha256 = { name: "ECDSA", hash: "SHA-256" };

/** A key whose private half can be used by this browser and read by nobody, this page included. */
export async function createBrowserKey(challenge, name) {
  const { publicKey, privateKey } = await crypto.subtle.generateKey(p256, false, ["sign"]);
  return {
    credential: {
      credentialKind: "Key",
      credentialInfo: await prove(challenge, publicKey, privateKey),
      credentialName: name,
    },
    privateKey,
  };
}

/**
 * A key whose private half travels with the credential, encrypted under a secret that never does.
 * @param kind PasswordProtectedKey or RecoveryKey.
 * @param username it salts the encryption, as it is read whichever way it is written.
 */
export async function createEncryptedKey(kind, challenge, name, secret, username) {
  const { publicKey, privateKey } = await crypto.subtle.generateKey(p256, true, ["sign"]);
  return {
    credentialKind: kind,
    credentialInfo: await prove(challenge, publicKey, privateKey),
    encryptedPrivateKey: await encryptPrivateKey(privateKey, secret, username),
    credentialName: name,
  };
}

/**
 * Signs with a registered key: the client data themselves, which hold the challenge.
 * @param kind Key, PasswordProtectedKey or RecoveryKey.
 * @param credId as the service wrote it.
 * @returns the factor that a request carries.
 */
export async function signWithKey(kind, credId, privateKey, challenge) {
  const clientData = clientDataFor("key.get", challenge);
  const signature = await crypto.subtle.sign(ecdsaSha256, privateKey, clientData);
  return {
    kind,
    credentialAssertion: { credId, clientData: base64Url(clientData), signature: base64Url(toDer(signature)) },
  };
}

/**
 * Opens a private key that travelled encrypted. It can sign from then on, and be read by nobody.
 * @param username the salt: case, white space around it, normalization form and width do not count.
 * @returns the key; undefined when the secret is not the one it was encrypted with.
 */
export async function openEncryptedKey(encryptedPrivateKey, secret, username) {
  let iv, key;
  try {
    const envelope = JSON.parse(fromUtf8(fromBase64(encryptedPrivateKey)));
    [iv, key] = [fromBase64(envelope.iv), fromBase64(envelope.key)];
  } catch (cause) {
    throw new DeviceFailure(
      "The private key that the service keeps was encrypted in a form this page does not read.",
      "Use the application that registered it.",
      cause,
    );
  }
  // Other clients, and this page before, salt with the name as it was typed.
  for (const salt of new Set([canonical(username), username, username.normalize("NFC"), username.normalize("NFD")])) {
    const wrappingKey = await deriveWrappingKey(secret, salt, "unwrapKey");
    try {
      return await crypto.subtle.unwrapKey("pkcs8", key, wrappingKey, { name: "AES-GCM", iv }, p256, false, ["sign"]);
    } catch {
      // Not by this one.
    }
  }
  return undefined;
}

/** Signs the challenge: over client data, whose hash and the public key make the text that the key signs. */
async function prove(challenge, publicKey, privateKey) {
  const spki = await crypto.subtle.exportKey("spki", publicKey);
  const pem = toPem(spki);
  const clientData = clientDataFor("key.create", challenge);
  // Signed byte for byte as JSON.stringify writes it: no spaces, the hash first.
  const fingerprint = utf8(JSON.stringify({ clientDataHash: hex(await sha256(clientData)), publicKey: pem }));
  const signature = await crypto.subtle.sign(ecdsaSha256, privateKey, fingerprint);

  return {
    credId: base64Url(await sha256(spki)),
    clientData: base64Url(clientData),
    attestationData: base64Url(utf8(JSON.stringify({ publicKey: pem, signature: hex(toDer(signature)) }))),
  };
}

const clientDataFor = (type, challenge) =>
  utf8(JSON.stringify({ type, challenge, origin: location.origin, crossOrigin: false }));

/** Lines of 64 characters and no newline at the end, as the official clients write it. */
function toPem(spki) {
  const lines = base64(spki).match(/.{1,64}/g);
  return ["-----BEGIN PUBLIC KEY-----", ...lines, "-----END PUBLIC KEY-----"].join("\n");
}

/** WebCrypto answers r and s side by side, 32 bytes each; the wire wants a DER sequence of two integers. */
function toDer(signature) {
  const raw = new Uint8Array(signature);
  const r = toDerInteger(raw.subarray(0, 32));
  const s = toDerInteger(raw.subarray(32));
  // Two integers of at most 35 bytes: the length always fits the one-byte form.
  return Uint8Array.of(0x30, r.length + s.length, ...r, ...s);
}

/** DER integers are minimal: no leading zero bytes, but for the one that keeps the top bit from reading as a minus sign. */
function toDerInteger(bytes) {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const magnitude = bytes.subarray(start);
  const sign = magnitude[0] & 0x80 ? [0] : [];
  return Uint8Array.of(0x02, sign.length + magnitude.length, ...sign, ...magnitude);
}

/**
 * Base64 of JSON {iv, key}: AES-256-GCM around the PKCS#8 private key, under PBKDF2 of the secret.
 * Every number here and below is part of the format that other clients decrypt, hence none is ours to choose.
 */
async function encryptPrivateKey(privateKey, secret, username) {
  const wrappingKey = await deriveWrappingKey(secret, canonical(username), "wrapKey");
  const iv = crypto.getRandomValues(new Uint8Array(16));
  // Wrapped rather than exported and encrypted: the plain PKCS#8 never exists as bytes of this page.
  const wrapped = await crypto.subtle.wrapKey("pkcs8", privateKey, wrappingKey, { name: "AES-GCM", iv });
  return base64(utf8(JSON.stringify({ iv: base64(iv), key: base64(wrapped) })));
}

/** The name as everybody reads it, however it was typed: what a person sees as one name is one, as it is for the service. */
const canonical = (username) => username.normalize("NFKC").replaceAll(/\p{Default_Ignorable_Code_Point}/gu, "");

async function deriveWrappingKey(secret, username, usage) {
  const salt = await sha256(utf8(username.toLowerCase().trim()));
  const material = await crypto.subtle.importKey("raw", utf8(secret), "PBKDF2", false, ["deriveKey"]);
  return crypto.subtle.deriveKey(
    { name: "PBKDF2", hash: "SHA-256", salt, iterations: 100_000 },
    material,
    { name: "AES-GCM", length: 256 },
    false,
    [usage],
  );
}
