
namespace Dfns.Registration.Api.Registration;

// The wire of this feature. Members of requests are nullable: what is required is said by the handler, with the path of what is missing.

/// <summary>Body of <c>POST /auth/registration/init</c>.</summary>
public sealed record InitRegistrationRequest(string? Username, string? RegistrationCode, string? OrgId);

/// <summary>Body of <c>POST /auth/registration/delegated</c> and <c>…/restart</c>.</summary>
/// <param name="Email">The username; need not be an address.</param>
/// <param name="Kind">EndUser.</param>
/// <param name="ExternalId">The caller's own id of the user; unique in the organisation. Of no meaning to a restart.</param>
public sealed record DelegatedRegistrationRequest(string? Email, string? Kind, string? ExternalId);
