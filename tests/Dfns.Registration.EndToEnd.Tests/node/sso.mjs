// Single sign-on through the official SDK, as a page would do it: { baseUrl, orgId, clientIds, redirectUri } in, what each call came to out. The person at the provider is whom that was told last.

import { DfnsApiClient } from "@dfns/sdk";
import { browse } from "./lib/browse.mjs";
import { input, outcome, output } from "./lib/io.mjs";

const { baseUrl, orgId, clientIds, redirectUri } = await input();
const client = (authToken) => new DfnsApiClient({ baseUrl, orgId, authToken, signer: { sign: () => Promise.reject(new Error("Nothing is signed.")) } });
const { auth } = client();
const results = { signedIn: [] };

for (const clientId of clientIds) {
  const { ssoRedirectUrl } = await auth.ssoLoginInit({ body: { orgId, clientId, redirectUri } });
  const back = new URL(await browse(ssoRedirectUrl, redirectUri)).searchParams;
  // The page keeps the state that it was sent away with, and takes no other.
  if (back.get("state") !== new URL(ssoRedirectUrl).searchParams.get("state")) throw new Error("This answer is to somebody else's question.");
  const body = { code: back.get("code"), state: back.get("state") };
  const { token } = await auth.ssoLogin({ body });
  results.signedIn.push((await client(token).auth.listCredentials()).items.length);
  results.again = await outcome(() => auth.ssoLogin({ body }));
  results.iss = back.get("iss");
}

results.elsewhere = await outcome(() => auth.ssoLoginInit({ body: { orgId, clientId: clientIds[0], redirectUri: "https://elsewhere.example/" } }));
results.unknown = await outcome(() => auth.ssoLoginInit({ body: { orgId, clientId: "another", redirectUri } }));

// A code that is redeemed without what its challenge is of, as whoever stole it would do.
const { ssoRedirectUrl: stolen } = await auth.ssoLoginInit({ body: { orgId, clientId: clientIds[0], redirectUri } });
const { ssoRedirectUrl: own } = await auth.ssoLoginInit({ body: { orgId, clientId: clientIds[0], redirectUri } });
const code = new URL(await browse(stolen, redirectUri)).searchParams.get("code");
results.injected = await outcome(() => auth.ssoLogin({ body: { code, state: new URL(own).searchParams.get("state") } }));
output(results);
