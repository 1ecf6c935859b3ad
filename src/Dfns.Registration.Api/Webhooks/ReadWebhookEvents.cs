using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Dfns.Registration.Api.Webhooks;

/// <summary><c>/webhooks/{webhookId}/events</c>: what a webhook was told in the last 31 days, and what became of it.</summary>
internal static class ReadWebhookEvents
{
    // GET /webhooks/{webhookId}/events.
    internal static async Task<Results<Ok<WebhookEventPageResponse>, ErrorResult>> ListAsync(HttpRequest http, string webhookId, CallerReader callers, WebhookStore store, CancellationToken ct)
    {
        if ((await ReadAsync(http, webhookId, callers, store, ct)).Failed(out var error, out var webhook)) return (ErrorResult)error;
        if (PageQuery.Read(http).Failed(out error, out var page)) return (ErrorResult)error;
        var (kind, failed) = (Text(http, "kind"), Text(http, "deliveryFailed"));
        if (kind is not null && (kind == EventKinds.All || !EventKinds.IsKnown(kind))) return (ErrorResult)ErrorCatalog.QueryInvalid.Saying("Use a kind of events.").At("kind");
        if (failed is not (null or "true" or "false")) return (ErrorResult)ErrorCatalog.QueryInvalid.Saying("Use true or false.").At("deliveryFailed");
        var (deliveries, next) = await store.ListEventsAsync(webhook, kind, failed is null ? null : failed == "false", page, ct);
        return TypedResults.Ok(new WebhookEventPageResponse([.. deliveries.Select(WebhookEventResponse.Of)], next?.ToString()));
    }

    // GET /webhooks/{webhookId}/events/{webhookEventId}.
    internal static async Task<Results<Ok<WebhookEventResponse>, ErrorResult>> GetAsync(
        HttpRequest http, string webhookId, string webhookEventId, CallerReader callers, WebhookStore store, CancellationToken ct)
    {
        if ((await ReadAsync(http, webhookId, callers, store, ct)).Failed(out var error, out var webhook)) return (ErrorResult)error;
        return await store.FindEventAsync(webhook, webhookEventId, ct) is { } delivery ? TypedResults.Ok(WebhookEventResponse.Of(delivery)) : (ErrorResult)ErrorCatalog.WebhookEventUnknown;
    }

    private static async Task<Checked<Webhook>> ReadAsync(HttpRequest http, string webhookId, CallerReader callers, WebhookStore store, CancellationToken ct)
    {
        if (await callers.ReadAsync(http, ct) is not { } caller) return ErrorCatalog.NotAuthorized;
        if (caller.Lacking(Permission.ReadWebhookEvents) is { } lacking) return lacking;
        return await store.FindAsync(caller.OrganisationId, webhookId, ct) is { } webhook ? webhook : ErrorCatalog.WebhookUnknown;
    }

    private static string? Text(HttpRequest http, string name) => http.Query[name] is { Count: > 0 } text ? text.ToString() : null;
}
