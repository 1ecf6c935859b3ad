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
