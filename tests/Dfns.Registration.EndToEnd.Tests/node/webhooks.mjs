// Webhooks through the official SDK, and a back end that checks each delivery as the hosted service documents it: over the parsed body, written again.
// { baseUrl, orgId, account, privateKey, invited } in, what each call came to and what was delivered out.

import { createHmac, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { DfnsApiClient } from "@dfns/sdk";
import { AsymmetricKeySigner } from "@dfns/sdk-keysigner";
import { input, outcome, output } from "./lib/io.mjs";

const { baseUrl, orgId, account, privateKey, invited } = await input();
const delivered = [];
const arrivals = [];

const server = createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request.setEncoding("utf8")) body += chunk;
  delivered.push({ body, signature: request.headers["x-dfns-webhook-signature"], type: request.headers["content-type"] });
  response.end("ok");
  arrivals.shift()?.();
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
const arrival = () => new Promise((resolve) => arrivals.push(resolve));

const client = new DfnsApiClient({ baseUrl, orgId, authToken: account.token, signer: new AsymmetricKeySigner({ credId: account.credId, privateKey }) });
const { webhooks, auth } = client;
const results = {};
const call = async (name, run) => (results[name] = await outcome(run)).answer;

const url = `http://127.0.0.1:${server.address().port}/events`;
const created = await call("created", () => webhooks.createWebhook({ body: { url, events: ["wallet.created", "user.invited"], description: "Books" } }));
const webhookId = created.id;
await call("got", () => webhooks.getWebhook({ webhookId }));
await call("listed", () => webhooks.listWebhooks({ query: { limit: 1 } }));
await call("pinged", () => webhooks.pingWebhook({ webhookId }));

const told = arrival();
await call("invited", () => auth.createUser({ body: invited }));
await told;

const isGood = ({ body, signature }, secret) => {
  const event = JSON.parse(body);
  const trusted = Buffer.from(`sha256=${createHmac("sha256", secret).update(JSON.stringify(event)).digest("hex")}`, "ascii");
  return timingSafeEqual(trusted, Buffer.from(signature, "ascii")) && Math.abs(Date.now() / 1000 - event.timestampSent) < 300;
};
results.deliveries = delivered.map((delivery) => ({ ...delivery, event: JSON.parse(delivery.body), isGood: isGood(delivery, created.secret), isForged: isGood(delivery, `${created.secret}x`) }));

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
server.close();
server.closeAllConnections();
output(results);
