using System.Globalization;
using System.Security.Cryptography;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;

namespace Dfns.Registration.Api.Tokens;

/// <summary>
/// The ES256 keys that sign tokens: kept in the database, sealed, shared by all instances. A successor is published
/// <see cref="Lead"/> before it signs, and every instance reads the list anew each <see cref="Refresh"/>, so no instance ever meets a
/// key it does not know, and no request can cause a look-up by naming one. Whoever can write rows adds no key: each is opened, and its public
/// half follows from what was sealed.
/// </summary>
internal sealed partial class SigningKeys : IAsyncDisposable
{
    public static readonly TimeSpan Refresh = TimeSpan.FromMinutes(1);
    public static readonly TimeSpan Lead = TimeSpan.FromMinutes(10);

    /// <summary>How long a key verifies after it stopped signing: longer than any token lives.</summary>
    public static readonly TimeSpan Overlap = AccessToken.MaxLifetime + TimeSpan.FromDays(1);

    private readonly IServiceScopeFactory scopes;
    private readonly MasterKey masterKey;
    private readonly Entropy entropy;
    private readonly TimeProvider clock;
    private readonly IOptions<TokenOptions> options;
    private readonly ILogger logger;
    private readonly SharedWork<KeySet> refreshing;
    private readonly HashSet<string> refused = new(StringComparer.Ordinal);
    private volatile KeySet? current;

    public SigningKeys(IServiceScopeFactory scopes, MasterKey masterKey, Entropy entropy, TimeProvider clock, IOptions<TokenOptions> options, ILogger<SigningKeys> logger)
    {
        (this.scopes, this.masterKey, this.entropy, this.clock, this.options, this.logger) = (scopes, masterKey, entropy, clock, options, logger);
        refreshing = new(RefreshAsync);
    }

    /// <summary>The keys that verify now, and which of them signs.</summary>
    public async ValueTask<KeySet> GetAsync(CancellationToken ct) => current is { } fresh && IsFresh(fresh) ? fresh : await refreshing.JoinAsync(ct);

    /// <summary>Whether there is no key at all.</summary>
    public async Task<bool> IsFirstMissingAsync(SigningKeyStore store, CancellationToken ct) => (await store.LiveAsync(clock.GetUtcNow(), ct)).Count == 0;

    /// <summary>Adds the first key, which signs at once: of instances that start at the same time just one may.</summary>
    public Task AddFirstAsync(SigningKeyStore store, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        return store.AddAsync(Generate(now, now), ct);
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

    public ValueTask DisposeAsync() => refreshing.DisposeAsync();

    private bool IsFresh(KeySet keys) => clock.GetElapsedTime(keys.LoadedAt) < Refresh;

    private async Task<KeySet> RefreshAsync()
    {
        try
        {
            if (current is { } loaded && IsFresh(loaded)) return loaded;
            return current = await LoadAsync(clock.GetUtcNow(), CancellationToken.None);
        }
        catch (Exception e) when (current is not null && StorageFailure.Is(e))
        {
            // The keys of a minute ago are better than none, and than every request waiting for the database in turn.
            return current = current.AsOf(clock.GetTimestamp());
        }
        catch (CryptographicException) when (current is not null)
        {
            Log.NoneLeft(logger);
            return current = current.AsOf(clock.GetTimestamp());
        }
    }

    private async Task<KeySet> LoadAsync(DateTimeOffset now, CancellationToken ct)
    {
        await using var scope = scopes.CreateAsyncScope();
        var store = scope.ServiceProvider.GetRequiredService<SigningKeyStore>();
        var rows = await store.LiveAsync(now, ct);
        var opened = rows.Select(Open).OfType<OpenedKey>().ToList();
        // Not one is ours: this is not the master key of the others, and a successor sealed with it would end every instance when it takes over.
        if (opened.Count == 0 && rows.Count > 0) throw new CryptographicException("No signing key opens with this master key.");

        // Two instances may both add a successor: one too many, of which the later one signs. Nothing breaks.
        var newest = opened.FirstOrDefault()?.Row;
        if (newest is null || newest.CreatedAt + options.Value.SigningKeyLifetime - Lead <= now)
        {
            var key = Generate(now, activeFrom: newest is null ? now : now + Lead);
            await store.AddAsync(key, ct);
            opened.Insert(0, Open(key)!);
        }

        return new KeySet(now, clock.GetTimestamp(), opened);
    }

    // A row proves by its seal that the service made it. One that does not is somebody else's, or was changed: it neither signs nor verifies
    // nor is published. Told once, not every minute.
    private OpenedKey? Open(SigningKey row)
    {
        try
        {
            return OpenedKey.Open(row, masterKey);
        }
        catch (CryptographicException)
        {
            if (refused.Add(row.Id)) Log.Refused(logger, row.Id);
            return null;
        }
    }

    private SigningKey Generate(DateTimeOffset now, DateTimeOffset activeFrom)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var id = entropy.Id("sk");
        var privateKey = key.ExportPkcs8PrivateKey();
        var retiredAt = activeFrom + options.Value.SigningKeyLifetime + Overlap;
        var row = new SigningKey
        {
            Id = id,
            PublicKey = key.ExportSubjectPublicKeyInfo(),
            SealedPrivateKey = masterKey.Seal(privateKey, OpenedKey.SealedUnder(id, now, activeFrom, retiredAt), entropy),
            CreatedAt = now,
            ActiveFrom = activeFrom,
            RetiredAt = retiredAt,
        };
        CryptographicOperations.ZeroMemory(privateKey);
        return row;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "Signing key {KeyId} is not as this service stored it: it neither signs nor verifies, and is not published")]
        public static partial void Refused(ILogger logger, string keyId);

        [LoggerMessage(Level = LogLevel.Error, Message = "No signing key in the database is one that this service stored: those of before stay in use")]
        public static partial void NoneLeft(ILogger logger);
    }
}

/// <summary>A signing key whose row is as the service stored it.</summary>
/// <param name="Row">The row.</param>
/// <param name="PrivateKey">What was sealed in it, and what its public half follows from.</param>
internal sealed record OpenedKey(SigningKey Row, ECDsa PrivateKey)
{
    /// <summary>Opens a row.</summary>
    /// <exception cref="CryptographicException">The service did not store it so.</exception>
    public static OpenedKey Open(SigningKey row, MasterKey masterKey)
    {
        var pkcs8 = Unseal(row, masterKey);
        var key = ECDsa.Create();
        try
        {
            key.ImportPkcs8PrivateKey(pkcs8, out _);
            if (!key.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(row.PublicKey)) throw new CryptographicException("The public half is not of the private half.");
            return new OpenedKey(row, key);
        }
        catch (CryptographicException)
        {
            key.Dispose();
            throw;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pkcs8);
        }
    }

    /// <summary>The name a private key is sealed under: a key that was retired does not come back by another date. To the millisecond, which both databases keep.</summary>
    public static string SealedUnder(string id, DateTimeOffset createdAt, DateTimeOffset activeFrom, DateTimeOffset retiredAt) => string.Create(
        CultureInfo.InvariantCulture, $"{id} {createdAt.ToUnixTimeMilliseconds()} {activeFrom.ToUnixTimeMilliseconds()} {retiredAt.ToUnixTimeMilliseconds()}");

    private static byte[] Unseal(SigningKey row, MasterKey masterKey)
    {
        try
        {
            return masterKey.Open(row.SealedPrivateKey, SealedUnder(row.Id, row.CreatedAt, row.ActiveFrom, row.RetiredAt));
        }
        catch (CryptographicException)
        {
            // Keys of before were sealed under their id alone.
            return masterKey.Open(row.SealedPrivateKey, row.Id);
        }
    }
}

/// <summary>The signing keys as read at one moment.</summary>
internal sealed class KeySet
{
    /// <param name="now">UTC; tells which of them signs.</param>
    /// <param name="loadedAt">A timestamp of the clock, which nobody sets.</param>
    /// <param name="keys">At least one, the one that signs last first.</param>
    public KeySet(DateTimeOffset now, long loadedAt, IReadOnlyList<OpenedKey> keys)
    {
        LoadedAt = loadedAt;
        // The first key of all signs at once, even where a clock is behind that of the instance that made it.
        var signer = keys.FirstOrDefault(k => k.Row.ActiveFrom <= now) ?? keys[^1];
        Signer = new SigningCredentials(new ECDsaSecurityKey(signer.PrivateKey) { KeyId = signer.Row.Id }, SecurityAlgorithms.EcdsaSha256);
        Verifiers = [.. keys.Select(Verifier)];
        foreach (var other in keys.Where(k => k != signer)) other.PrivateKey.Dispose();
    }

    private KeySet(KeySet other, long loadedAt)
    {
        LoadedAt = loadedAt;
        Signer = other.Signer;
        Verifiers = other.Verifiers;
    }

    /// <summary>A timestamp of the clock, which nobody sets.</summary>
    public long LoadedAt { get; }

    public SigningCredentials Signer { get; }

    public IReadOnlyList<ECDsaSecurityKey> Verifiers { get; }

    /// <summary>The same keys, to be asked for again later.</summary>
    public KeySet AsOf(long loadedAt) => new(this, loadedAt);

    private static ECDsaSecurityKey Verifier(OpenedKey key) =>
        new(ECDsa.Create(key.PrivateKey.ExportParameters(includePrivateParameters: false))) { KeyId = key.Row.Id };
}
