using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;

namespace Dfns.Registration.Api.Users;

// The wire of personal access tokens.

/// <summary>Body of <c>POST /auth/pats</c>.</summary>
/// <param name="Name">What its user calls it.</param>
/// <param name="PublicKey">The public key in PEM of the program that gets the token; the private key stays with it, and signs its calls.</param>
/// <param name="PermissionId">A permission that is assigned to it, each operation of which its user holds. Without one it may do nothing until one is assigned.</param>
/// <param name="ExternalId">The caller's own id of it; unique in the organisation.</param>
/// <param name="DaysValid">How many days it is good: 1 to 366; 365 when neither this nor secondsValid is sent.</param>
/// <param name="SecondsValid">The same in seconds: send one of the two.</param>
public sealed record CreatePatRequest(
    [Text(Limits.UsernameLength, IsName = true)] string Name,
    [Text(Limits.PublicKeyPemLength)] string PublicKey,
    [Text(Limits.IdLength)] string? PermissionId,
    [Text(Limits.UsernameLength, IsName = true)] string? ExternalId,
    int? DaysValid,
    int? SecondsValid);

/// <summary>Body of <c>PUT /auth/pats/{tokenId}</c>: what is left out stays.</summary>
/// <param name="Name">Another name.</param>
/// <param name="ExternalId">Another id of the caller's own.</param>
public sealed record UpdatePatRequest([Text(Limits.UsernameLength, IsName = true)] string? Name, [Text(Limits.UsernameLength, IsName = true)] string? ExternalId);

/// <summary>Answer of <c>GET /auth/pats</c>: all there are, the oldest first.</summary>
/// <param name="Items">Twenty at most.</param>
public sealed record PatListResponse(IReadOnlyList<AccessTokenResponse> Items);
