using System.Numerics;
using System.Security.Cryptography;

namespace Dfns.Registration.Verification.Keys;

/// <summary>
/// An RSA public key of 2,048 to 4,096 bits: its two numbers. The exponent is odd, at least 3 and at most 32 bits long: small odd
/// exponents are safe with the paddings that are verified here, and no key in use has a longer one.
/// </summary>
internal sealed class RsaPublicKey : PublicKey
{
    private const int MinModulusBits = 2048;
    private const int MaxModulusBits = 4096;
    private const int MaxExponentBits = 32;

    // Unsigned, big-endian, without leading zero bytes.
    private readonly byte[] modulus;
    private readonly byte[] exponent;

    private RsaPublicKey(byte[] modulus, byte[] exponent) => (this.modulus, this.exponent) = (modulus, exponent);

    /// <summary>Takes modulus and exponent as unsigned big-endian numbers, without leading zero bytes.</summary>
    /// <returns>
    /// The key, or <see cref="RefusalReason.RsaModulusNotAccepted"/> or <see cref="RefusalReason.RsaExponentNotAccepted"/>.
    /// </returns>
    public static Outcome<RsaPublicKey> Create(ReadOnlySpan<byte> modulus, ReadOnlySpan<byte> exponent)
    {
        if (BitLength(modulus) is < MinModulusBits or > MaxModulusBits || IsEven(modulus)) return RefusalReason.RsaModulusNotAccepted;
        // Two bits hold 3 and, even, 2; so the length and the last bit say all.
        if (BitLength(exponent) is < 2 or > MaxExponentBits || IsEven(exponent)) return RefusalReason.RsaExponentNotAccepted;
        return new RsaPublicKey(modulus.ToArray(), exponent.ToArray());
    }

    public override byte[] ExportSubjectPublicKeyInfo() => SubjectPublicKeyInfo.WriteRsa(modulus, exponent);

    public override bool Verifies(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature, SignatureScheme scheme)
    {
        // RFC 8017 §8.1.2 and §8.2.2, step 1: exactly as long as the modulus. The framework takes a PSS signature without its leading zero.
        if (scheme.Padding is not { } padding || signature.Length != modulus.Length) return false;
        var hash = CryptographicOperations.HashData(scheme.Hash, data);
        if (Libcrypto.IsUsed) return Libcrypto.Verifies(modulus, exponent, hash, signature, scheme.Hash, padding);

        using var key = RSA.Create(new RSAParameters { Modulus = modulus, Exponent = exponent });
        return key.VerifyHash(hash, signature, scheme.Hash, padding);
    }

    private static int BitLength(ReadOnlySpan<byte> number) =>
        number.IsEmpty ? 0 : ((number.Length - 1) * 8) + BitOperations.Log2(number[0]) + 1;

    private static bool IsEven(ReadOnlySpan<byte> number) => (number[^1] & 1) == 0;
}
