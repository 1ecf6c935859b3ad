using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;

namespace Dfns.Registration.Api.Social;

/// <summary>Body of <c>POST /auth/registration/social</c>.</summary>
/// <param name="IdToken">The provider's ID token: a signed JWT.</param>
/// <param name="SocialLoginProviderKind">Always <c>Oidc</c>.</param>
/// <param name="TenantId">The organisation, where orgId is left out.</param>
/// <param name="OrgId">The organisation whose user it is; it may be left out where one organisation alone accepts tokens of this issuer for this client.</param>
/// <param name="Nonce">The nonce that the client gave the provider, where it gave one: the token must carry the same.</param>
public sealed record SocialRequest(
    [Text(Limits.IdTokenLength)] string IdToken,
    [Text(Limits.EnumLength)] string SocialLoginProviderKind,
    [Text(Limits.IdLength)] string? TenantId,
    [Text(Limits.IdLength)] string? OrgId,
    [Text(Limits.SubjectLength)] string? Nonce)
{
    /// <summary>The organisation; it may be left out where one organisation alone accepts tokens of this issuer for this client.</summary>
    public string? OrgId { get; init; } = TenantIds.Organisation(OrgId, TenantId);

    /// <summary>Whether the kind is one that there is: null, or what to send.</summary>
    internal ApiError? KindFault() => SocialLoginProviderKind == "Oidc" ? null : ErrorCatalog.MemberInvalid.Saying("Use Oidc.").At("$.socialLoginProviderKind");
}
