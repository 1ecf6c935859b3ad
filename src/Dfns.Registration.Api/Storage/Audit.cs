using Dfns.Registration.Api.Secrets;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Storage;

/// <summary>Adds rows to the audit trail, and what webhooks are told with them; they are saved with the thing they tell of, or not at all.</summary>
internal sealed class Audit(RegistrationDbContext db, AuditTally tally, Events events, Entropy entropy, TimeProvider clock)
{
    // Of a relying party: what is counted, and set by nobody.
    private static readonly string[] Counts = [nameof(RelyingParty.EnabledWebhooks), nameof(RelyingParty.WebhooksVersion)];

    /// <inheritdoc cref="Events.Know"/>
    public void Know(RelyingParty relyingParty) => events.Know(relyingParty);

    /// <summary>For whoever saves without <see cref="Changes"/>: tells that it is committed.</summary>
    public void Saved() => events.Wake();

    /// <param name="organisationId">Whose trail; empty for what concerns the service as a whole.</param>
    /// <param name="action">One of <see cref="AuditActions"/>.</param>
    /// <param name="actor">A user's id, or one of <see cref="AuditActors"/>.</param>
    /// <param name="subjectId">What it was done to.</param>
    /// <param name="remoteAddress">The peer's address, where there is one.</param>
    /// <param name="note">An English remark, free of secrets; cut off where its column ends, lest what it tells of fail for it.</param>
    /// <param name="at">UTC; when it was, if not now. What is told afterwards, webhooks are not told.</param>
    /// <param name="told">What webhooks are told beyond who did it to whom, if they are told at all.</param>
    public void Add(
        string organisationId, string action, string actor, string subjectId, string? remoteAddress = null, string? note = null, DateTimeOffset? at = null, EventData? told = null)
    {
        var row = new AuditEvent
        {
            OrganisationId = organisationId,
            Id = entropy.Id("au"),
            At = at ?? clock.GetUtcNow(),
            Action = action,
            Actor = actor,
            SubjectId = subjectId,
            RemoteAddress = remoteAddress,
            Note = note is { Length: > Limits.NoteLength } ? note[..Limits.NoteLength] : note,
        };
        db.AuditEvents.Add(row);
        if (at is null) events.Tell(row, told);
    }

    /// <summary>
    /// For what somebody may do as often as they like: a row, or, where they have had many lately, none, and what there is to count once the thing itself is saved.
    /// </summary>
    /// <param name="organisationId">Whose trail.</param>
    /// <param name="action">One of <see cref="AuditActions"/>.</param>
    /// <param name="actor">A user's id.</param>
    /// <param name="subjectId">What it was done to.</param>
    /// <param name="remoteAddress">The peer's address.</param>
    /// <param name="note">As of <see cref="Add"/>.</param>
    /// <param name="counted">The remark under which it is counted, one of few.</param>
    /// <param name="told">As of <see cref="Add"/>; what is counted is not told.</param>
    /// <returns>For <see cref="Count"/>; null where a row was added.</returns>
    public TalliedEvent? AddOften(string organisationId, string action, string actor, string subjectId, string? remoteAddress, string note, string? counted = null, EventData? told = null)
    {
        if (!tally.TakeRow(organisationId, actor, subjectId)) return new TalliedEvent(organisationId, action, actor, subjectId, remoteAddress, counted ?? note);
        Add(organisationId, action, actor, subjectId, remoteAddress, note, told: told);
        return null;
    }

    /// <summary>Counts what has happened and has no row of its own.</summary>
    public void Count(TalliedEvent? what)
    {
        if (what is not null) tally.Count(what);
    }

    /// <summary>For what somebody changed: what it was and what it is, in as many rows as that takes.</summary>
    /// <param name="organisationId">Whose trail.</param>
    /// <param name="action">One of <see cref="AuditActions"/>.</param>
    /// <param name="actor">A user's id, or one of <see cref="AuditActors"/>.</param>
    /// <param name="subjectId">What it was done to.</param>
    /// <param name="remoteAddress">The peer's address, where there is one.</param>
    /// <param name="note">What is told before it; null for nothing.</param>
    /// <param name="values">What has changed.</param>
    public void AddChange(string organisationId, string action, string actor, string subjectId, string? remoteAddress, string? note, params IEnumerable<ChangedValue> values) =>
        AddChange(organisationId, action, actor, subjectId, remoteAddress, note, told: null, values);

    /// <summary>The same, for what webhooks are told more of.</summary>
    /// <param name="told">As of <see cref="Add"/>.</param>
    /// <inheritdoc cref="AddChange(string, string, string, string, string?, string?, IEnumerable{ChangedValue})"/>
    public void AddChange(string organisationId, string action, string actor, string subjectId, string? remoteAddress, string? note, EventData? told, IEnumerable<ChangedValue> values)
    {
        foreach (var words in AuditNotes.Of(note, values)) Add(organisationId, action, actor, subjectId, remoteAddress, words, told: told);
    }

    /// <summary>For what the operator changed on the command line; of what is new, what is not off.</summary>
    /// <param name="organisationId">Whose trail.</param>
    /// <param name="action">One of <see cref="AuditActions"/>.</param>
    /// <param name="subjectId">What it was done to.</param>
    /// <param name="note">What is told before it; null for nothing.</param>
    /// <param name="rows">The rows, tracked, after the change and before it is saved.</param>
    public void ChangedByOperator(string organisationId, string action, string subjectId, string? note, params IEnumerable<object> rows) =>
        AddChange(organisationId, action, AuditActors.Operator, subjectId, remoteAddress: null, note, rows.Select(row => db.Entry(row)).SelectMany(row => row.State == EntityState.Added
            ? row.Properties.Where(p => !p.Metadata.IsPrimaryKey() && !Counts.Contains(p.Metadata.Name)).Select(p => ChangedValue.New(p.Metadata.Name, p.CurrentValue)).Select(value => Printed(row.Entity, value))
                .Where(value => value.Is is not (null or DateTimeOffset or false or System.Collections.ICollection { Count: 0 }))
            : row.Properties.Where(p => p.IsModified).Select(p => Printed(row.Entity, new ChangedValue(p.Metadata.Name, p.OriginalValue, p.CurrentValue)))));

    // Under the name by which the commands print it and take it.
    private static ChangedValue Printed(object row, ChangedValue value) => row is not RelyingParty ? value : value.Name switch
    {
        nameof(RelyingParty.RelyingPartyId) => value with { Name = "rpId" },
        nameof(RelyingParty.FurtherIds) => value with { Name = "furtherRpIds" },
        nameof(RelyingParty.Name) => value with { Name = "rpName" },
        nameof(RelyingParty.RecoveryRequiredForEndUsers) => value with { Name = "recoveryRequired" },
        nameof(RelyingParty.SecondFactorOptional) => value with { Name = "requireSecondFactor", Was = value.Was is false, Is = value.Is is false },
        _ => value,
    };

    /// <summary>For what the operator did on the command line.</summary>
    public void ByOperator(string organisationId, string action, string subjectId, string? note = null) => Add(organisationId, action, AuditActors.Operator, subjectId, note: note);

    /// <summary>For what the operator did to a user or service account, whom webhooks are told with it.</summary>
    public void ByOperator(User user, string action, string? note = null) => Add(user.OrganisationId, action, AuditActors.Operator, user.Id, note: note, told: EventData.Of(user));
}
