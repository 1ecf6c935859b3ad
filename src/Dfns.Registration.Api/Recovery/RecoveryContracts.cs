using System.Diagnostics.CodeAnalysis;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;

namespace Dfns.Registration.Api.Recovery;

/// <summary>Body of <c>POST /auth/recover/user/init</c>.</summary>
/// <param name="Username">Whose account.</param>
/// <param name="VerificationCode">The code that was mailed.</param>
/// <param name="TenantId">The organisation, where orgId is left out.</param>
/// <param name="OrgId">The organisation.</param>
/// <param name="CredentialId">The credential id of the recovery key, as it was registered.</param>
public sealed record InitRecoveryRequest(
    [Text(Limits.UsernameLength)] string Username,
    [Text(Limits.IdLength)] string VerificationCode,
    [Text(Limits.IdLength)] string? TenantId,
    [Text(Limits.IdLength)] string OrgId,
    [Text(Limits.CredentialIdTextLength)] string CredentialId)
{
    /// <summary>The organisation. Clients that know it as a tenant send tenantId instead, and one of the two there must be.</summary>
    public string OrgId { get; init; } = TenantIds.Organisation(OrgId, TenantId)!;
}

/// <summary>Body of <c>POST /auth/recover/user/delegated</c>.</summary>
public sealed record DelegatedRecoveryRequest([Text(Limits.UsernameLength)] string Username, [Text(Limits.CredentialIdTextLength)] string CredentialId);

/// <summary>The challenge of a recovery: that of a registration, and the recovery key that has to sign.</summary>
public sealed record RecoveryChallengeResponse : RegistrationChallengeResponse
{
    [SetsRequiredMembers]
    public RecoveryChallengeResponse(RegistrationChallengeResponse challenge, IReadOnlyList<RecoveryKeyDescriptor> allowed)
        : base(challenge) => AllowedRecoveryCredentials = allowed;

    /// <summary>Empty where the credentialId is no recovery key of the user.</summary>
    public IReadOnlyList<RecoveryKeyDescriptor> AllowedRecoveryCredentials { get; }
}

/// <summary>A recovery key, with its private key as the client encrypted it; empty where it left none.</summary>
public sealed record RecoveryKeyDescriptor(string Id, string EncryptedRecoveryKey);

/// <summary>Body of <c>POST /auth/recover/user</c>: new credentials, each over the challenge, and the recovery key's signature over them.</summary>
public sealed record RecoverRequest(FactorRequest? Recovery, RegistrationRequest? NewCredentials);
