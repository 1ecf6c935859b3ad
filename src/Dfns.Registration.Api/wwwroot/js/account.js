// Connects the page to what an account can do: sign in, sign actions on its credentials, sign out, and be recovered.

import { openRecoveryKey, recover, requestRecovery, sendRecoveryCode, vouchFor } from "./accountrecovery.js";
import { add, credentialRow, listCredentials, remove, rename, setActive } from "./credentials.js";
import { claimsOf } from "./encoding.js";
import { JsonView, showExchange } from "./exchanges.js";
import { DeviceFailure, LostAnswer, describe } from "./failures.js";
import { faultless, linkAt, markRefusedField, missing, readLink, setNote } from "./fields.js";
import { isIpAddress } from "./passkey.js";
import { announce, focusProgress, hideError, resetSteps, setStatus, showError, step } from "./progress.js";
import { readRecoverySecret } from "./recovery.js";
import { createCredentials } from "./registration.js";
import { hideResult, meansOf, showResult } from "./result.js";
import { login, logout, requestLogin, sendLoginCode, signerFor } from "./signin.js";
import { Wire } from "./wire.js";
import { isBusy, lock, work } from "./work.js";

const byId = (id) => document.getElementById(id);

const fields = {
  username: byId("username"),
  orgId: byId("org-id"),
  loginCode: byId("login-code"),
  password: byId("password"),
  verificationCode: byId("recovery-code"),
  credentialId: byId("recovery-credential"),
  recoveryKey: byId("recovery-key"),
  newName: byId("new-name"),
  newPassword: byId("new-password"),
};
const shortestPassword = 8;

const actionSteps = ["action-challenge", "action-sign", "action-token", "action-call"];
const steps = {
  signIn: ["login-challenge", "login-sign", "login-session"],
  action: actionSteps,
  add: ["credential-challenge", "credential-create", ...actionSteps],
  recover: ["recovery-challenge", "recovery-open", "recovery-create", "recovery-vouch", "recovery-send"],
};
const means = {
  Fido2: "A passkey",
  Key: "The key in this browser",
  PasswordProtectedKey: "A key that the password opened",
};

const wire = new Wire((exchange) => {
  byId("exchanges-empty").hidden = true;
  showExchange(byId("exchange-list"), exchange, announce);
});

/** {token, signer, credId, userId, orgId, username} while somebody is signed in. */
let session;
/** What the last step of a recovery sends. It outlives a lost answer, so that it can be sent again byte for byte. */
let submission;
/** What "Try again" does. */
let tryAgain;

const account = () => ({ username: fields.username.value.trim(), orgId: fields.orgId.value.trim() });

/** One view at a time: the forms of somebody unknown, the session, or the result of a recovery. */
function show(view) {
  byId("access").hidden = byId("recover").hidden = view !== "access";
  byId("session").hidden = byId("credentials").hidden = view !== "session";
}

// ---- Signing in and out ---------------------------------------------------------------------------------------------

const organisationFault = () => missing(fields.orgId, "Enter the id of your organisation. It begins with “or-”.");
const userFaults = () => [missing(fields.username, "Enter your username."), organisationFault()];
const ready = (...faults) => !isBusy() && faultless(Object.values(fields), faults);

async function signIn(kind) {
  const withPassword = kind === "PasswordProtectedKey";
  const faults = withPassword
    ? [missing(fields.loginCode, "Enter the code you were sent, or ask for one."), missing(fields.password, "Enter your password.")]
    : [];
  // A passkey knows whose it is.
  if (!ready(...(kind === "Fido2" ? [organisationFault()] : userFaults()), ...faults)) return;
  await begin("You are not signed in", () => signIn(kind), async () => {
    resetSteps(steps.signIn);
    focusProgress();
    const who = account();
    const signer = signerFor(kind, { password: fields.password.value, username: who.username });

    setStatus("Asking the service for a challenge.");
    const loginCode = withPassword ? fields.loginCode.value.trim() : undefined;
    const answer = await step("login-challenge", () => requestLogin(wire, { ...who, loginCode }));
    setStatus(signer.prompt);
    const factor = await step("login-sign", () => signer.sign(answer));
    setStatus("Sending the signature to the service.");
    const { token } = await step("login-session", () => login(wire, answer, factor));
    openSession(token, signer, factor.credentialAssertion.credId);
    await showCredentials();
    setStatus("Signed in.");
    byId("session-title").focus();
  });
}

function openSession(token, signer, credId) {
  const claims = claimsOf(token);
  const { userId, orgId } = claims["https://custom/app_metadata"];
  session = { token, signer, credId, userId, orgId, username: claims["https://custom/username"] };

  byId("session-username").textContent = session.username;
  byId("session-user-id").textContent = userId;
  byId("session-org-id").textContent = orgId;
  byId("session-means").textContent = means[signer.kind];
  byId("session-end").textContent = new Date(claims.exp * 1000).toLocaleString();
  byId("session-claims").replaceChildren(new JsonView("Claims of the token", claims, announce).figure);
  clearSecrets();
  // For the next sign-in, whoever the passkey named.
  fields.username.value = session.username;
  show("session");
}

function closeSession() {
  session = undefined;
  byId("session-claims").replaceChildren();
  byId("credential-list").replaceChildren();
  show("access");
}

async function signOut(allSessions) {
  await begin("You may still be signed in", () => signOut(allSessions), async () => {
    setStatus("Signing out.");
    await logout(wire, session.token, allSessions);
    closeSession();
    setStatus(allSessions ? "Signed out: every session of this user has ended." : "Signed out.");
    byId("access-title").focus();
  });
}

/** Nothing secret stays in a form that has done its work. */
function clearSecrets() {
  for (const name of ["loginCode", "password", "verificationCode", "recoveryKey", "newPassword"]) fields[name].value = "";
  for (const name of ["loginCode", "verificationCode"]) setNote(fields[name], "");
}

// ---- Codes ----------------------------------------------------------------------------------------------------------

async function requestCode(send, field, forSteps) {
  if (!ready(...userFaults())) return;
  let sent = false;
  await begin("No code was sent", () => requestCode(send, field, forSteps), async () => {
    resetSteps(forSteps);
    setStatus("Asking for a code.");
    await send(wire, account());
    sent = true;
  });
  if (!sent) return;

  // The service answers alike for everyone, so that nobody can find out who has an account; the page must not claim more.
  const note =
    "If there is such a user, a code is on its way, at most one a minute: by mail, or in the service's log where no " +
    "mail server is set up.";
  setStatus(note);
  setNote(field, note);
  field.value = "";
  field.focus();
}

// ---- Credentials, and the actions on them -----------------------------------------------------------------------------

async function showCredentials() {
  const { items } = await listCredentials(wire, session);
  byId("credential-list").replaceChildren(...items.map((credential) =>
    credentialRow(credential, credential.credentialId === session.credId, {
      rename: (name) => change("The credential keeps its name", credential, "Renamed.", () => rename(wire, session, credential, name)),
      setActive: (active) =>
        change(
          active ? "The credential is not activated" : "The credential is not deactivated",
          credential,
          active ? "Activated." : "Deactivated.",
          () => setActive(wire, session, credential, active),
        ),
      remove: () => change("The credential is not removed", credential, "Removed.", () => remove(wire, session, credential)),
    })));
}

/** @param done what to say once it is. */
async function change(title, credential, done, call) {
  await begin(title, () => change(title, credential, done, call), async () => {
    resetSteps(steps.action);
    focusProgress();
    await call();
    await showChanged(done, credential);
  });
}

async function addCredential(kind) {
  const password = fields.newPassword.value;
  const faults = [missing(fields.newName, "Enter a name to tell the credential by.")];
  // Counted in characters as people count them, not in UTF-16 units.
  if (kind === "PasswordProtectedKey" && [...password].length < shortestPassword)
    faults.push({ field: fields.newPassword, text: `Enter a password of at least ${shortestPassword} characters.` });
  if (!ready(...faults)) return;
  await begin("The credential is not added", () => addCredential(kind), async () => {
    resetSteps(steps.add);
    focusProgress();
    const added = await add(wire, session, { kind, name: fields.newName.value.trim(), password });
    fields.newName.value = "";
    clearSecrets();
    await showChanged("Added.", added);
  });
}

/** Shows what is there now, and takes the reader to the credential that changed. */
async function showChanged(done, { credentialUuid, credentialId }) {
  try {
    await showCredentials();
  } catch (failure) {
    // Whoever switches off what opened the session ends the session.
    if (failure.code !== "not_authorized" || credentialId !== session.credId) throw failure;
    closeSession();
    setStatus(`${done} The session that it opened has ended with it.`);
    byId("access-title").focus();
    return;
  }
  setStatus(done);
  const row = byId("credential-list").querySelector(`[data-uuid="${credentialUuid}"] [data-part="name"]`);
  (row ?? byId("credentials-title")).focus();
}

// ---- Recovery ---------------------------------------------------------------------------------------------------------

async function recoverAccount(kind) {
  const faults = [
    missing(fields.verificationCode, "Enter the code you were sent, or ask for one."),
    missing(fields.credentialId, "Enter the credential id that stands on your sheet."),
    missing(fields.recoveryKey, "Enter the recovery key that stands on your sheet."),
  ];
  if (!ready(...userFaults(), ...faults)) return;
  await begin("The account is not recovered", () => recoverAccount(kind), async () => {
    resetSteps(steps.recover);
    focusProgress();
    const who = account();
    const request = {
      ...who,
      verificationCode: fields.verificationCode.value.trim(),
      credentialId: fields.credentialId.value.replaceAll(/\s/g, ""),
    };

    setStatus("Asking the service for a challenge.");
    const answer = await step("recovery-challenge", () => requestRecovery(wire, request));
    setStatus("Opening your recovery key.");
    const secret = readRecoverySecret(fields.recoveryKey.value);
    const recoveryKey = await step("recovery-open", () => openRecoveryKey(answer, secret));
    const made = await step("recovery-create", () => createCredentials(answer, { kind, withRecoveryKey: true }, setStatus));
    await step("recovery-vouch", () => vouchFor(made, recoveryKey));
    submission = { ...made, orgId: who.orgId };
    await finishRecovery();
  });
}

async function sendAgain() {
  const kept = submission;
  await begin("The account is not recovered", tryAgain, async () => {
    focusProgress();
    submission = kept;
    await finishRecovery();
  });
}

async function finishRecovery() {
  setStatus("Sending your new credentials to the service.");
  const result = await step("recovery-send", () => recover(wire, submission, submission.orgId));
  setStatus("Recovered.");
  clearSecrets();
  fields.credentialId.value = "";
  byId("recover-details").open = false;
  show("result");
  const { username } = result.user;
  showResult(result, submission, {
    title: "The account is recovered",
    text:
      `Every earlier credential, session and token of ${username} has ended, the old recovery key too. ` +
      `From now on ${username} signs in with ${meansOf(submission.firstFactor.credentialKind)}.`,
  });
  submission = undefined;
}

// ---- One piece of work, and what to say when it fails -----------------------------------------------------------------

/**
 * A submission left from before is given up, and its recovery secret with it.
 * @param title what a failure comes to. @param again does the same once more.
 */
async function begin(title, again, action) {
  if (isBusy()) return;
  submission = undefined;
  tryAgain = again;
  hideError();
  await work(action, (failure) => {
    const error = { title, ...describe(failure), again: wayForward(failure) };
    if (submission?.outcomeWasOpen) {
      error.title = "The account may or may not be recovered";
      error.help = error.again === "send"
        ? "Send the same request again: if it was carried out, it is answered and not carried out twice."
        : `${error.help ?? ""} An earlier sending had no clear answer and may have been carried out. Try to sign in with the ` +
          "new credential. A recovery key made in this attempt has been discarded.";
    }
    // Refused for good, with nothing to send again: the recovery secret opens nothing and goes, unseen.
    if (error.again !== "send") submission = undefined;
    // The token is good for nothing any more: its time is over, or the session was ended elsewhere.
    if (session && failure.code === "not_authorized") {
      closeSession();
      Object.assign(error, { title: "Your session has ended", help: "Sign in again.", again: undefined });
    }
    setStatus(""); // the error says it, and takes the focus
    markRefusedField({ ...fields, credentialName: fields.newName }, failure.path, error.message);
    showError(error);
  });
}

function wayForward(failure) {
  if (submission && failure.worthSendingAgain) return "send";
  if (submission?.outcomeWasOpen) return undefined;
  return failure instanceof DeviceFailure || failure instanceof LostAnswer || failure.worthSendingAgain ? "try" : undefined;
}

// ---- Wiring -----------------------------------------------------------------------------------------------------------

/** @param submitted told the value of the button that was pressed. */
function onSubmit(id, submitted) {
  byId(id).addEventListener("submit", (event) => {
    event.preventDefault();
    submitted(event.submitter.value);
  });
}
onSubmit("access", signIn);
onSubmit("recover", recoverAccount);
onSubmit("credentials", addCredential);

/** Enter takes a form's first submit button; in a field of one kind of credential it can only mean that kind's own. */
function onEnter(field, entered) {
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    entered();
  });
}
onEnter(fields.loginCode, () => signIn("PasswordProtectedKey"));
onEnter(fields.password, () => signIn("PasswordProtectedKey"));
onEnter(fields.newPassword, () => addCredential("PasswordProtectedKey"));

byId("send-login-code").addEventListener("click", () => requestCode(sendLoginCode, fields.loginCode, steps.signIn));
byId("send-recovery-code").addEventListener("click", () => requestCode(sendRecoveryCode, fields.verificationCode, steps.recover));
byId("sign-out").addEventListener("click", () => signOut(false));
byId("sign-out-everywhere").addEventListener("click", () => signOut(true));
byId("send-again").addEventListener("click", sendAgain);
byId("try-again").addEventListener("click", () => tryAgain());
byId("to-sign-in").addEventListener("click", () => {
  if (!hideResult()) return;
  show("access");
  resetSteps(steps.signIn);
  setStatus("Ready.");
  byId("access-title").focus();
});

// Made at the moment of the click, to take along whatever the fields hold by then.
byId("localhost-link").addEventListener("click", (event) => {
  event.currentTarget.href = linkAt("localhost", account());
});

readLink({ username: fields.username, orgId: fields.orgId });
resetSteps(steps.signIn);
byId("notice-insecure").hidden = isSecureContext;
byId("notice-address").hidden = !isSecureContext || !isIpAddress(location.hostname);
setStatus(isSecureContext ? "Ready." : "This page cannot use keys at this address.");
if (isSecureContext) lock(false);
