using System.Text.Json.Nodes;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;

namespace Dfns.Registration.Api.Registration;

// The wire of this feature.

/// <summary>Body of <c>POST /auth/registration/init</c>.</summary>
public sealed record InitRegistrationRequest(
    [Text(Limits.UsernameLength)] string Username, [Text(Limits.IdLength)] string RegistrationCode, [Text(Limits.IdLength)] string? TenantId, [Text(Limits.IdLength)] string OrgId)
{
    /// <summary>The organisation. Clients that know it as a tenant send tenantId instead, and one of the two there must be.</summary>
    public string OrgId { get; init; } = TenantIds.Organisation(OrgId, TenantId)!;
}

/// <summary>Body of <c>POST /auth/registration/enduser</c>: that of <c>POST /auth/registration</c>, and the wallets that are wished for.</summary>
/// <param name="FirstFactorCredential">The first factor.</param>
/// <param name="SecondFactorCredential">The second factor, if any.</param>
/// <param name="RecoveryCredential">The recovery key, if any.</param>
/// <param name="Wallets">None are made here: the event user.registered tells the organisation's back end of them. An organisation can refuse that any are wished for.</param>
public sealed record EndUserRegistrationRequest(
    CredentialRequest? FirstFactorCredential, CredentialRequest? SecondFactorCredential, CredentialRequest? RecoveryCredential, IReadOnlyList<WishedWallet>? Wallets);

/// <summary>A wallet that a client wishes for.</summary>
/// <param name="Network">Such as <c>Ethereum</c>.</param>
/// <param name="Name">What people are to call it.</param>
public sealed record WishedWallet(string? Network, string? Name)
{
    /// <summary>As webhooks are told of it.</summary>
    internal JsonObject ToJson() => Name is null ? new() { ["network"] = Network } : new() { ["network"] = Network, ["name"] = Name };
}

/// <summary>Answer of <c>POST /auth/registration/enduser</c>: that of <c>POST /auth/registration</c>, and a session.</summary>
/// <param name="Credential">The first factor.</param>
/// <param name="User">Who is registered.</param>
/// <param name="Authentication">A session that the first factor has opened.</param>
/// <param name="Wallets">Always empty: this service makes none.</param>
public sealed record EndUserRegistrationResponse(RegisteredCredential Credential, RegisteredUser User, SessionAuthentication Authentication, IReadOnlyList<Wallet> Wallets);

/// <summary>The session of a user who has just registered.</summary>
/// <param name="Token">A bearer token.</param>
public sealed record SessionAuthentication(string Token);

/// <summary>A wallet; this service makes none.</summary>
public sealed record Wallet(string Id, string Network);

/// <summary>What a registration was answered, as it is kept so that the same request gets the same answer.</summary>
/// <param name="Credential">The first factor.</param>
/// <param name="User">Who is registered.</param>
/// <param name="SessionId">The session that was opened; null where none was asked for.</param>
internal sealed record CompletedRegistration(RegisteredCredential Credential, RegisteredUser User, string? SessionId)
{
    public RegistrationResponse Response => new(Credential, User);
}

/// <summary>Body of <c>POST /auth/registration/delegated</c> and <c>…/restart</c>.</summary>
/// <param name="Email">The username; need not be an address.</param>
/// <param name="Kind">EndUser.</param>
/// <param name="ExternalId">The caller's own id of the user; unique in the organisation. Of no meaning to a restart.</param>
public sealed record DelegatedRegistrationRequest([Text(Limits.UsernameLength)] string Email, string? Kind, [Text(Limits.UsernameLength, IsName = true)] string? ExternalId);
