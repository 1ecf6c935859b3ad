// How it is going: the steps, one line of status, and the error when there is one.

import { template } from "./template.js";

const byId = (id) => document.getElementById(id);

const errorParts = template(`
  <div>
    <h3 id="error-title" data-testid="error-title"></h3>
    <p id="error-message" class="error-message" data-testid="error-message"></p>
    <p id="error-help" data-testid="error-help"></p>
    <p class="actions">
      <a class="button primary" id="error-link" data-testid="error-link" hidden></a>
      <button type="button" class="primary" id="send-again" data-testid="send-again">Send again</button>
      <button type="button" id="try-again" data-testid="try-again">Try again</button>
    </p>
    <details id="error-details" data-testid="error-details">
      <summary>For developers</summary>
      <dl class="facts">
        <div><dt>Status</dt><dd class="mono" id="error-status" data-testid="error-status"></dd></div>
        <div><dt>Code</dt><dd class="mono" id="error-code" data-testid="error-code"></dd></div>
        <div><dt>Path</dt><dd class="mono" id="error-path" data-testid="error-path"></dd></div>
        <div><dt>Message</dt><dd id="error-wire" data-testid="error-wire"></dd></div>
      </dl>
    </details>
  </div>`);
byId("error").append(...errorParts().childNodes);

const stateTexts = { waiting: "waiting", active: "in progress", done: "done", failed: "not done" };
const steps = [...document.querySelectorAll("[data-step]")];

function setStep(element, state, text = stateTexts[state]) {
  element.dataset.state = state;
  element.querySelector(".state").textContent = text;
  if (state === "active") element.setAttribute("aria-current", "step");
  else element.removeAttribute("aria-current");
}

/** Puts the steps back to the start. @param names which to show; all of them without. */
export function resetSteps(names) {
  for (const element of steps) {
    setStep(element, "waiting");
    element.hidden = names !== undefined && !names.includes(element.dataset.step);
  }
}

/** Runs one step, and shows its state before, while and after. */
export async function step(name, work) {
  const element = steps.find(({ dataset }) => dataset.step === name);
  setStep(element, "active");
  try {
    const result = await work();
    setStep(element, "done");
    return result;
  } catch (failure) {
    setStep(element, "failed", failure.outcomeIsOpen ? "no clear answer" : undefined);
    throw failure;
  }
}

export function setStatus(text) {
  byId("status").textContent = text;
}

/** Takes the reader to the steps: the button just pressed is about to be disabled, which would drop the focus. */
export const focusProgress = () => byId("progress-title").focus();

/** Says something to screen readers that the page shows by other means. */
export function announce(text) {
  // Emptied first: a live region that is given the text it already has stays silent.
  byId("announcer").textContent = "";
  setTimeout(() => (byId("announcer").textContent = text), 50);
}

/**
 * @param again which way forward to offer: "send", "try" or none.
 * @param link {href, text} of a page that leads on; none without.
 */
export function showError({ title, message, help, status, code, path, wire, again, link }) {
  byId("error-title").textContent = title;
  byId("error-message").textContent = message;
  setLine("error-help", help);
  setLine("error-status", status);
  setLine("error-code", code);
  setLine("error-path", path);
  setLine("error-wire", wire);
  byId("error-details").hidden = !(status || code || path || wire);
  byId("error-details").open = false;
  byId("error-link").hidden = !link;
  byId("error-link").textContent = link?.text ?? "";
  byId("error-link").href = link?.href ?? "";
  // What only looks like a failure: nothing is wrong, there is another way on.
  byId("error").dataset.tone = link ? "note" : "";
  byId("send-again").hidden = again !== "send";
  byId("try-again").hidden = again !== "try";
  byId("error").hidden = false;
  byId("error").focus();
}

export function hideError() {
  byId("error").hidden = true;
}

/** Fills a line of the error, or leaves the whole line out. */
function setLine(id, text) {
  const node = byId(id);
  node.textContent = text ?? "";
  (node.closest(".facts > div") ?? node).hidden = !text;
}
