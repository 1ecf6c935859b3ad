// The credentials of a session's user: listed, renamed, switched off and on, removed, added.

import { signedCall } from "./actions.js";
import { setStatus, step } from "./progress.js";
import { createCredential, keepBrowserKey, takeBack } from "./registration.js";
import { template } from "./template.js";

/** @returns {items}: those that can be used, or activated again; removed ones are told to nobody. */
export const listCredentials = (wire, { token }) => wire.send("GET", "/auth/credentials", undefined, { bearer: token });

export const rename = (wire, session, { credentialUuid }, credentialName) =>
  signedCall(wire, session, "PUT", `/auth/credentials/${credentialUuid}`, { credentialName });

export const setActive = (wire, session, { credentialUuid }, active) =>
  signedCall(wire, session, "PUT", `/auth/credentials/${active ? "activate" : "deactivate"}`, { credentialUuid });

export const remove = (wire, session, { credentialUuid }) =>
  signedCall(wire, session, "DELETE", `/auth/credentials/${credentialUuid}`);

/** @param choice {kind, name, password?}. @returns the credential as it is listed. */
export async function add(wire, session, choice) {
  setStatus("Asking the service for a challenge.");
  const answer = await step("credential-challenge", () =>
    wire.send("POST", "/auth/credentials/init", JSON.stringify({ kind: choice.kind }), { bearer: session.token }));
  const { credential, privateKey } = await step("credential-create", () => createCredential(answer, choice, setStatus));
  // Kept before it is sent: a registered key that this browser lost in a crash could not be replaced.
  if (privateKey) await keepBrowserKey(answer.user, session.orgId, credential, privateKey);
  try {
    return await signedCall(wire, session, "POST", "/auth/credentials", {
      ...credential,
      challengeIdentifier: answer.challengeIdentifier,
    });
  } catch (failure) {
    // An open outcome proves nothing: it may have been stored, so its key must stay.
    if (!failure.outcomeIsOpen) await takeBack(answer, credential);
    throw failure;
  }
}

const row = template(`
  <li data-testid="credential">
    <p class="credential-name">
      <span data-part="name" tabindex="-1"></span>
      <span class="kind" data-part="kind"></span> <span class="kind" data-part="status"></span> <span class="kind" data-part="own">signed in with</span>
    </p>
    <p class="credential-id"><span>Id</span> <span class="mono" data-part="uuid"></span></p>
    <p class="credential-id"><span>Created</span> <span data-part="created"></span></p>
    <p class="actions" data-part="actions">
      <button type="button" class="quiet" data-part="rename">Rename</button>
      <button type="button" class="quiet" data-part="switch"></button>
      <button type="button" class="quiet" data-part="remove">Remove</button>
    </p>
    <div class="inline" data-part="renaming" hidden>
      <div class="field">
        <label>New name</label>
        <input type="text" autocomplete="off" aria-required="true" data-testid="rename-to">
      </div>
      <p class="actions">
        <button type="button" class="primary quiet" data-part="save" data-testid="rename-save">Sign and rename</button>
        <button type="button" class="quiet" data-part="cancel">Cancel</button>
      </p>
    </div>
    <div class="inline" data-part="removing" hidden>
      <p data-part="warning"></p>
      <p class="actions">
        <button type="button" class="primary quiet" data-part="confirm" data-testid="remove-confirm">Sign and remove</button>
        <button type="button" class="quiet" data-part="keep">Keep it</button>
      </p>
    </div>
  </li>`);

/**
 * One credential, and what can be done with it.
 * @param own whether it is the one that opened the session.
 * @param on {rename(name), setActive(active), remove()}.
 */
export function credentialRow(credential, own, on) {
  const { name, kind, isActive, credentialUuid, dateCreated } = credential;
  const item = row();
  const part = (of) => item.querySelector(`[data-part="${of}"]`);
  const texts = {
    name,
    kind,
    status: isActive ? "Active" : "Inactive",
    uuid: credentialUuid,
    created: new Date(dateCreated).toLocaleString(),
    switch: isActive ? "Deactivate" : "Activate",
    warning: `${name} can then never be used again.`,
  };
  for (const [of, text] of Object.entries(texts)) part(of).textContent = text;
  item.dataset.state = texts.status;
  item.dataset.kind = kind;
  item.dataset.uuid = credentialUuid;
  part("own").hidden = !own;
  for (const of of ["rename", "switch", "remove"]) part(of).setAttribute("aria-label", `${part(of).textContent} ${name}`);

  const input = item.querySelector("input");
  input.id = `rename-${credentialUuid}`;
  item.querySelector("label").htmlFor = input.id;
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    part("save").click();
  });

  /** Shows one of the two questions in the place of the buttons, and back. */
  const ask = (question, focus) => {
    part("actions").hidden = question !== undefined;
    part("renaming").hidden = question !== "renaming";
    part("removing").hidden = question !== "removing";
    focus.focus();
  };
  part("rename").addEventListener("click", () => {
    input.value = name;
    ask("renaming", input);
  });
  part("cancel").addEventListener("click", () => ask(undefined, part("rename")));
  part("save").addEventListener("click", () => (input.value.trim() ? on.rename(input.value.trim()) : input.focus()));
  part("switch").addEventListener("click", () => on.setActive(!isActive));
  part("remove").addEventListener("click", () => ask("removing", part("keep")));
  part("keep").addEventListener("click", () => ask(undefined, part("remove")));
  part("confirm").addEventListener("click", () => on.remove());
  return item;
}
