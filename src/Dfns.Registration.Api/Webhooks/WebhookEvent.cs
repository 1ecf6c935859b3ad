using System.Text;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;

namespace Dfns.Registration.Api.Webhooks;

/// <summary>Something that happened, as webhooks are told of it.</summary>
/// <param name="OrganisationId">Where.</param>
/// <param name="Id">The same at every webhook and on each attempt.</param>
/// <param name="At">UTC; when.</param>
/// <param name="Kind">One of <see cref="EventKinds"/>.</param>
/// <param name="Data">What is told, free of secrets.</param>
internal sealed record WebhookEvent(string OrganisationId, string Id, DateTimeOffset At, string Kind, JsonObject Data)
{
    /// <summary>Reads an event.</summary>
    /// <param name="message">Of the outbox.</param>
    /// <param name="content">Opened.</param>
    public static WebhookEvent Read(OutboxMessage message, byte[] content)
    {
        var read = JsonNode.Parse(content)!;
        return new WebhookEvent(message.OrganisationId, message.Id, message.CreatedAt, (string)read["kind"]!, read["data"]!.AsObject());
    }

    /// <summary>The data as text.</summary>
    public string DataText() => Encoding.UTF8.GetString(EventJson.Write(Data));

    /// <summary>The body of a delivery.</summary>
    /// <param name="sentAt">UTC; whoever checks it takes nothing that is old.</param>
    public byte[] Body(DateTimeOffset sentAt) => EventJson.Write(new JsonObject
    {
        ["id"] = Id,
        ["date"] = WireTime.Of(At),
        ["kind"] = Kind,
        ["data"] = Data.DeepClone(),
        ["timestampSent"] = sentAt.ToUnixTimeSeconds(),
    });
}
