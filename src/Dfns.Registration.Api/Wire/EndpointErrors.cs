using Dfns.Registration.Api.Errors;

namespace Dfns.Registration.Api.Wire;

/// <summary>Says on an endpoint which errors it can answer; the document lists them, and the tests hold answers against them.</summary>
internal static class EndpointErrors
{
    public static RouteHandlerBuilder Errors(this RouteHandlerBuilder endpoint, params ApiError[] errors) =>
        endpoint.WithMetadata(new ErrorsMetadata(errors));

    /// <summary>What can be wrong with any JSON body.</summary>
    public static RouteHandlerBuilder BodyErrors(this RouteHandlerBuilder endpoint) => endpoint.Errors(
        ErrorCatalog.BodyNotJson, ErrorCatalog.BodyTooDeep, ErrorCatalog.BodyTooLarge, ErrorCatalog.ContentTypeUnsupported,
        ErrorCatalog.MemberRequired, ErrorCatalog.MemberInvalid, ErrorCatalog.MemberTooLong, ErrorCatalog.MemberRepeated);

    /// <summary>What can go wrong around any handler.</summary>
    public static RouteHandlerBuilder EdgeErrors(this RouteHandlerBuilder endpoint) => endpoint.Errors(
        ErrorCatalog.RequestInvalid, ErrorCatalog.TooManyRequests, ErrorCatalog.StorageUnavailable, ErrorCatalog.ServiceBusy, ErrorCatalog.Internal);

    /// <summary>Marks an endpoint whose handler reads a bearer token.</summary>
    public static RouteHandlerBuilder RequireBearer(this RouteHandlerBuilder endpoint) => endpoint.WithMetadata(new BearerMetadata());

    /// <summary>Marks an endpoint that a permission is needed for.</summary>
    public static RouteHandlerBuilder Permitted(this RouteHandlerBuilder endpoint) => endpoint.Errors(ErrorCatalog.PermissionMissing);
}

/// <summary>A parameter of the query that the handler reads itself.</summary>
internal sealed record QueryParameter(string Name, string Description);

/// <summary>Errors an endpoint can answer.</summary>
internal sealed record ErrorsMetadata(IReadOnlyList<ApiError> Errors);

/// <summary>The endpoint takes a signed user action.</summary>
internal sealed record UserActionMetadata;

/// <summary>The endpoint reads a bearer token.</summary>
internal sealed record BearerMetadata;
