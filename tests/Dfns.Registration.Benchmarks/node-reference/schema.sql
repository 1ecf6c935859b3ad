-- What the calls that are measured store. Ids of challenges, sessions and signed actions are hashes of the tokens that name them.
CREATE TABLE users (
  id text PRIMARY KEY, org_id text NOT NULL, username text NOT NULL, created_at timestamptz NOT NULL DEFAULT now(), registered_at timestamptz,
  UNIQUE (org_id, username));
CREATE TABLE codes (user_id text PRIMARY KEY REFERENCES users, hash bytea NOT NULL, expires_at timestamptz NOT NULL);
CREATE TABLE credentials (
  id text PRIMARY KEY, user_id text NOT NULL REFERENCES users, kind text NOT NULL, slot text NOT NULL, cred_id text NOT NULL UNIQUE,
  public_key bytea NOT NULL UNIQUE, sign_count bigint NOT NULL DEFAULT 0, format text, encrypted_private_key text,
  created_at timestamptz NOT NULL DEFAULT now(), used_at timestamptz);
CREATE INDEX ON credentials (user_id);
CREATE TABLE challenges (
  id bytea PRIMARY KEY, purpose text NOT NULL, user_id text NOT NULL REFERENCES users, challenge text NOT NULL, bound_to bytea,
  expires_at timestamptz NOT NULL, used_at timestamptz);
CREATE TABLE sessions (
  id bytea PRIMARY KEY, user_id text NOT NULL REFERENCES users, credential_id text NOT NULL REFERENCES credentials, expires_at timestamptz NOT NULL);
CREATE TABLE signed_actions (id bytea PRIMARY KEY, user_id text NOT NULL REFERENCES users, bound_to bytea NOT NULL, expires_at timestamptz NOT NULL);
CREATE TABLE audit_events (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(), action text NOT NULL, org_id text NOT NULL,
  user_id text NOT NULL, note text NOT NULL);
