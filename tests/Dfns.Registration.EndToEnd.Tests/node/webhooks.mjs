// Webhooks through the official SDK, and a back end that is told: { baseUrl, orgId, account, privateKey, invited } in, what each call came to and
// what was delivered out.

import { keyClient } from "./lib/clients.mjs";
import { input, output, recorded } from "./lib/io.mjs";
import { isGood, receive } from "./lib/receiver.mjs";

const { baseUrl, orgId, account, privateKey, invited } = await input();
const receiver = await receive();
const client = keyClient({ baseUrl, orgId }, account, privateKey);
const { webhooks, auth } = client;
const { results, call } = recorded();

const created = await call("created", () => webhooks.createWebhook({ body: { url: receiver.url, events: ["wallet.created", "user.invited"], description: "Books" } }));
const webhookId = created.id;
await call("got", () => webhooks.getWebhook({ webhookId }));
await call("listed", () => webhooks.listWebhooks({ query: { limit: 1 } }));
await call("pinged", () => webhooks.pingWebhook({ webhookId }));

await call("invited", () => auth.createUser({ body: invited }));
await receiver.next("user.invited");

results.deliveries = receiver.deliveries.map((delivery) => ({ ...delivery, isGood: isGood(delivery, created.secret), isForged: isGood(delivery, `${created.secret}x`) }));

// What was delivered is noted a moment after it was taken.
const webhookEventId = results.deliveries.at(-1).event.id;
let events = [];
while (events.length === 0) events = (await webhooks.listWebhookEvents({ webhookId, query: { kind: "user.invited", deliveryFailed: "false" } })).items;
await call("events", () => webhooks.listWebhookEvents({ webhookId }));
await call("failed", () => webhooks.listWebhookEvents({ webhookId, query: { deliveryFailed: "true" } }));
await call("event", () => webhooks.getWebhookEvent({ webhookId, webhookEventId }));
await call("updated", () => webhooks.updateWebhook({ webhookId, body: { status: "Disabled", events: ["*"] } }));
await call("metadata", () => webhooks.createWebhook({ body: { url: "https://169.254.169.254/latest", events: ["*"] } }));
await call("deleted", () => webhooks.deleteWebhook({ webhookId }));
await call("gone", () => webhooks.getWebhook({ webhookId }));
receiver.close();
output(results);
