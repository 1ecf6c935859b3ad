using System.Security.Cryptography;
using Dfns.Registration.Verification.Keys;

namespace Dfns.Registration.Verification.RawKey;

/// <summary>The hash a raw key signs with, as clients name it beside a signature.</summary>
internal static class KeyHash
{
    /// <summary>
    /// The hash of a name: SHA256, SHA384 or SHA512, each also as <c>RSA-…</c>, in either case; SHA-256 when none is named. Ed25519
    /// brings its own, whatever the name.
    /// </summary>
    /// <returns>The hash, or null when the name is no hash that is accepted.</returns>
    public static HashAlgorithmName? For(PublicKey key, string? algorithm) => key is Ed25519PublicKey
        ? HashAlgorithmName.SHA512
        : algorithm?.ToUpperInvariant() switch
        {
            null or "SHA256" or "RSA-SHA256" => HashAlgorithmName.SHA256,
            "SHA384" or "RSA-SHA384" => HashAlgorithmName.SHA384,
            "SHA512" or "RSA-SHA512" => HashAlgorithmName.SHA512,
            _ => null,
        };
}
