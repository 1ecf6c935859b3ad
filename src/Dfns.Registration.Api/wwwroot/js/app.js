// Connects the page to the registration: one piece of work at a time, and words for whatever goes wrong in it.

import { showExchange } from "./exchanges.js";
import { DeviceFailure, LostAnswer, describe } from "./failures.js";
import { linkFragment } from "./fields.js";
import * as form from "./form.js";
import { isIpAddress } from "./passkey.js";
import { announce, focusProgress, hideError, resetSteps, setStatus, showError, step } from "./progress.js";
import { createCredentials, register, requestChallenge, sendNewCode } from "./registration.js";
import { hideResult, meansOf, showResult } from "./result.js";
import { Wire } from "./wire.js";
import { isBusy, lock, work } from "./work.js";

const byId = (id) => document.getElementById(id);

const wire = new Wire((exchange) => {
  byId("exchanges-empty").hidden = true;
  showExchange(byId("exchange-list"), exchange, announce);
});

/** The kind chosen last, for trying again. */
let chosenKind;
/** What step 3 sends. It outlives a lost answer, so that it can be sent again byte for byte. */
let submission;

// ---- Actions ------------------------------------------------------------------------------------------------------

async function startRegistration(kind) {
  if (isBusy() || !form.readyToRegister(kind)) return;
  chosenKind = kind;
  resetSteps();
  form.showCodeNote("");

  await begin(async () => {
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
  if (isBusy()) return;
  const kept = submission;
  await begin(async () => {
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
  byId("registration").hidden = true;
  showResult(result, submission, {
    title: "You are registered",
    text: `${result.user.username} can now sign in with ${meansOf(submission.firstFactor.credentialKind)}.`,
  });
  byId("to-account").href = `/account.html${linkFragment({ username: result.user.username, orgId: result.user.orgId })}`;
  submission = undefined;
}

async function renewCode() {
  if (isBusy() || !form.readyForNewCode()) return;
  chosenKind = undefined;
  resetSteps();
  let sent = false;
  await begin(async () => {
    setStatus("Asking for a new code.");
    await sendNewCode(wire, form.invitation());
    sent = true;
  });
  if (!sent) return;

  // The service answers alike for everyone, so that nobody can find out who is invited; the page must not claim more.
  const note =
    "If this user can still register, a new code is on its way, at most one a minute, and the earlier one ends once it is out: by " +
    "mail, or in the service's log where no mail server is set up.";
  setStatus(note);
  form.awaitNewCode(note);
}

function startOver() {
  if (!hideResult()) return;
  byId("registration").hidden = false;
  resetSteps();
  setStatus("Ready.");
  form.clearForNextUser();
}

/** A submission left from before is given up, and its recovery secret with it. */
function begin(action) {
  submission = undefined;
  hideError();
  return work(action, (failure) => {
    const error = explain(failure);
    // Refused for good, with nothing to send again: the recovery secret opens nothing and goes, unseen.
    if (error.again !== "send") submission = undefined;
    setStatus(""); // the error says it, and takes the focus
    form.markRefused(failure.path, error.message);
    showError(error);
  });
}

// ---- What to say, and which way forward to offer ------------------------------------------------------------------

function explain(failure) {
  const error = { title: "You are not registered yet", ...describe(failure) };
  if (!chosenKind) error.title = "No new code was sent";
  // The code is the right one, and has done its work: whoever opens the link again is registered.
  if (chosenKind && !submission && failure.code === "user_already_exists") {
    const { username, orgId } = form.invitation();
    return {
      ...error,
      title: "You are registered",
      message: `This link has done its work: ${username} is registered.`,
      help: "Sign in with what you registered.",
      link: { text: "Sign in", href: `/account.html${linkFragment({ username, orgId })}` },
    };
  }
  const retry = chosenKind && "try";

  if (submission?.outcomeWasOpen) {
    error.title = "You may or may not be registered";
    if (failure.worthSendingAgain) {
      error.help = "Send the same request again: if it was stored, it is answered and not stored twice.";
      return { ...error, again: "send" };
    }
    error.help =
      `${error.help ?? ""} An earlier sending had no clear answer and may have been accepted. Try to sign in; if that fails, ` +
      "ask for a new code. A recovery key made in this attempt has been discarded.";
    return error;
  }

  if (failure instanceof LostAnswer) error.help += " Nothing was registered.";
  if (failure instanceof DeviceFailure || failure instanceof LostAnswer) return { ...error, again: retry };
  if (!failure.worthSendingAgain) return error;
  return { ...error, again: submission ? "send" : retry };
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

// Made at the moment of the click, to take along whatever the fields hold by then.
byId("localhost-link").addEventListener("click", (event) => {
  event.currentTarget.href = form.invitationLink("localhost");
});

form.readInvitationLink();
byId("notice-insecure").hidden = isSecureContext;
byId("notice-address").hidden = !isSecureContext || !isIpAddress(location.hostname);
setStatus(isSecureContext ? "Ready." : "This page cannot create keys at this address.");
if (isSecureContext) lock(false);
