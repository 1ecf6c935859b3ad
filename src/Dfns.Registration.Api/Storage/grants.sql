-- What the service's own role may do to which table: rows, nothing else; and of the audit trail, add to it and read it.
-- After every migration, by the owner of the tables; done again it changes nothing. 'migrate --grant-to registration' does the same.
--
--   psql -1 -d registration -U registration_owner -v service=registration -f grants.sql
--
-- UPDATE stands also where a row is locked before it is deleted.
-- What was granted before, more widely or by another hand, is taken back first.
REVOKE ALL ON "__EFMigrationsHistory", organisations, relying_parties, social_providers, sso_clients, users, social_accounts, credentials, codes, credential_codes, ceremonies, access_tokens, attempt_budgets, outbox, webhooks, webhook_deliveries, signed_actions, signing_keys, metadata_numbers, permission_sets, permission_set_assignments, audit_events FROM :"service";
GRANT SELECT ON "__EFMigrationsHistory" TO :"service";
GRANT SELECT, INSERT, UPDATE ON organisations TO :"service";
GRANT SELECT, INSERT, UPDATE ON relying_parties TO :"service";
GRANT SELECT, INSERT, UPDATE, DELETE ON social_providers TO :"service";
GRANT SELECT, INSERT, UPDATE, DELETE ON sso_clients TO :"service";
GRANT SELECT, INSERT, UPDATE, DELETE ON users TO :"service";
GRANT SELECT, INSERT, UPDATE, DELETE ON social_accounts TO :"service";
GRANT SELECT, INSERT, UPDATE, DELETE ON credentials TO :"service";
GRANT SELECT, INSERT, UPDATE ON codes TO :"service";
GRANT SELECT, INSERT, UPDATE, DELETE ON credential_codes TO :"service";
GRANT SELECT, INSERT, UPDATE, DELETE ON ceremonies TO :"service";
GRANT SELECT, INSERT, UPDATE, DELETE ON access_tokens TO :"service";
GRANT SELECT, INSERT, UPDATE, DELETE ON attempt_budgets TO :"service";
GRANT SELECT, INSERT, UPDATE, DELETE ON outbox TO :"service";
GRANT SELECT, INSERT, UPDATE, DELETE ON webhooks TO :"service";
GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_deliveries TO :"service";
GRANT SELECT, INSERT, UPDATE, DELETE ON signed_actions TO :"service";
GRANT SELECT, INSERT, UPDATE, DELETE ON signing_keys TO :"service";
GRANT SELECT, INSERT, UPDATE, DELETE ON permission_sets TO :"service";
GRANT SELECT, INSERT, UPDATE, DELETE ON permission_set_assignments TO :"service";
GRANT SELECT, INSERT, UPDATE ON metadata_numbers TO :"service";
GRANT SELECT, INSERT ON audit_events TO :"service";
