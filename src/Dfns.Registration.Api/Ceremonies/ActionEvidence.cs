using System.Security.Cryptography;
using System.Text.Json;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;

namespace Dfns.Registration.Api.Ceremonies;

/// <summary>
/// What proves that somebody signed a call, from nothing but itself: what was signed, what the relying party held it to, and of each factor the
/// key and the assertion. Stored as it was, and exported as it is stored.
/// </summary>
public sealed record ActionEvidence
{
    /// <summary>Of the organisation.</summary>
    public required string OrgId { get; init; }

    /// <summary>Of the user action.</summary>
    public required string Id { get; init; }

    /// <summary>Who signed; its UTF-8 is the WebAuthn user handle.</summary>
    public required string UserId { get; init; }

    /// <summary>UTC, such as <c>2026-11-23T12:00:00.000Z</c>; by the clock of the service.</summary>
    public required string DateSigned { get; init; }

    /// <summary>The HTTP method of the call.</summary>
    public required string Method { get; init; }

    /// <summary>The path of the call, without the query.</summary>
    public required string Path { get; init; }

    /// <summary>SHA-256 of the body in its canonical form, in hexadecimal.</summary>
    public required string PayloadDigest { get; init; }

    /// <summary>The challenge, which follows from the members above: unpadded base64url.</summary>
    public required string Challenge { get; init; }

    public required string RpId { get; init; }

    public required IReadOnlyList<string> Origins { get; init; }

    public required IReadOnlyList<string> TopOrigins { get; init; }

    public required bool AllowCrossOrigin { get; init; }

    public required bool RequireUserVerification { get; init; }

    /// <summary>The first factor, and the second where there was one.</summary>
    public required IReadOnlyList<FactorEvidence> Factors { get; init; }

    /// <summary>What a user action was signed with, to be saved with its answer.</summary>
    /// <param name="signed">The user action, answered.</param>
    /// <param name="relyingParty">Of the organisation.</param>
    /// <param name="proven">Who signed, and with what.</param>
    /// <param name="sent">The assertions, as sent.</param>
    internal static SignedAction Of(Ceremony signed, RelyingParty relyingParty, ProvenFactors proven, AnswerRequest sent)
    {
        var (method, path, digest) = SignedCall.Bound(signed);
        IEnumerable<FactorRequest?> factors = [sent.FirstFactor, sent.SecondFactor];
        var evidence = new ActionEvidence
        {
            OrgId = signed.OrganisationId,
            Id = signed.Id,
            UserId = proven.User.Id,
            DateSigned = WireTime.Of(signed.ConsumedAt!.Value),
            Method = method,
            Path = path,
            PayloadDigest = digest,
            Challenge = signed.Challenge,
            RpId = relyingParty.IdOf(signed),
            Origins = relyingParty.OriginsOf(relyingParty.IdOf(signed)),
            TopOrigins = relyingParty.TopOrigins,
            AllowCrossOrigin = relyingParty.AllowCrossOrigin,
            RequireUserVerification = relyingParty.RequiresUserVerification,
            Factors = [.. proven.Credentials.Zip(factors, (credential, factor) => FactorEvidence.Of(credential, factor!.CredentialAssertion!))],
        };
        return new SignedAction
        {
            OrganisationId = signed.OrganisationId,
            Id = signed.Id,
            SignerId = proven.User.Id,
            Username = proven.User.Username,
            CredentialUuid = proven.Credentials[0].Uuid,
            Method = method,
            Path = path,
            SignedAt = signed.ConsumedAt.Value,
            Evidence = JsonSerializer.Serialize(evidence, WireJson.Options),
        };
    }

    /// <summary>Reads what was stored.</summary>
    internal static ActionEvidence Read(SignedAction stored) => JsonSerializer.Deserialize<ActionEvidence>(stored.Evidence, WireJson.Options)!;
}

/// <summary>A credential as it was when it signed, and what it signed.</summary>
public sealed record FactorEvidence
{
    /// <summary>Such as <c>cr-…</c>.</summary>
    public required string CredentialUuid { get; init; }

    /// <summary>Fido2, Key or PasswordProtectedKey.</summary>
    public required string Kind { get; init; }

    /// <summary>The credential id as it was registered.</summary>
    public required string CredId { get; init; }

    /// <summary>SubjectPublicKeyInfo in PEM.</summary>
    public required string PublicKey { get; init; }

    /// <summary>The COSE algorithm number of a passkey's key; null of a raw key.</summary>
    public int? Algorithm { get; init; }

    /// <summary>The hash that a raw key was registered with; null for SHA256, and of a passkey.</summary>
    public string? HashAlgorithm { get; init; }

    /// <summary>As it was sent.</summary>
    public required CredentialAssertionRequest Assertion { get; init; }

    internal static FactorEvidence Of(Credential credential, CredentialAssertionRequest sent) => new()
    {
        CredentialUuid = credential.Uuid,
        Kind = credential.Kind.ToString(),
        CredId = credential.CredentialIdText,
        PublicKey = PemEncoding.WriteString("PUBLIC KEY", credential.PublicKey),
        Algorithm = credential.Algorithm,
        HashAlgorithm = credential.HashAlgorithm,
        Assertion = sent,
    };
}
