using System.Security.Cryptography;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;

namespace Dfns.Registration.Api.Tokens;

/// <summary>
/// The ES256 keys that sign tokens: kept in the database, sealed, shared by all instances. A successor is published
/// <see cref="Lead"/> before it signs, and every instance reads the list anew each <see cref="Refresh"/>, so no instance ever meets a
/// key it does not know, and no request can cause a look-up by naming one.
/// </summary>
internal sealed class SigningKeys(
    IServiceScopeFactory scopes, MasterKey masterKey, Entropy entropy, TimeProvider clock, IOptions<TokenOptions> options) : IDisposable
{
    public static readonly TimeSpan Refresh = TimeSpan.FromMinutes(1);
    public static readonly TimeSpan Lead = TimeSpan.FromMinutes(10);

    /// <summary>How long a key verifies after it stopped signing: longer than any token lives.</summary>
    public static readonly TimeSpan Overlap = AccessToken.MaxLifetime + TimeSpan.FromDays(1);

    private readonly SemaphoreSlim loading = new(1);
    private volatile KeySet? current;

    /// <summary>The keys that verify now, and which of them signs.</summary>
    public async ValueTask<KeySet> GetAsync(CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        if (current is { } fresh && now - fresh.LoadedAt < Refresh) return fresh;

        await loading.WaitAsync(ct);
        try
        {
            if (current is { } loaded && now - loaded.LoadedAt < Refresh) return loaded;
            return current = await LoadAsync(now, ct);
        }
        catch (Exception e) when (current is not null && StorageFailure.Is(e))
        {
            // The keys of a minute ago are better than none, and than every request waiting for the database in turn.
            return current = current.AsOf(now);
        }
        finally
        {
            loading.Release();
        }
    }

    /// <summary>Publishes a successor now, ahead of time.</summary>
    /// <returns>The new key; it signs from its <see cref="SigningKey.ActiveFrom"/> on.</returns>
    public async Task<SigningKey> RotateAsync(CancellationToken ct)
    {
        await using var scope = scopes.CreateAsyncScope();
        var now = clock.GetUtcNow();
        var key = Generate(now, now + Lead);
        await scope.ServiceProvider.GetRequiredService<SigningKeyStore>().AddByOperatorAsync(key, ct);
        return key;
    }

    public void Dispose() => loading.Dispose();

    private async Task<KeySet> LoadAsync(DateTimeOffset now, CancellationToken ct)
    {
        await using var scope = scopes.CreateAsyncScope();
        var store = scope.ServiceProvider.GetRequiredService<SigningKeyStore>();
        var rows = await store.LiveAsync(now, ct);

        // Two instances may both add a successor: one too many, of which the later one signs. Nothing breaks.
        var newest = rows.FirstOrDefault();
        if (newest is null || newest.CreatedAt + options.Value.SigningKeyLifetime - Lead <= now)
        {
            // First whether this is the master key of the others: a successor sealed with another ends every instance when it takes over.
            if (newest is not null) CryptographicOperations.ZeroMemory(masterKey.Open(newest.SealedPrivateKey, newest.Id));
            var key = Generate(now, activeFrom: newest is null ? now : now + Lead);
            await store.AddAsync(key, ct);
            rows.Insert(0, key);
        }

        // The first key of all signs at once, even where a clock is behind that of the instance that made it.
        return new KeySet(now, rows.FirstOrDefault(k => k.ActiveFrom <= now) ?? rows[^1], rows, masterKey);
    }

    private SigningKey Generate(DateTimeOffset now, DateTimeOffset activeFrom)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var id = entropy.Id("sk");
        var privateKey = key.ExportPkcs8PrivateKey();
        var row = new SigningKey
        {
            Id = id,
            PublicKey = key.ExportSubjectPublicKeyInfo(),
            SealedPrivateKey = masterKey.Seal(privateKey, id, entropy),
            CreatedAt = now,
            ActiveFrom = activeFrom,
            RetiredAt = activeFrom + options.Value.SigningKeyLifetime + Overlap,
        };
        CryptographicOperations.ZeroMemory(privateKey);
        return row;
    }
}

/// <summary>The signing keys as read at one moment.</summary>
internal sealed class KeySet
{
    public KeySet(DateTimeOffset loadedAt, SigningKey signer, IReadOnlyList<SigningKey> published, MasterKey masterKey)
    {
        LoadedAt = loadedAt;
        var pkcs8 = masterKey.Open(signer.SealedPrivateKey, signer.Id);
        var privateKey = ECDsa.Create();
        privateKey.ImportPkcs8PrivateKey(pkcs8, out _);
        CryptographicOperations.ZeroMemory(pkcs8);
        Signer = new SigningCredentials(new ECDsaSecurityKey(privateKey) { KeyId = signer.Id }, SecurityAlgorithms.EcdsaSha256);
        Verifiers = [.. published.Select(Verifier)];
    }

    private KeySet(KeySet other, DateTimeOffset loadedAt)
    {
        LoadedAt = loadedAt;
        Signer = other.Signer;
        Verifiers = other.Verifiers;
    }

    public DateTimeOffset LoadedAt { get; }

    public SigningCredentials Signer { get; }

    public IReadOnlyList<ECDsaSecurityKey> Verifiers { get; }

    /// <summary>The same keys, to be asked for again later.</summary>
    public KeySet AsOf(DateTimeOffset now) => new(this, now);

    private static ECDsaSecurityKey Verifier(SigningKey row)
    {
        var key = ECDsa.Create();
        key.ImportSubjectPublicKeyInfo(row.PublicKey, out _);
        return new ECDsaSecurityKey(key) { KeyId = row.Id };
    }
}
