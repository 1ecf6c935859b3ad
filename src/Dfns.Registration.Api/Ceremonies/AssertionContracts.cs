namespace Dfns.Registration.Api.Ceremonies;

// The wire of every place where a stored credential signs: signing in, signing a call, recovering.

/// <summary>Body of <c>POST /auth/login</c> and of <c>POST /auth/action</c>.</summary>
public sealed record AnswerRequest(string? ChallengeIdentifier, FactorRequest? FirstFactor, FactorRequest? SecondFactor);

/// <summary>One factor: what a stored credential signed.</summary>
public sealed record FactorRequest(string? Kind, CredentialAssertionRequest? CredentialAssertion);

/// <summary>An assertion; each member but <c>algorithm</c> is base64url text. Fido2 needs <c>authenticatorData</c>.</summary>
public sealed record CredentialAssertionRequest(
    string? CredId, string? ClientData, string? Signature, string? AuthenticatorData, string? UserHandle, string? Algorithm);

/// <summary>A challenge for credentials that are registered.</summary>
public sealed record LoginChallengeResponse
{
    public required string Challenge { get; init; }

    public required string ChallengeIdentifier { get; init; }

    public required ChallengeRelyingParty Rp { get; init; }

    public required IReadOnlyList<SupportedFactor> SupportedCredentialKinds { get; init; }

    public required string UserVerification { get; init; }

    public required string Attestation { get; init; }

    public required AllowCredentials AllowCredentials { get; init; }

    public required string ExternalAuthenticationUrl { get; init; }
}

/// <summary>A kind that can answer the challenge: as <c>first</c> factor or as <c>second</c>.</summary>
public sealed record SupportedFactor(string Kind, string Factor, bool RequiresSecondFactor);

/// <summary>The credentials that can answer, by how they are asked; ids as they were registered.</summary>
/// <param name="Key">Keys; after all ids the same keys once more by the name that the service has given each, such as <c>cr-…</c>: either can be sent as <c>credId</c>.</param>
/// <param name="Webauthn">Passkeys.</param>
/// <param name="PasswordProtectedKey">With the private key, encrypted: only for whoever has shown a login code, or is in a session that this very credential or a login code opened.</param>
public sealed record AllowCredentials(
    IReadOnlyList<PublicKeyCredentialDescriptor> Key,
    IReadOnlyList<PublicKeyCredentialDescriptor> Webauthn,
    IReadOnlyList<ProtectedKeyDescriptor>? PasswordProtectedKey);

public sealed record ProtectedKeyDescriptor(string Type, string Id, string EncryptedPrivateKey);
