// Registers users through the official SDK: { baseUrl, orgId?, surface, callers, invitations, slots } in,
// one { answer } or { error } for each invitation out.
// surface: "base" for the SDK's BaseAuthApi, "client" for its DfnsApiClient.

import { BaseAuthApi, DfnsApiClient } from "@dfns/sdk";
import { input, outcome, output } from "./lib/io.mjs";
import { createBody } from "./lib/keys.mjs";

const { baseUrl, orgId, surface = "base", callers = 1, invitations, slots } = await input();

const options = (authToken) => ({ baseUrl, ...(orgId && { orgId }), ...(authToken && { authToken }) });

const surfaces = {
  base: {
    start: (request) => BaseAuthApi.createUserRegistrationChallenge(request, options()),
    complete: (body, token) => BaseAuthApi.createUserRegistration(body, options(token)),
  },
  client: {
    start: (body) => new DfnsApiClient(options()).auth.createRegistrationChallenge({ body }),
    complete: (body, token) => new DfnsApiClient(options(token)).auth.register({ body }),
  },
};
const { start, complete } = surfaces[surface];

async function register({ username, code, orgId }) {
  const challenge = await start({ username, registrationCode: code, orgId });
  return complete(createBody(challenge.challenge, slots), challenge.temporaryAuthenticationToken);
}

const outcomes = [];
const waiting = invitations.entries();
await Promise.all(
  Array.from({ length: callers }, async () => {
    for (const [index, invitation] of waiting) outcomes[index] = await outcome(() => register(invitation));
  }),
);
output(outcomes);
