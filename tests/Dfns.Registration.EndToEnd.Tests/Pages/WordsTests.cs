using System.Text.RegularExpressions;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.EndToEnd.Tests.Running;

namespace Dfns.Registration.EndToEnd.Tests.Pages;

/// <summary>What the pages say to people: words for every error that somebody at a page can meet, and nothing of the wire in any of them.</summary>
public sealed partial class WordsTests
{
    // Only a program can cause them, or only one that has no part in what the pages do.
    private static readonly string[] OfPrograms =
    [
        "application_unknown", "assignment_unknown", "body_not_json", "body_too_deep", "body_too_large", "call_not_served", "content_type_unsupported", "credential_kind_misplaced", "credential_kind_unknown", "credential_kind_unsupported",
        "credential_repeated", "employee_required", "end_user_required", "event_unknown", "external_id_taken", "id_token_algorithm_not_allowed", "id_token_already_used", "id_token_audience_not_allowed", "id_token_claims_invalid",
        "id_token_email_not_verified", "id_token_expired", "id_token_issuer_unknown", "id_token_key_unknown", "id_token_malformed", "id_token_nonce_mismatch", "id_token_not_yet_valid", "id_token_revoked", "id_token_signature_invalid",
        "id_token_too_old", "log_unknown", "member_repeated", "method_not_allowed", "not_found", "operation_not_held", "operation_not_served", "operation_unknown", "organisation_not_told",
        "payload_not_json", "permission_already_assigned", "permission_archived", "permission_limit_reached", "permission_unknown", "personal_access_token_unknown", "public_key_repeated", "query_invalid", "request_invalid",
        "service_account_limit_reached", "service_account_required", "service_account_unknown", "social_provider_unavailable", "sso_client_ambiguous", "sso_client_unknown", "sso_code_refused", "sso_issuer_mismatch", "sso_provider_unavailable",
        "sso_redirect_uri_not_allowed", "sso_state_not_valid", "user_of_provider", "wallets_refused", "webhook_event_unknown", "webhook_limit_reached", "webhook_unknown",
    ];

    // Of a verifier's reasons, those for which the person is not to blame the page: another device would be accepted.
    private static readonly string[] OfPolicy =
    [
        "aaguid_denied", "aaguid_not_allowed", "aaguid_not_attested", "attestation_none_not_accepted", "attestation_self_not_accepted", "authenticator_status_not_accepted",
        "certificate_path_not_trusted", "origin_not_allowed", "sign_count_regressed", "user_not_verified",
    ];

    private static readonly string Scripts = Path.Combine(Places.Repository, "src", "Dfns.Registration.Api", "wwwroot", "js");

    [Fact]
    public async Task Every_error_that_people_can_meet_has_words_of_its_own()
    {
        var codes = Row().Matches(await File.ReadAllTextAsync(Path.Combine(Scripts, "words.js"))).Select(m => m.Groups["code"].Value);

        var told = ErrorCatalog.All.Select(e => e.Code).Except(OfPrograms).Except(RefusalErrors.All.Select(e => e.Code)).Concat(OfPolicy);
        Assert.Equal(told.Order(StringComparer.Ordinal), codes.Order(StringComparer.Ordinal));
        Assert.Empty(OfPolicy.Except(RefusalErrors.All.Select(e => e.Code)));
    }

    [Fact]
    public async Task No_words_name_a_call_a_member_or_a_code()
    {
        foreach (Match row in Row().Matches(await File.ReadAllTextAsync(Path.Combine(Scripts, "words.js"))))
        {
            Assert.DoesNotMatch(@"/auth|\$\.|\b(GET|POST|PUT|DELETE|JSON|HTTP|CORS)\b|[a-z]_[a-z]|[a-z][A-Z]|\{", row.Groups["text"].Value);
        }
    }

    // The words themselves, not what the script does with them.
    [GeneratedRegex("""^  (?<code>[a-z_]+): \[(?<text>.*)\],$""", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Row();
}
