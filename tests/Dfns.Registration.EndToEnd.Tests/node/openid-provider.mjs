// A certified OpenID provider on loopback (oidc-provider), with keys of its own. It writes { issuer } and then answers lines of standard
// input: { sub, email, verified, nonce? } signs a user in with the authorization code flow and PKCE, as a browser and its application
// do, and writes { idToken }; the same person then signs in for whoever else goes there; "rotate" replaces its keys and writes { rotated }. It ends with its input.

import { createHash, generateKeyPairSync, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import Provider from "oidc-provider";
import { browse } from "./lib/browse.mjs";
import { output } from "./lib/io.mjs";

const clientId = "web.example.co";
const redirectUri = "https://app.example.co/callback";
let handle;
const server = createServer((request, response) => handle(request, response));
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;
let account;

function start() {
  const key = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" });
  const provider = new Provider(issuer, {
    jwks: { keys: [{ ...key, kid: randomBytes(8).toString("hex"), use: "sig", alg: "RS256" }] },
    clients: [
      { client_id: clientId, redirect_uris: [redirectUri], token_endpoint_auth_method: "none" },
      { client_id: "server.example.co", client_secret: "a secret+of: the client", redirect_uris: [redirectUri], token_endpoint_auth_method: "client_secret_basic" },
    ],
    cookies: { keys: [randomBytes(32).toString("hex")] },
    claims: { openid: ["sub"], email: ["email", "email_verified"] },
    conformIdTokenClaims: false,
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, email: account.email, email_verified: account.verified }) }),
  });
  const serve = provider.callback();
  // Whoever is to be signed in has typed his password and agreed to everything.
  handle = async (request, response) => {
    if (!request.url.startsWith("/interaction/")) return serve(request, response);
    const { prompt, params, grantId } = await provider.interactionDetails(request, response);
    if (prompt.name === "login") return provider.interactionFinished(request, response, { login: { accountId: account.sub } });
    const grant = grantId ? await provider.Grant.find(grantId) : new provider.Grant({ accountId: account.sub, clientId: params.client_id });
    grant.addOIDCScope(params.scope);
    return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: true });
  };
}

async function signIn({ nonce }) {
  const verifier = randomBytes(32).toString("base64url");
  const query = new URLSearchParams({
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: "code",
    scope: "openid email",
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    ...(nonce && { nonce }),
  });
  const url = await browse(`${issuer}/auth?${query}`, redirectUri);
  const answer = await fetch(`${issuer}/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "authorization_code",
      code: new URL(url).searchParams.get("code"),
      client_id: clientId,
      redirect_uri: redirectUri,
      code_verifier: verifier,
    }),
  });
  const { id_token: idToken, ...rest } = await answer.json();
  if (!idToken) throw new Error(JSON.stringify(rest));
  return idToken;
}

start();
output({ issuer });
for await (const line of createInterface({ input: process.stdin })) {
  if (line === "rotate") {
    start();
    output({ rotated: true });
  } else {
    account = JSON.parse(line);
    output({ idToken: await signIn(account) });
  }
}
process.exit(0);
