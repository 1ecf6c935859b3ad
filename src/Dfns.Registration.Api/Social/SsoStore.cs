using System.Text;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Wire;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Social;

/// <summary>The clients by which users sign in at providers with the authorization code flow.</summary>
internal sealed class SsoStore(RegistrationDbContext db, SocialStore social, RequestFacts facts, MasterKey masterKey, Entropy entropy, TimeProvider clock)
{
    /// <summary>Finds the client that may send people to its provider and have them sent back.</summary>
    /// <param name="organisationId">As sent; need not exist.</param>
    /// <param name="clientId">As sent: the provider's that accepts it, which must be one.</param>
    /// <param name="redirectUri">As sent; one of the client's, character by character.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <returns>The client and its provider; or why not. An organisation that is not there has no such client.</returns>
    public async Task<Checked<(SsoClient Client, SocialProvider Provider)>> FindAsync(string organisationId, string clientId, string redirectUri, CancellationToken ct)
    {
        var providers = await social.AcceptedAsync(organisationId, ct);
        if (providers.Count > 0) facts.OrganisationId = organisationId;
        var accepting = providers.FindAll(p => p.ClientIds.Contains(clientId, StringComparer.Ordinal));
        if (accepting.Count > 1) return ErrorCatalog.SsoClientAmbiguous.At("$.clientId");
        if (accepting is not [var provider] || await Of(provider, clientId).AsNoTracking().SingleOrDefaultAsync(ct) is not { } client) return ErrorCatalog.SsoClientUnknown.At("$.clientId");
        return client.RedirectUris.Contains(redirectUri, StringComparer.Ordinal) ? (client, provider) : ErrorCatalog.SsoRedirectUriNotAllowed.At("$.redirectUri");
    }

    /// <summary>The client's secret; null for a public client.</summary>
    /// <exception cref="System.Security.Cryptography.CryptographicException">It was sealed with another master key, or in another row.</exception>
    public string? SecretOf(SsoClient client) => client.SealedSecret is { } box ? Encoding.ASCII.GetString(masterKey.Open(box, SsoClient.SealedUnder(client.OrganisationId, client.Issuer, client.ClientId))) : null;

    /// <summary>Seals a client's secret into its row. The caller saves.</summary>
    public void SetSecret(SsoClient client, string secret) =>
        client.SealedSecret = masterKey.Seal(Encoding.ASCII.GetBytes(secret), SsoClient.SealedUnder(client.OrganisationId, client.Issuer, client.ClientId), entropy);

    /// <summary>Finds a client, tracked.</summary>
    public Task<SsoClient?> FindAsync(SocialProvider provider, string clientId, CancellationToken ct) => Of(provider, clientId).SingleOrDefaultAsync(ct);

    /// <summary>Adds a client that has nowhere to send people back to yet. The caller saves.</summary>
    public SsoClient Add(SocialProvider provider, string clientId)
    {
        var client = new SsoClient { OrganisationId = provider.OrganisationId, Issuer = provider.Issuer, ClientId = clientId, RedirectUris = [], CreatedAt = clock.GetUtcNow() };
        db.SsoClients.Add(client);
        return client;
    }

    /// <summary>The clients of an organisation, by issuer and client id.</summary>
    public Task<List<SsoClient>> ListAsync(string organisationId, CancellationToken ct) =>
        db.SsoClients.AsNoTracking().Where(c => c.OrganisationId == organisationId).OrderBy(c => c.Issuer).ThenBy(c => c.ClientId).ToListAsync(ct);

    /// <summary>Removes a client. The caller saves.</summary>
    public void Remove(SsoClient client) => db.SsoClients.Remove(client);

    /// <summary>The clients of a provider that go with client ids of it, tracked; all for null.</summary>
    public async Task<IReadOnlyList<SsoClient>> ListAsync(SocialProvider provider, IReadOnlyCollection<string>? clientIds, CancellationToken ct)
    {
        var clients = await db.SsoClients.Where(c => c.OrganisationId == provider.OrganisationId && c.Issuer == provider.Issuer).OrderBy(c => c.ClientId).ToListAsync(ct);
        return [.. clients.Where(c => clientIds is null || clientIds.Contains(c.ClientId, StringComparer.Ordinal))];
    }

    private IQueryable<SsoClient> Of(SocialProvider provider, string clientId) =>
        db.SsoClients.Where(c => c.OrganisationId == provider.OrganisationId && c.Issuer == provider.Issuer && c.ClientId == clientId);
}
