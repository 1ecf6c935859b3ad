// What the registration came to, and the one showing of the recovery key.

import { copyText } from "./exchanges.js";
import { announce } from "./progress.js";
import { recoverySheet } from "./recovery.js";

const byId = (id) => document.getElementById(id);

const firstFactors = {
  Fido2: { means: "a passkey", place: "On your device or security key." },
  Key: { means: "the key in this browser", place: "In this browser's storage, for this site only." },
  PasswordProtectedKey: { means: "a password", place: "With the service, encrypted under your password." },
};

let sheet;

/** @param submission what was sent: the answer names only the first factor, the rest was stored with it or not at all. */
export function showResult({ user, credential }, { firstFactor, recovery, recoverySecret }) {
  const { means, place } = firstFactors[firstFactor.credentialKind];
  byId("result-text").textContent = `${user.username} can now sign in with ${means}.`;
  byId("result-username").textContent = user.username;
  byId("result-user-id").textContent = user.id;
  byId("result-org-id").textContent = user.orgId;

  const rows = [
    credentialRow({
      kind: credential.kind,
      name: credential.name,
      idLabel: "Id",
      id: credential.uuid,
      note: place,
    }),
  ];
  if (recovery)
    rows.push(
      credentialRow({
        kind: recovery.credentialKind,
        name: recovery.credentialName,
        idLabel: "Credential id",
        id: recovery.credentialInfo.credId,
        note: "Stored with it, as this page sent it: encrypted under your recovery key.",
      }),
    );
  byId("result-credentials").replaceChildren(...rows);

  byId("recovery-done").hidden = true;
  if (recovery) showRecoveryKey({ ...user, credId: recovery.credentialInfo.credId, secret: recoverySecret });

  byId("registration").hidden = true;
  byId("result").hidden = false;
  byId("result-title").focus();
}

/** @returns false while a recovery key waits to be stored: leaving it behind has to be a decision, not a slip. */
export function hideResult() {
  if (sheet) {
    announce("Store your recovery key first.");
    byId("recovery-confirm").focus();
    return false;
  }
  byId("result").hidden = true;
  byId("registration").hidden = false;
  return true;
}

function credentialRow({ kind, name, idLabel, id, note }) {
  const row = byId("credential-template").content.cloneNode(true);
  const texts = { kind, name, "id-label": idLabel, id, note };
  for (const [part, text] of Object.entries(texts)) row.querySelector(`[data-part="${part}"]`).textContent = text;
  row.firstElementChild.dataset.kind = kind;
  return row;
}

function showRecoveryKey(facts) {
  sheet = facts;
  byId("recovery-secret").textContent = facts.secret;
  byId("recovery-username").textContent = facts.username;
  byId("recovery-org-id").textContent = facts.orgId;
  byId("recovery-cred-id").textContent = facts.credId;
  byId("recovery").hidden = false;
  addEventListener("beforeunload", keepPage);
}

/** The browser asks before it leaves a page whose recovery key has not been stored. */
const keepPage = (event) => event.preventDefault();

byId("recovery-copy").addEventListener("click", () => copyText(sheet.secret, "Recovery key", announce));

byId("recovery-download").addEventListener("click", () => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([recoverySheet(sheet)], { type: "text/plain" }));
  link.download = "recovery-key.txt";
  link.click();
  // Later, since some browsers read the address only after the click has returned.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
});

byId("recovery-confirm").addEventListener("click", () => {
  sheet = undefined;
  byId("recovery-secret").textContent = "";
  byId("recovery").hidden = true;
  removeEventListener("beforeunload", keepPage);
  byId("recovery-done").hidden = false;
  byId("recovery-done").focus();
});
