// Shows each HTTP exchange: what was sent, what came back, and what is inside the encoded parts.

import { claimsOf, fromBase64Url, fromUtf8 } from "./encoding.js";
import { template } from "./template.js";

const longestShown = 64;

const exchangeItem = template(`
  <li>
    <details class="exchange" data-testid="exchange">
      <summary>
        <span class="method" data-part="method"></span>
        <span class="path" data-part="path"></span>
        <span class="outcome" data-part="outcome"></span>
        <span class="time" data-part="time"></span>
      </summary>
      <div class="exchange-body">
        <button type="button" class="quiet" data-part="lengthen" aria-pressed="false" hidden>Show long values in full</button>
        <section data-part="request">
          <h3>Request</h3>
          <dl class="facts headers" data-part="headers"></dl>
        </section>
        <section data-part="response"><h3>Response</h3></section>
        <section data-part="decoded" hidden><h3>Decoded</h3></section>
      </div>
    </details>
  </li>`);

const jsonFigure = template(`
  <figure class="json">
    <figcaption><span data-part="label"></span> <button type="button" class="quiet" data-part="copy">Copy</button></figcaption>
    <pre tabindex="0" role="group"><code></code></pre>
  </figure>`);

/** Adds an exchange, as recorded by Wire, to the end of the list. */
export function showExchange(list, exchange, announce) {
  const item = exchangeItem();
  const part = (name) => item.querySelector(`[data-part="${name}"]`);

  part("method").textContent = exchange.method;
  part("path").textContent = exchange.path;
  // An answer cut short has a status as well, which then says nothing.
  part("outcome").textContent = exchange.failure ?? exchange.status;
  part("time").textContent = `${exchange.milliseconds} ms`;
  const details = item.querySelector("details");
  details.dataset.outcome = !exchange.failure && exchange.status >= 200 && exchange.status <= 299 ? "good" : "bad";

  for (const [name, value] of Object.entries(exchange.headers)) {
    const row = document.createElement("div");
    row.append(element("dt", name), element("dd", shortenHeader(value), "mono"));
    part("headers").append(row);
  }

  const views = [];
  const add = (section, label, value) => {
    const view = new JsonView(label, value, announce);
    views.push(view);
    section.append(view.figure);
  };

  const request = parse(exchange.requestBody);
  const response = parse(exchange.responseBody);
  if (request !== undefined) add(part("request"), "Request body", request);
  else part("request").append(element("p", "There is no body."));
  if (response !== undefined) add(part("response"), "Response body", response);
  else part("response").append(element("p", exchange.responseBody || `There is no body: ${exchange.failure ?? exchange.status}.`));

  for (const [label, value] of decodedParts(request).concat(decodedParts(response))) {
    part("decoded").hidden = false;
    add(part("decoded"), label, value);
  }

  const lengthen = part("lengthen");
  lengthen.hidden = !views.some((view) => view.canBeShortened);
  lengthen.addEventListener("click", () => {
    const full = lengthen.getAttribute("aria-pressed") !== "true";
    lengthen.setAttribute("aria-pressed", String(full));
    for (const view of views) view.render(full);
  });

  list.append(item);
}

/** A JSON value, laid out to be read and copied. */
export class JsonView {
  #value;
  #code;

  constructor(label, value, announce) {
    this.#value = value;
    this.figure = jsonFigure();
    this.#code = this.figure.querySelector("code");
    this.figure.querySelector('[data-part="label"]').textContent = label;
    // A box that scrolls has to be reachable by keyboard, and then wants a name.
    this.figure.querySelector("pre").setAttribute("aria-label", label);

    const copy = this.figure.querySelector('[data-part="copy"]');
    copy.setAttribute("aria-label", `Copy: ${label}`);
    copy.addEventListener("click", () => copyText(JSON.stringify(value, null, 2), label, copy, announce));

    this.render(false);
    this.canBeShortened = this.#code.textContent !== JSON.stringify(value, null, 2);
  }

  render(full) {
    const shown = full ? this.#value : shorten(this.#value);
    this.#code.replaceChildren(...colour(JSON.stringify(shown, null, 2)));
  }
}

const shownMilliseconds = 2500;

/**
 * Copies a text and says so, on the button to the eye and by announcement to screen readers; where the browser forbids it, says that
 * instead of failing silently.
 */
export async function copyText(text, label, button, announce) {
  try {
    await navigator.clipboard.writeText(text);
    tell(button, "Copied ✓");
    announce(`${label} copied.`);
  } catch {
    tell(button, "Not copied");
    announce("The browser did not allow copying. Select the text and copy it yourself.");
  }
}

/** Shows a word on a button for a moment. */
function tell(button, word) {
  button.dataset.text ??= button.textContent;
  button.textContent = word;
  clearTimeout(button.dataset.timer);
  button.dataset.timer = setTimeout(() => (button.textContent = button.dataset.text), shownMilliseconds);
}

/** Parts of a message that hold further JSON in an encoding, each with where it was found. */
function decodedParts(message, path = []) {
  if (typeof message !== "object" || message === null) return [];
  return Object.entries(message).flatMap(([name, value]) => {
    const here = [...path, name];
    const label = here.join(".");
    switch (name) {
      case "clientData":
      // A raw key's attestation data is JSON. A passkey's is CBOR, does not parse, and is left as it is.
      case "attestationData": {
        const inner = parse(decode(value));
        if (inner === undefined) return [];
        // The challenge of a recovery is JSON once more: the new credentials that the recovery key vouches for.
        const vouched = parse(decode(inner.challenge));
        return typeof vouched === "object" ? [[label, inner], [`${label}, challenge`, vouched]] : [[label, inner]];
      }
      case "temporaryAuthenticationToken":
      case "challengeIdentifier":
      case "token":
      case "userAction": {
        const claims = attempt(() => claimsOf(value));
        return claims === undefined ? [] : [[`${label}, claims`, claims]];
      }
      default:
        return decodedParts(value, here);
    }
  });
}

const decode = (text) => attempt(() => fromUtf8(fromBase64Url(text)));
const parse = (text) => attempt(() => JSON.parse(text));

function attempt(work) {
  try {
    return work();
  } catch {
    return undefined;
  }
}

function shorten(value) {
  if (typeof value === "string" && value.length > longestShown)
    return `${value.slice(0, 40)}…${value.slice(-8)} (${value.length} characters)`;
  if (Array.isArray(value)) return value.map(shorten);
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shorten(inner)]));
  return value;
}

/** Whoever looks over a shoulder learns no token. */
const shortenHeader = (value) => (value.length > 40 ? `${value.slice(0, 24)}…` : value);

/** Splits printed JSON into member names, strings and the rest, so that the style sheet can tell them apart. */
function colour(json) {
  return json.split(/("(?:[^"\\]|\\.)*"(?:\s*:)?)/).map((token) => {
    if (!token.startsWith('"')) return token;
    return element("span", token, token.endsWith(":") ? "member" : "string");
  });
}

function element(name, text, className) {
  const node = document.createElement(name);
  node.textContent = text;
  if (className) node.className = className;
  return node;
}
