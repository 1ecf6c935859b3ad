// A back end begins the registration of an end user through the official SDK: { baseUrl, orgId, account, privateKey, email } in,
// the challenge for the user's device out.

import { DfnsApiClient } from "@dfns/sdk";
import { AsymmetricKeySigner } from "@dfns/sdk-keysigner";
import { input, output } from "./lib/io.mjs";

const { baseUrl, orgId, account, privateKey, email } = await input();
const signer = new AsymmetricKeySigner({ credId: account.credId, privateKey });
const backend = new DfnsApiClient({ baseUrl, orgId, authToken: account.token, signer });
output(await backend.auth.createDelegatedRegistrationChallenge({ body: { email, kind: "EndUser" } }));
