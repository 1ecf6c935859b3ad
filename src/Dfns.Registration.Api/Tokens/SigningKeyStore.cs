using Dfns.Registration.Api.Storage;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tokens;

/// <summary>The rows of the signing keys.</summary>
internal sealed class SigningKeyStore(RegistrationDbContext db, Audit audit)
{
    /// <summary>The keys that are not retired, the one that signs last first.</summary>
    public Task<List<SigningKey>> LiveAsync(DateTimeOffset now, CancellationToken ct) =>
        db.SigningKeys.AsNoTracking().Where(k => k.RetiredAt > now).OrderByDescending(k => k.ActiveFrom).ToListAsync(ct);

    /// <summary>Adds a key that the service itself made.</summary>
    public Task AddAsync(SigningKey key, CancellationToken ct)
    {
        db.SigningKeys.Add(key);
        return db.SaveChangesAsync(ct);
    }

    /// <summary>Adds a key at an operator's word.</summary>
    public Task AddByOperatorAsync(SigningKey key, CancellationToken ct)
    {
        // The keys belong to the service: the audit row belongs to no organisation.
        audit.ByOperator("", AuditActions.SigningKeysRotated, key.Id);
        return AddAsync(key, ct);
    }
}
