namespace Dfns.Registration.Api.Errors;

/// <summary>
/// The closed list of errors outside credential verification; <see cref="RefusalErrors"/> holds the rest. A code never changes and is
/// never reused. Messages without a full stop are the documented texts of the wire format, which clients compare.
/// </summary>
internal static class ErrorCatalog
{
    public static readonly ApiError NotAuthorized = new("not_authorized", 401, "Not Authorized.",
        "Send 'Authorization: Bearer' with a token that is meant for this call, before it expires: the temporaryAuthenticationToken of the answer that carried the challenge, or the token of a session or service account.");

    public static readonly ApiError InvalidCode = new("invalid_code", 403, "Invalid code",
        "Check the username, the organisation and the code, or have a new code sent: PUT /auth/registration/code, POST /auth/login/code, POST /auth/recover/user/code.");

    public static readonly ApiError RegistrationCodeExpired = new("registration_code_expired", 400, "Registration code expired",
        "Have a new code sent with PUT /auth/registration/code.");

    public static readonly ApiError UserAlreadyExists = new("user_already_exists", 401, "User already exists.",
        "Whoever is registered signs in instead; for an end user who is not, a service account starts again with POST /auth/registration/delegated/restart.");

    public static readonly ApiError InvitationEnded = new("invitation_ended", 409,
        "A user of this name was invited and did not register before the invitation ended.",
        "Invite the user again: an end user by a service account with POST /auth/registration/delegated/restart, anybody by the operator with 'user invite-again'. Or delete the user with DELETE /auth/users/{userId}, and send this again.");

    public static readonly ApiError UsernameMixesScripts = new("username_mixes_scripts", 400,
        "The organisation takes no new user whose name mixes scripts, whose letters can look alike. Write it in one script; of an address the part before '@', and each label behind it.");

    public static readonly ApiError UserUnknown = new("user_unknown", 404, "There is no user with this id in the organisation.");

    public static readonly ApiError ServiceAccountUnknown = new("service_account_unknown", 404, "There is no service account with this id in the organisation.");

    public static readonly ApiError ServiceAccountLimitReached = new("service_account_limit_reached", 409,
        "The organisation has as many service accounts as it may have. Delete one that is no longer used.");

    public static readonly ApiError EmployeeRequired = new("employee_required", 403, "Only an employee who is signed in has personal access tokens.");

    public static readonly ApiError PatUnknown = new("personal_access_token_unknown", 404, "This user has no personal access token with this id.");

    public static readonly ApiError OwnAccount = new("own_account", 400, "Nobody deactivates or deletes the account that they call with. Ask another administrator.");

    public static readonly ApiError UserDeactivated = new("user_deactivated", 400, "User account has been deactivated.",
        "Ask an administrator of the organisation to activate the user.");

    public static readonly ApiError ChallengeNotValid = new("challenge_not_valid", 400, "Challenge token is not valid.",
        "Send the challengeIdentifier of the answer that carried the challenge, once, and before it expires.");

    public static readonly ApiError NoUsableCredential = new("no_usable_credential", 401,
        "User does not have a credential that can be used for the application.",
        "Sign with an active credential of this user, and send it under its own kind.");

    public static readonly ApiError SecondFactorRequired = new("second_factor_required", 400,
        "This user has a second factor. Add secondFactor, signed by it over the same challenge.");

    public static readonly ApiError NotARecoveryCredential = new("not_a_recovery_credential", 401, "Credential cannot be used as a recovery factor.",
        "Sign with an active recovery key of this user, the one that the recovery was started with. A recovery key is spent by the recovery, and superseded by another.");

    public static readonly ApiError LimitReached = new("limit_reached", 409, "This user has as many of these as a user may have. End one, or wait until one has ended.");

    public static readonly ApiError CredentialNotFound = new("credential_not_found", 404, "This user has no credential with this credentialUuid.");

    public static readonly ApiError LastFirstFactor = new("last_first_factor", 409,
        "This is the last active credential that the user can sign in with. Add or activate another one first.");

    public static readonly ApiError LastRecoveryCredential = new("last_recovery_credential", 409,
        "This organisation requires a recovery credential of its end users, and this is the last active one. Add or activate another one first.");

    public static readonly ApiError PermissionMissing = new("permission_missing", 403, "… is not authorized to perform operation (…)",
        "Ask an administrator of the organisation for this permission.");

    public static readonly ApiError ServiceAccountRequired = new("service_account_required", 403,
        "Only a service account can do this. Call from your back end, with the token of a service account.");

    public static readonly ApiError UserNotFound = new("user_not_found", 401, "User not found",
        "Check the username; the user must be one of the caller's organisation, and of the kind that this call is for.");

    public static readonly ApiError UserActionMissing = new("user_action_missing", 403, "user action signature is missing or invalid",
        "Sign this call with POST /auth/action/init and POST /auth/action, over its method, path and body, and send the userAction in the header X-DFNS-USERACTION.");

    public static readonly ApiError UserActionAlreadyUsed = new("user_action_already_used", 400, "user action has already been used",
        "Sign each call anew.");

    public static readonly ApiError PayloadNotJson = new("payload_not_json", 400,
        "This member must be the text of the JSON body that is going to be sent, or empty where there is none.");

    public static readonly ApiError ApplicationUnknown = new("application_unknown", 404,
        "There are no applications here: the origins of an organisation are those of its relying party, which the operator sets.");

    public static readonly ApiError UserOfProvider = new("user_of_provider", 403, "This user came with an account at an OpenID provider, and nobody else can vouch for them: a name joins nobody to it. They sign in with an ID token, or with a credential of theirs.");

    public static readonly ApiError LogUnknown = new("log_unknown", 404, "There is no signed action with this id in the organisation.");

    public static readonly ApiError PermissionUnknown = new("permission_unknown", 404, "There is no permission with this id in the organisation.");

    public static readonly ApiError PermissionArchived = new("permission_archived", 409,
        "This permission is archived. Take it back first: PUT /permissions/{permissionId}/archive with isArchived false.");

    public static readonly ApiError PermissionAlreadyAssigned = new("permission_already_assigned", 409, "This permission is assigned to this identity already.");

    public static readonly ApiError PermissionLimitReached = new("permission_limit_reached", 409,
        "The organisation has as many permissions as it may have. Archive one that is assigned to nobody: it makes room.");

    public static readonly ApiError AssignmentUnknown = new("assignment_unknown", 404, "This permission has no assignment with this id.");

    public static readonly ApiError OperationNotHeld = new("operation_not_held", 403, "Nobody grants operations that they may not do themselves.");

    public static readonly ApiError OperationUnknown = new("operation_unknown", 400,
        "There is no operation of this name. The manual lists those that there are; they are spelled as in Auth:Users:Create.");

    public static readonly ApiError OperationNotServed = new("operation_not_served", 400,
        "This service has no endpoint for this operation of the hosted service, so that permitting it would mean nothing. Leave it out.");

    public static readonly ApiError OrganisationUnknown = new("organisation_unknown", 404, "There is no organisation with this orgId.");

    public static readonly ApiError ChangedMeanwhile = new("changed_meanwhile", 409,
        "Another request changed the same thing at the same time. Look at it again, then sign and send this again.");

    public static readonly ApiError SessionAlreadyCompleted = new("session_already_completed", 409,
        "This challenge was already answered with a different request. Start again with a new challenge.");

    public static readonly ApiError CredentialAlreadyRegistered = new("credential_already_registered", 409,
        "A credential with this id is already registered in the organisation. Create a new credential.");

    public static readonly ApiError PublicKeyAlreadyRegistered = new("public_key_already_registered", 409,
        "This public key is already registered in the organisation. Create a new key pair.");

    public static readonly ApiError MailBusy = new("mail_busy", 503,
        "Too many mails are waiting to be sent. Nothing has changed; try again in a minute.");

    public static readonly ApiError ExternalIdTaken = new("external_id_taken", 409,
        "A user of the organisation has this externalId already.");

    public static readonly ApiError CredentialRepeated = new("credential_repeated", 400,
        "Two credentials of this request have the same credential id. Create a credential for each.");

    public static readonly ApiError PublicKeyRepeated = new("public_key_repeated", 400,
        "Two credentials of this request have the same public key. Create a key pair for each.");

    public static readonly ApiError RecoveryCredentialRequired = new("recovery_credential_required", 400,
        "This organisation requires a recovery credential of its end users. Add recoveryCredential.");

    public static readonly ApiError EndUserRequired = new("end_user_required", 403,
        "This user is an employee. Complete the registration with POST /auth/registration, and sign in.");

    public static readonly ApiError WalletsRefused = new("wallets_refused", 400,
        "This service makes no wallets, and this organisation wants none to be asked for. Leave wallets out; your back end makes them.");

    public static readonly ApiError WebhookUnknown = new("webhook_unknown", 404, "There is no such webhook in this organisation.");

    public static readonly ApiError WebhookEventUnknown = new("webhook_event_unknown", 404,
        "This webhook was told of no such event, or longer ago than events are kept.");

    public static readonly ApiError WebhookLimitReached = new("webhook_limit_reached", 409,
        "The organisation has as many webhooks as it may. Delete one that is of no use any more.");

    public static readonly ApiError EventUnknown = new("event_unknown", 400, "There is no such kind of events.");

    public static readonly ApiError CredentialKindUnsupported = new("credential_kind_unsupported", 400,
        "This credentialKind is deprecated and not supported.");

    public static readonly ApiError CredentialKindUnknown = new("credential_kind_unknown", 400, "This credentialKind is unknown.");

    public static readonly ApiError CredentialKindMisplaced = new("credential_kind_misplaced", 400,
        "This credentialKind cannot be used here.");

    public static readonly ApiError QueryInvalid = new("query_invalid", 400, "This parameter of the query has the wrong form.");

    public static readonly ApiError MemberRequired = new("member_required", 400, "This member is required and must not be empty.");

    public static readonly ApiError MemberInvalid = new("member_invalid", 400, "This member has the wrong type or form.");

    public static readonly ApiError MemberTooLong = new("member_too_long", 400, "This member is too long.");

    public static readonly ApiError MemberRepeated = new("member_repeated", 400, "This member stands more than once in its object.");

    public static readonly ApiError BodyNotJson = new("body_not_json", 400, "The request body is not a well-formed JSON object in UTF-8.");

    public static readonly ApiError BodyTooDeep = new("body_too_deep", 400, "The request body is nested too deeply.");

    public static readonly ApiError BodyTooLarge = new("body_too_large", 413, "The request body is too large.");

    public static readonly ApiError ContentTypeUnsupported = new("content_type_unsupported", 415,
        "Send the request body as 'Content-Type: application/json' in UTF-8, without a content encoding; to POST /auth/introspect as 'application/x-www-form-urlencoded'.");

    public static readonly ApiError TooManyAttempts = new("too_many_attempts", 429,
        "Too many attempts for this user from this address. Wait as long as the Retry-After header says.");

    public static readonly ApiError IdTokenMalformed = new("id_token_malformed", 400,
        "The idToken is no ID token, which is a signed JWT and says of itself nothing else. Send the id_token of the provider's answer as it is.");

    public static readonly ApiError OrganisationNotTold = new("organisation_not_told", 400,
        "The ID token alone does not tell the organisation: none accepts it, more than one does, or its provider has not signed it. Send orgId.");

    public static readonly ApiError IdTokenIssuerUnknown = new("id_token_issuer_unknown", 401,
        "The organisation accepts no ID tokens of this issuer. Its operator sets the providers with 'social-provider set'.");

    public static readonly ApiError IdTokenAlgorithmNotAllowed = new("id_token_algorithm_not_allowed", 401,
        "The organisation accepts no ID tokens of this provider that are signed with this algorithm.");

    public static readonly ApiError IdTokenKeyUnknown = new("id_token_key_unknown", 401,
        "The provider publishes no key that could have signed this ID token. Get a new one.");

    public static readonly ApiError IdTokenSignatureInvalid = new("id_token_signature_invalid", 401,
        "The signature of the ID token is not the provider's.");

    public static readonly ApiError IdTokenAudienceNotAllowed = new("id_token_audience_not_allowed", 401,
        "The ID token was issued to another client: each audience, and azp, must be a client id that the organisation lists.");

    public static readonly ApiError IdTokenExpired = new("id_token_expired", 401, "The ID token has expired. Get a new one.");

    public static readonly ApiError IdTokenNotYetValid = new("id_token_not_yet_valid", 401,
        "The ID token was issued in the future, or is not valid yet. The clock of the provider or of the service is wrong.");

    public static readonly ApiError IdTokenTooOld = new("id_token_too_old", 401,
        "The ID token was issued too long ago to start anything with it. Get a new one.");

    public static readonly ApiError IdTokenAlreadyUsed = new("id_token_already_used", 401,
        "This ID token has signed in already. Get a new one.");

    public static readonly ApiError IdTokenRevoked = new("id_token_revoked", 401,
        "Everything of this user was ended since this ID token was issued, or in the same second. Get a new one.");

    public static readonly ApiError IdTokenNonceMismatch = new("id_token_nonce_mismatch", 401,
        "The nonce of the ID token is not the one of the request.");

    public static readonly ApiError IdTokenClaimsInvalid = new("id_token_claims_invalid", 401,
        "The ID token lacks a claim that every ID token has, or has it in a form that cannot be used.");

    public static readonly ApiError IdTokenEmailNotVerified = new("id_token_email_not_verified", 403,
        "The ID token carries no e-mail address that its provider has verified, and the user would be named by it. Ask for the scope 'email'.");

    public static readonly ApiError SocialProviderUnavailable = new("social_provider_unavailable", 503,
        "The keys of the provider cannot be read, so that the ID token could not be checked. Nothing has changed; try again.");

    public static readonly ApiError SsoClientUnknown = new("sso_client_unknown", 400,
        "There is no single sign-on with this client id in this organisation. Its operator sets the clients with 'sso-client set'.");

    public static readonly ApiError SsoClientAmbiguous = new("sso_client_ambiguous", 409,
        "More than one provider of the organisation accepts this client id, so that it does not tell at which to sign in. The operator takes it from the others with 'social-provider remove'.");

    public static readonly ApiError SsoRedirectUriNotAllowed = new("sso_redirect_uri_not_allowed", 400,
        "Nobody is sent back to this redirect URI: it must be, character by character, one of those of the client, to which 'sso-client add' adds.");

    public static readonly ApiError SsoStateNotValid = new("sso_state_not_valid", 401,
        "The state is none that was issued here, or was used, or is older than ten minutes. Begin again with POST /auth/login/sso/init.");

    public static readonly ApiError SsoIssuerMismatch = new("sso_issuer_mismatch", 401,
        "The answer comes from another provider than the one that the person was sent to. Begin again with POST /auth/login/sso/init.");

    public static readonly ApiError SsoCodeRefused = new("sso_code_refused", 401,
        "The provider did not take the authorization code, or not from this client. Begin again with POST /auth/login/sso/init.");

    public static readonly ApiError SsoProviderUnavailable = new("sso_provider_unavailable", 503,
        "The provider did not answer in time, or not as OpenID Connect says. Nobody was signed in; begin again with POST /auth/login/sso/init.");

    public static readonly ApiError RequestInvalid = new("request_invalid", 400, "The request could not be read as HTTP.");

    public static readonly ApiError NotFound = new("not_found", 404, "There is nothing at this path.");

    public static readonly ApiError CallNotServed = new("call_not_served", 404,
        "This is a call of the hosted service that this one does not have: it keeps users and their credentials.");

    public static readonly ApiError MethodNotAllowed = new("method_not_allowed", 405, "This path does not answer this method; see the Allow header.");

    public static readonly ApiError ConsoleForeign = new("console_foreign", 403,
        "The console answers its own page only, at localhost or at the loopback address, and programs of this machine.");

    public static readonly ApiError TooManyRequests = new("too_many_requests", 429,
        "Too many requests from this address, or with this token. Wait as long as the Retry-After header says.");

    public static readonly ApiError StorageUnavailable = new("storage_unavailable", 503,
        "The database does not answer. Send the same request again: whatever it asks for is done at most once.")
    { RetryAfterSeconds = 1 };

    public static readonly ApiError ServiceBusy = new("service_busy", 503,
        "More requests wait for the database than it can serve in time. Nothing has changed; send the same request again, after as long as the Retry-After header says.")
    { RetryAfterSeconds = 1 };

    public static readonly ApiError Internal = new("internal_error", 500, "Internal Server Error",
        "This is a fault of the service. Tell its operator the time and the x-request-id header of this answer; a request that is sent again is done at most once.");

    /// <summary>Every row of this class and of <see cref="RefusalErrors"/>.</summary>
    public static readonly IReadOnlyList<ApiError> All =
    [
        NotAuthorized, InvalidCode, RegistrationCodeExpired, UserAlreadyExists, InvitationEnded, UsernameMixesScripts, UserUnknown, ServiceAccountUnknown, ServiceAccountLimitReached, EmployeeRequired, PatUnknown, OwnAccount, UserDeactivated, SessionAlreadyCompleted,
        ChallengeNotValid, NoUsableCredential, SecondFactorRequired, NotARecoveryCredential, UserNotFound, LimitReached, CredentialNotFound, LastFirstFactor, LastRecoveryCredential, PermissionMissing, UserActionMissing, UserActionAlreadyUsed, PayloadNotJson, ApplicationUnknown, UserOfProvider, LogUnknown, PermissionUnknown, PermissionArchived, PermissionAlreadyAssigned, PermissionLimitReached, AssignmentUnknown, OperationNotHeld, OperationUnknown, OperationNotServed, OrganisationUnknown, ChangedMeanwhile, ServiceAccountRequired,
        WebhookUnknown, WebhookEventUnknown, WebhookLimitReached, EventUnknown,
        CredentialAlreadyRegistered, PublicKeyAlreadyRegistered, MailBusy, ExternalIdTaken, CredentialRepeated, PublicKeyRepeated, RecoveryCredentialRequired, EndUserRequired, WalletsRefused, CredentialKindUnsupported,
        CredentialKindUnknown, CredentialKindMisplaced, QueryInvalid, MemberRequired, MemberInvalid, MemberTooLong, MemberRepeated, BodyNotJson,
        BodyTooDeep, BodyTooLarge, ContentTypeUnsupported, RequestInvalid, NotFound, CallNotServed, MethodNotAllowed, TooManyRequests,
        StorageUnavailable, ServiceBusy, Internal, TooManyAttempts,
        IdTokenMalformed, OrganisationNotTold, IdTokenIssuerUnknown, IdTokenAlgorithmNotAllowed, IdTokenKeyUnknown, IdTokenSignatureInvalid, IdTokenAudienceNotAllowed,
        IdTokenExpired, IdTokenNotYetValid, IdTokenTooOld, IdTokenAlreadyUsed, IdTokenRevoked, IdTokenNonceMismatch, IdTokenClaimsInvalid, IdTokenEmailNotVerified, SocialProviderUnavailable,
        SsoClientUnknown, SsoClientAmbiguous, SsoRedirectUriNotAllowed, SsoStateNotValid, SsoIssuerMismatch, SsoCodeRefused, SsoProviderUnavailable,
        ConsoleForeign,
        .. RefusalErrors.All,
    ];
}
