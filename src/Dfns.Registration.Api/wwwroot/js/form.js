// The form: the invitation, which arrives in the link, and the checks that need no service.

const fields = {
  username: document.getElementById("username"),
  code: document.getElementById("code"),
  orgId: document.getElementById("org-id"),
};
const passwords = [document.getElementById("password"), document.getElementById("password-again")];
const shortestPassword = 8;

/**
 * Fills the fields from the link and takes the invitation out of the address bar. It travels behind the #, which
 * browsers keep to themselves: no server or proxy logs the code.
 */
export function readInvitationLink() {
  // A plus sign stands for itself here, as in jane+test@example.co; only forms use it for a space.
  const link = new URLSearchParams(location.hash.slice(1).replaceAll("+", "%2B"));
  const given = Object.keys(fields).filter((name) => link.has(name));
  for (const name of given) fields[name].value = link.get(name);
  if (given.length) history.replaceState(null, "", location.pathname + location.search);
}

/** The link that leads to this page, with what the fields hold now, at another host. */
export function invitationLink(host) {
  // Percent signs only: see above.
  const fragment = new URLSearchParams(invitation()).toString().replaceAll("+", "%20");
  return `${location.protocol}//${host}${location.port && `:${location.port}`}${location.pathname}#${fragment}`;
}

export const invitation = () => ({
  username: fields.username.value.trim(),
  code: fields.code.value.trim(),
  orgId: fields.orgId.value.trim(),
});

export const password = () => passwords[0].value;

/** Checks what a registration needs, shows what is missing beside each field and moves to the first of them. */
export const readyToRegister = (kind) =>
  faultless([...userFaults(), codeFault(), ...(kind === "PasswordProtectedKey" ? passwordFaults() : [])]);

/** The same for a new code. */
export const readyForNewCode = () => faultless(userFaults());

function userFaults() {
  return [
    missing(fields.username, "Enter the username you were invited with."),
    missing(fields.orgId, "Enter the id of your organisation. It begins with “or-”."),
  ];
}

const codeFault = () => missing(fields.code, "Enter the code you were sent, or ask for a new one.");

const missing = (field, text) => ({ field, text: field.value.trim() ? undefined : text });

function passwordFaults() {
  const [first, second] = passwords;
  // Counted in characters as people count them, not in UTF-16 units.
  if ([...first.value].length < shortestPassword)
    return [{ field: first, text: `Enter a password of at least ${shortestPassword} characters.` }];
  return [{ field: second, text: first.value === second.value ? undefined : "The two passwords differ." }];
}

function faultless(faults) {
  for (const field of [...Object.values(fields), ...passwords]) setFault(field);
  const found = faults.filter(({ text }) => text);
  for (const { field, text } of found) setFault(field, text);
  found[0]?.field.focus();
  return found.length === 0;
}

/** Shows a fault beside its field and ties it to the field for screen readers; without a text, takes it away again. */
function setFault(field, text) {
  const note = document.getElementById(`${field.id}-error`);
  note.textContent = text ?? "";
  note.hidden = !text;

  const descriptions = (field.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => id && id !== note.id);
  if (text) {
    field.setAttribute("aria-invalid", "true");
    descriptions.push(note.id);
  } else {
    field.removeAttribute("aria-invalid");
  }
  field.setAttribute("aria-describedby", descriptions.join(" "));
}

/** The service names the member it refused; where that is a field of this form, the field says so too. */
export function markRefusedField(path, message) {
  const member = path?.split(".").at(-1);
  const field = { username: fields.username, registrationCode: fields.code, orgId: fields.orgId }[member];
  if (field) setFault(field, message);
}

export function awaitNewCode(note) {
  fields.code.value = "";
  fields.code.focus();
  showCodeNote(note);
}

export function showCodeNote(text) {
  document.getElementById("code-note").textContent = text;
  document.getElementById("code-note").hidden = !text;
}

/** Nothing secret stays in a form that has done its work. */
export function clearSecrets() {
  for (const field of [fields.code, ...passwords]) field.value = "";
}

export function clearForNextUser() {
  fields.username.value = "";
  fields.username.focus();
}
