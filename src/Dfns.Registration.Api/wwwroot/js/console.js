// Connects the console to its endpoints: organisations, users, invitations, and the audit trail.

import { copyText } from "./exchanges.js";
import { describe } from "./failures.js";
import { faultless, linkFragment, markRefusedField, missing } from "./fields.js";
import { announce, hideError, setStatus, showError } from "./progress.js";
import { template } from "./template.js";
import { Wire } from "./wire.js";
import { work } from "./work.js";

const byId = (id) => document.getElementById(id);

// Its exchanges are with endpoints that no client has: nobody wants to read along.
const wire = new Wire(() => {});
const fields = { username: byId("username") };
const chosenBefore = "console.organisation";

const userItem = template(`
  <li data-testid="user">
    <p class="credential-name">
      <span data-part="username"></span>
      <span class="kind" data-part="state"></span> <span class="kind" data-part="kind"></span>
    </p>
    <dl class="facts">
      <div><dt>User id</dt><dd class="mono" data-part="id"></dd></div>
      <div><dt>Invited</dt><dd data-part="created"></dd></div>
      <div><dt>Registered</dt><dd data-part="registered"></dd></div>
    </dl>
    <ul class="held" data-part="credentials"></ul>
    <p class="actions">
      <button type="button" class="quiet" data-part="trail">Audit trail</button>
      <button type="button" class="quiet" data-part="again">Invite again</button>
      <a class="button quiet" data-part="account">Sign in</a>
    </p>
  </li>`);

const credentialItem = template(`
  <li data-testid="user-credential">
    <span data-part="name"></span>
    <span class="kind" data-part="kind"></span> <span class="kind" data-part="status"></span>
    <span class="hint" data-part="used"></span>
  </li>`);

const eventItem = template(`
  <li data-testid="event">
    <p><span class="mono" data-part="action"></span> <time class="hint" data-part="at"></time></p>
    <p class="hint"><span data-part="what"></span></p>
  </li>`);

let organisations = [];
/** The names of users by their id, to tell the events by. */
let names = new Map();
/** Whose audit trail is shown; undefined for the whole organisation's. */
let trailOf;

const chosen = () => organisations.find(({ id }) => id === byId("organisation").value);
const inChosen = (rest) => `/console/organisations/${encodeURIComponent(chosen().id)}/${rest}`;
/** Browsers make its passkeys on this page only if it does. */
const listsThisPage = ({ origins }) => origins.includes(location.origin);
const items = async (path) => (await wire.send("GET", path)).items;

// ---- Showing ----------------------------------------------------------------------------------------------------------

async function showAll() {
  const before = sessionStorage.getItem(chosenBefore);
  organisations = await items("/console/organisations");
  // Two of one name are told apart by their ids.
  const labelled = ({ id, name }) => (organisations.filter((other) => other.name === name).length > 1 ? `${name} (${id})` : name);
  byId("organisation").replaceChildren(...organisations.map((organisation) => new Option(labelled(organisation), organisation.id)));
  // What was chosen in this tab, or else the first that there was whose users can register here: the demonstration's.
  const shown = organisations.find(({ id }) => id === before) ?? organisations.findLast(listsThisPage);
  if (shown) byId("organisation").value = shown.id;
  await showOrganisation();
}

async function showOrganisation() {
  const organisation = chosen();
  sessionStorage.setItem(chosenBefore, organisation.id);
  byId("organisation-id").textContent = organisation.id;
  byId("organisation-rp-id").textContent = organisation.relyingPartyId;
  byId("organisation-origins").textContent = organisation.origins.join(" ");

  byId("organisation-elsewhere").hidden = listsThisPage(organisation);
  byId("page-origin").textContent = location.origin;

  const users = await items(inChosen("users"));
  names = new Map(users.map(({ id, username }) => [id, username]));
  byId("users").replaceChildren(...users.map(showUser));
  await showTrail();
  setStatus(`Users: ${organisation.users}, of them registered: ${organisation.registeredUsers}.`);
}

function showUser(user) {
  const { id, username, kind, isServiceAccount, isActive, createdAt, registeredAt, mayBeInvitedAgain, credentials } = user;
  const state = !isActive ? "deactivated" : registeredAt || isServiceAccount ? "registered" : "invited";
  const item = fill(userItem(), {
    username,
    state,
    kind: isServiceAccount ? "service account" : kind,
    id,
    created: when(createdAt),
    registered: registeredAt ? when(registeredAt) : "not yet",
  });
  item.dataset.state = state;
  part(item, "credentials").replaceChildren(...credentials.map(showCredential));

  const trail = part(item, "trail");
  trail.setAttribute("aria-label", `Audit trail of ${username}`);
  trail.addEventListener("click", () => begin("The audit trail is not shown", () => turnTo(id)));
  const again = part(item, "again");
  again.hidden = !mayBeInvitedAgain;
  again.setAttribute("aria-label", `Invite again ${username}`);
  again.addEventListener("click", () => inviteAgain(id));
  const account = part(item, "account");
  account.hidden = isServiceAccount || state !== "registered";
  account.setAttribute("aria-label", `Sign in as ${username}`);
  account.href = `/account.html${linkFragment({ username, orgId: chosen().id })}`;
  return item;
}

function showCredential({ name, kind, status, usedAt }) {
  const item = fill(credentialItem(), { name, kind, status, used: usedAt ? `last used ${when(usedAt)}` : "" });
  item.dataset.state = status;
  return item;
}

async function showTrail() {
  const events = await items(inChosen(trailOf ? `audit?userId=${encodeURIComponent(trailOf)}` : "audit"));
  byId("audit-title").textContent = trailOf ? `Audit trail of ${names.get(trailOf)}` : "Audit trail";
  byId("audit-all-line").hidden = !trailOf;
  byId("audit").replaceChildren(...events.map(showEvent));
}

function showEvent({ at, action, actor, subjectId, remoteAddress, note }) {
  const of = names.get(subjectId) ?? subjectId;
  const by = names.get(actor) ?? actor;
  const what = [by === of ? by : `${of}, by ${by}`, remoteAddress && `from ${remoteAddress}`].filter(Boolean).join(" ");
  const item = fill(eventItem(), { action, at: when(at), what: note ? `${what}: ${note}` : what });
  part(item, "at").dateTime = at;
  return item;
}

const when = (instant) => new Date(instant).toLocaleString();
const part = (item, name) => item.querySelector(`[data-part="${name}"]`);

function fill(item, texts) {
  for (const [name, text] of Object.entries(texts)) part(item, name).textContent = text;
  return item;
}

// ---- Doing ------------------------------------------------------------------------------------------------------------

async function turnTo(userId) {
  trailOf = userId;
  await showTrail();
  byId("audit-title").focus();
}

async function invite() {
  if (!faultless(Object.values(fields), [missing(fields.username, "Enter the username, usually an e-mail address.")])) return;
  await begin("Nobody was invited", async () => {
    const body = { username: fields.username.value.trim(), kind: byId("kind").value };
    const invitation = await wire.send("POST", inChosen("users"), JSON.stringify(body));
    fields.username.value = "";
    await showInvitation(invitation);
  }, { user_already_exists: "Whoever has not registered yet is invited again beside the name, below." });
}

async function inviteAgain(userId) {
  await begin("The user was not invited again", async () => {
    await showInvitation(await wire.send("POST", inChosen(`users/${encodeURIComponent(userId)}/invitation`)));
  });
}

async function showInvitation({ username, link, expiresAt }) {
  byId("invitation-title").textContent = `Invitation for ${username}`;
  byId("invitation-link").textContent = link;
  byId("invitation-link").href = link;
  byId("invitation-hint").textContent =
    `Whoever opens this link registers as this user, until ${when(expiresAt)}. It is shown this once, and an earlier one ` +
    "is good no more; without it, the registration page sends a new code.";
  byId("invitation").hidden = false;
  await showAll();
  setStatus(`${username} is invited.`);
  byId("invitation-title").focus();
}

/**
 * @param title what a failure comes to.
 * @param helps by error code, what to do here that differs from elsewhere.
 */
async function begin(title, action, helps = {}) {
  hideError();
  await work(action, (failure) => {
    const error = { title, ...describe(failure) };
    error.help = helps[failure.code] ?? error.help;
    setStatus("");
    markRefusedField(fields, failure.path, error.message);
    showError(error);
  });
}

byId("invite").addEventListener("submit", (event) => {
  event.preventDefault();
  invite();
});
byId("copy-link").addEventListener("click", () => copyText(byId("invitation-link").href, "Link", byId("copy-link"), announce));
byId("refresh").addEventListener("click", () => begin("The console could not be refreshed", showAll));
byId("audit-all").addEventListener("click", () => begin("The audit trail is not shown", () => turnTo(undefined)));
byId("organisation").addEventListener("change", () => {
  trailOf = undefined;
  byId("invitation").hidden = true;
  begin("The organisation is not shown", showOrganisation);
});

begin("The console has no data", showAll);
