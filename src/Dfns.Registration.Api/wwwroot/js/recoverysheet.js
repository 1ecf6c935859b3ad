// The one showing of a new recovery key, and the ways to keep it.

import { copyText } from "./exchanges.js";
import { announce } from "./progress.js";
import { recoverySheet } from "./recovery.js";
import { template } from "./template.js";

const byId = (id) => document.getElementById(id);

const markup = template(`
  <div>
    <section id="recovery" class="recovery" data-testid="recovery" aria-labelledby="recovery-title" hidden>
      <h3 id="recovery-title" tabindex="-1">Store your recovery key now</h3>
      <p>
        It is shown this once. The service does not know it; without it, a lost device or password means a lost account.
      </p>
      <p class="secret"><code id="recovery-secret" data-testid="recovery-secret"></code></p>
      <dl class="facts">
        <div><dt>Username</dt><dd id="recovery-username"></dd></div>
        <div><dt>Organisation id</dt><dd class="mono" id="recovery-org-id"></dd></div>
        <div><dt>Credential id</dt><dd class="mono" id="recovery-cred-id" data-testid="recovery-cred-id"></dd></div>
      </dl>
      <p class="actions screen-only">
        <button type="button" id="recovery-copy" data-testid="recovery-copy">Copy the recovery key</button>
        <button type="button" id="recovery-download" data-testid="recovery-download">Download as a text file</button>
      </p>
      <p class="hint screen-only">
        Or print this page: only this sheet comes out. Keep it offline, apart from your devices.
      </p>
      <p class="actions screen-only">
        <button type="button" class="primary" id="recovery-confirm" data-testid="recovery-confirm">I have stored it</button>
      </p>
    </section>
    <p id="recovery-done" class="done-note" data-testid="recovery-done" tabindex="-1" hidden>
      Recovery key stored. It is no longer on this page.
    </p>
  </div>`);

let sheet;

/** Puts the sheet, still hidden, in the place of an element. Once a page. */
export function placeRecoverySheet(element) {
  element.replaceWith(...markup().childNodes);
  byId("recovery-copy").addEventListener("click", () => copyText(sheet.secret, "Recovery key", byId("recovery-copy"), announce));
  byId("recovery-download").addEventListener("click", download);
  byId("recovery-confirm").addEventListener("click", confirmStored);
}

/** @param facts {username, orgId, credId, secret}. */
export function showRecoveryKey(facts) {
  sheet = facts;
  byId("recovery-secret").textContent = facts.secret;
  byId("recovery-username").textContent = facts.username;
  byId("recovery-org-id").textContent = facts.orgId;
  byId("recovery-cred-id").textContent = facts.credId;
  byId("recovery-done").hidden = true;
  byId("recovery").hidden = false;
  addEventListener("beforeunload", keepPage);
}

/** @returns false while a recovery key waits to be stored: leaving it behind has to be a decision, not a slip. */
export function recoveryKeyIsStored() {
  if (!sheet) return true;
  announce("Store your recovery key first.");
  byId("recovery-confirm").focus();
  return false;
}

/** The browser asks before it leaves a page whose recovery key has not been stored. */
const keepPage = (event) => event.preventDefault();

function download() {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([recoverySheet(sheet)], { type: "text/plain" }));
  link.download = "recovery-key.txt";
  link.click();
  // Later, since some browsers read the address only after the click has returned.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function confirmStored() {
  sheet = undefined;
  byId("recovery-secret").textContent = "";
  byId("recovery").hidden = true;
  removeEventListener("beforeunload", keepPage);
  byId("recovery-done").hidden = false;
  byId("recovery-done").focus();
}
