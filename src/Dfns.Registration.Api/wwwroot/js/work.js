// One piece of work at a time, with the page's controls locked meanwhile.

let busy = false;

export const isBusy = () => busy;

/** Disables, or enables, every group of controls that is marked for it. */
export function lock(value) {
  busy = value;
  document.getElementById("main").setAttribute("aria-busy", String(value));
  for (const group of document.querySelectorAll("[data-lock]")) group.disabled = value;
}

/**
 * Runs an action with the page locked; while one runs, another is not begun.
 * @param onFailure told what went wrong once the page is open again, since a locked control takes no focus.
 */
export async function work(action, onFailure) {
  if (busy) return;
  lock(true);
  let failure;
  try {
    await action();
  } catch (caught) {
    failure = caught;
  }
  lock(false);
  if (failure) onFailure(failure);
}
