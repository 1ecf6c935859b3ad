using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Telemetry;
using Dfns.Registration.Api.Wire;

namespace Dfns.Registration.Api.Introspection;

/// <summary>The route by which back ends ask about tokens, with every outcome it can have.</summary>
internal static class IntrospectionEndpoints
{
    public static void MapIntrospection(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/auth/introspect", IntrospectToken.IntrospectAsync)
            .WithTags("Keys")
            .WithName("introspectToken")
            .AuditsReads(AuditActions.TokenRead)
            .WithSummary("Ask whether an access token still counts")
            .WithDescription(
                "RFC 7662, for service accounts with the permission Auth:Tokens:Introspect. Active is an access token of the caller's organisation that is neither over nor "
                + "signed out, whose user is active and whose credential still is. Whatever else is sent is answered {\"active\":false}, and nothing more.")
            .Accepts<IntrospectionRequest>(FormBody.MediaType)
            .Permitted().RequireBearer()
            .Errors(ErrorCatalog.NotAuthorized, ErrorCatalog.ServiceAccountRequired)
            .Errors(ErrorCatalog.ContentTypeUnsupported, ErrorCatalog.BodyTooLarge, ErrorCatalog.MemberRequired, ErrorCatalog.MemberRepeated)
            .EdgeErrors();
}
