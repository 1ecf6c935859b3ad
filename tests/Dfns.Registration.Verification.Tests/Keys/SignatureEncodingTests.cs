using System.Formats.Asn1;
using System.Numerics;
using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.Keys;

/// <summary>
/// §6.5.5: a signature has one encoding. Each test takes a signature that verifies, and writes the same numbers in another way or ones
/// that are congruent to them; the attestation statement is the way in.
/// </summary>
public sealed class SignatureEncodingTests
{
    private static readonly BigInteger OrderOfP256 =
        BigInteger.Parse("0FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551", System.Globalization.NumberStyles.HexNumber, null);

    private static readonly BigInteger OrderOfEd25519 = BigInteger.Pow(2, 252) + BigInteger.Parse("27742317777372353535851937790883648493", null);

    [Fact]
    [Clause("6.5.5", "ECDSA")]
    public void Accepts_two_minimal_integers_in_DER() => Accepted(Ecdsa((r, s) => Der(r, s)));

    [Fact]
    [Clause("6.5.5", "ECDSA")]
    public void Refuses_raw_coordinates() => RefusedAs(Ecdsa((r, s) => [.. Bytes(r, 32), .. Bytes(s, 32)]));

    [Fact]
    [Clause("6.5.5", "ECDSA")]
    public void Refuses_r_beyond_the_order_of_the_curve() => RefusedAs(Ecdsa((r, s) => Der(r + OrderOfP256, s)));

    [Fact]
    [Clause("6.5.5", "ECDSA")]
    public void Refuses_s_beyond_the_order_of_the_curve() => RefusedAs(Ecdsa((r, s) => Der(r, s + OrderOfP256)));

    [Fact]
    [Clause("6.5.5", "ECDSA")]
    public void Refuses_negative_numbers_that_are_congruent() => RefusedAs(Ecdsa((r, s) => Der(r - OrderOfP256, s - OrderOfP256)));

    [Fact]
    [Clause("6.5.5", "ECDSA")]
    public void Refuses_zeros() => RefusedAs(Ecdsa((_, _) => Der(0, 0)));

    [Fact]
    [Clause("6.5.5", "ECDSA")]
    public void Refuses_the_order_itself() => RefusedAs(Ecdsa((_, _) => Der(OrderOfP256, OrderOfP256)));

    [Fact]
    [Clause("6.5.5", "ECDSA")]
    public void Refuses_ones() => RefusedAs(Ecdsa((_, _) => Der(1, 1)));

    // Half of all numbers have their top bit set.
    [Fact]
    [Clause("6.5.5", "ECDSA")]
    public void Refuses_numbers_without_the_zero_that_makes_them_positive()
    {
        foreach (var which in new[] { 0, 1 })
        {
            var isNegative = false;
            MadeCredential made;
            do
            {
                made = Ecdsa((r, s) =>
                {
                    isNegative = Bytes(which == 0 ? r : s, 32)[0] >= 0x80;
                    return Sequence([.. Number(which == 0 ? Bytes(r, 32) : Minimal(r)), .. Number(which == 1 ? Bytes(s, 32) : Minimal(s))]);
                });
            }
            while (!isNegative);

            RefusedAs(made);
        }
    }

    [Fact]
    [Clause("6.5.5", "ECDSA")]
    public void Refuses_a_leading_zero_too_many() => RefusedAs(Ecdsa((r, s) => Sequence([.. Number([0, .. Minimal(r)]), .. Number(Minimal(s))])));

    [Fact]
    [Clause("6.5.5", "ECDSA")]
    public void Refuses_a_length_in_its_long_form() => RefusedAs(Ecdsa((r, s) => [0x30, 0x81, .. Der(r, s)[1..]]));

    [Fact]
    [Clause("6.5.5", "ECDSA")]
    public void Refuses_a_length_left_open() => RefusedAs(Ecdsa((r, s) => [0x30, 0x80, .. Der(r, s)[2..], 0, 0]));

    [Fact]
    [Clause("6.5.5", "ECDSA")]
    public void Refuses_a_third_number() => RefusedAs(Ecdsa((r, s) => Sequence([.. Number(Minimal(r)), .. Number(Minimal(s)), 0x02, 0x01, 0x01])));

    [Fact]
    [Clause("6.5.5", "ECDSA")]
    public void Refuses_numbers_the_other_way_round() => RefusedAs(Ecdsa((r, s) => Der(s, r)));

    [Fact]
    [Clause("6.5.5", "EdDSA")]
    public void Accepts_64_bytes() => Accepted(Make(AttestationMaker.PackedSelf, algorithm: -8));

    [Fact]
    [Clause("6.5.5", "EdDSA")]
    public void Refuses_S_of_EdDSA_beyond_the_order_of_the_curve() => RefusedAs(Make(
        AttestationMaker.PackedSelf,
        draft => draft.Signature = signature =>
        {
            var s = new BigInteger(signature.AsSpan(32), isUnsigned: true) + OrderOfEd25519;
            byte[] bytes = [.. s.ToByteArray(isUnsigned: true), .. new byte[32]];
            return [.. signature[..32], .. bytes[..32]];
        },
        algorithm: -8));

    [Theory]
    [InlineData(63)]
    [InlineData(32)]
    [Clause("6.5.5", "EdDSA")]
    public void Refuses_fewer_bytes(int length) => RefusedAs(
        Make(AttestationMaker.PackedSelf, draft => draft.Signature = signature => signature[..length], algorithm: -8));

    [Fact]
    [Clause("6.5.5", "EdDSA")]
    public void Refuses_zeros_in_EdDSA() => RefusedAs(Make(AttestationMaker.PackedSelf, draft => draft.Signature = _ => new byte[64], algorithm: -8));

    [Theory]
    [InlineData(-257)]
    [InlineData(-258)]
    [InlineData(-259)]
    [InlineData(-37)]
    [InlineData(-38)]
    [InlineData(-39)]
    [Clause("6.5.5", "RSA")]
    public void Accepts_as_many_bytes_as_the_modulus_has(int algorithm) => Accepted(Make(AttestationMaker.PackedSelf, algorithm: algorithm));

    [Theory]
    [InlineData(-257)]
    [InlineData(-37)]
    [Clause("6.5.5", "RSA")]
    public void Refuses_a_zero_in_front(int algorithm) => RefusedAs(
        Make(AttestationMaker.PackedSelf, draft => draft.Signature = signature => [0, .. signature], algorithm));

    [Theory]
    [InlineData(-257)]
    [InlineData(-37)]
    [Clause("6.5.5", "RSA")]
    public void Refuses_a_signature_without_its_leading_zero(int algorithm)
    {
        // One signature in 256 has one.
        var shortened = false;
        MadeCredential made;
        do made = Make(
            AttestationMaker.PackedSelf,
            draft => draft.Signature = signature =>
            {
                shortened = signature[0] == 0;
                return shortened ? signature[1..] : signature;
            },
            algorithm);
        while (!shortened);
        RefusedAs(made);
    }

    [Theory]
    [InlineData(-257)]
    [InlineData(-37)]
    [Clause("6.5.5", "RSA")]
    public void Refuses_a_number_beyond_the_modulus_that_is_congruent(int algorithm)
    {
        // Sooner or later a signature is small enough for the sum to keep its length.
        var key = SoftwareKey.Rsa();
        var modulus = new BigInteger(key.CoseKey(algorithm).Entries[2].Value.AsSpan(3), isUnsigned: true, isBigEndian: true);
        var raised = false;
        MadeCredential made;
        do made = Make(
            AttestationMaker.PackedSelf,
            draft => draft.Signature = signature =>
            {
                var sum = new BigInteger(signature, isUnsigned: true, isBigEndian: true) + modulus;
                raised = sum.GetByteCount(isUnsigned: true) == signature.Length;
                return raised ? sum.ToByteArray(isUnsigned: true, isBigEndian: true) : signature;
            },
            algorithm);
        while (!raised);
        RefusedAs(made);
    }

    [Theory]
    [InlineData(-257, -258)]
    [InlineData(-257, -37)]
    [InlineData(-37, -38)]
    [InlineData(-37, -257)]
    [Clause("6.5.5", "RSA")]
    public void Refuses_another_padding_or_hash_of_the_same_key(int algorithm, int signedBy) => RefusedAs(
        Make(AttestationMaker.PackedCertified(signedBy), draft => draft.Statement = map => map.Set("alg", Cbor.Number(algorithm))));

    private static void RefusedAs(MadeCredential made) => Refused(RefusalReason.AttestationSignatureInvalid, made);

    private static MadeCredential Ecdsa(Func<BigInteger, BigInteger, byte[]> write) => Make(
        AttestationMaker.PackedSelf,
        draft => draft.Signature = signature =>
        {
            var numbers = new AsnReader(signature, AsnEncodingRules.DER).ReadSequence();
            return write(numbers.ReadInteger(), numbers.ReadInteger());
        });

    private static byte[] Der(BigInteger r, BigInteger s) => Sequence([.. Number(Minimal(r)), .. Number(Minimal(s))]);

    private static byte[] Minimal(BigInteger number) => number.ToByteArray(isBigEndian: true);

    private static byte[] Bytes(BigInteger number, int size)
    {
        var bytes = number.ToByteArray(isUnsigned: true, isBigEndian: true);
        return [.. new byte[size - bytes.Length], .. bytes];
    }

    private static byte[] Number(byte[] content) => [0x02, (byte)content.Length, .. content];

    private static byte[] Sequence(byte[] content) => [0x30, (byte)content.Length, .. content];
}
