using System.Text.Json.Nodes;
using Dfns.Registration.Api.Secrets;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Storage;

/// <summary>
/// Adds to the outbox what webhooks are told of an act: with the act's line in the audit trail, so that both are saved with it, or neither. Of an
/// organisation that has no webhook nothing is added; where nobody has said how many it has, the sender finds out.
/// </summary>
internal sealed class Events(RegistrationDbContext db, MasterKey masterKey, Entropy entropy, IEventGate gate)
{
    /// <summary>For how long an event is tried to be delivered.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    private readonly Dictionary<string, bool> told = new(StringComparer.Ordinal);
    private readonly List<Added> added = [];

    /// <summary>Says how many webhooks an organisation has, as whoever acts has just read it.</summary>
    public void Know(RelyingParty relyingParty) => told[relyingParty.OrganisationId] = relyingParty.EnabledWebhooks > 0;

    /// <summary>Adds an event to the tracked rows, if the act is one that is told.</summary>
    /// <param name="act">Added to the audit trail.</param>
    /// <param name="what">What is told beyond who did it to whom.</param>
    public void Tell(AuditEvent act, EventData? what)
    {
        if (EventKinds.Of(act.Action) is not { } kind || !told.GetValueOrDefault(act.OrganisationId, defaultValue: true) || IsTold(act, what) || !gate.Admits(act.OrganisationId)) return;
        var id = entropy.Id("we");
        var data = new JsonObject { ["userId"] = act.SubjectId, ["actor"] = act.Actor };
        foreach (var (name, value) in what?.Members ?? []) data[name] = value;
        var content = EventJson.Write(new JsonObject { ["kind"] = kind, ["data"] = data });
        var message = new OutboxMessage
        {
            OrganisationId = act.OrganisationId,
            Id = id,
            Kind = OutboxKind.Event,
            SubjectId = act.SubjectId,
            Content = masterKey.Seal(content, OutboxMessage.SealedUnder(act.OrganisationId, id, act.SubjectId), entropy),
            CreatedAt = act.At,
            DueAt = OutboxSender.Due(act.At, TimeSpan.Zero),
            EndsAt = act.At + Lifetime,
        };
        db.Outbox.Add(message);
        added.Add(new Added(act.Action, what, message));
    }

    /// <summary>Tells the sender of what was added, once it is committed.</summary>
    public void Wake()
    {
        foreach (var (_, _, message) in added) gate.Wake(message);
        added.Clear();
    }

    /// <summary>For what was added and is not going to be saved.</summary>
    public void Forget() => added.Clear();

    // An act whose line in the audit trail is too long has several, and is told once.
    private bool IsTold(AuditEvent act, EventData? what) => added.Exists(a => a.Action == act.Action && ReferenceEquals(a.What, what)
        && a.Message.OrganisationId == act.OrganisationId && a.Message.SubjectId == act.SubjectId && db.Entry(a.Message).State == EntityState.Added);

    /// <summary>An event that is not saved yet.</summary>
    private sealed record Added(string Action, EventData? What, OutboxMessage Message);
}

/// <summary>Whoever sends events, as those who tell them see it.</summary>
internal interface IEventGate
{
    /// <summary>Whether another event of an organisation is taken on; the act itself does not depend on it.</summary>
    bool Admits(string organisationId);

    /// <summary>Tells that an event was committed.</summary>
    void Wake(OutboxMessage message);
}

/// <summary>What is told of an act beyond who did it to whom; free of secrets.</summary>
/// <param name="Members">Names and values, in the order in which they are told.</param>
internal sealed record EventData(IReadOnlyList<KeyValuePair<string, JsonNode?>> Members)
{
    public static EventData Of(User user) => new(Members: [new("user", Json(user))]);

    public static EventData Of(Credential credential) => new(Members: [new("credential", Json(credential))]);

    /// <summary>Of a user, with the credentials that came with the act.</summary>
    /// <param name="user">Whose they are.</param>
    /// <param name="credentials">In the order of their slots.</param>
    public static EventData Of(User user, IReadOnlyList<Credential> credentials) =>
        new(Members: [new("user", Json(user)), new("credentials", new JsonArray([.. credentials.Select(Json)]))]);

    /// <summary>The same with one more member.</summary>
    public EventData And(string name, JsonNode value) => new([.. Members, new(name, value)]);

    private static JsonObject Json(User user) => new()
    {
        ["id"] = user.Id,
        ["username"] = user.Username,
        ["kind"] = user.Kind.ToString(),
        ["isServiceAccount"] = user.IsServiceAccount,
        ["externalId"] = user.ExternalId,
    };

    private static JsonObject Json(Credential credential) => new()
    {
        ["credentialUuid"] = credential.Uuid,
        ["kind"] = credential.Kind.ToString(),
        ["name"] = credential.Name,
    };
}
