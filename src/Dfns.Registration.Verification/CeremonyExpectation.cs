namespace Dfns.Registration.Verification;

/// <summary>What both ceremonies, registration and authentication, are held to. Nothing of it comes from the request.</summary>
public abstract record CeremonyExpectation
{
    private protected CeremonyExpectation()
    {
    }

    /// <summary>The challenge as it was issued: text, 43 characters of unpadded base64url.</summary>
    public required string Challenge { get; init; }

    /// <summary>The relying party identifier (WebAuthn L3 §4 RP ID): a domain name, such as <c>example.co</c>.</summary>
    public required string RelyingPartyId { get; init; }

    /// <summary>
    /// The origins that may run the ceremony, compared as exact text: <c>https://app.example.co</c>, <c>android:apk-key-hash:…</c>; and
    /// <c>https://*.example.co</c> for every host below a domain, see <see cref="AdmittedOrigins"/>.
    /// </summary>
    public required IReadOnlyList<string> Origins { get; init; }

    /// <summary>Whether the authenticator must have verified its user (WebAuthn L3 §7.1 step 16, §7.2 step 17).</summary>
    public required bool RequireUserVerification { get; init; }

    /// <summary>Whether a ceremony inside a cross-origin iframe is accepted (WebAuthn L3 §7.1 step 10, §7.2 step 13).</summary>
    public bool AllowCrossOrigin { get; init; }

    /// <summary>
    /// The top-level origins that may embed the ceremony, compared as exact text (WebAuthn L3 §7.1 step 11, §7.2 step 14).
    /// </summary>
    public IReadOnlyList<string> TopOrigins { get; init; } = [];
}
