using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;

namespace Dfns.Registration.Api.Social;

/// <summary>Body of <c>POST /auth/registration/social</c>.</summary>
/// <param name="IdToken">The provider's ID token: a signed JWT.</param>
/// <param name="SocialLoginProviderKind">Always <c>Oidc</c>.</param>
/// <param name="OrgId">The organisation that registers the user.</param>
/// <param name="Nonce">The nonce that the client gave the provider, where it gave one: the token must carry the same.</param>
public sealed record SocialRequest(string? IdToken, string? SocialLoginProviderKind, string? OrgId, string? Nonce)
{
    internal Checked<SentIdToken> Read()
    {
        if (Member.Text(IdToken, "$.idToken", Limits.IdTokenLength).Failed(out var error, out var idToken)) return error;
        if (Member.Text(SocialLoginProviderKind, "$.socialLoginProviderKind", Limits.EnumLength).Failed(out error, out var kind)) return error;
        if (kind != "Oidc") return ErrorCatalog.MemberInvalid.Saying("Use Oidc.").At("$.socialLoginProviderKind");
        if (Member.Text(OrgId, "$.orgId", Limits.IdLength).Failed(out error, out var orgId)) return error;
        if (Member.OptionalText(Nonce, "$.nonce", Limits.SubjectLength) is { } badNonce) return badNonce;
        return new SentIdToken(orgId, idToken, Nonce);
    }
}

/// <summary>The body with everything in it that has to be.</summary>
internal sealed record SentIdToken(string OrgId, string IdToken, string? Nonce);
