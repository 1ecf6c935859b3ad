// The form: the invitation, which arrives in the link, and the checks that need no service.

import { faultless, linkAt, markRefusedField, missing, readLink, setNote } from "./fields.js";

const fields = {
  username: document.getElementById("username"),
  code: document.getElementById("code"),
  orgId: document.getElementById("org-id"),
};
const passwords = [document.getElementById("password"), document.getElementById("password-again")];
const all = [...Object.values(fields), ...passwords];
const shortestPassword = 8;

export const readInvitationLink = () => readLink(fields);

/** The link that leads to this page, with what the fields hold now, at another host. */
export const invitationLink = (host) => linkAt(host, invitation());

export const invitation = () => ({
  username: fields.username.value.trim(),
  code: fields.code.value.trim(),
  orgId: fields.orgId.value.trim(),
});

export const password = () => passwords[0].value;

/** Checks what a registration needs, shows what is missing beside each field and moves to the first of them. */
export const readyToRegister = (kind) =>
  faultless(all, [...userFaults(), codeFault(), ...(kind === "PasswordProtectedKey" ? passwordFaults() : [])]);

/** The same for a new code. */
export const readyForNewCode = () => faultless(all, userFaults());

function userFaults() {
  return [
    missing(fields.username, "Enter the username you were invited with."),
    missing(fields.orgId, "Enter the id of your organisation. It begins with “or-”."),
  ];
}

const codeFault = () => missing(fields.code, "Enter the code you were sent, or ask for a new one.");

function passwordFaults() {
  const [first, second] = passwords;
  // Counted in characters as people count them, not in UTF-16 units.
  if ([...first.value].length < shortestPassword)
    return [{ field: first, text: `Enter a password of at least ${shortestPassword} characters.` }];
  return [{ field: second, text: first.value === second.value ? undefined : "The two passwords differ." }];
}

/** The service names the member it refused; where that is a field of this form, the field says so too. */
export const markRefused = (path, message) =>
  markRefusedField({ username: fields.username, registrationCode: fields.code, orgId: fields.orgId }, path, message);

export function awaitNewCode(note) {
  fields.code.value = "";
  fields.code.focus();
  showCodeNote(note);
}

export const showCodeNote = (text) => setNote(fields.code, text);

/** Nothing secret stays in a form that has done its work. */
export function clearSecrets() {
  for (const field of [fields.code, ...passwords]) field.value = "";
}

export function clearForNextUser() {
  fields.username.value = "";
  fields.username.focus();
}
