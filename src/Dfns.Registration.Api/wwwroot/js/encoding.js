// Bytes and text, as the wire writes them.

const encoder = new TextEncoder();
// fatal: decoded views show what was sent, so bytes that are not UTF-8 must not turn into replacement characters.
const decoder = new TextDecoder("utf-8", { fatal: true });

export const utf8 = (text) => encoder.encode(text);
export const fromUtf8 = (bytes) => decoder.decode(bytes);

/** Standard alphabet with padding: PEM bodies and the members of an encrypted private key. */
export function base64(bytes) {
  // One character at a time: spreading a large array into fromCharCode overflows the argument list.
  let binary = "";
  for (const byte of new Uint8Array(bytes)) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** URL alphabet without padding: every binary field of a credential. */
export const base64Url = (bytes) =>
  base64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

export const fromBase64 = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

export const fromBase64Url = (text) => fromBase64(text.replaceAll("-", "+").replaceAll("_", "/"));

/** The claims of a token, read and not verified: that is for whoever is asked to honour it. */
export const claimsOf = (token) => JSON.parse(fromUtf8(fromBase64Url(token.split(".")[1])));

/** Lower-case hex: the hash and the signature inside a raw key's attestation data. */
export const hex = (bytes) =>
  Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");

export const sha256 = (bytes) => crypto.subtle.digest("SHA-256", bytes);
