// The web application of a team that follows the official examples: a page, and the back end behind it, through the official SDK, unmodified. It writes
// { origin }; the first line of standard input is { baseUrl, orgId, account, privateKey } of its service account, which a page alone does without. It
// ends with its input.

import { BaseAuthApi, DfnsDelegatedApiClient } from "@dfns/sdk";
import { once } from "node:events";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { keyClient } from "./lib/clients.mjs";
import { outcome, output } from "./lib/io.mjs";

let settings;
const backend = (token = settings.account.token) => keyClient(settings, { ...settings.account, token }, settings.privateKey);
/** Calls as the end user, whose device signs them: each in two halves. */
const delegated = (authToken) => new DfnsDelegatedApiClient({ baseUrl: settings.baseUrl, orgId: settings.orgId, authToken });

const routes = {
  "/register/init": ({ username }) => backend().auth.createDelegatedRegistrationChallenge({ body: { email: username, kind: "EndUser" } }),
  "/register/complete": ({ signedChallenge, temporaryAuthenticationToken }) => BaseAuthApi.createUserRegistration(signedChallenge, { baseUrl: settings.baseUrl, authToken: temporaryAuthenticationToken }),
  // With the back end's own key and the user's temporary token, and a wallet wished for.
  "/register/enduser": ({ signedChallenge, temporaryAuthenticationToken }) =>
    backend(temporaryAuthenticationToken).auth.registerEndUser({ body: { ...signedChallenge, wallets: [{ network: "EthereumSepolia" }] } }),
  // What a back end then grants its user in the hosted service.
  "/permissions": async ({ userId }) => {
    const { permissions } = backend();
    const wallets = await outcome(() => permissions.createPermission({ body: { name: "Wallets", operations: ["Wallets:Create", "Wallets:Read"] } }));
    const served = await permissions.createPermission({ body: { name: "Readers", operations: ["Auth:Users:Read"] } });
    return { wallets, assigned: await outcome(() => permissions.createAssignment({ permissionId: served.id, body: { identityId: userId } })) };
  },
  "/login": async ({ username }) => ({ username, token: (await backend().auth.delegatedLogin({ body: { username } })).token }),
  "/login/init": ({ username, orgId }) => backend().auth.createLoginChallenge({ body: { username, orgId } }),
  "/login/complete": ({ signedChallenge }) => backend().auth.login({ body: signedChallenge }),
  "/wallets/list": ({ authToken }) => delegated(authToken).wallets.listWallets({}),
  "/wallets/init": ({ authToken }) => delegated(authToken).wallets.createWalletInit({ body: { network: "EthereumSepolia" } }),
  "/wallets/complete": ({ authToken, signedChallenge }) => delegated(authToken).wallets.createWalletComplete({ body: { network: "EthereumSepolia" } }, signedChallenge),
  // A signed call of the user's in two halves; the body goes to the page and back, as it was.
  "/action/init": async ({ authToken }) => {
    const requestBody = { expiration: new Date(Date.now() + 50_000).toISOString() };
    return { requestBody, challenge: await delegated(authToken).auth.createCredentialCodeInit({ body: requestBody }) };
  },
  "/action/complete": ({ authToken, requestBody, signedChallenge }) => delegated(authToken).auth.createCredentialCodeComplete({ body: requestBody }, signedChallenge),
  "/recover/init": ({ username, credentialId }) => backend().auth.createDelegatedRecoveryChallenge({ body: { username, credentialId } }),
  "/recover/complete": ({ temporaryAuthenticationToken, recovery, newCredentials }) => delegated(temporaryAuthenticationToken).auth.recover({ body: { recovery, newCredentials } }),
};

const server = createServer(async (request, response) => {
  if (request.method === "GET") return response.setHeader("content-type", "text/html").end("<!doctype html><link rel=icon href=data:,><title>Example</title>");
  let body = "";
  for await (const chunk of request.setEncoding("utf8")) body += chunk;
  const { answer, error } = await outcome(() => routes[request.url](JSON.parse(body)));
  response.writeHead(error ? (error.httpStatus ?? 500) : 200, { "content-type": "application/json" }).end(JSON.stringify(answer ?? { error }));
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
output({ origin: `http://localhost:${server.address().port}` });
for await (const line of createInterface({ input: process.stdin })) settings = JSON.parse(line);
process.exit(0);
