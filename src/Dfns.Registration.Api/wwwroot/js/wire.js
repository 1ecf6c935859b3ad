// HTTP to the service, one JSON object each way, and a record of each exchange for whoever wants to read along.

import { LostAnswer, Refusal } from "./failures.js";

const timeoutMilliseconds = 30_000;

export class Wire {
  #onExchange;

  /** @param onExchange called with the record of each exchange once it has ended, well or badly. */
  constructor(onExchange) {
    this.#onExchange = onExchange;
  }

  /**
   * Sends a body exactly as given: text rather than an object, since a repeated request is recognised by its bytes.
   * @param body undefined for none.
   * @param proof {bearer?, userAction?}: who calls, and the signature that makes this one call.
   * @returns the parsed answer; throws Refusal for any other status than 2xx, LostAnswer when no JSON came back.
   */
  async send(method, path, body, { bearer, userAction } = {}) {
    const headers = {};
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (bearer) headers.Authorization = `Bearer ${bearer}`;
    if (userAction) headers["X-DFNS-USERACTION"] = userAction;

    const exchange = { method, path, headers, requestBody: body };
    const started = performance.now();
    try {
      const response = await fetch(path, {
        method,
        headers,
        body,
        cache: "no-store",
        // The pages of a service that is open to the network are behind a cookie; no call of the API reads one.
        credentials: "same-origin",
        signal: AbortSignal.timeout(timeoutMilliseconds),
      });
      exchange.status = response.status;
      exchange.responseBody = await response.text();
    } catch (cause) {
      exchange.failure =
        cause.name === "TimeoutError"
          ? `no answer within ${timeoutMilliseconds / 1000} seconds`
          : exchange.status ? "answer cut short" : "no answer";
      throw new LostAnswer("The service did not answer.", { cause });
    } finally {
      exchange.milliseconds = Math.round(performance.now() - started);
      this.#onExchange(exchange);
    }

    const answer = parse(exchange.responseBody);
    if (exchange.status < 200 || exchange.status > 299) throw new Refusal(exchange.status, answer);
    if (answer === undefined) throw new LostAnswer("The service's answer could not be read as JSON.");
    return answer;
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
