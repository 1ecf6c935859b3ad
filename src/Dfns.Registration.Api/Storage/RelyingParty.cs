using Dfns.Registration.Verification;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Dfns.Registration.Api.Storage;

/// <summary>What an organisation demands of a ceremony. Never derived from a request (WebAuthn L3 §4, Relying Party).</summary>
public sealed class RelyingParty
{
    public required string OrganisationId { get; init; }

    /// <summary>The RP ID: a domain name such as <c>example.co</c>.</summary>
    public required string RelyingPartyId { get; set; }

    /// <summary>Further RP IDs of the organisation, each for pages at or below it; null or empty for none.</summary>
    public List<string>? FurtherIds { get; set; }

    /// <summary>Every RP ID, the primary one first.</summary>
    public IReadOnlyList<string> EveryId => [RelyingPartyId, .. FurtherIds ?? []];

    /// <summary>Those of some RP IDs, which it had before, that are its own no longer.</summary>
    public IReadOnlyList<string> Without(IReadOnlyList<string> before) => [.. before.Except(EveryId, StringComparer.Ordinal)];

    public required string Name { get; set; }

    /// <summary>
    /// Origins that may run ceremonies, compared as exact text, and <c>https://*.example.co</c> for every host below a domain; they are also the
    /// origins CORS admits.
    /// </summary>
    public required List<string> Origins { get; set; }

    /// <summary>
    /// Web origins of other domains whose pages may run ceremonies too (WebAuthn L3 §5.11, related origins), published at the RP ID for browsers; null or
    /// empty for none.
    /// </summary>
    public List<string>? RelatedOrigins { get; set; }

    /// <summary>
    /// The RP ID of a challenge that a page asks for: the narrowest of those at or below which the page is (WebAuthn L3 §5.1.3). It is one of the organisation's
    /// own in any case; what the page says of itself only chooses among them.
    /// </summary>
    /// <param name="origin">Of the page, as sent; null of an app or a program.</param>
    /// <returns>Null for the primary one: where none of the others fits, as for apps, programs and related origins.</returns>
    public string? ChooseId(string? origin)
    {
        if (FurtherIds is not { Count: > 0 } || !Uri.TryCreate(origin, UriKind.Absolute, out var url)) return null;
        var narrowest = EveryId.Where(id => IsAtOrBelow(url.Host, id)).MaxBy(id => id.Length);
        return narrowest == RelyingPartyId ? null : narrowest;
    }

    /// <summary>The RP ID that a challenge was given for.</summary>
    /// <returns>The primary one where that of the challenge is the organisation's no longer: what was made for it is refused.</returns>
    public string IdOf(Ceremony challenge) => challenge.RelyingPartyId is { } id && FurtherIds?.Contains(id) == true ? id : RelyingPartyId;

    /// <summary>The origins that may run ceremonies of one of the RP IDs: the pages at or below it, the apps, and of the primary one the related origins.</summary>
    public IReadOnlyList<string> OriginsOf(string id)
    {
        if (FurtherIds is not { Count: > 0 }) return EveryOrigin;
        return [.. Origins.SelectMany(origin => Within(origin, id)), .. id == RelyingPartyId ? RelatedOrigins ?? [] : []];
    }

    /// <summary>The origins of the web that lie at or below none of the RP IDs.</summary>
    public IReadOnlyList<string> OriginsOfNone() => [.. Origins.Where(origin => !EveryId.Any(id => Within(origin, id).Any()))];

    /// <summary>Whether a host is a domain or below it.</summary>
    public static bool IsAtOrBelow(string host, string domain) => host == domain || host.EndsWith($".{domain}", StringComparison.Ordinal);

    private static IEnumerable<string> Within(string origin, string id)
    {
        if (origin.StartsWith(AdmittedOrigins.Below, StringComparison.Ordinal))
        {
            var domain = origin[AdmittedOrigins.Below.Length..];
            return IsAtOrBelow(domain, id) ? [origin] : IsAtOrBelow(id, domain) ? [$"https://{id}", AdmittedOrigins.Below + id] : [];
        }

        return !origin.StartsWith("http", StringComparison.Ordinal) || IsAtOrBelow(new Uri(origin).Host, id) ? [origin] : [];
    }

    /// <summary>Every origin that may run ceremonies.</summary>
    public IReadOnlyList<string> EveryOrigin => RelatedOrigins is { Count: > 0 } related ? [.. Origins, .. related] : Origins;

    /// <summary>Where a user creates a passkey, published at the RP ID (Passkey Endpoints §3.1, <c>enroll</c>); null for nowhere.</summary>
    public string? PasskeyEnrollUrl { get; set; }

    /// <summary>Where a user manages passkeys, published at the RP ID (Passkey Endpoints §3.1, <c>manage</c>); null for nowhere.</summary>
    public string? PasskeyManageUrl { get; set; }

    /// <summary>Attestation conveyance preference (WebAuthn L3 §5.4.7): none, indirect, direct or enterprise.</summary>
    public required string Attestation { get; set; }

    /// <summary>User verification requirement (WebAuthn L3 §5.8.6): required, preferred or discouraged.</summary>
    public required string UserVerification { get; set; }

    /// <summary>COSE algorithm numbers offered as <c>pubKeyCredParams</c>, most wanted first.</summary>
    public required List<int> Algorithms { get; set; }

    public bool AllowCrossOrigin { get; set; }

    /// <summary>Top-level origins that may embed a ceremony; only looked at when cross-origin ceremonies are allowed.</summary>
    public List<string> TopOrigins { get; set; } = [];

    /// <summary>Whether an end user has to bring a recovery credential; employees never have to.</summary>
    public bool RecoveryRequiredForEndUsers { get; set; }

    /// <summary>Whether a registration is refused that wishes for wallets, which this service does not make; else the wish is passed over.</summary>
    public bool RefuseWallets { get; set; }

    /// <summary>
    /// Whether a user who has a second factor can sign without it; one that is sent is verified all the same. The high-level client of the official
    /// SDK sends none. Organisations of before this was kept demand it.
    /// </summary>
    public bool SecondFactorOptional { get; set; }

    /// <summary>Whether any passkey is accepted although its signature counter did not grow (WebAuthn L3 §7.2 step 22); noted in any case.</summary>
    public bool AcceptSignCountRegression { get; set; }

    /// <summary>
    /// Whether a passkey is refused that may be backed up and whose signature counter did not grow. Else it is accepted and noted: its copies
    /// count each for itself (WebAuthn L3 §6.1.1).
    /// </summary>
    public bool RefuseSyncedSignCountRegression { get; set; }

    /// <summary>Whether a passkey is refused that says of its backup eligibility what it did not say before (WebAuthn L3 §7.2 step 19). Else it is accepted, noted and kept.</summary>
    public bool RefuseBackupEligibilityChange { get; set; }

    /// <summary>Whether a new user is refused whose name mixes scripts.</summary>
    public bool RefuseMixedScripts { get; set; }

    /// <summary>Whether this user has to have a recovery credential.</summary>
    public bool RequiresRecoveryOf(User user) => user.Kind == UserKind.EndUser && RecoveryRequiredForEndUsers;

    /// <summary>Anything but a known word for less means required.</summary>
    public bool RequiresUserVerification => UserVerification is not ("preferred" or "discouraged");

    /// <summary>Whether passkeys without any attestation are refused.</summary>
    public bool RefuseNoAttestation { get; set; }

    /// <summary>Whether passkeys are refused that attest with their own key.</summary>
    public bool RefuseSelfAttestation { get; set; }

    /// <summary>Whether attestation certificates must lead to a trusted root; else nobody asks where they lead.</summary>
    public bool RequireTrustedRoot { get; set; }

    /// <summary>The models that are accepted, if attested by a trusted root; null or empty for all.</summary>
    public List<Guid>? AllowedAaguids { get; set; }

    /// <summary>The models that are refused, even when they are only claimed; null or empty for none.</summary>
    public List<Guid>? DeniedAaguids { get; set; }

    /// <summary>The statuses in metadata for which a model is refused; null for those that compromise it, empty for none.</summary>
    public List<string>? RefusedStatuses { get; set; }

    /// <summary>
    /// How many webhooks are enabled: here, where every act has it at hand, so that one of an organisation without any writes nothing for them, and
    /// asks nobody.
    /// </summary>
    public int EnabledWebhooks { get; set; }

    /// <summary>Counts the changes of webhooks. A concurrency token: of two at once, the second looks again at how many there are.</summary>
    public int WebhooksVersion { get; set; }

    internal sealed class Mapping : IEntityTypeConfiguration<RelyingParty>
    {
        public void Configure(EntityTypeBuilder<RelyingParty> builder)
        {
            builder.HasKey(r => r.OrganisationId);
            builder.ToTable("relying_parties");
            builder.Property(r => r.OrganisationId).HasMaxLength(Limits.IdLength);
            builder.Property(r => r.RelyingPartyId).HasMaxLength(Limits.DomainLength).IsRequired();
            builder.Property(r => r.Name).HasMaxLength(Limits.NameLength);
            builder.Property(r => r.Attestation).HasMaxLength(Limits.EnumLength);
            builder.Property(r => r.UserVerification).HasMaxLength(Limits.EnumLength);
            builder.Property(r => r.WebhooksVersion).IsConcurrencyToken();
            builder.Property(r => r.PasskeyEnrollUrl).HasMaxLength(Limits.UrlLength);
            builder.Property(r => r.PasskeyManageUrl).HasMaxLength(Limits.UrlLength);
        }
    }
}
