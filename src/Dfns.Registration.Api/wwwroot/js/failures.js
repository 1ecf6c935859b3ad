// The three ways an attempt can end badly, kept apart because the person at the page does something different for each.

import { inWords } from "./words.js";

/** The service answered, and said no. */
export class Refusal extends Error {
  constructor(status, answer) {
    const error = answer?.error ?? {};
    const wire = error.message ?? answer?.message ?? `The service answered ${status} without saying why.`;
    super(wire);
    this.status = status;
    /** The service's own words: what to do about it, to a developer. */
    this.wire = [wire, error.help].filter(Boolean).join(" ");
    this.code = error.code;
    this.path = error.path;
  }

  /** A server error may strike after the transaction was committed; any other refusal means that nothing was stored. */
  get outcomeIsOpen() {
    return this.status >= 500;
  }

  /** The request itself was not judged: the same one may well be accepted later. */
  get worthSendingAgain() {
    return this.outcomeIsOpen || this.status === 408 || this.status === 429;
  }
}

/** No usable answer arrived: refused connection, timeout, or an answer cut short. The request may have been carried out. */
export class LostAnswer extends Error {
  code = "NetworkError";
  outcomeIsOpen = true;
  worthSendingAgain = true;
}

/** The browser or the device could not do its part. Nothing was sent, so nothing was stored and the code is unspent. */
export class DeviceFailure extends Error {
  constructor(message, help, cause) {
    super(message, { cause });
    this.help = help;
    this.code = cause?.name;
  }
}

/** What to say of any failure, in the members that showError takes. */
export function describe(failure) {
  const { message, help, status, code, path, wire } = failure;
  if (failure instanceof Refusal) return { ...inWords(code), status, code, path, wire };
  if (failure instanceof DeviceFailure) return { message, help, code };
  if (failure instanceof LostAnswer)
    return { message, help: "Check that the service is running and reachable, then try again.", code };

  // An answer of an unexpected shape, or a fault of this page: the console has the details.
  console.error(failure);
  return { message: "This page could not continue.", help: "Reload the page and try again.", code: failure.name, wire: message };
}
