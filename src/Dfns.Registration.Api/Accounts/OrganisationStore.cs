using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Verification;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Accounts;

/// <summary>Finds organisations, creates and changes them; each change is audited in its own transaction.</summary>
internal sealed class OrganisationStore(RegistrationDbContext db, Changes changes, Audit audit, Entropy entropy, TimeProvider clock)
{
    /// <summary>What an operator is told who names an organisation that is not there.</summary>
    public const string Unknown = "There is no organisation with this id; 'org list' shows them.";

    /// <summary>Creates an organisation with its relying party.</summary>
    /// <param name="name">As people see it.</param>
    /// <param name="set">Sets the RP ID, the origins, and whatever else differs from the defaults; returns null, or why that cannot be done.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>The organisation, or every fault of what was asked for.</returns>
    public async Task<ChangedOrganisation> CreateAsync(string name, Func<RelyingParty, string?> set, CancellationToken ct)
    {
        var id = entropy.Id("or");
        var relyingParty = new RelyingParty
        {
            OrganisationId = id,
            RelyingPartyId = "",
            Name = name,
            Origins = [],
            Attestation = "none",
            UserVerification = "required",
            Algorithms = [-7, -8, -257],
            SecondFactorOptional = true,
        };
        if (set(relyingParty) is { } fault) return new ChangedOrganisation(null, [fault]);
        var organisation = new Organisation { Id = id, Name = name, CreatedAt = clock.GetUtcNow(), RelyingParty = relyingParty };
        if (Faults(organisation) is { Count: > 0 } faults) return new ChangedOrganisation(null, faults);

        db.Organisations.Add(organisation);
        audit.ChangedByOperator(id, AuditActions.OrganisationCreated, id, note: null, organisation, relyingParty);
        await db.SaveChangesAsync(ct);
        return new ChangedOrganisation(organisation, []);
    }

    /// <summary>Changes an organisation or its relying party.</summary>
    /// <param name="id">The organisation.</param>
    /// <param name="action">One of <see cref="AuditActions"/>.</param>
    /// <param name="change">Changes it; returns null, or why that cannot be done.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>The organisation as it is now, or every fault; then nothing has changed.</returns>
    public async Task<ChangedOrganisation> ChangeAsync(string id, string action, Func<Organisation, Task<string?>> change, CancellationToken ct)
    {
        if (await db.Organisations.Include(o => o.RelyingParty).SingleOrDefaultAsync(o => o.Id == id, ct) is not { } organisation)
        {
            return new ChangedOrganisation(null, [Unknown]);
        }

        var (began, ids) = (clock.GetUtcNow(), organisation.RelyingParty?.EveryId ?? []);
        if (await change(organisation) is { } fault) return new ChangedOrganisation(null, [fault]);
        if (Faults(organisation) is { Count: > 0 } faults) return new ChangedOrganisation(null, faults);
        var gone = organisation.RelyingParty!.Without(ids);
        var voided = gone.Count == 0 ? null : new PasskeyRevocation(id, gone, WithPrimary: gone.Contains(ids[0]), began);
        if (voided is not null) changes.End(voided);
        audit.ChangedByOperator(id, action, id, note: null, organisation, organisation.RelyingParty!);
        await changes.SaveAsync(ct);
        if (voided is not null)
        {
            changes.End(voided);
            await changes.SaveAsync(CancellationToken.None);
        }

        return new ChangedOrganisation(organisation, []);
    }

    /// <summary>How many passkeys of an organisation are not archived.</summary>
    public Task<int> CountPasskeysAsync(string id, CancellationToken ct) =>
        db.Credentials.CountAsync(c => c.OrganisationId == id && c.Kind == CredentialKind.Fido2 && c.Status != CredentialStatus.Archived, ct);

    /// <summary>How many passkeys of an organisation that are not archived were made for one of some RP IDs.</summary>
    public Task<int> CountPasskeysAsync(string id, IReadOnlyList<string> relyingPartyIds, CancellationToken ct) => db.Credentials.CountAsync(
        c => c.OrganisationId == id && c.Kind == CredentialKind.Fido2 && c.Status != CredentialStatus.Archived && relyingPartyIds.Contains(c.RelyingPartyId), ct);

    /// <summary>How many keys of an organisation are not archived: they sign wherever the page is, but no browser lets a page of another origin call.</summary>
    public Task<int> CountKeysAsync(string id, CancellationToken ct) =>
        db.Credentials.CountAsync(c => c.OrganisationId == id && (c.Kind == CredentialKind.Key || c.Kind == CredentialKind.PasswordProtectedKey) && c.Status != CredentialStatus.Archived, ct);

    /// <summary>How many users of an organisation have a second factor to sign in with.</summary>
    public Task<int> CountSecondFactorsAsync(string id, CancellationToken ct) =>
        db.Credentials.Where(c => c.OrganisationId == id && c.Slot == CredentialSlot.SecondFactor && c.Status == CredentialStatus.Active).Select(c => c.UserId).Distinct().CountAsync(ct);

    /// <summary>How many passkeys did not verify their user when they were registered.</summary>
    public Task<int> CountUnverifiedPasskeysAsync(string id, CancellationToken ct) =>
        db.Credentials.CountAsync(c => c.OrganisationId == id && c.Kind == CredentialKind.Fido2 && c.Status != CredentialStatus.Archived && c.UserVerified == false, ct);

    /// <summary>Whether there is an organisation.</summary>
    public Task<bool> ExistsAsync(string id, CancellationToken ct) => db.Organisations.AnyAsync(o => o.Id == id, ct);

    /// <summary>The relying party of an organisation, not tracked; null where there is no organisation, or it is not set up to the end.</summary>
    public Task<RelyingParty?> FindRelyingPartyAsync(string id, CancellationToken ct) => db.RelyingParties.AsNoTracking().SingleOrDefaultAsync(r => r.OrganisationId == id, ct);

    /// <summary>Every organisation with its relying party, the oldest first.</summary>
    public Task<List<Organisation>> ListAsync(CancellationToken ct) =>
        db.Organisations.AsNoTracking().Include(o => o.RelyingParty).OrderBy(o => o.CreatedAt).ToListAsync(ct);

    /// <summary>What there is to publish of each relying party, that of the oldest organisation first.</summary>
    public Task<List<PublishedRelyingParty>> PublishedAsync(CancellationToken ct) =>
        db.Organisations.AsNoTracking().Where(o => o.RelyingParty != null).OrderBy(o => o.CreatedAt).ThenBy(o => o.Id)
            .Select(o => new PublishedRelyingParty(o.RelyingParty!.RelyingPartyId, o.RelyingParty.FurtherIds, o.RelyingParty.Origins, o.RelyingParty.RelatedOrigins, o.RelyingParty.PasskeyEnrollUrl, o.RelyingParty.PasskeyManageUrl))
            .ToListAsync(ct);

    // Without a name of its own the relying party has the organisation's: its fault is told once.
    private static List<string> Faults(Organisation organisation) =>
        [.. RelyingPartyRules.Faults(organisation.RelyingParty!).Append(RelyingPartyRules.NameFault(organisation.Name)).OfType<string>().Distinct(StringComparer.Ordinal)];
}

/// <summary>An organisation as it is now, or every fault of the change that was asked for.</summary>
internal sealed record ChangedOrganisation(Organisation? Organisation, IReadOnlyList<string> Faults);
