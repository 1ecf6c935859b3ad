using System.Text.Json.Nodes;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Dfns.Registration.Api.Webhooks;

/// <summary><c>/webhooks</c>: where an organisation wants to be told of what happens in it.</summary>
internal static class ManageWebhooks
{
    // POST /webhooks.
    internal static async Task<Results<Ok<CreatedWebhookResponse>, ErrorResult>> CreateAsync(
        HttpRequest http, SignedCalls calls, WebhookStore store, WebhookBody bodies, WebhookSecrets secrets, Audit audit, CancellationToken ct)
    {
        if ((await calls.ReadSparseAsync(http, ct)).Failed(out var error, out var call)) return (ErrorResult)error;
        var caller = call.Caller;
        if (caller.Lacking(Permission.CreateWebhooks) is { } lacking) return (ErrorResult)lacking;
        if (JsonBody.Parse<CreateWebhookRequest>(call.Body).Failed(out error, out var request)) return (ErrorResult)error;
        if (bodies.Read(request).Failed(out error, out var values)) return (ErrorResult)error;

        if ((await store.AddAsync(caller.OrganisationId, values, secrets, ct)).Failed(out error, out var added)) return (ErrorResult)error;
        audit.AddChange(
            caller.OrganisationId, AuditActions.WebhookCreated, caller.User.Id, added.Webhook.Id, http.RemoteAddress(), note: null,
            ChangedValue.New(nameof(values.Url), values.Url), ChangedValue.New(nameof(values.Events), values.Events),
            ChangedValue.New(nameof(values.Description), values.Description), ChangedValue.New(nameof(values.IsEnabled), values.IsEnabled));
        if (await calls.CommitAsync(call, ct) is { } conflict) return (ErrorResult)conflict;
        return TypedResults.Ok(CreatedWebhookResponse.Of(added));
    }

    // GET /webhooks.
    internal static async Task<Results<Ok<WebhookPageResponse>, ErrorResult>> ListAsync(HttpRequest http, CallerReader callers, WebhookStore store, CancellationToken ct)
    {
        if (await callers.ReadAsync(http, ct) is not { } caller) return (ErrorResult)ErrorCatalog.NotAuthorized;
        if (caller.Lacking(Permission.ReadWebhooks) is { } lacking) return (ErrorResult)lacking;
        if (PageQuery.Read(http).Failed(out var error, out var page)) return (ErrorResult)error;
        var (webhooks, next) = await store.ListAsync(caller.OrganisationId, page, ct);
        return TypedResults.Ok(new WebhookPageResponse([.. webhooks.Select(WebhookResponse.Of)], next?.ToString()));
    }

    // GET /webhooks/{webhookId}.
    internal static async Task<Results<Ok<WebhookResponse>, ErrorResult>> GetAsync(HttpRequest http, string webhookId, CallerReader callers, WebhookStore store, CancellationToken ct)
    {
        if (await callers.ReadAsync(http, ct) is not { } caller) return (ErrorResult)ErrorCatalog.NotAuthorized;
        if (caller.Lacking(Permission.ReadWebhooks) is { } lacking) return (ErrorResult)lacking;
        return await store.FindAsync(caller.OrganisationId, webhookId, ct) is { } webhook ? TypedResults.Ok(WebhookResponse.Of(webhook)) : (ErrorResult)ErrorCatalog.WebhookUnknown;
    }

    // PUT /webhooks/{webhookId}.
    internal static async Task<Results<Ok<WebhookResponse>, ErrorResult>> UpdateAsync(
        HttpRequest http, string webhookId, SignedCalls calls, WebhookStore store, WebhookBody bodies, Audit audit, CancellationToken ct)
    {
        if ((await ReadAsync(http, webhookId, Permission.UpdateWebhooks, calls, store, ct)).Failed(out var error, out var called)) return (ErrorResult)error;
        var (call, webhook) = called;
        if (JsonBody.Parse<UpdateWebhookRequest>(call.Body).Failed(out error, out var request)) return (ErrorResult)error;
        var was = WebhookValues.Of(webhook);
        if (bodies.Read(request, was).Failed(out error, out var values)) return (ErrorResult)error;
        if (values.Since(was) is { Count: > 0 } changed)
        {
            await store.ChangeAsync(webhook, values, ct);
            audit.AddChange(webhook.OrganisationId, AuditActions.WebhookUpdated, call.Caller.User.Id, webhook.Id, http.RemoteAddress(), note: null, changed);
        }

        if (await calls.CommitAsync(call, ct) is { } conflict) return (ErrorResult)conflict;
        return TypedResults.Ok(WebhookResponse.Of(webhook));
    }

    // DELETE /webhooks/{webhookId}.
    internal static async Task<Results<Ok<DeletedWebhookResponse>, ErrorResult>> DeleteAsync(
        HttpRequest http, string webhookId, SignedCalls calls, WebhookStore store, Audit audit, CancellationToken ct)
    {
        if ((await ReadAsync(http, webhookId, Permission.DeleteWebhooks, calls, store, ct)).Failed(out var error, out var called)) return (ErrorResult)error;
        var (call, webhook) = called;
        await store.RemoveAsync(webhook, ct);
        audit.AddChange(
            webhook.OrganisationId, AuditActions.WebhookDeleted, call.Caller.User.Id, webhook.Id, http.RemoteAddress(), note: null,
            new ChangedValue(nameof(webhook.Url), webhook.Url, null), new ChangedValue(nameof(webhook.Events), webhook.Events, null));
        if (await calls.CommitAsync(call, ct) is { } conflict) return (ErrorResult)conflict;
        return TypedResults.Ok(new DeletedWebhookResponse(Deleted: true));
    }

    // POST /webhooks/{webhookId}/ping: whether or not it is enabled, so that it can be tried before it is.
    internal static async Task<Results<Ok<WebhookPingResponse>, ErrorResult>> PingAsync(
        HttpRequest http, string webhookId, SignedCalls calls, WebhookStore store, WebhookClient client, WebhookSecrets secrets, Audit audit, Entropy entropy, TimeProvider clock, CancellationToken ct)
    {
        if ((await ReadAsync(http, webhookId, Permission.PingWebhooks, calls, store, ct)).Failed(out var error, out var called)) return (ErrorResult)error;
        var (call, webhook) = called;
        audit.Add(webhook.OrganisationId, AuditActions.WebhookPinged, call.Caller.User.Id, webhook.Id, http.RemoteAddress(), webhook.Url);
        // First the signature is used up: what is sent cannot be taken back.
        if (await calls.CommitAsync(call, ct) is { } conflict) return (ErrorResult)conflict;
        var ping = new WebhookEvent(webhook.OrganisationId, entropy.Id("we"), clock.GetUtcNow(), EventKinds.Ping, new JsonObject { ["webhookId"] = webhook.Id });
        return TypedResults.Ok(WebhookPingResponse.Of(await client.SendAsync(webhook, ping, secrets, isPing: true, ct)));
    }

    // A signed call about a webhook that there is.
    private static async Task<Checked<Called<SignedCall, Webhook>>> ReadAsync(
        HttpRequest http, string webhookId, string permission, SignedCalls calls, WebhookStore store, CancellationToken ct)
    {
        if ((await calls.ReadSparseAsync(http, ct)).Failed(out var error, out var call)) return error;
        if (call.Caller.Lacking(permission) is { } lacking) return lacking;
        return await store.FindAsync(call.Caller.OrganisationId, webhookId, ct) is { } webhook ? new Called<SignedCall, Webhook>(call, webhook) : ErrorCatalog.WebhookUnknown;
    }
}
