// What a registration or a recovery came to: the user, the credentials, and the one showing of the recovery key.

import { placeRecoverySheet, recoveryKeyIsStored, showRecoveryKey } from "./recoverysheet.js";
import { template } from "./template.js";

const byId = (id) => document.getElementById(id);

const markup = template(`
  <div>
    <h2 id="result-title" data-testid="result-title" tabindex="-1"></h2>
    <p id="result-text" data-testid="result-text"></p>
    <div id="recovery-place"></div>

    <h3>User</h3>
    <dl class="facts">
      <div><dt>Username</dt><dd id="result-username" data-testid="result-username"></dd></div>
      <div><dt>User id</dt><dd class="mono" id="result-user-id" data-testid="result-user-id"></dd></div>
      <div><dt>Organisation id</dt><dd class="mono" id="result-org-id" data-testid="result-org-id"></dd></div>
    </dl>

    <h3>Credentials</h3>
    <ul id="result-credentials" class="credentials"></ul>
  </div>`);
byId("result").prepend(...markup().childNodes);
placeRecoverySheet(byId("recovery-place"));

const credentialRow = template(`
  <li data-testid="result-credential">
    <p class="credential-name"><span data-part="name"></span> <span class="kind" data-part="kind"></span></p>
    <p class="credential-id"><span data-part="id-label"></span> <span class="mono" data-part="id"></span></p>
    <p class="hint" data-part="note"></p>
  </li>`);

const firstFactors = {
  Fido2: { means: "a passkey", place: "On your device or security key." },
  Key: { means: "the key in this browser", place: "In this browser's storage, for this site only." },
  PasswordProtectedKey: { means: "a password", place: "With the service, encrypted under your password." },
};

/** By what a person signs in, in words. */
export const meansOf = (kind) => firstFactors[kind].means;

/**
 * Shows the result in the place of the form.
 * @param submission what was sent: the answer names only the first factor, the rest was stored with it or not at all.
 * @param words {title, text}.
 */
export function showResult({ user, credential }, { firstFactor, recovery, recoverySecret }, { title, text }) {
  byId("result-title").textContent = title;
  byId("result-text").textContent = text;
  byId("result-username").textContent = user.username;
  byId("result-user-id").textContent = user.id;
  byId("result-org-id").textContent = user.orgId;

  const rows = [
    fill({
      kind: credential.kind,
      name: credential.name,
      "id-label": "Id",
      id: credential.uuid,
      note: firstFactors[firstFactor.credentialKind].place,
    }),
  ];
  if (recovery)
    rows.push(
      fill({
        kind: recovery.credentialKind,
        name: recovery.credentialName,
        "id-label": "Credential id",
        id: recovery.credentialInfo.credId,
        note: "Stored with it, as this page sent it: encrypted under your recovery key.",
      }),
    );
  byId("result-credentials").replaceChildren(...rows);

  byId("recovery-done").hidden = true;
  if (recovery) showRecoveryKey({ ...user, credId: recovery.credentialInfo.credId, secret: recoverySecret });

  byId("result").hidden = false;
  byId("result-title").focus();
}

/** @returns false while a recovery key waits to be stored. */
export function hideResult() {
  if (!recoveryKeyIsStored()) return false;
  byId("result").hidden = true;
  return true;
}

function fill(texts) {
  const row = credentialRow();
  for (const [part, text] of Object.entries(texts)) row.querySelector(`[data-part="${part}"]`).textContent = text;
  row.dataset.kind = texts.kind;
  return row;
}
