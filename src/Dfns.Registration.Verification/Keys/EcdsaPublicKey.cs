using System.Formats.Asn1;
using System.Security.Cryptography;

namespace Dfns.Registration.Verification.Keys;

/// <summary>An ECDSA public key on one of the curves of <see cref="EllipticCurve"/>: its two numbers, as SubjectPublicKeyInfo writes them.</summary>
internal sealed class EcdsaPublicKey : PublicKey
{
    private readonly byte[] info;

    private EcdsaPublicKey(EllipticCurve curve, byte[] info) => (Curve, this.info) = (curve, info);

    /// <summary>The curve the key lies on.</summary>
    public EllipticCurve Curve { get; }

    // SEC 1 §2.3.3: 4, and both coordinates; in SubjectPublicKeyInfo they stand last.
    private ReadOnlySpan<byte> Point => info.AsSpan(info.Length - (2 * Curve.CoordinateSizeBytes) - 1);

    /// <summary>Takes a point: both coordinates big-endian and of the curve's full size.</summary>
    /// <returns>
    /// The key, or <see cref="RefusalReason.PublicKeyNotOnCurve"/>, or <see cref="RefusalReason.CurveNotSupported"/> on a platform
    /// whose cryptography lacks the curve.
    /// </returns>
    public static Outcome<EcdsaPublicKey> Create(EllipticCurve curve, ReadOnlySpan<byte> x, ReadOnlySpan<byte> y)
    {
        if (!curve.IsOnThisPlatform) return new Refusal(RefusalReason.CurveNotSupported, $"{curve.Name} on this platform");
        if (!curve.Contains(x, y)) return RefusalReason.PublicKeyNotOnCurve;
        return new EcdsaPublicKey(curve, SubjectPublicKeyInfo.Write(curve, x, y));
    }

    public override byte[] ExportSubjectPublicKeyInfo() => info.AsSpan().ToArray();

    public override bool Verifies(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature, SignatureScheme scheme)
    {
        if (!IsOfPositiveNumbers(signature)) return false;
        var hash = CryptographicOperations.HashData(scheme.Hash, data);
        return Libcrypto.IsUsed ? Libcrypto.Verifies(Curve, Point, hash, signature) : FrameworkVerifies(hash, signature);
    }

    private bool FrameworkVerifies(byte[] hash, ReadOnlySpan<byte> signature)
    {
        var size = Curve.CoordinateSizeBytes;
        var point = new ECPoint { X = Point.Slice(1, size).ToArray(), Y = Point[(1 + size)..].ToArray() };
        using var key = ECDsa.Create(new ECParameters { Curve = Curve.Curve, Q = point });
        return key.VerifyHash(hash, signature, DSASignatureFormat.Rfc3279DerSequence);
    }

    // RFC 3279 §2.2.3: r and s are positive. OpenSSL reads a number without its sign, so that one whose leading zero is left out, and
    // which is negative so, would count as well: a second encoding of the same signature.
    private static bool IsOfPositiveNumbers(ReadOnlySpan<byte> signature)
    {
        try
        {
            AsnDecoder.ReadSequence(signature, AsnEncodingRules.DER, out var offset, out var length, out var consumed);
            var numbers = signature.Slice(offset, length);
            var r = AsnDecoder.ReadIntegerBytes(numbers, AsnEncodingRules.DER, out var size);
            var s = AsnDecoder.ReadIntegerBytes(numbers[size..], AsnEncodingRules.DER, out var rest);
            return consumed == signature.Length && size + rest == length && r[0] < 0x80 && s[0] < 0x80;
        }
        catch (AsnContentException)
        {
            return false;
        }
    }
}
