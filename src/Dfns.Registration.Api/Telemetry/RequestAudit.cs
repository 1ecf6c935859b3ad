using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;

namespace Dfns.Registration.Api.Telemetry;

/// <summary>
/// What the audit trail tells of requests that change nothing: what was refused, and who read of whom. Only where the organisation is known, which
/// exists, and with nothing that a client wrote. What changes something adds its row with the change.
/// </summary>
internal static class RequestAudit
{
    /// <summary>Counts what there is to tell of each request. Around what answers exceptions, whose answers are told too.</summary>
    public static void UseRequestAudit(this WebApplication app)
    {
        var tally = app.Services.GetRequiredService<AuditTally>();
        app.Use(async (context, next) =>
        {
            var facts = context.RequestServices.GetRequiredService<RequestFacts>();
            facts.RemoteAddress = context.Request.RemoteAddress();
            facts.Origin = context.Request.Headers.Origin;
            await next(context);
            if (context.GetEndpoint() is not RouteEndpoint endpoint || facts.OrganisationId is not { } organisationId || Action(endpoint, context, facts) is not { } action) return;

            var outcome = context.Features.Get<OutcomeFeature>();
            var note = $"{HttpMethods.GetCanonicalizedValue(context.Request.Method)} {endpoint.RoutePattern.RawText}{(outcome is null ? "" : $": {outcome.Code}")}{(outcome?.Reason is { } reason ? $" ({reason})" : "")}";
            // Whoever holds a code is taken for its user, who is nobody's caller yet.
            var actor = facts.CallerId ?? (action == AuditActions.EncryptedKeysRead ? facts.SubjectId : null) ?? AuditActors.Anybody;
            tally.Count(new TalliedEvent(
                organisationId, action, actor, facts.SubjectId ?? organisationId, context.Request.RemoteNetwork(), note));
        });
    }

    /// <summary>Says of an endpoint what it is to the audit trail when a request fails there, for whatever reason that lies with the client.</summary>
    public static RouteHandlerBuilder AuditsFailures(this RouteHandlerBuilder endpoint, string action) => endpoint.WithMetadata(new FailureMetadata(action));

    /// <summary>Says of an endpoint that it tells of users, and what that is to the audit trail.</summary>
    public static RouteHandlerBuilder AuditsReads(this RouteHandlerBuilder endpoint, string action) => endpoint.WithMetadata(new ReadMetadata(action));

    private static string? Action(RouteEndpoint endpoint, HttpContext context, RequestFacts facts) => context.Response.StatusCode switch
    {
        < StatusCodes.Status400BadRequest => facts.HandsOutKeys ? AuditActions.EncryptedKeysRead : endpoint.Metadata.GetMetadata<ReadMetadata>()?.Action,
        ClientGone.Status or >= StatusCodes.Status500InternalServerError => null,
        var status => endpoint.Metadata.GetMetadata<FailureMetadata>()?.Action
            ?? (endpoint.Metadata.GetMetadata<BearerMetadata>() is not null || status is StatusCodes.Status401Unauthorized or StatusCodes.Status403Forbidden or StatusCodes.Status429TooManyRequests ? AuditActions.CallRefused : null),
    };
}

/// <summary>What a failure at an endpoint is to the audit trail.</summary>
internal sealed record FailureMetadata(string Action);

/// <summary>What a reading at an endpoint is to the audit trail.</summary>
internal sealed record ReadMetadata(string Action);
