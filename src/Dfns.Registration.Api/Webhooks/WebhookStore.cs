using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Webhooks;

/// <summary>Webhooks and what became of the events they were told. Changes are saved by the caller, together with their line in the audit trail.</summary>
internal sealed class WebhookStore(RegistrationDbContext db, Entropy entropy, TimeProvider clock)
{
    /// <summary>So many webhooks an organisation has: each is told of every event that it wants.</summary>
    public const int Most = 10;

    // The clocks of instances differ: whoever is created in one moment wants what another instance says to have happened just before.
    private static readonly TimeSpan ClockDifference = TimeSpan.FromMinutes(1);

    /// <summary>Finds a webhook.</summary>
    /// <returns>The webhook, tracked; or null: unknown, or of another organisation.</returns>
    public Task<Webhook?> FindAsync(string organisationId, string id, CancellationToken ct) =>
        db.Webhooks.SingleOrDefaultAsync(w => w.OrganisationId == organisationId && w.Id == id, ct);

    /// <summary>One page of the webhooks, in the order in which they were created.</summary>
    /// <returns>The webhooks, and where the next page begins; null after the last.</returns>
    public async Task<(IReadOnlyList<Webhook> Webhooks, PagePosition? Next)> ListAsync(string organisationId, PageQuery page, CancellationToken ct)
    {
        var webhooks = db.Webhooks.AsNoTracking().Where(w => w.OrganisationId == organisationId);
        if (page.After is { } after) webhooks = webhooks.Where(w => w.CreatedAt > after.CreatedAt || (w.CreatedAt == after.CreatedAt && string.Compare(w.Id, after.Id) > 0));
        var found = await webhooks.OrderBy(w => w.CreatedAt).ThenBy(w => w.Id).Take(page.Limit + 1).ToListAsync(ct);
        return page.Of(found, w => new PagePosition(w.CreatedAt, w.Id));
    }

    /// <summary>Adds a webhook.</summary>
    /// <returns>The webhook and its secret; or <see cref="ErrorCatalog.WebhookLimitReached"/>.</returns>
    public async Task<Checked<AddedWebhook>> AddAsync(string organisationId, WebhookValues values, WebhookSecrets secrets, CancellationToken ct)
    {
        var enabled = await EnabledAsync(organisationId, ct);
        if (enabled.Count >= Most) return ErrorCatalog.WebhookLimitReached;
        var (now, id) = (clock.GetUtcNow(), entropy.Id("wh"));
        var (secret, sealedSecret) = secrets.New(organisationId, id);
        var webhook = new Webhook
        {
            OrganisationId = organisationId,
            Id = id,
            Url = values.Url,
            Events = values.Events,
            Description = values.Description,
            IsEnabled = values.IsEnabled,
            Secret = sealedSecret,
            CreatedAt = now,
            UpdatedAt = now,
        };
        db.Webhooks.Add(webhook);
        await CountAsync(organisationId, enabled.Count(e => e) + (values.IsEnabled ? 1 : 0), ct);
        return new AddedWebhook(webhook, secret);
    }

    /// <summary>Changes a webhook.</summary>
    /// <param name="webhook">Tracked.</param>
    /// <param name="values">What it is to be.</param>
    /// <param name="ct">Ends the waiting.</param>
    public async Task ChangeAsync(Webhook webhook, WebhookValues values, CancellationToken ct)
    {
        if (values.IsEnabled != webhook.IsEnabled) await CountAsync(webhook.OrganisationId, (await EnabledAsync(webhook.OrganisationId, ct)).Count(e => e) + (values.IsEnabled ? 1 : -1), ct);
        (webhook.Url, webhook.Events, webhook.Description, webhook.IsEnabled) = (values.Url, values.Events, values.Description, values.IsEnabled);
        webhook.UpdatedAt = clock.GetUtcNow();
        webhook.Version++;
    }

    /// <summary>Deletes a webhook, which is told nothing from then on; what it was told goes when its time is over.</summary>
    /// <param name="webhook">Tracked.</param>
    /// <param name="ct">Ends the waiting.</param>
    public async Task RemoveAsync(Webhook webhook, CancellationToken ct)
    {
        db.Webhooks.Remove(webhook);
        await CountAsync(webhook.OrganisationId, (await EnabledAsync(webhook.OrganisationId, ct)).Count(e => e) - (webhook.IsEnabled ? 1 : 0), ct);
    }

    /// <summary>The webhooks that are to be told of an event and have not got it yet; with what became of it there.</summary>
    public async Task<List<PendingDelivery>> PendingAsync(WebhookEvent told, CancellationToken ct)
    {
        var created = told.At + ClockDifference;
        var webhooks = await db.Webhooks.AsNoTracking().Where(w => w.OrganisationId == told.OrganisationId && w.IsEnabled && w.CreatedAt <= created).ToListAsync(ct);
        var wanting = webhooks.Where(w => w.Wants(told.Kind)).ToList();
        if (wanting.Count == 0) return [];
        var ids = wanting.ConvertAll(w => w.Id);
        var deliveries = await db.WebhookDeliveries.Where(d => d.OrganisationId == told.OrganisationId && ids.Contains(d.WebhookId) && d.EventId == told.Id).ToDictionaryAsync(d => d.WebhookId, StringComparer.Ordinal, ct);
        return [.. wanting.Select(w => new PendingDelivery(w, deliveries.GetValueOrDefault(w.Id))).Where(p => p.Before is not { IsDelivered: true })];
    }

    /// <summary>Adds to the tracked rows what became of an attempt.</summary>
    public void Note(WebhookEvent told, PendingDelivery pending, WebhookAnswer answer)
    {
        if (pending.Before is not { } delivery)
        {
            delivery = new WebhookDelivery
            {
                OrganisationId = told.OrganisationId,
                WebhookId = pending.Webhook.Id,
                EventId = told.Id,
                Kind = told.Kind,
                At = told.At,
                Data = told.DataText(),
                SentAt = answer.SentAt,
            };
            db.WebhookDeliveries.Add(delivery);
        }

        (delivery.Status, delivery.Error, delivery.SentAt, delivery.IsDelivered) = (answer.Status, answer.Error, answer.SentAt, answer.IsDelivered);
    }

    /// <summary>Saves what became of attempts. Where another instance was first, whose lease had run out, what was delivered by either is.</summary>
    public async Task SaveAsync(CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await db.SaveChangesAsync(ct);
                return;
            }
            catch (DbUpdateException e) when (attempt < Changes.Attempts && UniqueViolation.IsLostRace(e))
            {
                // All or none was saved: each is looked at again.
                var noted = db.ChangeTracker.Entries<WebhookDelivery>().Where(d => d.State is EntityState.Added or EntityState.Modified).Select(d => d.Entity).ToList();
                db.ChangeTracker.Clear();
                foreach (var ours in noted)
                {
                    var theirs = await db.WebhookDeliveries.SingleOrDefaultAsync(d => d.OrganisationId == ours.OrganisationId && d.WebhookId == ours.WebhookId && d.EventId == ours.EventId, ct);
                    if (theirs is null) db.WebhookDeliveries.Add(ours);
                    else if (!theirs.IsDelivered) (theirs.Status, theirs.Error, theirs.SentAt, theirs.IsDelivered) = (ours.Status, ours.Error, ours.SentAt, ours.IsDelivered);
                }
            }
        }
    }

    /// <summary>One page of the events that a webhook was told, in the order in which they happened.</summary>
    /// <param name="webhook">Whose.</param>
    /// <param name="kind">Of this kind alone; null for all.</param>
    /// <param name="delivered">Those alone that were delivered, or were not; null for all.</param>
    /// <param name="page">Which.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>The events, and where the next page begins; null after the last.</returns>
    public async Task<(IReadOnlyList<WebhookDelivery> Deliveries, PagePosition? Next)> ListEventsAsync(Webhook webhook, string? kind, bool? delivered, PageQuery page, CancellationToken ct)
    {
        var kept = KeptSince();
        var deliveries = db.WebhookDeliveries.AsNoTracking().Where(d => d.OrganisationId == webhook.OrganisationId && d.WebhookId == webhook.Id && d.At >= kept);
        if (kind is not null) deliveries = deliveries.Where(d => d.Kind == kind);
        if (delivered is { } only) deliveries = deliveries.Where(d => d.IsDelivered == only);
        if (page.After is { } after) deliveries = deliveries.Where(d => d.At > after.CreatedAt || (d.At == after.CreatedAt && string.Compare(d.EventId, after.Id) > 0));
        var found = await deliveries.OrderBy(d => d.At).ThenBy(d => d.EventId).Take(page.Limit + 1).ToListAsync(ct);
        return page.Of(found, d => new PagePosition(d.At, d.EventId));
    }

    /// <summary>Finds an event that a webhook was told.</summary>
    public Task<WebhookDelivery?> FindEventAsync(Webhook webhook, string eventId, CancellationToken ct)
    {
        var kept = KeptSince();
        return db.WebhookDeliveries.AsNoTracking()
            .SingleOrDefaultAsync(d => d.OrganisationId == webhook.OrganisationId && d.WebhookId == webhook.Id && d.EventId == eventId && d.At >= kept, ct);
    }

    /// <summary>All webhooks of an organisation, for an operator.</summary>
    public Task<List<Webhook>> ListAllAsync(string organisationId, CancellationToken ct) =>
        db.Webhooks.AsNoTracking().Where(w => w.OrganisationId == organisationId).OrderBy(w => w.CreatedAt).ThenBy(w => w.Id).ToListAsync(ct);

    private DateTimeOffset KeptSince() => clock.GetUtcNow() - ExpiredRows.KeepDeliveries;

    private Task<List<bool>> EnabledAsync(string organisationId, CancellationToken ct) =>
        db.Webhooks.Where(w => w.OrganisationId == organisationId).Select(w => w.IsEnabled).ToListAsync(ct);

    // Of two changes at once the second finds that the number is another.
    private async Task CountAsync(string organisationId, int enabled, CancellationToken ct)
    {
        var relyingParty = await db.RelyingParties.SingleAsync(r => r.OrganisationId == organisationId, ct);
        relyingParty.EnabledWebhooks = enabled;
        relyingParty.WebhooksVersion++;
    }
}

/// <summary>What of a webhook its owner decides.</summary>
internal sealed record WebhookValues(string Url, List<string> Events, string? Description, bool IsEnabled)
{
    public static WebhookValues Of(Webhook webhook) => new(webhook.Url, webhook.Events, webhook.Description, webhook.IsEnabled);

    /// <summary>What differs from what it was, for the audit trail.</summary>
    public IReadOnlyList<ChangedValue> Since(WebhookValues was) =>
    [
        .. new[]
        {
            new ChangedValue(nameof(Url), was.Url, Url), new ChangedValue(nameof(Events), string.Join(' ', was.Events), string.Join(' ', Events)),
            new ChangedValue(nameof(Description), was.Description, Description), new ChangedValue(nameof(IsEnabled), was.IsEnabled, IsEnabled),
        }.Where(v => !Equals(v.Was, v.Is)),
    ];
}

/// <summary>A webhook that is not saved yet, and its secret, which is told this once.</summary>
internal sealed record AddedWebhook(Webhook Webhook, string Secret);

/// <summary>A webhook that has not got an event, and what became of the last attempt.</summary>
/// <param name="Webhook">Not tracked.</param>
/// <param name="Before">Tracked; null where this is the first.</param>
internal sealed record PendingDelivery(Webhook Webhook, WebhookDelivery? Before);
