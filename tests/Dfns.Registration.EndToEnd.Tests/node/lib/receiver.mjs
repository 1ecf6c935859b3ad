// A back end that is told of events, and checks each delivery as the hosted service documents it: over the parsed body, written again.

import { createHmac, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";

/** Listens on loopback. `next` waits for the first delivery of a kind that it has not answered yet. */
export async function receive() {
  const deliveries = [];
  const waiting = new Set();
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request.setEncoding("utf8")) body += chunk;
    deliveries.push({ body, event: JSON.parse(body), signature: request.headers["x-dfns-webhook-signature"], type: request.headers["content-type"] });
    response.end("ok");
    for (const look of [...waiting]) look();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const taken = new Set();
  return {
    url: `http://127.0.0.1:${server.address().port}/events`,
    deliveries,
    next: (kind) =>
      new Promise((resolve) => {
        const look = () => {
          const found = deliveries.find((delivery) => delivery.event.kind === kind && !taken.has(delivery));
          if (!found) return;
          taken.add(found);
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Whether a delivery was signed with this secret, within five minutes. */
export function isGood({ body, signature }, secret) {
  const event = JSON.parse(body);
  const trusted = Buffer.from(`sha256=${createHmac("sha256", secret).update(JSON.stringify(event)).digest("hex")}`, "ascii");
  return timingSafeEqual(trusted, Buffer.from(signature, "ascii")) && Math.abs(Date.now() / 1000 - event.timestampSent) < 300;
}
