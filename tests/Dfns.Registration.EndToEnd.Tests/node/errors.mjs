// What a caller of the official SDK gets to see when the service refuses: { baseUrl, invitation } in, errors by name out.

import { BaseAuthApi, DfnsApiClient } from "@dfns/sdk";
import { input, outcome, output } from "./lib/io.mjs";
import { createBody } from "./lib/keys.mjs";

const { baseUrl, invitation } = await input();
const { username, code, orgId } = invitation;

const start = (changes) =>
  BaseAuthApi.createUserRegistrationChallenge({ username, registrationCode: code, orgId, ...changes }, { baseUrl });
const complete = (body, authToken) => BaseAuthApi.createUserRegistration(body, { baseUrl, authToken });

const results = {};
results.wrongCode = await outcome(() => start({ registrationCode: "0000-0000-0000-0000" }));
results.unknownUser = await outcome(() => start({ username: "nobody@example.co" }));
results.unknownOrganisation = await outcome(() => start({ orgId: "or-00000-00000-0000000000000000" }));
results.noUsername = await outcome(() => start({ username: undefined }));

const session = await start();
const token = session.temporaryAuthenticationToken;
const slots = { first: { name: "Server key" }, recovery: {} };
const body = createBody(session.challenge, slots);
results.noToken = await outcome(() => complete(body));
results.foreignToken = await outcome(() => complete(body, `${token.slice(0, -4)}AAAA`));
results.otherChallenge = await outcome(() => complete(createBody("A".repeat(43), slots), token));
results.wrongSlot = await outcome(() => complete({ firstFactorCredential: body.recoveryCredential }, token));
results.password = await outcome(() =>
  complete({ firstFactorCredential: { credentialKind: "Password", credentialInfo: { password: "hunter2" } } }, token));

const other = await start();
results.registered = await outcome(() => complete(body, token));
results.repeated = await outcome(() => complete(body, token));
results.replayed = await outcome(() => complete(createBody(session.challenge, slots), token));
results.otherSession = await outcome(() =>
  complete(createBody(other.challenge, slots), other.temporaryAuthenticationToken));
results.alreadyRegistered = await outcome(() => start());
results.wrongCodeAfterwards = await outcome(() => start({ registrationCode: "0000-0000-0000-0000" }));
results.notServed = await outcome(() => new DfnsApiClient({ baseUrl, authToken: token }).wallets.listWallets());
output(results);
