// Connects the page to what an account can do: sign in, and sign out again.

import { claimsOf } from "./encoding.js";
import { JsonView, showExchange } from "./exchanges.js";
import { DeviceFailure, LostAnswer, describe } from "./failures.js";
import { faultless, linkAt, markRefusedField, missing, readLink } from "./fields.js";
import { isIpAddress } from "./passkey.js";
import { announce, focusProgress, hideError, resetSteps, setStatus, showError, step } from "./progress.js";
import { login, logout, requestLogin, signerFor } from "./signin.js";
import { Wire } from "./wire.js";
import { isBusy, lock, work } from "./work.js";

const byId = (id) => document.getElementById(id);

const fields = { username: byId("username"), orgId: byId("org-id") };
const allFields = Object.values(fields);
const steps = { signIn: ["login-challenge", "login-sign", "login-session"] };
const means = { Fido2: "A passkey", Key: "The key in this browser" };

const wire = new Wire((exchange) => {
  byId("exchanges-empty").hidden = true;
  showExchange(byId("exchange-list"), exchange, announce);
});

/** {token, signer, credId, userId, orgId, username} while somebody is signed in. */
let session;
/** What "Try again" does. */
let tryAgain;

const account = () => ({ username: fields.username.value.trim(), orgId: fields.orgId.value.trim() });

// ---- Signing in and out ---------------------------------------------------------------------------------------------

async function signIn(kind) {
  const faults = [
    missing(fields.orgId, "Enter the id of your organisation. It begins with “or-”."),
    // A key does not know whose it is.
    ...(kind === "Fido2" ? [] : [missing(fields.username, "Enter your username.")]),
  ];
  if (isBusy() || !faultless(allFields, faults)) return;
  await begin("You are not signed in", () => signIn(kind), async () => {
    resetSteps(steps.signIn);
    focusProgress();
    const who = account();
    const signer = signerFor(kind);

    setStatus("Asking the service for a challenge.");
    const answer = await step("login-challenge", () => requestLogin(wire, who));
    setStatus(signer.prompt);
    const factor = await step("login-sign", () => signer.sign(answer));
    setStatus("Sending the signature to the service.");
    const { token } = await step("login-session", () => login(wire, answer, factor));
    openSession(token, signer, factor.credentialAssertion.credId);
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
  // For the next sign-in, whoever the passkey named.
  fields.username.value = session.username;
  byId("access").hidden = true;
  byId("session").hidden = false;
}

function closeSession() {
  session = undefined;
  byId("session-claims").replaceChildren();
  byId("session").hidden = true;
  byId("access").hidden = false;
}

async function signOut(allSessions) {
  if (isBusy()) return;
  await begin("You may still be signed in", () => signOut(allSessions), async () => {
    setStatus("Signing out.");
    await logout(wire, session.token, allSessions);
    closeSession();
    setStatus(allSessions ? "Signed out: every session of this user has ended." : "Signed out.");
    byId("access-title").focus();
  });
}

// ---- One piece of work, and what to say when it fails -----------------------------------------------------------------

/** @param title what a failure comes to. @param again does the same once more. */
async function begin(title, again, action) {
  hideError();
  tryAgain = again;
  await work(action, (failure) => {
    const error = { title, ...describe(failure) };
    const maybeLater = failure instanceof DeviceFailure || failure instanceof LostAnswer || failure.worthSendingAgain;
    // The token is good for nothing any more: its time is over, or the session was ended elsewhere.
    if (session && failure.code === "not_authorized") {
      closeSession();
      error.title = "Your session has ended";
      error.help = "Sign in again.";
    }
    setStatus(""); // the error says it, and takes the focus
    markRefusedField(fields, failure.path, error.message);
    showError({ ...error, again: maybeLater ? "try" : undefined });
  });
}

// ---- Wiring -----------------------------------------------------------------------------------------------------------

byId("access").addEventListener("submit", (event) => {
  event.preventDefault();
  signIn(event.submitter.value);
});
byId("sign-out").addEventListener("click", () => signOut(false));
byId("sign-out-everywhere").addEventListener("click", () => signOut(true));
byId("try-again").addEventListener("click", () => tryAgain());

// Made at the moment of the click, to take along whatever the fields hold by then.
byId("localhost-link").addEventListener("click", (event) => {
  event.currentTarget.href = linkAt("localhost", account());
});

readLink(fields);
resetSteps(steps.signIn);
byId("notice-insecure").hidden = isSecureContext;
byId("notice-address").hidden = !isSecureContext || !isIpAddress(location.hostname);
setStatus(isSecureContext ? "Ready." : "This page cannot use keys at this address.");
if (isSecureContext) lock(false);
