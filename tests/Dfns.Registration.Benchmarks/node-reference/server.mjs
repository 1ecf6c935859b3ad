// Registration, sign-in and signed actions as a team would write them today: Fastify, SimpleWebAuthn and pg, one transaction for what is written.
// DATABASE_URL names the database, PORT, ORIGIN and RP_ID the service.
import { createHash, createPublicKey, randomBytes, timingSafeEqual, verify } from 'node:crypto'
import { verifyAuthenticationResponse, verifyRegistrationResponse } from '@simplewebauthn/server'
import Fastify from 'fastify'
import pg from 'pg'

const { DATABASE_URL, PORT, ORIGIN, RP_ID } = process.env
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 16 })
const sha256 = (data) => createHash('sha256').update(data).digest()
const base64url = (data) => Buffer.from(data).toString('base64url')
const newId = (prefix) => `${prefix}-${randomBytes(16).toString('hex')}`
const refuse = (statusCode, message) => { throw Object.assign(new Error(message), { statusCode }) }

// A statement with a name is prepared once a connection.
const statement = (name, text) => (db, ...values) => db.query({ name, text, values })
const findInvited = statement('invited', `SELECT u.id, c.hash FROM users u JOIN codes c ON c.user_id = u.id
  WHERE u.org_id = $1 AND u.username = $2 AND u.registered_at IS NULL AND c.expires_at > now()`)
const findCredentials = statement('credentials', `SELECT u.id AS user_id, c.cred_id, c.kind FROM users u
  JOIN credentials c ON c.user_id = u.id WHERE u.org_id = $1 AND u.username = $2 AND c.slot = 'first'`)
const findCaller = statement('caller', `SELECT s.user_id, c.cred_id, c.kind FROM sessions s
  JOIN credentials c ON c.user_id = s.user_id WHERE s.id = $1 AND s.expires_at > now() AND c.slot = 'first'`)
const addChallenge = statement('challenge', `INSERT INTO challenges (id, purpose, user_id, challenge, bound_to, expires_at)
  VALUES ($1, $2, $3, $4, $5, now() + interval '10 minutes')`)
const findChallenge = statement('open', `SELECT c.user_id, c.challenge, c.bound_to, u.org_id, u.username FROM challenges c
  JOIN users u ON u.id = c.user_id WHERE c.id = $1 AND c.purpose = $2 AND c.used_at IS NULL AND c.expires_at > now()`)
const findSigner = statement('signer', 'SELECT id, cred_id, public_key, sign_count FROM credentials WHERE cred_id = $1 AND user_id = $2')
const findSession = statement('session', 'SELECT user_id FROM sessions WHERE id = $1 AND expires_at > now()')
const useChallenge = statement('use', 'UPDATE challenges SET used_at = now() WHERE id = $1 AND used_at IS NULL')
const setRegistered = statement('registered', 'UPDATE users SET registered_at = now() WHERE id = $1 AND registered_at IS NULL')
const addCredential = statement('credential', `INSERT INTO credentials (id, user_id, kind, slot, cred_id, public_key, sign_count, format, encrypted_private_key)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`)
const setUsed = statement('used', 'UPDATE credentials SET sign_count = $2, used_at = now() WHERE id = $1')
const addSession = statement('signin', `INSERT INTO sessions (id, user_id, credential_id, expires_at) VALUES ($1, $2, $3, now() + interval '6 hours')`)
const addAction = statement('action', `INSERT INTO signed_actions (id, user_id, bound_to, expires_at) VALUES ($1, $2, $3, now() + interval '5 minutes')`)
const addAudit = statement('audit', 'INSERT INTO audit_events (action, org_id, user_id, note) VALUES ($1, $2, $3, $4)')

async function inTransaction(work) {
  const db = await pool.connect()
  try {
    await db.query('BEGIN')
    await work(db)
    await db.query('COMMIT')
  } catch (error) {
    await db.query('ROLLBACK')
    throw error.code === '23505' ? Object.assign(error, { statusCode: 409 }) : error
  } finally {
    db.release()
  }
}

async function openChallenge(purpose, userId, boundTo = null) {
  const [challenge, token] = [base64url(randomBytes(32)), base64url(randomBytes(32))]
  await addChallenge(pool, sha256(token), purpose, userId, challenge, boundTo)
  return { challenge, token }
}

async function spend(db, id) {
  if ((await useChallenge(db, id)).rowCount !== 1) refuse(401, 'The challenge was used meanwhile.')
}

function bearer(request) {
  const header = request.headers.authorization ?? ''
  return header.startsWith('Bearer ') ? sha256(header.slice(7)) : refuse(401, 'A bearer token is required.')
}

const verifyCredential = async (credential, challenge) =>
  credential.credentialKind === 'Fido2' ? verifyPasskey(credential.credentialInfo, challenge) : verifyKey(credential.credentialInfo, challenge)

async function verifyPasskey({ credId, clientData, attestationData }, challenge) {
  const { verified, registrationInfo } = await verifyRegistrationResponse({
    response: { id: credId, rawId: credId, type: 'public-key', clientExtensionResults: {}, response: { clientDataJSON: clientData, attestationObject: attestationData } },
    expectedChallenge: base64url(challenge), expectedOrigin: ORIGIN, expectedRPID: RP_ID,
  })
  if (!verified) refuse(400, 'The attestation does not verify.')
  return { credId, publicKey: registrationInfo.credential.publicKey, signCount: registrationInfo.credential.counter, format: registrationInfo.fmt }
}

function verifyKey({ credId, clientData, attestationData }, challenge) {
  const bytes = Buffer.from(clientData, 'base64url')
  const { type, challenge: signed } = JSON.parse(bytes)
  if (type !== 'key.create' || signed !== challenge) refuse(400, 'The client data is not for this challenge.')
  const { publicKey, signature } = JSON.parse(Buffer.from(attestationData, 'base64url'))
  const key = createPublicKey(publicKey)
  const fingerprint = JSON.stringify({ clientDataHash: sha256(bytes).toString('hex'), publicKey })
  if (!verify('sha256', Buffer.from(fingerprint), key, Buffer.from(signature, 'hex'))) refuse(400, 'The signature does not verify.')
  return { credId, publicKey: key.export({ type: 'spki', format: 'der' }), signCount: 0, format: null }
}

// The challenge with what it is bound to, and the credential that has signed it.
async function verifyAnswer({ challengeIdentifier, firstFactor: { credentialAssertion: signed } }, purpose) {
  const id = sha256(challengeIdentifier)
  const { rows: [open] } = await findChallenge(pool, id, purpose)
  if (!open) refuse(401, 'No such challenge is open.')
  const { rows: [stored] } = await findSigner(pool, signed.credId, open.user_id)
  if (!stored) refuse(401, 'No such credential is registered.')
  const { verified, authenticationInfo } = await verifyAuthenticationResponse({
    response: {
      id: signed.credId, rawId: signed.credId, type: 'public-key', clientExtensionResults: {},
      response: { clientDataJSON: signed.clientData, authenticatorData: signed.authenticatorData, signature: signed.signature, userHandle: signed.userHandle },
    },
    expectedChallenge: base64url(open.challenge), expectedOrigin: ORIGIN, expectedRPID: RP_ID,
    credential: { id: stored.cred_id, publicKey: stored.public_key, counter: Number(stored.sign_count) },
  })
  if (!verified) refuse(401, 'The signature does not verify.')
  return { id, ...open, credential: stored.id, signCount: authenticationInfo.newCounter }
}

const loginChallenge = (challenge, token, credentials) => ({
  challenge, challengeIdentifier: token, rp: { id: RP_ID, name: 'Example' }, userVerification: 'required', attestation: 'none', externalAuthenticationUrl: '',
  supportedCredentialKinds: credentials.map(({ kind }) => ({ kind, factor: 'first', requiresSecondFactor: false })),
  allowCredentials: { key: [], webauthn: credentials.map((c) => ({ type: 'public-key', id: c.cred_id })) },
})

const text = { type: 'string', minLength: 1, maxLength: 16384 }
const object = (properties, ...optional) => ({ type: 'object', properties, required: Object.keys(properties).filter((name) => !optional.includes(name)) })
const body = (properties, ...optional) => ({ schema: { body: object(properties, ...optional) } })
const credential = object({ credentialKind: text, credentialInfo: object({ credId: text, clientData: text, attestationData: text }), encryptedPrivateKey: text }, 'encryptedPrivateKey')
const assertion = object({ credId: text, clientData: text, authenticatorData: text, signature: text, userHandle: text }, 'userHandle')
const answer = body({ challengeIdentifier: text, firstFactor: object({ kind: text, credentialAssertion: assertion }) })
const app = Fastify()

app.post('/auth/registration/init', body({ username: text, registrationCode: text, orgId: text }), async ({ body: { username, registrationCode, orgId } }) => {
  const { rows: [invited] } = await findInvited(pool, orgId, username)
  if (!invited || !timingSafeEqual(invited.hash, sha256(registrationCode))) refuse(401, 'Wrong username or code.')
  const { challenge, token } = await openChallenge('register', invited.id)
  return {
    challenge, temporaryAuthenticationToken: token, user: { id: invited.id, name: username, displayName: username }, rp: { id: RP_ID, name: 'Example' },
    supportedCredentialKinds: { firstFactor: ['Fido2', 'Key'], secondFactor: ['Fido2', 'Key'] }, attestation: 'none', excludeCredentials: [], otpUrl: '',
    authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
    pubKeyCredParams: [-7, -8, -257].map((alg) => ({ type: 'public-key', alg })),
  }
})

app.post('/auth/registration', body({ firstFactorCredential: credential, recoveryCredential: credential }, 'recoveryCredential'), async (request) => {
  const id = bearer(request)
  const { rows: [open] } = await findChallenge(pool, id, 'register')
  if (!open) refuse(401, 'No such registration is open.')
  const sent = [['first', request.body.firstFactorCredential], ['recovery', request.body.recoveryCredential]].filter(([, made]) => made)
  const proven = []
  for (const [slot, made] of sent) proven.push({ id: newId('cr'), slot, kind: made.credentialKind, encrypted: made.encryptedPrivateKey ?? null, ...await verifyCredential(made, open.challenge) })
  await inTransaction(async (db) => {
    await spend(db, id)
    if ((await setRegistered(db, open.user_id)).rowCount !== 1) refuse(409, 'The user is registered already.')
    for (const c of proven) await addCredential(db, c.id, open.user_id, c.kind, c.slot, c.credId, c.publicKey, c.signCount, c.format, c.encrypted)
    await addAudit(db, 'user.registered', open.org_id, open.user_id, proven.map((c) => c.id).join(' '))
  })
  return { credential: { uuid: proven[0].id, kind: proven[0].kind, name: 'Default' }, user: { id: open.user_id, username: open.username, orgId: open.org_id } }
})

app.post('/auth/login/init', body({ username: text, orgId: text }), async ({ body: { username, orgId } }) => {
  const { rows: credentials } = await findCredentials(pool, orgId, username)
  if (!credentials.length) refuse(401, 'Wrong username.')
  const { challenge, token } = await openChallenge('login', credentials[0].user_id)
  return loginChallenge(challenge, token, credentials)
})

app.post('/auth/login', answer, async (request) => {
  const proven = await verifyAnswer(request.body, 'login')
  const token = base64url(randomBytes(32))
  await inTransaction(async (db) => {
    await spend(db, proven.id)
    await setUsed(db, proven.credential, proven.signCount)
    await addSession(db, sha256(token), proven.user_id, proven.credential)
    await addAudit(db, 'user.signed-in', proven.org_id, proven.user_id, proven.credential)
  })
  return { token }
})

const call = { userActionHttpMethod: text, userActionHttpPath: text, userActionPayload: { type: 'string' }, userActionServerKind: text }
app.post('/auth/action/init', body(call, 'userActionPayload', 'userActionServerKind'), async (request) => {
  const { rows: credentials } = await findCaller(pool, bearer(request))
  if (!credentials.length) refuse(401, 'No such session.')
  const { userActionHttpMethod: method, userActionHttpPath: path, userActionPayload: payload = '' } = request.body
  const { challenge, token } = await openChallenge('action', credentials[0].user_id, sha256(JSON.stringify([method, path, payload])))
  return loginChallenge(challenge, token, credentials)
})

app.post('/auth/action', answer, async (request) => {
  const { rows: [session] } = await findSession(pool, bearer(request))
  const proven = await verifyAnswer(request.body, 'action')
  if (session?.user_id !== proven.user_id) refuse(401, 'No such session.')
  const token = base64url(randomBytes(32))
  await inTransaction(async (db) => {
    await spend(db, proven.id)
    await setUsed(db, proven.credential, proven.signCount)
    await addAction(db, sha256(token), proven.user_id, proven.bound_to)
  })
  return { userAction: token }
})

await app.listen({ port: Number(PORT), host: '127.0.0.1' })
console.log('listening')
