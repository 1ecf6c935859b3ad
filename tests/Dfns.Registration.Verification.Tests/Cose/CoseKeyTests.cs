using System.Numerics;
using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.Cose;

/// <summary>§6.5.1 and §5.8.5: the credential public key.</summary>
public sealed class CoseKeyTests
{
    private const long KeyType = 1;
    private const long KeyId = 2;
    private const long Algorithm = 3;
    private const long Curve = -1;
    private const long X = -2;
    private const long Y = -3;
    private const long Modulus = -1;
    private const long Exponent = -2;

    public static TheoryData<int, long> EveryMember => new()
    {
        { -7, KeyType },
        { -7, Algorithm },
        { -7, Curve },
        { -7, X },
        { -7, Y },
        { -8, KeyType },
        { -8, Algorithm },
        { -8, Curve },
        { -8, X },
        { -257, KeyType },
        { -257, Algorithm },
        { -257, Modulus },
        { -257, Exponent },
    };

    [Fact]
    [Clause("6.5.1", "canonical form")]
    public void Accepts_keys_in_canonical_order() => Accepted(Make());

    [Fact]
    [Clause("6.5.1", "canonical form")]
    public void Refuses_keys_in_another_order() => Refused(
        RefusalReason.CborKeyOrder,
        Make(draft => (draft.CoseKey.Entries[0], draft.CoseKey.Entries[1]) = (draft.CoseKey.Entries[1], draft.CoseKey.Entries[0])));

    [Fact]
    [Clause("6.5.1", "canonical form")]
    public void Refuses_a_length_left_open() => Refused(
        RefusalReason.CborIndefiniteLength, Make(draft => draft.CoseKey.Encoded = bytes => [0xBF, .. bytes[1..], 0xFF]));

    [Theory]
    [MemberData(nameof(EveryMember))]
    [Clause("6.5.1", "required parameters")]
    public void Refuses_a_missing_parameter(int algorithm, long label) => Refused(
        RefusalReason.CoseKeyMemberInvalid, Make(AttestationMaker.None, draft => draft.CoseKey.Remove(label), algorithm));

    [Theory]
    [MemberData(nameof(EveryMember))]
    [Clause("6.5.1", "required parameters")]
    public void Refuses_a_parameter_of_the_wrong_type(int algorithm, long label) => Refused(
        RefusalReason.CoseKeyMemberInvalid, Make(AttestationMaker.None, draft => draft.CoseKey.Set(label, Cbor.Text("P-256")), algorithm));

    [Theory]
    [InlineData(-7, X, 31)]
    [InlineData(-7, X, 33)]
    [InlineData(-7, Y, 31)]
    [InlineData(-7, Y, 0)]
    [InlineData(-8, X, 31)]
    [InlineData(-8, X, 33)]
    [InlineData(-36, X, 65)]
    [InlineData(-257, Modulus, 0)]
    [InlineData(-257, Exponent, 0)]
    [Clause("6.5.1", "required parameters")]
    public void Refuses_a_parameter_of_the_wrong_length(int algorithm, long label, int length) => Refused(
        RefusalReason.CoseKeyMemberInvalid,
        Make(AttestationMaker.None, draft => draft.CoseKey.Set(label, Cbor.Bytes(Enumerable.Repeat((byte)1, length).ToArray())), algorithm));

    [Theory]
    [InlineData(Modulus)]
    [InlineData(Exponent)]
    [Clause("6.5.1", "required parameters")]
    public void Refuses_an_RSA_number_with_a_leading_zero(long label) => Refused(
        RefusalReason.CoseKeyMemberInvalid,
        Make(AttestationMaker.None, draft => draft.CoseKey.Set(label, Cbor.Bytes([0, .. new byte[255], 1])), algorithm: -257));

    [Fact]
    [Clause("6.5.1", "required parameters")]
    public void Accepts_a_key_with_the_required_parameters_alone() => Accepted(Make(AttestationMaker.None, algorithm: -257));

    [Theory]
    [InlineData(KeyId)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(-5)]
    [InlineData(-70_000)]
    [Clause("6.5.1", "no optional parameters")]
    public void Refuses_an_optional_parameter(long label) => Refused(RefusalReason.CoseKeyMemberUnexpected, Make(With(label)));

    [Theory]
    [InlineData(KeyId)]
    [InlineData(4)]
    [InlineData(-13)]
    [Clause("6.5.1", "no optional parameters")]
    public void Refuses_an_optional_parameter_of_an_RSA_key(long label) => Refused(
        RefusalReason.CoseKeyMemberUnexpected, Make(AttestationMaker.None, With(label), algorithm: -257));

    [Fact]
    [Clause("6.5.1", "no optional parameters")]
    public void Refuses_a_parameter_with_a_text_label() => Refused(
        RefusalReason.CoseKeyMemberUnexpected, Make(draft => draft.CoseKey.Set("kid", Cbor.Bytes([1]))));

    [Fact]
    [Clause("6.5.1", "no optional parameters")]
    public void Accepts_alg_which_is_optional_in_COSE() => Accepted(Make());

    [Theory]
    [InlineData(-7, -4)]
    [InlineData(-8, -4)]
    [InlineData(-257, -3)]
    [InlineData(-257, -4)]
    [InlineData(-257, -12)]
    [Clause("6.5.1", "no optional parameters")]
    public void Refuses_a_private_part(int algorithm, long label) => Refused(
        RefusalReason.CoseKeyPrivate, Make(AttestationMaker.None, With(label), algorithm));

    [Theory]
    [InlineData(-7)]
    [InlineData(-35)]
    [InlineData(-36)]
    [InlineData(-47)]
    [InlineData(-8)]
    [Clause("5.8.5", "curve bound to algorithm")]
    public void Accepts_each_algorithm_on_its_own_curve(int algorithm) => Accepted(Make(AttestationMaker.None, algorithm: algorithm));

    [Theory]
    [InlineData(-7, "P-384")]
    [InlineData(-7, "secp256k1")]
    [InlineData(-7, "Ed25519")]
    [InlineData(-7, "RSA-2048")]
    [InlineData(-35, "P-256")]
    [InlineData(-36, "P-384")]
    [InlineData(-47, "P-256")]
    [InlineData(-8, "P-256")]
    [InlineData(-257, "P-256")]
    [InlineData(-37, "Ed25519")]
    [Clause("5.8.5", "curve bound to algorithm")]
    public void Refuses_the_key_of_another_algorithm(int algorithm, string key) => Refused(
        RefusalReason.AlgorithmKeyMismatch, Make(draft => draft.CoseKey = SoftwareKey.Named(key).CoseKey(algorithm)));

    [Theory]
    [InlineData(-7, 2)]
    [InlineData(-7, 8)]
    [InlineData(-7, 0)]
    [InlineData(-8, 4)]
    [InlineData(-8, 7)]
    [Clause("5.8.5", "curve bound to algorithm")]
    public void Refuses_the_number_of_another_curve(int algorithm, long curve) => Refused(
        RefusalReason.AlgorithmKeyMismatch, Make(AttestationMaker.None, draft => draft.CoseKey.Set(Curve, Cbor.Number(curve)), algorithm));

    [Fact]
    [Clause("5.8.5", "uncompressed points")]
    public void Accepts_both_coordinates() => Accepted(Make());

    [Fact]
    [Clause("5.8.5", "uncompressed points")]
    public void Refuses_a_compressed_point() =>
        Refused(RefusalReason.PointCompressed, Make(draft => draft.CoseKey.Set(Y, Cbor.True)));

    [Theory]
    [InlineData(-7, 32)]
    [InlineData(-35, 48)]
    [InlineData(-36, 66)]
    [InlineData(-47, 32)]
    [Clause("5.8.5", "point on curve")]
    public void Refuses_a_point_off_the_curve(int algorithm, int size) => Refused(
        RefusalReason.PublicKeyNotOnCurve,
        Make(AttestationMaker.None, draft => draft.CoseKey.Set(Y, Cbor.Bytes([.. new byte[size - 1], 2])), algorithm));

    [Fact]
    [Clause("5.8.5", "point on curve")]
    public void Refuses_the_point_at_infinity_written_as_zeros() => Refused(
        RefusalReason.PublicKeyNotOnCurve,
        Make(draft => draft.CoseKey.Set(X, Cbor.Bytes(new byte[32])).Set(Y, Cbor.Bytes(new byte[32]))));

    [Fact]
    [Clause("5.8.5", "point on curve")]
    public void Accepts_a_point_on_the_curve_and_refuses_it_with_the_prime_added_to_x()
    {
        // P-256: x = 5 has a point, and 5 + p still fits 32 bytes.
        var p = BigInteger.Pow(2, 256) - BigInteger.Pow(2, 224) + BigInteger.Pow(2, 192) + BigInteger.Pow(2, 96) - 1;
        var b = BigInteger.Parse("05ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b", System.Globalization.NumberStyles.HexNumber, null);
        var x = new BigInteger(5);
        var y = BigInteger.ModPow((x * x * x) - (3 * x) + b, (p + 1) / 4, p);
        Assert.Equal(BigInteger.Zero, ((y * y) - ((x * x * x) - (3 * x) + b)) % p);

        Accepted(Make(draft => draft.CoseKey.Set(X, Cbor.Bytes(Bytes32(x))).Set(Y, Cbor.Bytes(Bytes32(y)))));
        Refused(RefusalReason.PublicKeyNotOnCurve, Make(draft => draft.CoseKey.Set(X, Cbor.Bytes(Bytes32(x + p))).Set(Y, Cbor.Bytes(Bytes32(y)))));
    }

    private static Action<RegistrationDraft> With(long label) => draft =>
    {
        draft.CoseKey.Set(label, Cbor.Bytes([1, 2, 3]));
        // Put back into canonical order, so that nothing but the member is at fault.
        var ordered = draft.CoseKey.Entries
            .OrderBy(entry => entry.Key[0] >> 5)
            .ThenBy(entry => entry.Key.Length)
            .ThenBy(entry => Convert.ToHexString(entry.Key), StringComparer.Ordinal)
            .ToList();
        draft.CoseKey.Entries.Clear();
        foreach (var entry in ordered) draft.CoseKey.Entries.Add(entry);
    };

    private static byte[] Bytes32(BigInteger number)
    {
        var bytes = number.ToByteArray(isUnsigned: true, isBigEndian: true);
        return [.. new byte[32 - bytes.Length], .. bytes];
    }
}
