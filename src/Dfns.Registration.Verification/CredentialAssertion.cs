namespace Dfns.Registration.Verification;

/// <summary>An assertion as it arrived: the texts of <c>credentialAssertion</c>, nothing decoded.</summary>
public sealed record CredentialAssertion
{
    /// <summary>Base64url text of the credential id; of a raw key any text (<see cref="CredentialIds"/>).</summary>
    public required string CredId { get; init; }

    /// <summary>Base64url text of the client data: UTF-8 JSON, hashed and verified as received.</summary>
    public required string ClientData { get; init; }

    /// <summary>Base64url text of the signature.</summary>
    public required string Signature { get; init; }

    /// <summary>Base64url text of the authenticator data; Fido2 needs it, the raw-key kinds have none.</summary>
    public string? AuthenticatorData { get; init; }

    /// <summary>
    /// Base64url text of the user handle, which is the UTF-8 of the user id, or the user id itself, or that base64url text encoded once more;
    /// null or empty when the authenticator gave none. The raw-key kinds have none.
    /// </summary>
    public string? UserHandle { get; init; }

    /// <summary>The hash a raw-key client names for its signature, such as <c>SHA256</c>; Fido2 and Ed25519 ignore it.</summary>
    public string? Algorithm { get; init; }
}
