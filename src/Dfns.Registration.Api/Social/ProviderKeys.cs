using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using System.Threading.RateLimiting;
using Dfns.Registration.Api.Errors;
using Microsoft.IdentityModel.Tokens;

namespace Dfns.Registration.Api.Social;

/// <summary>
/// The public keys of OpenID providers, and where they take people and codes, read from their discovery documents (OpenID Connect Discovery 1.0 §4), and kept
/// here: the library's own reading fails with the first member it does not expect, and its cache goes by the wall clock. However many tokens come and whatever they name, a provider is asked at most
/// once in each <see cref="Pause"/>, with one request at a time, and only at an issuer that an operator has set.
/// </summary>
internal sealed partial class ProviderKeys(TimeProvider clock, ILogger<ProviderKeys> logger) : IDisposable
{
    /// <summary>After this the keys are read again before the next token is checked; so long does a withdrawn key still verify.</summary>
    public static readonly TimeSpan Refresh = TimeSpan.FromHours(1);

    /// <summary>How long the keys serve while the provider cannot be read.</summary>
    public static readonly TimeSpan Endurance = TimeSpan.FromDays(1);

    /// <summary>Between two attempts at one provider, whether a token names a key that is not there, or the provider is.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);

    /// <summary>For both documents together.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private const int MaxDocumentSizeBytes = 256 * 1024;

    /// <summary>So many requests wait at most for one provider to be read.</summary>
    private const int MostWaiting = 64;

    private readonly ConcurrentDictionary<string, Entry> entries = new(StringComparer.Ordinal);

    // No redirects: the operator set this issuer, not the one that it points to. No cookies, no proxy but the operator's.
    private readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) })
    {
        MaxResponseContentBufferSize = MaxDocumentSizeBytes,
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>Finds the key that a token says it was signed with.</summary>
    /// <param name="issuer">An issuer that an operator has set, exactly as set.</param>
    /// <param name="algorithm">The <c>alg</c> of the token; an asymmetric one.</param>
    /// <param name="keyId">The <c>kid</c> of the token; empty when it names none, which only a provider with a single key allows.</param>
    /// <param name="ct">Ends the waiting of this caller; what is being read is still read for the next one.</param>
    /// <returns>The key, or: the provider has none like it, or cannot be read.</returns>
    public async Task<Checked<SecurityKey>> FindAsync(string issuer, string algorithm, string keyId, CancellationToken ct)
    {
        var entry = entries.GetOrAdd(issuer, _ => new Entry());
        if (await ReadIfNeededAsync(issuer, entry, () => Find(entry, algorithm, keyId) is not null, ct) is { } unavailable) return unavailable;
        return Find(entry, algorithm, keyId) is { } key ? key : ErrorCatalog.IdTokenKeyUnknown;
    }

    /// <summary>Finds where a provider takes people and codes, as its discovery document says; read and kept together with its keys.</summary>
    /// <param name="issuer">An issuer that an operator has set, exactly as set.</param>
    /// <param name="ct">Ends the waiting of this caller.</param>
    /// <returns>Both addresses, of which each may be asked or opened; or the provider cannot be read, or names none such.</returns>
    public async Task<Checked<ProviderEndpoints>> FindEndpointsAsync(string issuer, CancellationToken ct)
    {
        var entry = entries.GetOrAdd(issuer, _ => new Entry());
        if (await ReadIfNeededAsync(issuer, entry, () => entry.Endpoints is not null, ct) is { } unavailable)
            return ErrorCatalog.SsoProviderUnavailable with { RetryAfterSeconds = unavailable.RetryAfterSeconds, Reason = "its documents cannot be read" };
        var mayBeLocal = new Uri(issuer).IsLoopback;
        if (Allowed(entry.Endpoints!.Authorization, mayBeLocal) is not { Fragment: "" } || Allowed(entry.Endpoints.Token, mayBeLocal) is not { Fragment: "" })
            return ErrorCatalog.SsoProviderUnavailable with { Reason = "its discovery document has no authorization_endpoint, or no token_endpoint, that may be used" };
        return entry.Endpoints;
    }

    // Null where something is there that may be used.
    private async Task<ApiError?> ReadIfNeededAsync(string issuer, Entry entry, Func<bool> isThere, CancellationToken ct)
    {
        var found = isThere();
        if (found && !IsOlderThan(entry, Refresh)) return null;

        // Whoever has a key in hand does not wait while another caller reads. Of the others a few wait: a provider that hangs is not to take up everybody's places.
        using var place = found ? null : entry.Waiting.AttemptAcquire();
        if (place is { IsAcquired: false }) return ErrorCatalog.SocialProviderUnavailable with { RetryAfterSeconds = (int)Patience.TotalSeconds };
        if (await entry.Reading.WaitAsync(found ? TimeSpan.Zero : Timeout.InfiniteTimeSpan, ct))
        {
            try
            {
                if ((!isThere() || IsOlderThan(entry, Refresh)) && MayAsk(entry)) await ReadAsync(issuer, entry);
            }
            finally
            {
                entry.Reading.Release();
            }
        }

        return entry.Keys is null || IsOlderThan(entry, Endurance) ? ErrorCatalog.SocialProviderUnavailable with { RetryAfterSeconds = (int)Pause.TotalSeconds } : null;
    }

    public void Dispose() => http.Dispose();

    /// <summary>An address that nobody can listen in on: https, or this machine.</summary>
    public static bool IsSecure(Uri address) => address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback);

    // RFC 7517 §4: of the type the algorithm needs, for signatures, and for no other algorithm. RFC 7518 §3.4 ties each curve to its algorithm.
    private static bool Fits(JsonWebKey key, string algorithm) =>
        (key.Use is null or "" or "sig") && (string.IsNullOrEmpty(key.Alg) || key.Alg == algorithm) && algorithm switch
        {
            SecurityAlgorithms.EcdsaSha256 => key.Kty == JsonWebAlgorithmsKeyTypes.EllipticCurve && key.Crv == JsonWebKeyECTypes.P256,
            SecurityAlgorithms.EcdsaSha384 => key.Kty == JsonWebAlgorithmsKeyTypes.EllipticCurve && key.Crv == JsonWebKeyECTypes.P384,
            SecurityAlgorithms.EcdsaSha512 => key.Kty == JsonWebAlgorithmsKeyTypes.EllipticCurve && key.Crv == JsonWebKeyECTypes.P521,
            _ => key.Kty == JsonWebAlgorithmsKeyTypes.RSA,
        };

    private static JsonWebKey? Find(Entry entry, string algorithm, string keyId)
    {
        if (entry.Keys is not { } keys) return null;
        // A key may be listed twice, as once for each of its algorithms.
        var fitting = keys.Where(k => Fits(k, algorithm) && (keyId.Length == 0 || k.Kid == keyId)).DistinctBy(k => (k.N, k.E, k.X, k.Y)).Take(2).ToList();
        return fitting is [var only] ? only : null;
    }

    private bool IsOlderThan(Entry entry, TimeSpan age) => clock.GetElapsedTime(entry.ReadAt) >= age;

    private bool MayAsk(Entry entry) => entry.AskedAt is not { } asked || clock.GetElapsedTime(asked) >= Pause;

    private async Task ReadAsync(string issuer, Entry entry)
    {
        var asked = clock.GetTimestamp();
        entry.AskedAt = asked;
        using var patience = new CancellationTokenSource(Patience, clock);
        try
        {
            var isLocal = new Uri(issuer).IsLoopback;
            var discovery = ProviderDocuments.ReadDiscovery(await DownloadAsync($"{issuer.TrimEnd('/')}/.well-known/openid-configuration", isLocal, patience.Token));

            // Discovery §4.3: the document must be that of the issuer it was asked for.
            if (!string.Equals(discovery.Issuer, issuer, StringComparison.Ordinal))
            {
                Log.Failed(logger, "the document names another issuer");
                return;
            }

            var keys = ProviderDocuments.ReadKeys(await DownloadAsync(discovery.KeysAddress, isLocal, patience.Token), out var leftOut);
            if (leftOut.Count > 0) Log.LeftOut(logger, issuer, string.Join(", ", leftOut));
            (entry.Keys, entry.Endpoints, entry.ReadAt) = (keys, discovery.Endpoints, asked);
        }
        catch (FormatException e)
        {
            Log.Failed(logger, e.Message);
        }
        catch (Exception e) when (e is IOException or HttpRequestException or OperationCanceledException or JsonException)
        {
            // Away, too slow, too large, a redirect, or no such document: the keys of before stay.
            Log.Failed(logger, e.GetType().Name);
        }
    }

    // A document may name any address: from elsewhere none on this machine.
    private static Uri? Allowed(string? address, bool mayBeLocal) =>
        Uri.TryCreate(address, UriKind.Absolute, out var url) && IsSecure(url) && (mayBeLocal || !url.IsLoopback) ? url : null;

    // As bytes: which charset the answer claims to be in does not matter, JSON is UTF-8.
    private async Task<byte[]> DownloadAsync(string address, bool mayBeLocal, CancellationToken ct)
    {
        var url = Allowed(address, mayBeLocal) ?? throw new IOException("This address is not asked.");
        using var response = await http.GetAsync(url, ct);
        return response.StatusCode == HttpStatusCode.OK ? await response.Content.ReadAsByteArrayAsync(ct) : throw new IOException("The answer is not 200.");
    }

    private sealed class Entry
    {
        public SemaphoreSlim Reading { get; } = new(1);

        public ConcurrencyLimiter Waiting { get; } = new(new ConcurrencyLimiterOptions { PermitLimit = MostWaiting, QueueLimit = 0 });

        public IReadOnlyList<JsonWebKey>? Keys { get; set; }

        public ProviderEndpoints? Endpoints { get; set; }

        /// <summary>A timestamp of the clock, which nobody sets.</summary>
        public long ReadAt { get; set; }

        /// <summary>The same; null before the first time.</summary>
        public long? AskedAt { get; set; }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The keys of an OpenID provider could not be read: {Fault}")]
        public static partial void Failed(ILogger logger, string fault);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Keys of {Issuer} were left out, since these members could not be read: {Members}")]
        public static partial void LeftOut(ILogger logger, string issuer, string members);
    }
}
