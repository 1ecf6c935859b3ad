using System.Numerics;
using System.Security.Cryptography;

namespace Dfns.Registration.Verification.Keys;

/// <summary>
/// An RSA public key of 2,048 to 4,096 bits. The exponent is odd, at least 3 and at most 32 bits long: small odd exponents are safe
/// with the paddings that are verified here, and no key in use has a longer one.
/// </summary>
internal sealed class RsaPublicKey : PublicKey
{
    private const int MinModulusBits = 2048;
    private const int MaxModulusBits = 4096;
    private const int MaxExponentBits = 32;

    private readonly RSA key;

    private RsaPublicKey(RSA key) => this.key = key;

    /// <summary>Takes modulus and exponent as unsigned big-endian numbers, without leading zero bytes.</summary>
    /// <returns>
    /// The key, or <see cref="RefusalReason.RsaModulusNotAccepted"/> or <see cref="RefusalReason.RsaExponentNotAccepted"/>.
    /// </returns>
    public static Outcome<RsaPublicKey> Create(ReadOnlySpan<byte> modulus, ReadOnlySpan<byte> exponent)
    {
        if (BitLength(modulus) is < MinModulusBits or > MaxModulusBits || IsEven(modulus)) return RefusalReason.RsaModulusNotAccepted;
        // Two bits hold 3 and, even, 2; so the length and the last bit say all.
        if (BitLength(exponent) is < 2 or > MaxExponentBits || IsEven(exponent)) return RefusalReason.RsaExponentNotAccepted;

        try
        {
            return new RsaPublicKey(RSA.Create(new RSAParameters { Modulus = modulus.ToArray(), Exponent = exponent.ToArray() }));
        }
        catch (CryptographicException)
        {
            return RefusalReason.RsaModulusNotAccepted;
        }
    }

    public override byte[] ExportSubjectPublicKeyInfo() => key.ExportSubjectPublicKeyInfo();

    public override bool Verifies(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature, SignatureScheme scheme) =>
        // RFC 8017 §8.1.2 and §8.2.2, step 1: exactly as long as the modulus. The framework takes a PSS signature without its leading zero.
        scheme.Padding is not null && signature.Length == (key.KeySize + 7) / 8 && key.VerifyData(data, signature, scheme.Hash, scheme.Padding);

    public override void Dispose() => key.Dispose();

    private static int BitLength(ReadOnlySpan<byte> number) =>
        number.IsEmpty ? 0 : ((number.Length - 1) * 8) + BitOperations.Log2(number[0]) + 1;

    private static bool IsEven(ReadOnlySpan<byte> number) => (number[^1] & 1) == 0;
}
