using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;

namespace Dfns.Registration.Api.Social;

/// <summary>Who an ID token says somebody is, after every check.</summary>
/// <param name="OrganisationId">Whose provider it is; the organisation exists.</param>
/// <param name="Issuer">With <paramref name="Subject"/> the key of the identity.</param>
/// <param name="Subject">1 to 255 ASCII characters, unique at the issuer and never given to anybody else.</param>
/// <param name="Username">What a new user of this identity is named; for a user who exists it means nothing.</param>
/// <param name="IssuedAt">The <c>iat</c> of the token: seconds since 1970 UTC, by the provider's clock; or when the sign-in was begun that asked for it, if that was before.</param>
/// <param name="Clients">For whom it was issued: each a client of the organisation.</param>
/// <param name="Algorithm">By which it was signed.</param>
internal sealed record SocialIdentity(string OrganisationId, string Issuer, string Subject, string Username, double IssuedAt, IReadOnlyList<string> Clients, string Algorithm)
{
    /// <summary>On whose word something is opened for whoever it is.</summary>
    public Voucher Voucher => new(Issuer, VoucherRevocation.Clients(Clients));

    /// <summary>What is wrong with the token for a provider that has been changed since it was validated; null for none there is any more.</summary>
    public ApiError? FaultOf(SocialProvider? provider) =>
        provider is null ? ErrorCatalog.IdTokenIssuerUnknown
        : !provider.Algorithms.Contains(Algorithm, StringComparer.Ordinal) ? ErrorCatalog.IdTokenAlgorithmNotAllowed
        : Clients.Except(provider.ClientIds, StringComparer.Ordinal).Any() ? ErrorCatalog.IdTokenAudienceNotAllowed
        : null;

    /// <summary>What is wrong with the token for a user: everything that was issued before the user's <see cref="User.EndedAt"/> was ended.</summary>
    /// <remarks>
    /// <c>iat</c> tells the second in which a token was issued by when that began (RFC 7519 §2 allows a fraction, and few providers write one). So
    /// a token of the very second in the midst of which everything ended may be of before, and is refused: whoever signs in again gets one of
    /// a later second, while the other mistake would leave an ended one alive. Where the end lies on the beginning of the second it is not of before.
    /// </remarks>
    public ApiError? FaultOf(User user) => user.EndedAt is { } ended && IssuedAt < (ended - DateTimeOffset.UnixEpoch).TotalSeconds ? ErrorCatalog.IdTokenRevoked : null;
}
