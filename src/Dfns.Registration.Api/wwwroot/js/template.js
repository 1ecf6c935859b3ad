// Markup that several pages share, written once.

/** @param markup of one element. @returns a function that makes the element anew at each call. */
export function template(markup) {
  const parsed = document.createElement("template");
  parsed.innerHTML = markup.trim();
  return () => parsed.content.firstElementChild.cloneNode(true);
}
