using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;

namespace Dfns.Registration.Api.Registration;

// The wire of this feature.

/// <summary>Body of <c>POST /auth/registration/init</c>.</summary>
public sealed record InitRegistrationRequest(
    [Text(Limits.UsernameLength)] string Username, [Text(Limits.IdLength)] string RegistrationCode, [Text(Limits.IdLength)] string OrgId);

/// <summary>Body of <c>POST /auth/registration/delegated</c> and <c>…/restart</c>.</summary>
/// <param name="Email">The username; need not be an address.</param>
/// <param name="Kind">EndUser.</param>
/// <param name="ExternalId">The caller's own id of the user; unique in the organisation. Of no meaning to a restart.</param>
public sealed record DelegatedRegistrationRequest([Text(Limits.UsernameLength)] string Email, string? Kind, [Text(Limits.UsernameLength, IsName = true)] string? ExternalId);
