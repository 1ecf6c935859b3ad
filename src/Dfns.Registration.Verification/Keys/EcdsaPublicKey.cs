using System.Formats.Asn1;
using System.Security.Cryptography;

namespace Dfns.Registration.Verification.Keys;

/// <summary>An ECDSA public key on one of the curves of <see cref="EllipticCurve"/>.</summary>
internal sealed class EcdsaPublicKey : PublicKey
{
    private readonly ECDsa key;

    private EcdsaPublicKey(EllipticCurve curve, ECDsa key) => (Curve, this.key) = (curve, key);

    /// <summary>The curve the key lies on.</summary>
    public EllipticCurve Curve { get; }

    /// <summary>Takes a point: both coordinates big-endian and of the curve's full size.</summary>
    /// <returns>
    /// The key, or <see cref="RefusalReason.PublicKeyNotOnCurve"/>, or <see cref="RefusalReason.CurveNotSupported"/> on a platform
    /// whose cryptography lacks the curve. The curves' cofactor is 1, so a point that lies on the curve is a valid key.
    /// </returns>
    public static Outcome<EcdsaPublicKey> Create(EllipticCurve curve, ReadOnlySpan<byte> x, ReadOnlySpan<byte> y)
    {
        var point = new ECPoint { X = x.ToArray(), Y = y.ToArray() };
        try
        {
            // The framework validates the point on import.
            return new EcdsaPublicKey(curve, ECDsa.Create(new ECParameters { Curve = curve.Curve, Q = point }));
        }
        catch (CryptographicException)
        {
            return RefusalReason.PublicKeyNotOnCurve;
        }
        catch (PlatformNotSupportedException)
        {
            return new Refusal(RefusalReason.CurveNotSupported, $"{curve.Name} on this platform");
        }
    }

    public override byte[] ExportSubjectPublicKeyInfo() => key.ExportSubjectPublicKeyInfo();

    public override bool Verifies(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature, SignatureScheme scheme) =>
        IsOfPositiveNumbers(signature) && key.VerifyData(data, signature, scheme.Hash, DSASignatureFormat.Rfc3279DerSequence);

    public override void Dispose() => key.Dispose();

    // RFC 3279 §2.2.3: r and s are positive. The framework reads a number without its sign, so that one whose leading zero is left out, and
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
