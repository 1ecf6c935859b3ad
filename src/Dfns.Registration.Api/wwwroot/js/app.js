// Connects the page to the registration: one piece of work at a time, and words for whatever goes wrong in it.

import { showExchange } from "./exchanges.js";
import { DeviceFailure, LostAnswer, Refusal } from "./failures.js";
import * as form from "./form.js";
import { isIpAddress } from "./passkey.js";
import { announce, focusProgress, hideError, resetSteps, setStatus, showError, step } from "./progress.js";
import { createCredentials, register, requestChallenge, sendNewCode } from "./registration.js";
import { hideResult, showResult } from "./result.js";
import { Wire } from "./wire.js";

const byId = (id) => document.getElementById(id);

const wire = new Wire((exchange) => {
  byId("exchanges-empty").hidden = true;
  showExchange(byId("exchange-list"), exchange, announce);
});

let busy = false;
/** The kind chosen last, for trying again. */
let chosenKind;
/** What step 3 sends. It outlives a lost answer, so that it can be sent again byte for byte. */
let submission;

// ---- Actions ------------------------------------------------------------------------------------------------------

async function startRegistration(kind) {
  if (busy || !form.readyToRegister(kind)) return;
  chosenKind = kind;
  resetSteps();
  form.showCodeNote("");

  await work(async () => {
    focusProgress();
    const invitation = form.invitation();
    const choice = { kind, password: form.password(), withRecoveryKey: byId("with-recovery").checked };

    setStatus("Asking the service for a challenge.");
    const answer = await step("challenge", () => requestChallenge(wire, invitation));
    const made = await step("create", () => createCredentials(answer, choice, setStatus));
    submission = { ...made, orgId: invitation.orgId };
    await finishRegistration();
  });
}

async function sendAgain() {
  if (busy) return;
  const kept = submission;
  await work(async () => {
    focusProgress();
    submission = kept;
    await finishRegistration();
  });
}

async function finishRegistration() {
  setStatus("Sending your credentials to the service.");
  const result = await step("register", () => register(wire, submission, submission.orgId));
  setStatus("Registered.");
  form.clearSecrets();
  showResult(result, submission);
  submission = undefined;
}

async function renewCode() {
  if (busy || !form.readyForNewCode()) return;
  chosenKind = undefined;
  resetSteps();
  let sent = false;
  await work(async () => {
    setStatus("Asking for a new code.");
    await sendNewCode(wire, form.invitation());
    sent = true;
  });
  if (!sent) return;

  // The service answers alike for everyone, so that nobody can find out who is invited; the page must not claim more.
  const note =
    "If this user can still register, a new code is on its way and ends the earlier one, at most one a minute: by " +
    "mail, or in the service's log where no mail server is set up.";
  setStatus(note);
  form.awaitNewCode(note);
}

function startOver() {
  if (!hideResult()) return;
  resetSteps();
  setStatus("Ready.");
  form.clearForNextUser();
}

/** Runs an action with the form locked. A submission left from before is given up, and its recovery secret with it. */
async function work(action) {
  submission = undefined;
  hideError();
  setBusy(true);
  let failure;
  try {
    await action();
  } catch (caught) {
    failure = caught;
  }
  setBusy(false);
  if (!failure) return;

  const error = describe(failure);
  // Refused for good, with nothing to send again: the recovery secret opens nothing and goes, unseen.
  if (error.again !== "send") submission = undefined;
  setStatus(""); // the error says it, and takes the focus
  form.markRefusedField(failure.path, error.message);
  showError(error);
}

function setBusy(value) {
  busy = value;
  byId("registration").setAttribute("aria-busy", String(value));
  byId("invitation").disabled = value;
  byId("factors").disabled = value;
}

// ---- What to say, and which way forward to offer ------------------------------------------------------------------

function describe(failure) {
  const { message, help, code, path, status } = failure;
  const error = { title: "You are not registered yet", message, help, code, path, status };
  if (!chosenKind) error.title = "No new code was sent";
  const retry = chosenKind && "try";

  if (submission?.outcomeWasOpen) {
    error.title = "You may or may not be registered";
    if (failure.worthSendingAgain) {
      error.help = "Send the same request again: if it was stored, it is answered and not stored twice.";
      return { ...error, again: "send" };
    }
    error.help =
      `${help ?? ""} An earlier sending had no clear answer and may have been accepted. Try to sign in; if that fails, ` +
      "ask for a new code. A recovery key made in this attempt has been discarded.";
    return error;
  }

  if (failure instanceof DeviceFailure) return { ...error, again: retry };
  if (failure instanceof LostAnswer) {
    error.help = "Check that the service is running and reachable, then try again. Nothing was registered.";
    return { ...error, again: retry };
  }
  if (failure instanceof Refusal) {
    if (!failure.worthSendingAgain) return error;
    return { ...error, again: submission ? "send" : retry };
  }

  // An answer of an unexpected shape, or a fault of this page: the console has the details.
  console.error(failure);
  return {
    ...error,
    message: `This page could not continue: ${message}`,
    help: "Reload the page and try again.",
    code: failure.name,
  };
}

// ---- Wiring -------------------------------------------------------------------------------------------------------

byId("registration").addEventListener("submit", (event) => {
  event.preventDefault();
  startRegistration(event.submitter.value);
});

// Enter takes a form's first submit button; in a password field it can only mean the password's own.
for (const id of ["password", "password-again"])
  byId(id).addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    startRegistration("PasswordProtectedKey");
  });

byId("send-code").addEventListener("click", renewCode);
byId("send-again").addEventListener("click", sendAgain);
byId("try-again").addEventListener("click", () => startRegistration(chosenKind));
byId("start-over").addEventListener("click", startOver);

// A second link opened in this tab changes only the fragment: begin afresh, so that two invitations never mix.
addEventListener("hashchange", () => {
  if (/[#&](username|code|orgId)=/.test(location.hash)) location.reload();
});

// Made at the moment of the click, to take along whatever the fields hold by then.
byId("localhost-link").addEventListener("click", (event) => {
  event.currentTarget.href = form.invitationLink("localhost");
});

form.readInvitationLink();
byId("notice-insecure").hidden = isSecureContext;
byId("notice-address").hidden = !isSecureContext || !isIpAddress(location.hostname);
setStatus(isSecureContext ? "Ready." : "This page cannot create keys at this address.");
if (isSecureContext) setBusy(false);
