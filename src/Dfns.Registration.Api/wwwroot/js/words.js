// What a refusal means to the person at the page, and what to do about it. The service's own words are for developers: they name members
// and calls, which nobody at a page has ever seen.

const words = {
  invalid_code: ["This is not the code of this user.", "Check the username, the organisation and the code, or have a new code sent."],
  registration_code_expired: ["This code is too old.", "Have a new code sent."],
  user_already_exists: ["There is a user of this name already.", "Sign in, or take another name."],
  invitation_ended: ["There is a user of this name, whose invitation has ended.", "Invite the user again."],
  username_mixes_scripts: ["Your organisation takes no name that mixes letters of several scripts.", "Write it in one script."],
  user_deactivated: ["This account has been deactivated.", "Ask whoever invited you."],
  user_not_found: ["There is no such user.", "Look again at the list of users."],
  user_unknown: ["There is no such user.", "Check the username and the organisation."],
  organisation_unknown: ["There is no organisation with this id.", "Check the id; it begins with “or-”."],
  not_authorized: ["The service does not accept this.", "Check that the credential belongs to this user and is active, then start again."],
  challenge_not_valid: ["That took too long, or was finished elsewhere.", "Start again."],
  session_already_completed: ["This was finished elsewhere, with other credentials.", "Try to sign in."],
  no_usable_credential: ["This user has nothing to sign in with in this way.", "Sign in in another way, or recover the account."],
  second_factor_required: ["This user needs a second factor, which this page does not offer.", undefined],
  not_a_recovery_credential: ["This is not the recovery key of this user.", "Check the credential id against your sheet."],
  credential_not_found: ["This credential is no longer there.", "Reload the page."],
  last_first_factor: ["This is the last credential to sign in with.", "Add another one first."],
  last_recovery_credential: ["This is the last recovery key, and your organisation asks for one.", "Add another one first."],
  limit_reached: ["There are as many of these as there may be.", "Remove one first, or wait a minute."],
  permission_missing: ["You may not do this.", "Ask whoever looks after the service."],
  own_account: ["You cannot do this to your own account.", undefined],
  user_action_missing: ["This change was not signed.", "Start again."],
  user_action_already_used: ["This change was made already.", "Reload the page."],
  changed_meanwhile: ["Somebody else changed the same at this moment.", "Reload the page and try again."],
  credential_already_registered: ["This credential is registered already.", "Make a new one."],
  public_key_already_registered: ["This key is registered already.", "Make a new one."],
  recovery_credential_required: ["Your organisation asks for a recovery key.", "Tick “With a recovery key” and register again."],
  mail_busy: ["The mail could not be sent just now.", "Try again in a minute."],
  member_required: ["Something is missing in the form.", "Fill in what is marked."],
  member_invalid: ["Something in the form cannot be used as it is.", "Look at what is marked."],
  member_too_long: ["Something in the form is too long.", "Shorten what is marked."],
  too_many_attempts: ["There were too many attempts from here.", "Wait a quarter of an hour, then try again."],
  too_many_requests: ["There were too many requests from here.", "Wait a minute, then try again."],
  service_busy: ["The service is busy at this moment.", "Try again in a few seconds."],
  storage_unavailable: ["The service cannot reach its data at this moment.", "Try again in a few seconds."],
  internal_error: ["Something went wrong in the service.", "Try again; if it happens again, tell whoever looks after the service."],
  origin_not_allowed: ["Your organisation does not use this page at this address.", "Open the page at the address that your organisation told you."],
  user_not_verified: ["The device did not check that it is you.", "Unlock it with fingerprint, face or PIN when it asks, and try again."],
  attestation_none_not_accepted: ["Your organisation does not accept this kind of passkey.", "Use a device or security key that your organisation handed out."],
  attestation_self_not_accepted: ["Your organisation does not accept this kind of passkey.", "Use a device or security key that your organisation handed out."],
  certificate_path_not_trusted: ["Your organisation does not know who made this device.", "Use a device or security key that your organisation handed out."],
  aaguid_denied: ["Your organisation does not accept devices of this model.", "Use a device or security key that your organisation handed out."],
  aaguid_not_allowed: ["Your organisation does not accept devices of this model.", "Use a device or security key that your organisation handed out."],
  aaguid_not_attested: ["Your organisation accepts only devices that prove their model, and this one does not.", "Use a device or security key that your organisation handed out."],
  authenticator_status_not_accepted: ["Devices of this model are known to be unsafe.", "Use another device or security key."],
  sign_count_regressed: ["This device may have been copied.", "Sign in with another one, and tell whoever looks after the service."],
  console_foreign: ["This page was not opened where the service printed it.", "Open the link that the service printed when it started."],
};

const others = ["The service does not accept this.", "The details below help whoever looks after the service."];

/** @param code of a refusal. @returns {message, help}, in words that need no knowledge of the wire. */
export function inWords(code) {
  const [message, help] = words[code] ?? others;
  return { message, help };
}
