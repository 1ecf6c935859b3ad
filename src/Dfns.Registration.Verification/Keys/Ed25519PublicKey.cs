using System.Numerics;
using NSec.Cryptography;

namespace Dfns.Registration.Verification.Keys;

/// <summary>
/// An Ed25519 public key (RFC 8032 §5.1). Signatures are verified by libsodium. It takes any 32 bytes as a key, though, and says no
/// only when a signature comes; a registration without a signature under the key (attestation "none") must not wait for that. So the
/// key is checked here, with public numbers only.
/// </summary>
internal sealed class Ed25519PublicKey : PublicKey
{
    /// <summary>The size of a key.</summary>
    public const int SizeBytes = 32;

    // The field's prime and the curve -x² + y² = 1 + d·x²·y² with d = -121665/121666 (RFC 8032 §5.1).
    private static readonly BigInteger P = BigInteger.Pow(2, 255) - 19;
    private static readonly BigInteger D = Mod(-121665 * BigInteger.ModPow(121666, P - 2, P));

    private readonly NSec.Cryptography.PublicKey key;

    private Ed25519PublicKey(NSec.Cryptography.PublicKey key) => this.key = key;

    /// <summary>Takes the 32 bytes of an encoded point.</summary>
    /// <returns>
    /// The key, or <see cref="RefusalReason.PublicKeyNotOnCurve"/> or <see cref="RefusalReason.PublicKeySmallOrder"/>.
    /// </returns>
    public static Outcome<Ed25519PublicKey> Create(ReadOnlySpan<byte> encodedPoint)
    {
        // RFC 8032 §5.1.3: little-endian y, its top bit the sign of x; y below the prime, and x² = (y² - 1) / (d·y² + 1) a square.
        Span<byte> yBytes = stackalloc byte[SizeBytes];
        encodedPoint.CopyTo(yBytes);
        yBytes[^1] &= 0x7F;
        var y = new BigInteger(yBytes, isUnsigned: true);
        if (y >= P) return RefusalReason.PublicKeyNotOnCurve;

        var ySquared = Mod(y * y);
        // u/v is a square exactly when u·v is one.
        if (JacobiSymbol.Of(Mod((ySquared - 1) * ((D * ySquared) + 1)), P) < 0) return RefusalReason.PublicKeyNotOnCurve;

        // The points whose order divides 8: y is ±1 or 0 for orders 1, 2 and 4; for order 8 the doubled point has y = 0, which on this
        // curve reads d·y⁴ + 2·y² - 1 = 0.
        var smallOrder = ySquared.IsOne || ySquared.IsZero || Mod((D * ySquared * ySquared) + (2 * ySquared) - 1).IsZero;
        if (smallOrder) return RefusalReason.PublicKeySmallOrder;

        return NSec.Cryptography.PublicKey.TryImport(SignatureAlgorithm.Ed25519, encodedPoint, KeyBlobFormat.RawPublicKey, out var imported)
            ? new Ed25519PublicKey(imported!)
            : RefusalReason.PublicKeyNotOnCurve;
    }

    public override byte[] ExportSubjectPublicKeyInfo() => key.Export(KeyBlobFormat.PkixPublicKey);

    public override bool Verifies(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature, SignatureScheme scheme) =>
        SignatureAlgorithm.Ed25519.Verify(key, data, signature);

    private static BigInteger Mod(BigInteger number)
    {
        var remainder = number % P;
        return remainder.Sign < 0 ? remainder + P : remainder;
    }
}
