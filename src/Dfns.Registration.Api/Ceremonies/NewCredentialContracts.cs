using System.Text.Json.Serialization;
using Dfns.Registration.Api.Storage;

namespace Dfns.Registration.Api.Ceremonies;

// The wire of new credentials, wherever they are brought in: a registration, a recovery, a credential more.

/// <summary>Body of <c>POST /auth/registration</c>.</summary>
public sealed record RegistrationRequest(
    CredentialRequest? FirstFactorCredential, CredentialRequest? SecondFactorCredential, CredentialRequest? RecoveryCredential);

/// <summary>A new credential of any kind.</summary>
public sealed record CredentialRequest(
    string? CredentialKind, CredentialInfoRequest? CredentialInfo, string? CredentialName, string? EncryptedPrivateKey);

/// <summary>The proof of a new credential; each member base64url text.</summary>
public sealed record CredentialInfoRequest(string? CredId, string? ClientData, string? AttestationData);

/// <summary>The challenge of a registration, and everything a client needs to answer it.</summary>
public record RegistrationChallengeResponse
{
    public required ChallengeUser User { get; init; }

    public required string TemporaryAuthenticationToken { get; init; }

    public required string Challenge { get; init; }

    public required ChallengeRelyingParty Rp { get; init; }

    public required SupportedCredentialKinds SupportedCredentialKinds { get; init; }

    public required AuthenticatorSelection AuthenticatorSelection { get; init; }

    public required string Attestation { get; init; }

    public required IReadOnlyList<PublicKeyCredentialParameters> PubKeyCredParams { get; init; }

    public required IReadOnlyList<PublicKeyCredentialDescriptor> ExcludeCredentials { get; init; }

    public required string OtpUrl { get; init; }
}

/// <summary>The user as an authenticator shows and keeps it; the user handle is the UTF-8 bytes of <c>id</c>.</summary>
public sealed record ChallengeUser(string Id, string DisplayName, string Name)
{
    internal static ChallengeUser Of(User user) => new(user.Id, user.Username, user.Username);
}

public sealed record ChallengeRelyingParty(string Id, string Name)
{
    internal static ChallengeRelyingParty Of(Ceremony ceremony, RelyingParty relyingParty) => new(relyingParty.IdOf(ceremony), relyingParty.Name);
}

public sealed record SupportedCredentialKinds(IReadOnlyList<string> FirstFactor, IReadOnlyList<string> SecondFactor);

public sealed record AuthenticatorSelection(string ResidentKey, bool RequireResidentKey, string UserVerification)
{
    internal static AuthenticatorSelection Of(RelyingParty relyingParty) => new("required", RequireResidentKey: true, relyingParty.UserVerification);
}

public sealed record PublicKeyCredentialParameters(string Type, int Alg)
{
    internal static IReadOnlyList<PublicKeyCredentialParameters> Of(RelyingParty relyingParty) =>
        [.. relyingParty.Algorithms.Select(alg => new PublicKeyCredentialParameters("public-key", alg))];
}

public sealed record PublicKeyCredentialDescriptor(string Type, string Id);

/// <summary>Answer of <c>POST /auth/registration</c>: the user, and the first-factor credential.</summary>
public sealed record RegistrationResponse(RegisteredCredential Credential, RegisteredUser User)
{
    internal static RegistrationResponse Of(User user, Credential first) =>
        new(new RegisteredCredential(first.Uuid, first.Kind.ToString(), first.Name), new RegisteredUser(user.Id, user.Username, user.OrganisationId));
}

/// <summary>Kind stands under both names: the older documentation calls it <c>credentialKind</c>.</summary>
public sealed record RegisteredCredential(string Uuid, string Kind, string Name)
{
    [JsonPropertyOrder(1)]
    public string CredentialKind => Kind;
}

public sealed record RegisteredUser(string Id, string Username, string OrgId);
