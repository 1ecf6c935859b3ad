using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Dfns.Registration.Api.Hosting;

/// <summary>
/// The documents that browsers and password managers look for at <c>https://</c> and an RP ID, for whatever RP ID the request was sent to: which other
/// domains may use its passkeys, and where users look after them. They are public, tell of no other RP ID, and are answered from memory.
/// </summary>
internal static class PasskeyDocuments
{
    private const string Shortly = "public, max-age=300";

    public static void MapPasskeyDocuments(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/.well-known").WithTags("Relying parties");

        group.MapGet("/webauthn", RelatedOriginsAsync)
            .WithSummary("Which other domains may use the passkeys of this host")
            .WithDescription("Related origins (WebAuthn L3 §5.11) of the RP id that is the host asked. 404 where there are none, and where the host is nobody's RP id.")
            .Errors(ErrorCatalog.NotFound)
            .EdgeErrors();

        group.MapGet("/passkey-endpoints", EndpointsAsync)
            .WithSummary("Where users of this host create and manage passkeys")
            .WithDescription("Passkey Endpoints §3.1, of the RP id that is the host asked. An empty object says that there are passkeys, and not where. 404 where the host is nobody's RP id.")
            .Errors(ErrorCatalog.NotFound)
            .EdgeErrors();
    }

    private static async Task<Results<Ok<RelatedOriginsResponse>, ErrorResult>> RelatedOriginsAsync(HttpContext http, PublishedRelyingParties relyingParties, CancellationToken ct)
    {
        if ((await relyingParties.GetAsync(ct)).RelatedTo(http.Request.Host.Host) is not { Count: > 0 } origins) return (ErrorResult)ErrorCatalog.NotFound;
        http.Response.Headers.CacheControl = Shortly;
        return TypedResults.Ok(new RelatedOriginsResponse(origins));
    }

    private static async Task<Results<Ok<PasskeyEndpointsResponse>, ErrorResult>> EndpointsAsync(HttpContext http, PublishedRelyingParties relyingParties, CancellationToken ct)
    {
        if ((await relyingParties.GetAsync(ct)).EndpointsOf(http.Request.Host.Host) is not { } endpoints) return (ErrorResult)ErrorCatalog.NotFound;
        http.Response.Headers.CacheControl = Shortly;
        return TypedResults.Ok(new PasskeyEndpointsResponse(endpoints.EnrollUrl, endpoints.ManageUrl));
    }
}

/// <summary>Answer of <c>GET /.well-known/webauthn</c> (WebAuthn L3 §5.11.1).</summary>
/// <param name="Origins">Web origins of other domains than the RP ID.</param>
public sealed record RelatedOriginsResponse(IReadOnlyList<string> Origins);

/// <summary>Answer of <c>GET /.well-known/passkey-endpoints</c> (Passkey Endpoints §3.1).</summary>
/// <param name="Enroll">Where a user creates a passkey; absent where that is not told.</param>
/// <param name="Manage">Where a user manages passkeys; absent where that is not told.</param>
public sealed record PasskeyEndpointsResponse(string? Enroll, string? Manage);
