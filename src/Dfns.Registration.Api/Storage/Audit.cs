using Dfns.Registration.Api.Secrets;

namespace Dfns.Registration.Api.Storage;

/// <summary>Adds rows to the audit trail; they are saved with the thing they tell of, or not at all.</summary>
internal sealed class Audit(RegistrationDbContext db, Entropy entropy, TimeProvider clock)
{
    /// <param name="organisationId">Whose trail; empty for what concerns the service as a whole.</param>
    /// <param name="action">One of <see cref="AuditActions"/>.</param>
    /// <param name="actor">A user's id, or one of <see cref="AuditActors"/>.</param>
    /// <param name="subjectId">What it was done to.</param>
    /// <param name="remoteAddress">The peer's address, where there is one.</param>
    /// <param name="note">An English remark, free of secrets.</param>
    public void Add(string organisationId, string action, string actor, string subjectId, string? remoteAddress = null, string? note = null) =>
        db.AuditEvents.Add(new AuditEvent
        {
            OrganisationId = organisationId,
            Id = entropy.Id("au"),
            At = clock.GetUtcNow(),
            Action = action,
            Actor = actor,
            SubjectId = subjectId,
            RemoteAddress = remoteAddress,
            Note = note,
        });

    /// <summary>For what the operator did on the command line.</summary>
    public void ByOperator(string organisationId, string action, string subjectId, string? note = null) => Add(organisationId, action, AuditActors.Operator, subjectId, note: note);
}
