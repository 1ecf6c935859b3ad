using System.Security.Cryptography;
using System.Text.Json;
using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;

namespace Dfns.Registration.Api.Credentials;

/// <summary>A credential of the caller.</summary>
/// <param name="Kind">Fido2, Key, PasswordProtectedKey or RecoveryKey.</param>
/// <param name="CredentialId">The credential id as it was registered.</param>
/// <param name="CredentialUuid">Our own id of it, which the calls that change it take.</param>
/// <param name="DateCreated">ISO 8601, UTC, to the millisecond.</param>
/// <param name="IsActive">Whether it can be used now.</param>
/// <param name="Name">As given, or the default.</param>
/// <param name="PublicKey">The fingerprint of the public key: <c>SHA256:</c> and the SHA-256 of its DER SubjectPublicKeyInfo in unpadded base64.</param>
/// <param name="RelyingPartyId">The relying party id in force when it was made.</param>
/// <param name="Origin">The origin that it was made on; empty for the raw-key kinds.</param>
public sealed record CredentialResponse(
    string Kind, string CredentialId, string CredentialUuid, string DateCreated, bool IsActive, string Name, string PublicKey, string RelyingPartyId, string Origin)
{
    internal static CredentialResponse Of(Credential credential) => new(
        credential.Kind.ToString(),
        credential.CredentialIdText,
        credential.Uuid,
        WireTime.Of(credential.CreatedAt),
        credential.Status == CredentialStatus.Active,
        credential.Name,
        $"SHA256:{Convert.ToBase64String(SHA256.HashData(credential.PublicKey)).TrimEnd('=')}",
        credential.RelyingPartyId,
        credential.Origin ?? "");
}

/// <summary>Answer of <c>GET /auth/credentials</c>.</summary>
public sealed record CredentialListResponse(IReadOnlyList<CredentialResponse> Items);

/// <summary>Body of <c>POST /auth/credentials/init</c>.</summary>
public sealed record InitCredentialRequest(string? Kind);

/// <summary>Body of <c>POST /auth/credentials/code/init</c>.</summary>
public sealed record InitCredentialWithCodeRequest([Text(Limits.IdLength)] string Code, string? CredentialKind);

/// <summary>Body of <c>POST /auth/credentials</c> and <c>POST /auth/credentials/code/verify</c>: a new credential over the challenge.</summary>
public sealed record CreateCredentialRequest(
    string? CredentialKind, CredentialInfoRequest? CredentialInfo, string? CredentialName, string? EncryptedPrivateKey, string? ChallengeIdentifier);

/// <summary>Body of <c>PUT /auth/credentials/activate</c> and <c>/deactivate</c>.</summary>
public sealed record CredentialUuidRequest([Text(Limits.IdLength)] string CredentialUuid);

/// <summary>Body of <c>PUT /auth/credentials/{credentialUuid}</c>.</summary>
public sealed record RenameCredentialRequest([Text(Limits.NameLength, IsName = true)] string CredentialName);

/// <summary>Body of <c>POST /auth/credentials/code</c>.</summary>
/// <param name="Expiration">Until when the code is good, at most a minute ahead: ISO 8601, or seconds or milliseconds since 1970.</param>
public sealed record CreateCredentialCodeRequest(JsonElement? Expiration);

/// <summary>A code with which the user adds a credential on another device.</summary>
public sealed record CredentialCodeResponse(string Code, string Expiration);

/// <summary>The challenge for a new credential of one kind, and everything a client needs to answer it.</summary>
public sealed record CredentialChallengeResponse
{
    public required string Kind { get; init; }

    public required ChallengeUser User { get; init; }

    public required string ChallengeIdentifier { get; init; }

    /// <summary>The challengeIdentifier under its older name.</summary>
    public string TemporaryAuthenticationToken => ChallengeIdentifier;

    public required string Challenge { get; init; }

    public required ChallengeRelyingParty Rp { get; init; }

    public required string Attestation { get; init; }

    public required IReadOnlyList<PublicKeyCredentialParameters> PubKeyCredParams { get; init; }

    /// <summary>Fido2 only.</summary>
    public AuthenticatorSelection? AuthenticatorSelection { get; init; }

    /// <summary>Fido2 only: the passkeys that the user has.</summary>
    public IReadOnlyList<PublicKeyCredentialDescriptor>? ExcludeCredentials { get; init; }
}
