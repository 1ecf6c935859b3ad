// A back end begins the registration of an end user through the official SDK: { baseUrl, orgId, account, privateKey, email } in,
// the challenge for the user's device out.

import { keyClient } from "./lib/clients.mjs";
import { input, output } from "./lib/io.mjs";

const { baseUrl, orgId, account, privateKey, email } = await input();
const backend = keyClient({ baseUrl, orgId }, account, privateKey);
output(await backend.auth.createDelegatedRegistrationChallenge({ body: { email, kind: "EndUser" } }));
