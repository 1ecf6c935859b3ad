using Dfns.Registration.Api.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Trust;

/// <summary>The highest number of a metadata service that any instance took up: it only ever rises.</summary>
internal sealed class MetadataStore(RegistrationDbContext db, IOptions<TrustOptions> options)
{
    private readonly string signerHost = options.Value.MetadataSignerHost;

    public Task<long?> LastAsync(CancellationToken ct) =>
        db.MetadataNumbers.Where(n => n.SignerHost == signerHost).Select(n => (long?)n.Number).SingleOrDefaultAsync(ct);

    /// <summary>Raises it.</summary>
    /// <returns>False when it is higher already.</returns>
    public async Task<bool> RaiseAsync(long number, DateTimeOffset now, CancellationToken ct)
    {
        if (await RaiseRowAsync()) return true;
        if (await LastAsync(ct) is null)
        {
            try
            {
                db.MetadataNumbers.Add(new MetadataNumber { SignerHost = signerHost, Number = number, AcceptedAt = now });
                await db.SaveChangesAsync(ct);
                return true;
            }
            catch (DbUpdateException e) when (UniqueViolation.IsOne(e))
            {
                // Another instance wrote the first row meanwhile, as it may have before we looked.
            }
        }

        return await RaiseRowAsync();

        async Task<bool> RaiseRowAsync() => await db.MetadataNumbers.Where(n => n.SignerHost == signerHost && n.Number <= number)
            .ExecuteUpdateAsync(n => n.SetProperty(x => x.Number, number).SetProperty(x => x.AcceptedAt, now), ct) > 0;
    }
}
