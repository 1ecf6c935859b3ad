namespace Dfns.Registration.Verification;

/// <summary>Everything a registration verdict depends on besides the credential. Nothing of it comes from the request.</summary>
public sealed record RegistrationExpectation
{
    /// <summary>The challenge as it was issued: text, 43 characters of unpadded base64url.</summary>
    public required string Challenge { get; init; }

    /// <summary>The relying party identifier (WebAuthn L3 §4 RP ID): a domain name, such as <c>example.co</c>.</summary>
    public required string RelyingPartyId { get; init; }

    /// <summary>
    /// The origins that may run the ceremony, compared as exact text: <c>https://app.example.co</c>, <c>android:apk-key-hash:…</c>.
    /// </summary>
    public required IReadOnlyList<string> Origins { get; init; }

    /// <summary>Whether the authenticator must have verified its user (WebAuthn L3 §7.1 step 16).</summary>
    public required bool RequireUserVerification { get; init; }

    /// <summary>The COSE algorithm numbers that were offered for Fido2 (<c>pubKeyCredParams</c>), such as -7, -8, -257.</summary>
    public required IReadOnlyList<int> Algorithms { get; init; }

    /// <summary>Whether a ceremony inside a cross-origin iframe is accepted (WebAuthn L3 §7.1 step 10).</summary>
    public bool AllowCrossOrigin { get; init; }

    /// <summary>The top-level origins that may embed the ceremony, compared as exact text (WebAuthn L3 §7.1 step 11).</summary>
    public IReadOnlyList<string> TopOrigins { get; init; } = [];

    /// <summary>The moment of verification, UTC: attestation certificates must be valid at it.</summary>
    public required DateTimeOffset Now { get; init; }
}
