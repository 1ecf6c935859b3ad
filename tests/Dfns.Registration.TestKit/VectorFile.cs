using System.Text.Json;
using System.Text.Json.Serialization;
using Dfns.Registration.Verification;

namespace Dfns.Registration.TestKit;

/// <summary>
/// A recorded registration with the outcome it must have: one file of <c>tests/vectors/&lt;source&gt;/</c>. A field that is unknown or
/// missing, an outcome that is no reason, or another number of files than a test states, fails the load: a typo must not pass a test.
/// </summary>
public sealed record VectorFile
{
    private const string Accept = "accept";

    internal static readonly JsonSerializerOptions Strict = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectRequiredConstructorParameters = true,
        AllowDuplicateProperties = false,
    };

    /// <summary>The file's name without its ending.</summary>
    public required string Id { get; init; }

    /// <summary>Where the credential comes from.</summary>
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

    /// <summary>The offered COSE algorithm numbers.</summary>
    public required IReadOnlyList<int> Algorithms { get; init; }

    /// <summary>The moment of verification.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>Base64url of the credential id.</summary>
    public required string CredId { get; init; }

    /// <summary>Base64url of the client data.</summary>
    public required string ClientData { get; init; }

    /// <summary>Base64url of the attestation.</summary>
    public required string AttestationData { get; init; }

    /// <summary>The reason that <see cref="Expect"/> names; null for "accept".</summary>
    [JsonIgnore]
    public RefusalReason? ExpectedReason => ReasonOf(Expect);

    /// <summary>The credential.</summary>
    [JsonIgnore]
    public RegistrationCredential Credential =>
        new() { Kind = Enum.Parse<CredentialKind>(Kind), CredId = CredId, ClientData = ClientData, AttestationData = AttestationData };

    /// <summary>What is expected of it.</summary>
    [JsonIgnore]
    public RegistrationExpectation Expectation => new()
    {
        Challenge = Challenge,
        RelyingPartyId = RpId,
        Origins = [Origin],
        AllowCrossOrigin = AllowCrossOrigin,
        TopOrigins = TopOrigins,
        RequireUserVerification = RequireUserVerification,
        Algorithms = Algorithms,
        Now = Now,
    };

    /// <summary>Loads all vectors of a source.</summary>
    /// <param name="source">The folder under <c>tests/vectors</c>.</param>
    /// <param name="count">How many there are.</param>
    public static IReadOnlyList<VectorFile> LoadAll(string source, int count) => LoadAll(source, count, Parse);

    /// <summary>Reads one vector.</summary>
    /// <param name="json">The text of its file.</param>
    /// <param name="name">The file's name without its ending.</param>
    public static VectorFile Parse(string json, string name)
    {
        var vector = JsonSerializer.Deserialize<VectorFile>(json, Strict) ?? throw new InvalidDataException($"{name}: null");
        Check(vector.Id, vector.Expect, name);
        return vector;
    }

    internal static IReadOnlyList<T> LoadAll<T>(string folder, int count, Func<string, string, T> parse)
    {
        var files = Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "vectors", folder), "*.json");
        if (files.Length != count)
            throw new InvalidDataException($"{folder}: {files.Length} vectors, {count} expected");
        return [.. files.Order(StringComparer.Ordinal).Select(file => parse(File.ReadAllText(file), Path.GetFileNameWithoutExtension(file)))];
    }

    internal static void Check(string id, string expect, string name)
    {
        if (id != name) throw new InvalidDataException($"{name}: calls itself {id}");
        if (expect != Accept && !Enum.GetNames<RefusalReason>().Contains(expect, StringComparer.Ordinal))
            throw new InvalidDataException($"{name}: no such outcome as {expect}");
    }

    internal static RefusalReason? ReasonOf(string expect) => expect == Accept ? null : Enum.Parse<RefusalReason>(expect);

    /// <inheritdoc/>
    public override string ToString() => Id;
}
