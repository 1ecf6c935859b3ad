using System.Buffers.Binary;
using System.Security.Cryptography;
using Dfns.Registration.Verification.Cose;
using Dfns.Registration.Verification.Encoding;
using Dfns.Registration.Verification.Keys;

namespace Dfns.Registration.Verification.WebAuthn.Attestation;

/// <summary>
/// TPMT_PUBLIC (TPM 2.0 Part 2 §12.2.4): how a TPM describes one of its keys. Read to the last byte; RSA and elliptic curves only.
/// Attributes, policy and key derivation are no business of WebAuthn's.
/// </summary>
internal sealed record TpmPublicArea
{
    private const uint DefaultExponent = 65537;

    /// <summary>The algorithm of the object's name.</summary>
    public required ushort NameAlgorithm { get; init; }

    /// <summary>The one signature scheme the key may be used with, and its hash; <see cref="TpmAlgorithm.Null"/> where it may choose.</summary>
    public required TpmScheme Scheme { get; init; }

    /// <summary>The curve; null for RSA.</summary>
    public required EllipticCurve? Curve { get; init; }

    /// <summary>RSA: the size of the modulus as the parameters state it, in bits.</summary>
    public required int ModulusSizeBits { get; init; }

    /// <summary>RSA: the public exponent; 0 in the structure stands for 2^16 + 1.</summary>
    public required uint Exponent { get; init; }

    /// <summary>RSA: the modulus. Elliptic curves: the first coordinate.</summary>
    public required ReadOnlyMemory<byte> Unique { get; init; }

    /// <summary>Elliptic curves: the second coordinate.</summary>
    public required ReadOnlyMemory<byte> UniqueY { get; init; }

    /// <summary>Reads a TPMT_PUBLIC.</summary>
    /// <returns>
    /// The public area, or <see cref="RefusalReason.TpmPublicAreaMalformed"/>, or <see cref="RefusalReason.TpmAlgorithmNotSupported"/>.
    /// </returns>
    public static Outcome<TpmPublicArea> Read(ReadOnlyMemory<byte> bytes)
    {
        var reader = new TpmReader(bytes);
        var type = reader.UInt16();
        var nameAlgorithm = reader.UInt16();
        // objectAttributes, authPolicy.
        reader.UInt32();
        reader.Sized();
        if (type is not (TpmAlgorithm.Rsa or TpmAlgorithm.Ecc)) return Unsupported(reader, "type", type);

        // The parameters of both types begin with symmetric (a key that only signs has none) and scheme.
        if (RefuseSymmetric(ref reader) is { } symmetric) return symmetric;
        if (ReadScheme(ref reader, type).Refused(out var why, out var scheme)) return why;

        var modulusSizeBits = 0;
        var exponent = 0u;
        EllipticCurve? curve = null;
        if (type == TpmAlgorithm.Rsa)
        {
            modulusSizeBits = reader.UInt16();
            exponent = reader.UInt32();
        }
        else
        {
            var curveId = reader.UInt16();
            if (RefuseKeyDerivation(ref reader) is { } keyDerivation) return keyDerivation;
            curve = CurveOf(curveId);
            if (curve is null) return Unsupported(reader, "curve", curveId);
        }

        var unique = reader.Sized();
        var uniqueY = type == TpmAlgorithm.Ecc ? reader.Sized() : ReadOnlyMemory<byte>.Empty;
        if (!reader.IsExhausted) return RefusalReason.TpmPublicAreaMalformed;

        return new TpmPublicArea
        {
            NameAlgorithm = nameAlgorithm,
            Scheme = scheme,
            Curve = curve,
            ModulusSizeBits = modulusSizeBits,
            Exponent = exponent == 0 ? DefaultExponent : exponent,
            Unique = unique,
            UniqueY = uniqueY,
        };
    }

    /// <summary>Whether parameters and unique fields describe a credential key, its algorithm included.</summary>
    /// <param name="algorithm">The row of the credential key.</param>
    /// <param name="members">The credential key.</param>
    public bool Describes(CoseAlgorithm algorithm, CborMap members)
    {
        if (!Scheme.Allows(algorithm) || algorithm.Curve != Curve) return false;
        if (Curve is { } curve)
            return IsCoordinate(Unique.Span, members[CoseKey.X], curve) && IsCoordinate(UniqueY.Span, members[CoseKey.Y], curve);

        Span<byte> exponent = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(exponent, Exponent);
        return algorithm.KeyType == CoseKeyType.Rsa
            && ModulusSizeBits == Unique.Length * 8
            && members[CoseKey.Modulus] is ReadOnlyMemory<byte> n && n.Span.SequenceEqual(Unique.Span)
            && members[CoseKey.Exponent] is ReadOnlyMemory<byte> e && e.Span.SequenceEqual(exponent.TrimStart((byte)0));
    }

    // Older TPMs leave out the zeros that a coordinate begins with; COSE never does.
    private static bool IsCoordinate(ReadOnlySpan<byte> number, object? coordinate, EllipticCurve curve) =>
        number.Length <= curve.CoordinateSizeBytes
        && coordinate is ReadOnlyMemory<byte> full
        && full.Span.TrimStart((byte)0).SequenceEqual(number.TrimStart((byte)0));

    // TPMT_SYM_DEF_OBJECT (§11.1.7).
    private static Refusal? RefuseSymmetric(ref TpmReader reader)
    {
        var algorithm = reader.UInt16();
        if (algorithm == TpmAlgorithm.Null) return null;
        if (algorithm is not (TpmAlgorithm.TripleDes or TpmAlgorithm.Aes or TpmAlgorithm.Sm4 or TpmAlgorithm.Camellia))
            return Unsupported(reader, "symmetric", algorithm);
        // keyBits, mode.
        reader.UInt16();
        reader.UInt16();
        return null;
    }

    // TPMT_RSA_SCHEME (§11.2.4.2) and TPMT_ECC_SCHEME (§11.2.5.6): the details depend on the scheme.
    private static Outcome<TpmScheme> ReadScheme(ref TpmReader reader, ushort type)
    {
        var scheme = reader.UInt16();
        switch (scheme)
        {
            case TpmAlgorithm.Null:
            case TpmAlgorithm.RsaEs when type == TpmAlgorithm.Rsa:
                return new TpmScheme(scheme, TpmAlgorithm.Null);
            case TpmAlgorithm.RsaSsa or TpmAlgorithm.RsaPss or TpmAlgorithm.Oaep when type == TpmAlgorithm.Rsa:
            case TpmAlgorithm.Ecdsa or TpmAlgorithm.Ecdh or TpmAlgorithm.Sm2 or TpmAlgorithm.EcSchnorr or TpmAlgorithm.EcMqv
                when type == TpmAlgorithm.Ecc:
                return new TpmScheme(scheme, reader.UInt16());
            case TpmAlgorithm.Ecdaa when type == TpmAlgorithm.Ecc:
                var hash = reader.UInt16();
                // count.
                reader.UInt16();
                return new TpmScheme(scheme, hash);
            default:
                return Unsupported(reader, "scheme", scheme);
        }
    }

    // TPMT_KDF_SCHEME (§11.2.3.3).
    private static Refusal? RefuseKeyDerivation(ref TpmReader reader)
    {
        var scheme = reader.UInt16();
        if (scheme == TpmAlgorithm.Null) return null;
        if (scheme is not (TpmAlgorithm.Mgf1 or TpmAlgorithm.Kdf1Sp80056A or TpmAlgorithm.Kdf2 or TpmAlgorithm.Kdf1Sp800108))
            return Unsupported(reader, "kdf", scheme);
        // hashAlg.
        reader.UInt16();
        return null;
    }

    // TPM_ECC_CURVE (§6.4).
    private static EllipticCurve? CurveOf(ushort curve) => curve switch
    {
        0x0003 => EllipticCurve.P256,
        0x0004 => EllipticCurve.P384,
        0x0005 => EllipticCurve.P521,
        _ => null,
    };

    // A number that is not there reads as zero, which is no algorithm either.
    private static Refusal Unsupported(in TpmReader reader, string field, ushort value) => reader.RanOut
        ? new(RefusalReason.TpmPublicAreaMalformed)
        : new(RefusalReason.TpmAlgorithmNotSupported, $"{field} 0x{value:X4}");
}

/// <summary>A signature scheme of a TPM key.</summary>
/// <param name="Algorithm">The scheme.</param>
/// <param name="HashAlgorithm">The hash that goes with it.</param>
internal sealed record TpmScheme(ushort Algorithm, ushort HashAlgorithm)
{
    /// <summary>Whether a key that is held to this scheme can sign as a COSE algorithm says.</summary>
    public bool Allows(CoseAlgorithm algorithm)
    {
        if (Algorithm == TpmAlgorithm.Null) return true;
        if (TpmAlgorithm.Hash(HashAlgorithm) != algorithm.Scheme.Hash) return false;
        return Algorithm switch
        {
            TpmAlgorithm.Ecdsa => algorithm.KeyType == CoseKeyType.Ec2,
            TpmAlgorithm.RsaSsa => algorithm.Scheme.Padding == RSASignaturePadding.Pkcs1,
            TpmAlgorithm.RsaPss => algorithm.Scheme.Padding == RSASignaturePadding.Pss,
            _ => false,
        };
    }
}
