using Dfns.Registration.Api.Ceremonies;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Telemetry;
using Dfns.Registration.Api.Wire;

namespace Dfns.Registration.Api.Webhooks;

/// <summary>The routes of webhooks, with every outcome each can have.</summary>
internal static class WebhookEndpoints
{
    private static readonly QueryParameter Limit = new("limit", "How many a page has at most: 1 to 200; 100 when it is left out.");
    private static readonly QueryParameter PaginationToken = new("paginationToken", "The nextPageToken of the page before.");

    public static void MapWebhooks(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("").WithTags("Webhooks");

        group.MapPost("/webhooks", ManageWebhooks.CreateAsync)
            .WithName("createWebhook")
            .WithSummary("Create a webhook")
            .WithDescription(
                $"It is told of the kinds of events that it names, or of all that there are by {EventKinds.All}: {string.Join(", ", EventKinds.Own)}. Kinds of the hosted service that do not happen here may be named. The secret is answered this once. Needs Webhooks:Create.")
            .Accepts<CreateWebhookRequest>("application/json")
            .Permitted().RequireUserAction()
            .Errors(ErrorCatalog.EventUnknown, ErrorCatalog.WebhookLimitReached)
            .BodyErrors().EdgeErrors();

        group.MapGet("/webhooks", ManageWebhooks.ListAsync)
            .WithName("listWebhooks")
            .AuditsReads(AuditActions.WebhooksRead)
            .WithSummary("List the webhooks")
            .WithDescription("Those of the caller's organisation in the order in which they were created, a page at a time. Needs Webhooks:Read.")
            .WithMetadata(Limit, PaginationToken)
            .Permitted().RequireBearer()
            .Errors(ErrorCatalog.NotAuthorized, ErrorCatalog.QueryInvalid)
            .EdgeErrors();

        group.MapGet("/webhooks/{webhookId}", ManageWebhooks.GetAsync)
            .WithName("getWebhook")
            .AuditsReads(AuditActions.WebhooksRead)
            .WithSummary("Look at a webhook")
            .WithDescription("Needs Webhooks:Read.")
            .Permitted().RequireBearer()
            .Errors(ErrorCatalog.NotAuthorized, ErrorCatalog.WebhookUnknown)
            .EdgeErrors();

        group.MapPut("/webhooks/{webhookId}", ManageWebhooks.UpdateAsync)
            .WithName("updateWebhook")
            .WithSummary("Update a webhook")
            .WithDescription("What is left out stays. One that is disabled is told nothing, not even what was put off before. Needs Webhooks:Update.")
            .Accepts<UpdateWebhookRequest>("application/json")
            .Permitted().RequireUserAction()
            .Errors(ErrorCatalog.WebhookUnknown, ErrorCatalog.EventUnknown)
            .BodyErrors().EdgeErrors();

        group.MapDelete("/webhooks/{webhookId}", ManageWebhooks.DeleteAsync)
            .WithName("deleteWebhook")
            .WithSummary("Delete a webhook")
            .WithDescription("It is told nothing from then on. Needs Webhooks:Delete.")
            .Permitted().RequireUserAction()
            .Errors(ErrorCatalog.WebhookUnknown)
            .BodyErrors().EdgeErrors();

        group.MapPost("/webhooks/{webhookId}/ping", ManageWebhooks.PingAsync)
            .WithName("pingWebhook")
            .WithSummary("Send a webhook a ping")
            .WithDescription("Signed as every delivery, at once, and whether or not the webhook is enabled; the answer says what it said. Needs Webhooks:Ping.")
            .Permitted().RequireUserAction()
            .Errors(ErrorCatalog.WebhookUnknown)
            .BodyErrors().EdgeErrors();

        group.MapGet("/webhooks/{webhookId}/events", ReadWebhookEvents.ListAsync)
            .WithName("listWebhookEvents")
            .AuditsReads(AuditActions.WebhookEventsRead)
            .WithSummary("List what a webhook was told")
            .WithDescription("In the last 31 days, in the order in which it happened, a page at a time, with what became of the last attempt. Needs Webhooks:Events:Read.")
            .WithMetadata(Limit, PaginationToken, new QueryParameter("kind", "Events of this kind alone."), new QueryParameter("deliveryFailed", "true for those alone that were not delivered, false for those that were."))
            .Permitted().RequireBearer()
            .Errors(ErrorCatalog.NotAuthorized, ErrorCatalog.QueryInvalid, ErrorCatalog.WebhookUnknown)
            .EdgeErrors();

        group.MapGet("/webhooks/{webhookId}/events/{webhookEventId}", ReadWebhookEvents.GetAsync)
            .WithName("getWebhookEvent")
            .AuditsReads(AuditActions.WebhookEventsRead)
            .WithSummary("Look at what a webhook was told")
            .WithDescription("Needs Webhooks:Events:Read.")
            .Permitted().RequireBearer()
            .Errors(ErrorCatalog.NotAuthorized, ErrorCatalog.WebhookUnknown, ErrorCatalog.WebhookEventUnknown)
            .EdgeErrors();
    }
}
