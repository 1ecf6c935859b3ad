namespace Dfns.Registration.Api.Social;

/// <summary>Who an ID token says somebody is, after every check.</summary>
/// <param name="OrganisationId">Whose provider it is; the organisation exists.</param>
/// <param name="Issuer">With <paramref name="Subject"/> the key of the identity.</param>
/// <param name="Subject">1 to 255 ASCII characters, unique at the issuer and never given to anybody else.</param>
/// <param name="Username">What a new user of this identity is named; for a user who exists it means nothing.</param>
internal sealed record SocialIdentity(string OrganisationId, string Issuer, string Subject, string Username);
