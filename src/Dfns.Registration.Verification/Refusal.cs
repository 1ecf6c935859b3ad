namespace Dfns.Registration.Verification;

/// <summary>Why a credential was refused, where in it the fault lies, and, where it helps, what was found.</summary>
/// <param name="Reason">The one rule that was broken, from the closed list.</param>
/// <param name="Detail">
/// A short remark for the developer whose request it is (an origin, an algorithm number, a format name), free of key material; null
/// when the reason says it all. It may quote the request, so it is kept to one line of printable ASCII.
/// </param>
public sealed record Refusal(RefusalReason Reason, string? Detail = null)
{
    private const int MaxDetailLength = 200;

    /// <summary>A short remark: at most 200 printable ASCII characters; null when the reason says it all.</summary>
    public string? Detail { get; } = Printable(Detail);

    /// <summary>The member of the credential in which the fault lies; the service turns it into a JSON path.</summary>
    public CredentialPart Part { get; init; } = RefusalReasons.PartOf(Reason);

    /// <summary>
    /// Whether the fault lies in the attestation statement, not in what it is about: which tells the key of a certificate from the key of the
    /// credential. Never set for the raw-key kinds.
    /// </summary>
    public bool InStatement { get; init; }

    private static string? Printable(string? text) => text is null
        ? null
        : string.Concat(text.Take(MaxDetailLength).Select(character => character is >= ' ' and <= '~' ? character : '?'));
}

/// <summary>The members of a new credential (<c>credentialInfo</c>) and of an assertion (<c>credentialAssertion</c>) on the wire.</summary>
public enum CredentialPart
{
    /// <summary>The credential as a whole.</summary>
    Credential,

    /// <summary><c>credId</c>, base64url text.</summary>
    CredId,

    /// <summary><c>clientData</c>, base64url text of UTF-8 JSON.</summary>
    ClientData,

    /// <summary><c>attestationData</c> of a new credential, base64url text of CBOR (Fido2) or of JSON (the raw-key kinds).</summary>
    AttestationData,

    /// <summary><c>authenticatorData</c> of an assertion, base64url text.</summary>
    AuthenticatorData,

    /// <summary><c>signature</c> of an assertion, base64url text.</summary>
    Signature,

    /// <summary><c>userHandle</c> of an assertion, base64url text.</summary>
    UserHandle,

    /// <summary><c>algorithm</c> of an assertion, the name of a hash.</summary>
    Algorithm,

    /// <summary><c>newCredentials</c>, which stands beside the assertion of a recovery key.</summary>
    NewCredentials,
}
