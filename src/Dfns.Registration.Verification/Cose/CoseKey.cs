using Dfns.Registration.Verification.Encoding;
using Dfns.Registration.Verification.Keys;

namespace Dfns.Registration.Verification.Cose;

/// <summary>A credential public key: a COSE_Key (RFC 9052 §7) with exactly the parameters that WebAuthn L3 §6.5.1 allows.</summary>
/// <param name="Algorithm">The row of the key's <c>alg</c>.</param>
/// <param name="Key">The key, which fits the row.</param>
internal sealed record CoseKey(CoseAlgorithm Algorithm, PublicKey Key)
{
    // Labels common to all key types (RFC 9052 §7.1).
    private const long KeyTypeLabel = 1;
    private const long AlgorithmLabel = 3;

    // Labels of EC2 and OKP (RFC 9053 §7); RSA uses the same numbers for other things (RFC 8230 §4).
    private const long Curve = -1;

    /// <summary>The label of the first coordinate.</summary>
    public const long X = -2;

    /// <summary>The label of the second coordinate.</summary>
    public const long Y = -3;
    private const long PrivateKey = -4;

    /// <summary>The label of the RSA modulus.</summary>
    public const long Modulus = -1;

    /// <summary>The label of the RSA exponent.</summary>
    public const long Exponent = -2;

    private const long Ed25519Curve = 6;

    /// <summary>Reads the members of a COSE_Key.</summary>
    /// <param name="members">The map, already held to CTAP2 canonical form.</param>
    /// <returns>
    /// The key, or <see cref="RefusalReason.CoseKeyMemberInvalid"/>, <see cref="RefusalReason.CoseKeyMemberUnexpected"/>,
    /// <see cref="RefusalReason.CoseKeyPrivate"/>, <see cref="RefusalReason.AlgorithmNotSupported"/>,
    /// <see cref="RefusalReason.AlgorithmKeyMismatch"/>, <see cref="RefusalReason.PointCompressed"/>, or what the key's own type refuses.
    /// </returns>
    public static Outcome<CoseKey> Read(CborMap members)
    {
        if (members[AlgorithmLabel] is not long number) return Invalid("alg");
        if (CoseAlgorithm.Find(number) is not { } algorithm) return new Refusal(RefusalReason.AlgorithmNotSupported, $"{number}");
        if (members[KeyTypeLabel] is not long keyType) return Invalid("kty");
        if (keyType != (long)algorithm.KeyType) return new Refusal(RefusalReason.AlgorithmKeyMismatch, $"{algorithm.Name}, kty {keyType}");
        if (RefuseFurtherMembers(members, algorithm.KeyType) is { } further) return further;

        var read = algorithm.KeyType switch
        {
            CoseKeyType.Ec2 => ReadEc2(members, algorithm),
            CoseKeyType.Okp => ReadOkp(members, algorithm),
            CoseKeyType.Rsa => ReadRsa(members),
        };
        return read.Refused(out var why, out var key) ? why : new CoseKey(algorithm, key);
    }

    private static Refusal? RefuseFurtherMembers(CborMap members, CoseKeyType keyType)
    {
        foreach (var label in members.Keys)
        {
            if (label is KeyTypeLabel or AlgorithmLabel or Curve or X || (label is Y && keyType == CoseKeyType.Ec2)) continue;

            // The private labels: d of EC2 and OKP; d, p, q and the rest of RSA.
            var isPrivate = keyType == CoseKeyType.Rsa ? label is <= -3L and >= -12L : label is PrivateKey;
            return new Refusal(isPrivate ? RefusalReason.CoseKeyPrivate : RefusalReason.CoseKeyMemberUnexpected, $"label {label}");
        }

        return null;
    }

    private static Outcome<PublicKey> ReadEc2(CborMap members, CoseAlgorithm algorithm)
    {
        var curve = algorithm.Curve!;
        if (members[Curve] is not long number) return Invalid("crv");
        if (number != curve.CoseCurve) return new Refusal(RefusalReason.AlgorithmKeyMismatch, $"{algorithm.Name}, crv {number}");

        // RFC 9053 §7.1.1: a boolean y means a compressed point; leading zeros of a coordinate are kept.
        if (members[Y] is CborSimple.True or CborSimple.False) return RefusalReason.PointCompressed;
        if (members[X] is not ReadOnlyMemory<byte> x || x.Length != curve.CoordinateSizeBytes) return Invalid("x");
        if (members[Y] is not ReadOnlyMemory<byte> y || y.Length != curve.CoordinateSizeBytes) return Invalid("y");
        if (EcdsaPublicKey.Create(curve, x.Span, y.Span).Refused(out var why, out var key)) return why;
        return key;
    }

    private static Outcome<PublicKey> ReadOkp(CborMap members, CoseAlgorithm algorithm)
    {
        if (members[Curve] is not long number) return Invalid("crv");
        if (number != Ed25519Curve) return new Refusal(RefusalReason.AlgorithmKeyMismatch, $"{algorithm.Name}, crv {number}");
        if (members[X] is not ReadOnlyMemory<byte> x || x.Length != Ed25519PublicKey.SizeBytes) return Invalid("x");
        if (Ed25519PublicKey.Create(x.Span).Refused(out var why, out var key)) return why;
        return key;
    }

    private static Outcome<PublicKey> ReadRsa(CborMap members)
    {
        // RFC 8230 §4: unsigned big-endian numbers in as few bytes as they need.
        if (members[Modulus] is not ReadOnlyMemory<byte> modulus || modulus.Span is [] or [0, ..]) return Invalid("n");
        if (members[Exponent] is not ReadOnlyMemory<byte> exponent || exponent.Span is [] or [0, ..]) return Invalid("e");
        if (RsaPublicKey.Create(modulus.Span, exponent.Span).Refused(out var why, out var key)) return why;
        return key;
    }

    private static Refusal Invalid(string member) => new(RefusalReason.CoseKeyMemberInvalid, member);
}
