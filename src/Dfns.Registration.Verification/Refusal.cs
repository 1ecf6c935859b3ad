namespace Dfns.Registration.Verification;

/// <summary>Why a credential was refused, where in it the fault lies, and, where it helps, what was found.</summary>
/// <param name="Reason">The one rule that was broken, from the closed list.</param>
/// <param name="Detail">
/// A short English remark for the developer whose request it is (an origin, an algorithm number, a format name), free of key material
/// and of line breaks; null when the reason says it all.
/// </param>
public sealed record Refusal(RefusalReason Reason, string? Detail = null)
{
    /// <summary>The member of the credential in which the fault lies; the service turns it into a JSON path.</summary>
    public CredentialPart Part { get; init; } = RefusalReasons.PartOf(Reason);
}

/// <summary>The members of a credential on the wire.</summary>
public enum CredentialPart
{
    /// <summary>The credential as a whole.</summary>
    Credential,

    /// <summary><c>credentialInfo.credId</c>, base64url text.</summary>
    CredId,

    /// <summary><c>credentialInfo.clientData</c>, base64url text of UTF-8 JSON.</summary>
    ClientData,

    /// <summary><c>credentialInfo.attestationData</c>, base64url text of CBOR (Fido2) or of JSON (the raw-key kinds).</summary>
    AttestationData,
}
