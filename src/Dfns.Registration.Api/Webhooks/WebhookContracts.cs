using System.Text.Json.Nodes;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;

namespace Dfns.Registration.Api.Webhooks;

/// <summary>Body of <c>POST /webhooks</c>.</summary>
/// <param name="Url">Where to, by https.</param>
/// <param name="Status">Enabled, as without it, or Disabled.</param>
/// <param name="Description">What it is for.</param>
/// <param name="Events">The kinds it is told of, or <c>*</c> for all.</param>
public sealed record CreateWebhookRequest(
    [Text(Limits.UrlLength)] string? Url, [Text(Limits.EnumLength)] string? Status, [Text(Limits.DescriptionLength, IsName = true)] string? Description, IReadOnlyList<string?>? Events);

/// <summary>Body of <c>PUT /webhooks/{webhookId}</c>: what is left out stays.</summary>
/// <param name="Url">Where to, by https.</param>
/// <param name="Status">Enabled or Disabled.</param>
/// <param name="Description">What it is for.</param>
/// <param name="Events">Just the kinds it is told of from then on, or <c>*</c> for all.</param>
public sealed record UpdateWebhookRequest(
    [Text(Limits.UrlLength)] string? Url, [Text(Limits.EnumLength)] string? Status, [Text(Limits.DescriptionLength, IsName = true)] string? Description, IReadOnlyList<string?>? Events);

/// <summary>A webhook.</summary>
/// <param name="Id">Such as <c>wh-…</c>.</param>
/// <param name="Url">Where to.</param>
/// <param name="Events">The kinds it is told of, or <c>*</c> for all.</param>
/// <param name="Status">Enabled or Disabled.</param>
/// <param name="Description">What it is for; absent where nobody said.</param>
/// <param name="DateCreated">ISO 8601, UTC, to the millisecond.</param>
/// <param name="DateUpdated">Likewise.</param>
public sealed record WebhookResponse(string Id, string Url, IReadOnlyList<string> Events, string Status, string? Description, string DateCreated, string DateUpdated)
{
    internal static WebhookResponse Of(Webhook webhook) =>
        new(webhook.Id, webhook.Url, webhook.Events, StatusOf(webhook), webhook.Description, WireTime.Of(webhook.CreatedAt), WireTime.Of(webhook.UpdatedAt));

    internal static string StatusOf(Webhook webhook) => webhook.IsEnabled ? WebhookBody.Enabled : WebhookBody.Disabled;
}

/// <summary>Answer of <c>POST /webhooks</c>: the webhook, and its secret, which is told this once.</summary>
/// <param name="Id">Such as <c>wh-…</c>.</param>
/// <param name="Url">Where to.</param>
/// <param name="Events">The kinds it is told of, or <c>*</c> for all.</param>
/// <param name="Status">Enabled or Disabled.</param>
/// <param name="Description">What it is for; absent where nobody said.</param>
/// <param name="DateCreated">ISO 8601, UTC, to the millisecond.</param>
/// <param name="DateUpdated">Likewise.</param>
/// <param name="Secret">Its characters are the key of the HMAC by which a delivery is signed.</param>
public sealed record CreatedWebhookResponse(string Id, string Url, IReadOnlyList<string> Events, string Status, string? Description, string DateCreated, string DateUpdated, string Secret)
{
    internal static CreatedWebhookResponse Of(AddedWebhook added) =>
        new(
            added.Webhook.Id, added.Webhook.Url, added.Webhook.Events, WebhookResponse.StatusOf(added.Webhook), added.Webhook.Description,
            WireTime.Of(added.Webhook.CreatedAt), WireTime.Of(added.Webhook.UpdatedAt), added.Secret);
}

/// <summary>Answer of <c>GET /webhooks</c>: in the order in which they were created.</summary>
/// <param name="Items">Those of this page.</param>
/// <param name="NextPageToken">What to send as <c>paginationToken</c> for the next page; absent on the last.</param>
public sealed record WebhookPageResponse(IReadOnlyList<WebhookResponse> Items, string? NextPageToken);

/// <summary>Answer of <c>DELETE /webhooks/{webhookId}</c>.</summary>
/// <param name="Deleted">Always true.</param>
public sealed record DeletedWebhookResponse(bool Deleted);

/// <summary>Answer of <c>POST /webhooks/{webhookId}/ping</c>: what it said to a delivery of the kind <c>webhook.ping</c>.</summary>
/// <param name="Status">The status of its answer; 0 where there was none.</param>
/// <param name="Error">Why it counts as not delivered; absent where it was.</param>
public sealed record WebhookPingResponse(string Status, string? Error)
{
    internal static WebhookPingResponse Of(WebhookAnswer answer) => new(WebhookBody.StatusText(answer.Status), answer.Error);
}

/// <summary>An event that a webhook was told, as of the last attempt.</summary>
/// <param name="Id">Such as <c>we-…</c>; the same on each attempt, and at each webhook.</param>
/// <param name="Date">When it happened: ISO 8601, UTC, to the millisecond.</param>
/// <param name="Kind">Such as <c>user.registered</c>.</param>
/// <param name="Data">What was told.</param>
/// <param name="Status">The status of the webhook's answer; 0 where there was none.</param>
/// <param name="Error">Why it counts as not delivered; absent where it was.</param>
/// <param name="TimestampSent">When the last attempt was, in seconds since 1970.</param>
public sealed record WebhookEventResponse(string Id, string Date, string Kind, JsonObject Data, string Status, string? Error, long TimestampSent)
{
    internal static WebhookEventResponse Of(WebhookDelivery delivery) => new(
        delivery.EventId, WireTime.Of(delivery.At), delivery.Kind, JsonNode.Parse(delivery.Data)!.AsObject(), WebhookBody.StatusText(delivery.Status), delivery.Error,
        delivery.SentAt.ToUnixTimeSeconds());
}

/// <summary>Answer of <c>GET /webhooks/{webhookId}/events</c>: in the order in which they happened.</summary>
/// <param name="Items">Those of this page.</param>
/// <param name="NextPageToken">What to send as <c>paginationToken</c> for the next page; absent on the last.</param>
public sealed record WebhookEventPageResponse(IReadOnlyList<WebhookEventResponse> Items, string? NextPageToken);
