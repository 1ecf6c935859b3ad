using System.Text.Json.Serialization;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;

namespace Dfns.Registration.Api.SignIn;

// The wire of signing in and out.

/// <summary>Body of <c>POST /auth/login/init</c>; without a username the passkey names its user. With a code, encrypted private keys are handed out.</summary>
public sealed record InitLoginRequest([Text(Limits.IdLength)] string? TenantId, [Text(Limits.IdLength)] string OrgId, [Text(Limits.UsernameLength)] string? Username, string? LoginCode)
{
    /// <summary>The organisation. Clients that know it as a tenant send tenantId instead, and one of the two there must be.</summary>
    public string OrgId { get; init; } = TenantIds.Organisation(OrgId, TenantId)!;
}

/// <summary>Answer of <c>POST /auth/login</c>: the bearer token of the session.</summary>
public sealed record LoginResponse(string Token);

/// <summary>Body of <c>POST /auth/login/delegated</c>.</summary>
public sealed record DelegatedLoginRequest([Text(Limits.UsernameLength)] string Username);

/// <summary>Body of <c>PUT</c> and <c>POST /auth/logout</c>. Whatever else stands in it was meant to end more than this session.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record LogoutRequest(bool? AllSessions);

/// <summary>Body of <c>POST /auth/login/sso/init</c>.</summary>
/// <param name="TenantId">The organisation, where orgId is left out.</param>
/// <param name="OrgId">The organisation.</param>
/// <param name="ClientId">Its client at the provider.</param>
/// <param name="RedirectUri">Where the provider sends the person back to: one of those that the operator has listed, exactly.</param>
public sealed record SsoInitRequest(
    [Text(Limits.IdLength)] string? TenantId, [Text(Limits.IdLength)] string OrgId, [Text(Limits.SubjectLength)] string ClientId, [Text(Limits.RedirectUriLength)] string RedirectUri)
{
    /// <summary>The organisation. Clients that know it as a tenant send tenantId instead, and one of the two there must be.</summary>
    public string OrgId { get; init; } = TenantIds.Organisation(OrgId, TenantId)!;
}

/// <summary>Answer of <c>POST /auth/login/sso/init</c>: where the person goes to sign in.</summary>
public sealed record SsoInitResponse(string SsoRedirectUrl);

/// <summary>Body of <c>POST /auth/login/sso</c>: what the provider has added to the redirect URI.</summary>
/// <param name="Code">The authorization code.</param>
/// <param name="State">The state, as it stood in the address that the person was sent to.</param>
/// <param name="Iss">The issuer, where the provider adds one (RFC 9207): then it must be the one that the person was sent to.</param>
public sealed record SsoRequest([Text(Limits.AuthorizationCodeLength)] string Code, [Text(Limits.SsoStateLength)] string State, [Text(Limits.IssuerLength)] string? Iss);
