// Asks for a new code through the official SDK: { baseUrl, username, orgId } in, the outcome out.

import { DfnsApiClient } from "@dfns/sdk";
import { input, outcome, output } from "./lib/io.mjs";

const { baseUrl, username, orgId } = await input();
output(await outcome(() => new DfnsApiClient({ baseUrl }).auth.resendRegistrationCode({ body: { username, orgId } })));
