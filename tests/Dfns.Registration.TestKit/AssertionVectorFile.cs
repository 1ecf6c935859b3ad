using System.Buffers.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Dfns.Registration.Verification;

namespace Dfns.Registration.TestKit;

/// <summary>
/// A recorded assertion with the outcome it must have: one file of <c>tests/vectors/&lt;source&gt;/assertions/</c>, read as strictly as
/// <see cref="VectorFile"/> reads its own.
/// </summary>
public sealed record AssertionVectorFile
{
    /// <summary>The file's name without its ending.</summary>
    public required string Id { get; init; }

    /// <summary>Where the assertion comes from.</summary>
    public required string Source { get; init; }

    /// <summary>What the vector shows.</summary>
    public required string Comment { get; init; }

    /// <summary><c>accept</c>, or the name of a <see cref="RefusalReason"/>.</summary>
    public required string Expect { get; init; }

    /// <summary>The kind, as <see cref="CredentialKind"/> spells it.</summary>
    public required string Kind { get; init; }

    /// <summary>The challenge as it was issued.</summary>
    public required string Challenge { get; init; }

    /// <summary>The expected RP ID.</summary>
    public required string RpId { get; init; }

    /// <summary>The expected origin.</summary>
    public required string Origin { get; init; }

    /// <summary>Whether a cross-origin ceremony is expected.</summary>
    public required bool AllowCrossOrigin { get; init; }

    /// <summary>The expected top origins.</summary>
    public required IReadOnlyList<string> TopOrigins { get; init; }

    /// <summary>Whether user verification is required.</summary>
    public required bool RequireUserVerification { get; init; }

    /// <summary>The credential's user, known beforehand.</summary>
    public required string UserId { get; init; }

    /// <summary>Base64url of the stored public key: DER SubjectPublicKeyInfo.</summary>
    public required string PublicKey { get; init; }

    /// <summary>The stored COSE algorithm number; null for raw keys.</summary>
    public required int? Algorithm { get; init; }

    /// <summary>The stored signature counter.</summary>
    public required uint SignCount { get; init; }

    /// <summary>The stored flag BE.</summary>
    public required bool BackupEligible { get; init; }

    /// <summary>Base64url of the credential id, stored and asserted.</summary>
    public required string CredId { get; init; }

    /// <summary>Base64url of the client data.</summary>
    public required string ClientData { get; init; }

    /// <summary>Base64url of the signature.</summary>
    public required string Signature { get; init; }

    /// <summary>Base64url of the authenticator data; null for raw keys.</summary>
    public required string? AuthenticatorData { get; init; }

    /// <summary>Base64url of the user handle; null where there is none.</summary>
    public required string? UserHandle { get; init; }

    /// <summary>The reason that <see cref="Expect"/> names; null for "accept".</summary>
    [JsonIgnore]
    public RefusalReason? ExpectedReason => VectorFile.ReasonOf(Expect);

    /// <summary>The assertion.</summary>
    [JsonIgnore]
    public MadeAssertion Assertion => new(CredId, ClientData, Signature, AuthenticatorData, UserHandle);

    /// <summary>The stored credential.</summary>
    [JsonIgnore]
    public StoredCredential Credential => new()
    {
        Kind = Enum.Parse<CredentialKind>(Kind),
        CredentialId = Base64Url.DecodeFromChars(CredId),
        UserId = UserId,
        SubjectPublicKeyInfo = Base64Url.DecodeFromChars(PublicKey),
        Algorithm = Algorithm,
        SignCount = SignCount,
        BackupEligible = BackupEligible,
    };

    /// <summary>What is expected of the assertion.</summary>
    [JsonIgnore]
    public AssertionExpectation Expectation => new()
    {
        Challenge = Challenge,
        RelyingPartyId = RpId,
        Origins = [Origin],
        AllowCrossOrigin = AllowCrossOrigin,
        TopOrigins = TopOrigins,
        RequireUserVerification = RequireUserVerification,
        UserId = UserId,
    };

    /// <summary>Loads all assertions of a source.</summary>
    /// <param name="source">The folder under <c>tests/vectors</c>.</param>
    /// <param name="count">How many there are.</param>
    public static IReadOnlyList<AssertionVectorFile> LoadAll(string source, int count) =>
        VectorFile.LoadAll(Path.Combine(source, "assertions"), count, Parse);

    /// <summary>Reads one vector.</summary>
    /// <param name="json">The text of its file.</param>
    /// <param name="name">The file's name without its ending.</param>
    public static AssertionVectorFile Parse(string json, string name)
    {
        var vector = JsonSerializer.Deserialize<AssertionVectorFile>(json, VectorFile.Strict) ?? throw new InvalidDataException($"{name}: null");
        VectorFile.Check(vector.Id, vector.Expect, name);
        return vector;
    }

    /// <inheritdoc/>
    public override string ToString() => Id;
}
