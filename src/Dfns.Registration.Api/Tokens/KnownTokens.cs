using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Dfns.Registration.Api.Tokens;

/// <summary>
/// The tokens whose signature this instance has made or checked lately, by SHA-256 of their text: the same text needs no second check of
/// it. Whether its key is still one of ours and its time not over is asked each time, and its row decides as for any other.
/// </summary>
internal sealed class KnownTokens
{
    /// <summary>Up to twice as many are kept, the latest; a token that is forgotten is checked again.</summary>
    private const int Most = 16_384;

    private readonly Lock turn = new();
    private volatile ConcurrentDictionary<Digest, KnownToken> latest = new();
    private volatile ConcurrentDictionary<Digest, KnownToken> earlier = new();

    /// <summary>Keeps a token that is good.</summary>
    /// <param name="text">As issued or as sent.</param>
    /// <param name="token">What it says.</param>
    public void Keep(string text, KnownToken token)
    {
        if (latest.Count >= Most)
        {
            lock (turn)
            {
                if (latest.Count >= Most) (earlier, latest) = (latest, new());
            }
        }

        latest[Digest.Of(text)] = token;
    }

    /// <summary>What a token says whose signature is known; null for any other.</summary>
    public KnownToken? Find(string text)
    {
        var digest = Digest.Of(text);
        return latest.TryGetValue(digest, out var token) || earlier.TryGetValue(digest, out token) ? token : null;
    }

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Digest(UInt128 High, UInt128 Low)
    {
        public static Digest Of(string text)
        {
            Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
            SHA256.HashData(MemoryMarshal.AsBytes(text.AsSpan()), digest);
            var halves = MemoryMarshal.Cast<byte, UInt128>(digest);
            return new Digest(halves[0], halves[1]);
        }
    }
}

/// <summary>What a token says.</summary>
/// <param name="KeyId">Of the key that signed it.</param>
/// <param name="Purpose">What it was issued for.</param>
/// <param name="Reference">The row that it names.</param>
/// <param name="NotBefore">UTC, to the second.</param>
/// <param name="Expires">UTC, to the second.</param>
internal sealed record KnownToken(string KeyId, TokenPurpose Purpose, TokenReference Reference, DateTime NotBefore, DateTime Expires);
