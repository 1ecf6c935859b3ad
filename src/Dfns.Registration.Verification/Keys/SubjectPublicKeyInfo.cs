using System.Formats.Asn1;

namespace Dfns.Registration.Verification.Keys;

/// <summary>
/// Public keys in DER: SubjectPublicKeyInfo (RFC 5280 §4.1.2.7) of raw keys and certificates, and RSAPublicKey (RFC 8017 A.1.1). The
/// framework would import more than is wanted here (explicit curve parameters, other curves, trailing bytes), so the structure is read by
/// hand, and only the numbers are kept.
/// </summary>
internal static class SubjectPublicKeyInfo
{
    private const string RsaEncryption = "1.2.840.113549.1.1.1";
    private const string EcPublicKey = "1.2.840.10045.2.1";
    private const string Ed25519 = "1.3.101.112";

    private static readonly Dictionary<EllipticCurve, byte[]> PointPrefixes = EllipticCurve.All.ToDictionary(curve => curve, PointPrefix);

    /// <summary>Reads a SubjectPublicKeyInfo.</summary>
    /// <param name="der">The DER encoding and nothing else.</param>
    /// <returns>
    /// The key, or <see cref="RefusalReason.PublicKeyDerMalformed"/>, <see cref="RefusalReason.PublicKeyDerTrailingBytes"/>,
    /// <see cref="RefusalReason.KeyTypeNotSupported"/>, <see cref="RefusalReason.CurveNotSupported"/>,
    /// <see cref="RefusalReason.CurveParametersExplicit"/>, <see cref="RefusalReason.PointCompressed"/>, or what the key's own type
    /// refuses.
    /// </returns>
    public static Outcome<PublicKey> Read(ReadOnlyMemory<byte> der)
    {
        try
        {
            var outer = new AsnReader(der, AsnEncodingRules.DER);
            var info = outer.ReadSequence();
            if (outer.HasData) return RefusalReason.PublicKeyDerTrailingBytes;

            var algorithm = info.ReadSequence();
            var oid = algorithm.ReadObjectIdentifier();
            var key = info.ReadBitString(out var unusedBits);
            if (unusedBits != 0 || info.HasData) return RefusalReason.PublicKeyDerMalformed;

            return oid switch
            {
                EcPublicKey => ReadEcdsa(algorithm, key),
                RsaEncryption => ReadRsa(algorithm, key),
                Ed25519 => ReadEd25519(algorithm, key),
                _ => new Refusal(RefusalReason.KeyTypeNotSupported, oid),
            };
        }
        catch (AsnContentException)
        {
            return RefusalReason.PublicKeyDerMalformed;
        }
    }

    /// <summary>Reads an RSAPublicKey.</summary>
    /// <param name="der">The DER encoding and nothing else.</param>
    /// <returns>
    /// The key, or <see cref="RefusalReason.PublicKeyDerMalformed"/>, <see cref="RefusalReason.PublicKeyDerTrailingBytes"/>,
    /// <see cref="RefusalReason.RsaModulusNotAccepted"/> or <see cref="RefusalReason.RsaExponentNotAccepted"/>.
    /// </returns>
    public static Outcome<PublicKey> ReadRsaPublicKey(ReadOnlyMemory<byte> der)
    {
        try
        {
            var outer = new AsnReader(der, AsnEncodingRules.DER);
            var numbers = outer.ReadSequence();
            if (outer.HasData) return RefusalReason.PublicKeyDerTrailingBytes;

            var modulus = numbers.ReadIntegerBytes().Span;
            var exponent = numbers.ReadIntegerBytes().Span;
            if (numbers.HasData) return RefusalReason.PublicKeyDerMalformed;
            if (IsNegative(modulus)) return RefusalReason.RsaModulusNotAccepted;
            if (IsNegative(exponent)) return RefusalReason.RsaExponentNotAccepted;

            // DER puts one zero byte before a number whose first bit is set.
            if (RsaPublicKey.Create(modulus.TrimStart((byte)0), exponent.TrimStart((byte)0)).Refused(out var why, out var key)) return why;
            return key;
        }
        catch (AsnContentException)
        {
            return RefusalReason.PublicKeyDerMalformed;
        }
    }

    /// <summary>Writes the key of a point: both coordinates big-endian and of the curve's full size.</summary>
    public static byte[] Write(EllipticCurve curve, ReadOnlySpan<byte> x, ReadOnlySpan<byte> y) => [.. PointPrefixes[curve], .. x, .. y];

    /// <summary>Writes an RSA key: unsigned big-endian numbers without leading zero bytes.</summary>
    public static byte[] WriteRsa(ReadOnlySpan<byte> modulus, ReadOnlySpan<byte> exponent)
    {
        var numbers = new AsnWriter(AsnEncodingRules.DER);
        using (numbers.PushSequence())
        {
            numbers.WriteIntegerUnsigned(modulus);
            numbers.WriteIntegerUnsigned(exponent);
        }

        var info = new AsnWriter(AsnEncodingRules.DER);
        using (info.PushSequence())
        {
            using (info.PushSequence())
            {
                info.WriteObjectIdentifier(RsaEncryption);
                info.WriteNull();
            }

            info.WriteBitString(numbers.Encode());
        }

        return info.Encode();
    }

    // What stands before the coordinates is the same for all keys of a curve.
    private static byte[] PointPrefix(EllipticCurve curve)
    {
        var info = new AsnWriter(AsnEncodingRules.DER);
        using (info.PushSequence())
        {
            using (info.PushSequence())
            {
                info.WriteObjectIdentifier(EcPublicKey);
                info.WriteObjectIdentifier(curve.Oid);
            }

            info.WriteBitString([4, .. curve.Generator.X!, .. curve.Generator.Y!]);
        }

        return info.Encode()[..^(2 * curve.CoordinateSizeBytes)];
    }

    private static Outcome<PublicKey> ReadEcdsa(AsnReader algorithm, byte[] point)
    {
        // RFC 5480 §2.1.1: a named curve; the other two choices of the type must not be used.
        if (algorithm.PeekTag() != Asn1Tag.ObjectIdentifier) return RefusalReason.CurveParametersExplicit;
        var oid = algorithm.ReadObjectIdentifier();
        if (algorithm.HasData) return RefusalReason.PublicKeyDerMalformed;
        if (EllipticCurve.FindByOid(oid) is not { } curve) return new Refusal(RefusalReason.CurveNotSupported, oid);

        // SEC 1 §2.3.3: 4 begins both coordinates, 2 and 3 a compressed point.
        var size = curve.CoordinateSizeBytes;
        if (point is [2 or 3, ..]) return RefusalReason.PointCompressed;
        if (point is not [4, ..] || point.Length != 1 + (2 * size)) return RefusalReason.PublicKeyDerMalformed;
        if (EcdsaPublicKey.Create(curve, point.AsSpan(1, size), point.AsSpan(1 + size)).Refused(out var why, out var key)) return why;
        return key;
    }

    private static Outcome<PublicKey> ReadRsa(AsnReader algorithm, byte[] rsaPublicKey)
    {
        // RFC 3279 §2.3.1: the parameters are NULL, and present.
        algorithm.ReadNull();
        return algorithm.HasData ? RefusalReason.PublicKeyDerMalformed : ReadRsaPublicKey(rsaPublicKey);
    }

    private static Outcome<PublicKey> ReadEd25519(AsnReader algorithm, byte[] encodedPoint)
    {
        // RFC 8410 §3: no parameters.
        if (algorithm.HasData || encodedPoint.Length != Ed25519PublicKey.SizeBytes) return RefusalReason.PublicKeyDerMalformed;
        if (Ed25519PublicKey.Create(encodedPoint).Refused(out var why, out var key)) return why;
        return key;
    }

    private static bool IsNegative(ReadOnlySpan<byte> number) => (number[0] & 0x80) != 0;
}
