// Bundled for the browser: what the pages of the official examples do, with the official SDK and its official signers, unmodified. Each function is one
// thing that a person does there, and answers { answer } or { error } as the page is told it.

import { DfnsApiClient, DfnsAuthenticator, DfnsError } from "@dfns/sdk";
import { BrowserKeySigner, WebAuthnSigner } from "@dfns/sdk-browser";
import { outcome } from "./lib/io.mjs";
import { createRecoveryKey, openRecoveryKey } from "./lib/recovery-key.mjs";

const passkeys = () => new WebAuthnSigner({ relyingParty: { id: location.hostname, name: "Example" } });
const soon = () => new Date(Date.now() + 50_000).toISOString();

async function post(path, body) {
  const response = await fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  const answer = await response.json();
  if (!response.ok) throw Object.assign(new Error(answer.error.message), answer.error, { context: { body: answer } });
  return answer;
}

// Without a back end: the page calls the service, and keeps the token.
const keptToken = "token";
const authenticator = ({ baseUrl }) => new DfnsAuthenticator({ baseUrl, signer: passkeys() });
const client = ({ baseUrl, authToken = localStorage.getItem(keptToken) ?? undefined }) => new DfnsApiClient({ baseUrl, authToken, signer: passkeys() });
const claimOf = (token, name) => JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0))))[name];

const direct = {
  register: ({ username, orgId, registrationCode, ...service }) => authenticator(service).register({ username, orgId, registrationCode }),
  async login({ username, orgId, ...service }) {
    const { token } = await authenticator(service).login({ username, orgId });
    localStorage.setItem(keptToken, token);
    return { user: claimOf(token, "https://custom/username") };
  },
  async addCredential({ code, ...service }) {
    const { auth } = client(service);
    const challenge = await auth.createCredentialChallengeWithCode({ body: { code, credentialKind: "Fido2" } });
    if (challenge.kind !== "Fido2") throw new Error(`A challenge for ${challenge.kind}.`);
    const { credentialKind, credentialInfo } = await passkeys().create(challenge);
    return auth.createCredentialWithCode({ body: { credentialName: "Another device", challengeIdentifier: challenge.challengeIdentifier, credentialKind, credentialInfo } });
  },
  sign: (service) => client(service).auth.createCredentialCode({ body: { expiration: soon() } }),
  listWallets: (service) => client(service).wallets.listWallets({ query: { limit: "20" } }),
  createWallet: (service) => client(service).wallets.createWallet({ body: { network: "EthereumSepolia" } }),
};

// With a back end, which alone calls the service.
const asUser = (path) => async ({ authToken, signer = passkeys() }) => {
  const begun = await post(`${path}/init`, { authToken });
  const challenge = begun.challenge.challenge ? begun.challenge : begun;
  const signedChallenge = { challengeIdentifier: challenge.challengeIdentifier, firstFactor: await signer.sign(challenge) };
  return post(`${path}/complete`, { authToken, requestBody: begun.requestBody, signedChallenge });
};

const delegated = {
  async register({ username }) {
    const challenge = await post("/register/init", { username });
    const signedChallenge = { firstFactorCredential: await passkeys().create(challenge) };
    return post("/register/enduser", { signedChallenge, temporaryAuthenticationToken: challenge.temporaryAuthenticationToken });
  },
  login: ({ username }) => post("/login", { username }),
  listWallets: ({ authToken }) => post("/wallets/list", { authToken }),
  createWallet: ({ authToken }) => asUser("/wallets")({ authToken }),
  sign: ({ authToken }) => asUser("/action")({ authToken }),
};

// The same with a key of the browser's own, which lasts as long as the page.
let keyPair;
const delegatedKey = {
  async register({ username }) {
    const challenge = await post("/register/init", { username });
    keyPair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
    const signedChallenge = { firstFactorCredential: await new BrowserKeySigner({ keyPair }).create(challenge) };
    return post("/register/complete", { signedChallenge, temporaryAuthenticationToken: challenge.temporaryAuthenticationToken });
  },
  async login({ username, orgId }) {
    const challenge = await post("/login/init", { username, orgId });
    // The page has not kept the id of its key: it is the first that the challenge lists.
    const signer = new BrowserKeySigner({ credId: challenge.allowCredentials.key[0].id, keyPair });
    return post("/login/complete", { signedChallenge: { challengeIdentifier: challenge.challengeIdentifier, firstFactor: await signer.sign(challenge) } });
  },
  sign: ({ authToken, credId }) => asUser("/action")({ authToken, signer: new BrowserKeySigner({ credId, keyPair }) }),
};

// With an ID token that the page got from the provider's button; whose organisation it is the page does not say.
const social = {
  async continueWith({ idToken, ...service }) {
    const body = { socialLoginProviderKind: "Oidc", idToken };
    const { auth } = new DfnsApiClient({ baseUrl: service.baseUrl, signer: passkeys() });
    try {
      return { how: "signed in", authToken: (await auth.socialLogin({ body })).token };
    } catch (error) {
      if (!(error instanceof DfnsError && error.httpStatus === 401)) throw error;
    }
    const challenge = await auth.createSocialRegistrationChallenge({ body });
    const registered = await client({ ...service, authToken: challenge.temporaryAuthenticationToken }).auth.registerEndUser({
      body: { firstFactorCredential: await passkeys().create(challenge), wallets: [{ network: "EthereumSepolia" }] },
    });
    return { how: "registered", ...registered, authToken: registered.authentication.token };
  },
  sign: direct.sign,
  listWallets: direct.listWallets,
};

// With a recovery key, which the person writes down.
const recovery = {
  async register({ username }) {
    const challenge = await post("/register/init", { username });
    const firstFactorCredential = await passkeys().create(challenge);
    const { credential, secret } = await createRecoveryKey(challenge.challenge, username);
    const registered = await post("/register/complete", {
      signedChallenge: { firstFactorCredential, recoveryCredential: credential }, temporaryAuthenticationToken: challenge.temporaryAuthenticationToken,
    });
    return { registered, written: { secret, credentialId: credential.credentialInfo.credId }, permitted: await post("/permissions", { userId: registered.user.id }) };
  },
  login: delegated.login,
  sign: delegated.sign,
  async recover({ username, written: { secret, credentialId } }) {
    const challenge = await post("/recover/init", { username, credentialId });
    const old = await openRecoveryKey(challenge.allowedRecoveryCredentials[0].encryptedRecoveryKey, secret, username);
    const fresh = await createRecoveryKey(challenge.challenge, username);
    const newCredentials = { firstFactorCredential: await passkeys().create(challenge), recoveryCredential: fresh.credential };
    return {
      recovered: await post("/recover/complete", {
        temporaryAuthenticationToken: challenge.temporaryAuthenticationToken, newCredentials, recovery: await old.sign(credentialId, newCredentials),
      }),
      written: { secret: fresh.secret, credentialId: fresh.credential.credentialInfo.credId },
    };
  },
};

const examples = { direct, delegated, delegatedKey, social, recovery };

/** Does one thing of an example. */
window.example = ({ name, act, ...request }) => outcome(() => examples[name][act](request));
