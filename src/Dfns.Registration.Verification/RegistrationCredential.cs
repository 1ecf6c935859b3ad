namespace Dfns.Registration.Verification;

/// <summary>A credential as it arrived: its kind and the three texts of <c>credentialInfo</c>, nothing decoded.</summary>
public sealed record RegistrationCredential
{
    /// <summary>Which verifier reads it.</summary>
    public required CredentialKind Kind { get; init; }

    /// <summary>Base64url text of the credential id.</summary>
    public required string CredId { get; init; }

    /// <summary>Base64url text of the client data: UTF-8 JSON, hashed and verified as received.</summary>
    public required string ClientData { get; init; }

    /// <summary>Base64url text of a CBOR attestation object (Fido2), or of JSON with a PEM key and a hex signature (raw keys).</summary>
    public required string AttestationData { get; init; }
}
