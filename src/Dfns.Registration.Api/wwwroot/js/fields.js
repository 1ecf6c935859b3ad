// Fields of a form: what is wrong with one, said beside it, to the eye and to screen readers alike.

/** A fault for a field that must not be empty; without one, its text is undefined. */
export const missing = (field, text) => ({ field, text: field.value.trim() ? undefined : text });

/**
 * Shows the faults of a form and moves to the first of them.
 * @param fields all fields of the form; those without a fault lose the one they had.
 * @param faults {field, text}, text undefined where the field is in order.
 * @returns whether there is none.
 */
export function faultless(fields, faults) {
  for (const field of fields) setFault(field);
  const found = faults.filter(({ text }) => text);
  for (const { field, text } of found) setFault(field, text);
  found[0]?.field.focus();
  return found.length === 0;
}

/** Shows a fault beside its field and ties it to the field for screen readers; without a text, takes it away again. */
export function setFault(field, text) {
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

/**
 * The service names the member it refused; where that is a field of the form, the field says so too.
 * @param fields by the name of their member.
 */
export function markRefusedField(fields, path, message) {
  const field = fields[path?.split(".").at(-1)];
  if (field) setFault(field, message);
}

/** A remark beside a field that is no fault; without a text, takes it away again. */
export function setNote(field, text) {
  const note = document.getElementById(`${field.id}-note`);
  note.textContent = text;
  note.hidden = !text;
}

/**
 * Fills fields from the link, and takes what they got out of the address bar. It travels behind the #, which browsers
 * keep to themselves: no server or proxy logs a code.
 * @param fields by their name in the link.
 */
export function readLink(fields) {
  // A plus sign stands for itself here, as in jane+test@example.co; only forms use it for a space.
  const link = new URLSearchParams(location.hash.slice(1).replaceAll("+", "%2B"));
  const given = Object.keys(fields).filter((name) => link.has(name));
  for (const name of given) fields[name].value = link.get(name);
  if (given.length) history.replaceState(null, "", location.pathname + location.search);

  // A second link opened in this tab changes only the fragment: begin afresh, so that two people's data never mix.
  addEventListener("hashchange", () => {
    if (Object.keys(fields).some((name) => RegExp(`[#&]${name}=`).test(location.hash))) location.reload();
  });
}

/** The part of a link that readLink reads. */
export const linkFragment = (values) =>
  // Percent signs only: see above.
  `#${new URLSearchParams(values).toString().replaceAll("+", "%20")}`;

/** This page's address at another host, with what its fields hold. */
export const linkAt = (host, values) =>
  `${location.protocol}//${host}${location.port && `:${location.port}`}${location.pathname}${linkFragment(values)}`;
