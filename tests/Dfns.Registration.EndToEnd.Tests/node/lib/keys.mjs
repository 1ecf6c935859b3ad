// Credentials of raw keys, made with Node's own cryptography as a server-side client makes them: the SDK signs with
// keys but leaves making them to its users.

import { createHash, generateKeyPairSync, sign } from "node:crypto";

const base64url = (data) => Buffer.from(data).toString("base64url");

const makers = {
  "P-256": () => generateKeyPairSync("ec", { namedCurve: "P-256" }),
  "P-384": () => generateKeyPairSync("ec", { namedCurve: "P-384" }),
  "P-521": () => generateKeyPairSync("ec", { namedCurve: "P-521" }),
  secp256k1: () => generateKeyPairSync("ec", { namedCurve: "secp256k1" }),
  Ed25519: () => generateKeyPairSync("ed25519"),
  "RSA-2048": () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
};

const privateKeys = new Map();

/** A P-256 key as PEM, private and public, as a program has one. */
export function keyPair() {
  const { publicKey, privateKey } = makers["P-256"]();
  return { publicKey: publicKey.export({ type: "spki", format: "pem" }), privateKey: privateKey.export({ type: "pkcs8", format: "pem" }) };
}

/** The private key of a credential made here, as PEM. */
export const privateKeyOf = (credential) => privateKeys.get(credential.credentialInfo.credId);

/**
 * @param challenge the challenge text of the service.
 * @param key a name of the table above; P-256 when absent.
 * @param kind Key, PasswordProtectedKey or RecoveryKey.
 */
export const createCredential = (challenge, slot) => createSigner(challenge, slot).credential;

/** The same credential, and the signer of the official SDK's clients that signs with it from then on. */
export function createSigner(challenge, { kind = "Key", key = "P-256", name } = {}) {
  const { publicKey, privateKey } = makers[key]();
  const pem = publicKey.export({ type: "spki", format: "pem" });
  const clientData = JSON.stringify({ type: "key.create", challenge });
  const fingerprint = JSON.stringify({
    clientDataHash: createHash("sha256").update(clientData).digest("hex"),
    publicKey: pem,
  });
  // No hash named: SHA-256 for elliptic curves and RSA, the key's own for Ed25519.
  const signature = sign(undefined, Buffer.from(fingerprint), privateKey).toString("hex");

  const credential = {
    credentialKind: kind,
    credentialInfo: {
      credId: base64url(createHash("sha256").update(publicKey.export({ type: "spki", format: "der" })).digest()),
      clientData: base64url(clientData),
      attestationData: base64url(JSON.stringify({ publicKey: pem, signature })),
    },
  };
  privateKeys.set(credential.credentialInfo.credId, privateKey.export({ type: "pkcs8", format: "pem" }));
  if (name) credential.credentialName = name;
  // To the service this is opaque text; what a client encrypts and how is its own affair.
  if (kind !== "Key") credential.encryptedPrivateKey = base64url(createHash("sha512").update(pem).digest());

  const { credId } = credential.credentialInfo;
  const assert = (challenge) => {
    const clientData = Buffer.from(JSON.stringify({ type: "key.get", challenge }));
    return {
      kind: kind === "RecoveryKey" ? kind : "Key",
      credentialAssertion: { credId, clientData: base64url(clientData), signature: base64url(sign(undefined, clientData, privateKey)) },
    };
  };
  return {
    credential,
    /** The SDK's interface of a signer. */
    sign: async ({ challenge }) => assert(challenge),
    /** Signs new credentials as a recovery key does. */
    recover: (newCredentials) => assert(base64url(JSON.stringify(newCredentials))),
  };
}

/** The body of a registration: what is asked for in each slot. */
export function createBody(challenge, { first, second, recovery }) {
  const body = { firstFactorCredential: createCredential(challenge, first) };
  if (second) body.secondFactorCredential = createCredential(challenge, second);
  if (recovery) body.recoveryCredential = createCredential(challenge, { ...recovery, kind: "RecoveryKey" });
  return body;
}
