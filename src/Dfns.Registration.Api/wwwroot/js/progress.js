// How it is going: the three steps, one line of status, and the error when there is one.

const byId = (id) => document.getElementById(id);

const stateTexts = { waiting: "waiting", active: "in progress", done: "done", failed: "not done" };
const steps = [...document.querySelectorAll("[data-step]")];

function setStep(element, state, text = stateTexts[state]) {
  element.dataset.state = state;
  element.querySelector(".state").textContent = text;
  if (state === "active") element.setAttribute("aria-current", "step");
  else element.removeAttribute("aria-current");
}

export function resetSteps() {
  for (const element of steps) setStep(element, "waiting");
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

/** @param again which way forward to offer: "send", "try" or none. */
export function showError({ title, message, help, status, code, path, again }) {
  byId("error-title").textContent = title;
  byId("error-message").textContent = message;
  setLine("error-help", help);
  setLine("error-status", status);
  setLine("error-code", code);
  setLine("error-path", path);
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
