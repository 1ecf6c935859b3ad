using System.Formats.Asn1;
using System.Security.Cryptography;
using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.RawKey;

/// <summary>The PEM forms of raw keys. Each text is signed as it stands, so only the key can be at fault.</summary>
public sealed class PublicKeyPemTests
{
    private const string EcPublicKeyOid = "1.2.840.10045.2.1";

    [Fact]
    public void Accepts_one_line_without_a_final_line_break() =>
        Accepted(MakePem(pem => pem.Replace("\n", "", StringComparison.Ordinal)
            .Replace("KEY-----M", "KEY-----\nM", StringComparison.Ordinal).Replace("-----END", "\n-----END", StringComparison.Ordinal)));

    [Fact]
    public void Accepts_64_columns_with_a_final_line_break() => Accepted(MakePem(pem => pem + "\n"));

    [Fact]
    public void Accepts_carriage_returns() => Accepted(MakePem(pem => pem.Replace("\n", "\r\n", StringComparison.Ordinal) + "\r\n"));

    [Fact]
    public void Accepts_PKCS1_of_an_RSA_key_and_tells_it_as_SubjectPublicKeyInfo()
    {
        var key = SoftwareKey.Rsa();
        using var rsa = RSA.Create();
        rsa.ImportSubjectPublicKeyInfo(key.SubjectPublicKeyInfo, out _);

        var verified = Accepted(key.Create(Challenge, change: draft => draft.Pem = rsa.ExportRSAPublicKeyPem()));
        Assert.Equal(key.SubjectPublicKeyInfo, verified.SubjectPublicKeyInfo.ToArray());
    }

    [Theory]
    [InlineData("")]
    [InlineData("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE")]
    [InlineData("-----BEGIN PUBLIC KEY-----")]
    [InlineData("-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PRIVATE KEY-----")]
    [InlineData("-----BEGIN PUBLIC KEY-----\nMFk\n-----END PUBLIC KEY-----")]
    [InlineData("-----BEGIN PUBLIC KEY-----\nMF.w\n-----END PUBLIC KEY-----")]
    [InlineData("-----BEGIN PUBLIC KEY-----\nMF w\n-----END PUBLIC KEY-----")]
    [InlineData("-----BEGIN PUBLIC KEY-----\nMFkw MFkw\n-----END PUBLIC KEY-----")]
    [InlineData("-----BEGIN PUBLIC KEY-----\n\tMFkw\n-----END PUBLIC KEY-----")]
    [InlineData("-----BEGIN PUBLIC KEY-----\nComment: x\n\nMFkw\n-----END PUBLIC KEY-----")]
    public void Refuses_what_is_no_PEM_block(string pem) => Refused(RefusalReason.PemMalformed, MakePem(_ => pem));

    [Theory]
    [InlineData("key: ", "")]
    [InlineData("", "x")]
    [InlineData(" ", "")]
    [InlineData("", "\t\n")]
    [InlineData("\uFEFF\n", "")]
    public void Refuses_text_around_the_block(string before, string after) =>
        Refused(RefusalReason.PemTextAround, MakePem(pem => before + pem + after));

    [Fact]
    public void Refuses_two_blocks() => Refused(RefusalReason.PemSeveralBlocks, MakePem(pem => pem + "\n" + SoftwareKey.P256().Pem));

    [Theory]
    [InlineData("PRIVATE KEY")]
    [InlineData("EC PRIVATE KEY")]
    [InlineData("RSA PRIVATE KEY")]
    [InlineData("ENCRYPTED PRIVATE KEY")]
    public void Refuses_a_private_key_by_its_label(string label) =>
        Refused(RefusalReason.PemPrivateKey, MakePem(_ => PemEncoding.WriteString(label, [0x30, 0x00])));

    [Fact]
    public void Refuses_a_private_key_that_the_framework_would_import()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Refused(RefusalReason.PemPrivateKey, MakePem(_ => key.ExportPkcs8PrivateKeyPem()));
        Refused(RefusalReason.PublicKeyDerMalformed, MakePem(_ => PemEncoding.WriteString("PUBLIC KEY", key.ExportPkcs8PrivateKey())));
    }

    [Theory]
    [InlineData("CERTIFICATE")]
    [InlineData("EC PUBLIC KEY")]
    [InlineData("public key")]
    public void Refuses_any_other_label(string label) =>
        Refused(RefusalReason.PemLabelNotSupported, MakePem(_ => PemEncoding.WriteString(label, SoftwareKey.P256().SubjectPublicKeyInfo)));

    [Fact]
    public void Refuses_bytes_after_the_DER() => Refused(RefusalReason.PublicKeyDerTrailingBytes, MakeSpki(spki => [.. spki, 0]));

    [Theory]
    [InlineData("3000")]
    [InlineData("0500")]
    [InlineData("30")]
    [InlineData("3080060100")]
    public void Refuses_DER_that_is_no_SubjectPublicKeyInfo(string hex) =>
        Refused(RefusalReason.PublicKeyDerMalformed, MakeSpki(_ => Convert.FromHexString(hex)));

    [Fact]
    public void Refuses_bytes_after_the_DER_of_PKCS1() => Refused(
        RefusalReason.PublicKeyDerTrailingBytes,
        MakePem(_ => PemEncoding.WriteString("RSA PUBLIC KEY", [.. Pkcs1([0, 0xFF, .. new byte[254], 1], writer => writer.WriteInteger(3)), 0])));

    [Fact]
    public void Refuses_a_third_element_in_SubjectPublicKeyInfo() =>
        Refused(RefusalReason.PublicKeyDerMalformed, MakeSpki(spki => [0x30, (byte)(spki[1] + 2), .. spki[2..], 0x05, 0x00]));

    [Fact]
    public void Refuses_a_key_whose_last_bits_are_unused() => Refused(
        RefusalReason.PublicKeyDerMalformed,
        MakeSpki(spki =>
        {
            // The bit string's first byte counts the unused bits, which DER wants to be zero.
            spki[^66] = 1;
            spki[^1] &= 0xFE;
            return spki;
        }));

    [Fact]
    public void Refuses_an_elliptic_curve_key_without_a_curve() => Refused(
        RefusalReason.PublicKeyDerMalformed,
        MakeSpki(spki => Spki(writer => writer.WriteObjectIdentifier(EcPublicKeyOid), spki[^65..])));

    [Fact]
    public void Refuses_more_parameters_than_the_curve() => Refused(
        RefusalReason.PublicKeyDerMalformed,
        MakeSpki(spki => Spki(
            writer =>
            {
                writer.WriteObjectIdentifier(EcPublicKeyOid);
                writer.WriteObjectIdentifier("1.2.840.10045.3.1.7");
                writer.WriteNull();
            },
            spki[^65..])));

    [Fact]
    public void Refuses_the_RSASSA_PSS_key_type() => Refused(
        RefusalReason.KeyTypeNotSupported, MakeSpki(_ => Spki(writer => writer.WriteObjectIdentifier("1.2.840.113549.1.1.10"), [0x30, 0x00])));

    [Theory]
    [InlineData("1.3.101.110")]
    [InlineData("1.3.101.113")]
    [InlineData("1.2.840.10040.4.1")]
    [InlineData("2.16.840.1.101.3.4.3.17")]
    public void Refuses_other_key_types(string oid) => Refused(
        RefusalReason.KeyTypeNotSupported, MakeSpki(_ => Spki(writer => writer.WriteObjectIdentifier(oid), new byte[32])));

    [Fact]
    public void Refuses_brainpool() => Refused(RefusalReason.CurveNotSupported, SoftwareKey.BrainpoolP256().Create(Challenge));

    [Fact]
    public void Refuses_the_parameters_of_P256_written_out()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var explicitKey = ECDsa.Create(key.ExportExplicitParameters(includePrivateParameters: false));
        Refused(RefusalReason.CurveParametersExplicit, MakeSpki(_ => explicitKey.ExportSubjectPublicKeyInfo()));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Refuses_a_compressed_point(byte form) =>
        Refused(RefusalReason.PointCompressed, MakeSpki(spki => EcSpki([form, .. spki[^64..^32]])));

    [Theory]
    [InlineData(0)]
    [InlineData(6)]
    [InlineData(7)]
    public void Refuses_other_forms_of_a_point(byte form) =>
        Refused(RefusalReason.PublicKeyDerMalformed, MakeSpki(spki => EcSpki([form, .. spki[^64..]])));

    [Fact]
    public void Refuses_the_point_at_infinity() => Refused(RefusalReason.PublicKeyDerMalformed, MakeSpki(_ => EcSpki([0])));

    [Fact]
    public void Refuses_a_point_off_the_curve() =>
        Refused(RefusalReason.PublicKeyNotOnCurve, MakeSpki(spki => [.. spki[..^1], (byte)(spki[^1] ^ 1)]));

    [Fact]
    public void Refuses_an_Ed25519_point_of_small_order() => Refused(
        RefusalReason.PublicKeySmallOrder, MakeSpki(_ => Spki(writer => writer.WriteObjectIdentifier("1.3.101.112"), [1, .. new byte[31]])));

    [Fact]
    public void Refuses_Ed25519_with_parameters() => Refused(
        RefusalReason.PublicKeyDerMalformed,
        MakeSpki(_ => Spki(
            writer =>
            {
                writer.WriteObjectIdentifier("1.3.101.112");
                writer.WriteNull();
            },
            SoftwareKey.Ed25519().SubjectPublicKeyInfo[^32..])));

    [Fact]
    public void Refuses_RSA_of_1024_bits() => Refused(RefusalReason.RsaModulusNotAccepted, SoftwareKey.Rsa(1024).Create(Challenge));

    [Fact]
    public void Refuses_RSA_with_more_than_its_NULL() => Refused(
        RefusalReason.PublicKeyDerMalformed,
        MakeSpki(_ => Spki(
            writer =>
            {
                writer.WriteObjectIdentifier("1.2.840.113549.1.1.1");
                writer.WriteNull();
                writer.WriteNull();
            },
            SoftwareKey.Rsa().SubjectPublicKeyInfo[24..])));

    [Theory]
    [InlineData("")]
    [InlineData("3000")]
    [InlineData("3003020105")]
    [InlineData("300602010502")]
    [InlineData("04020500")]
    public void Refuses_DER_that_is_no_RSA_key(string hex)
    {
        Refused(RefusalReason.PublicKeyDerMalformed, MakeSpki(_ => Spki(
            writer =>
            {
                writer.WriteObjectIdentifier("1.2.840.113549.1.1.1");
                writer.WriteNull();
            },
            Convert.FromHexString(hex))));
        Refused(RefusalReason.PublicKeyDerMalformed, MakePem(_ => PemEncoding.WriteString("RSA PUBLIC KEY", Convert.FromHexString(hex))));
    }

    [Fact]
    public void Refuses_RSA_without_its_NULL() => Refused(
        RefusalReason.PublicKeyDerMalformed, MakeSpki(_ => Spki(writer => writer.WriteObjectIdentifier("1.2.840.113549.1.1.1"), [0x30, 0x00])));

    [Theory]
    [InlineData(1)]
    [InlineData(-3)]
    [InlineData(65_536)]
    public void Refuses_an_RSA_exponent_that_is_not_odd_and_at_least_3(int exponent) =>
        Refused(RefusalReason.RsaExponentNotAccepted, MakeRsa(writer => writer.WriteInteger(exponent)));

    [Fact]
    public void Refuses_a_negative_RSA_modulus() => Refused(
        RefusalReason.RsaModulusNotAccepted,
        MakePem(_ => PemEncoding.WriteString("RSA PUBLIC KEY", Pkcs1([0x80, .. new byte[254], 1], writer => writer.WriteInteger(65_537)))));

    [Fact]
    public void Refuses_a_third_number_in_an_RSA_key() => Refused(
        RefusalReason.PublicKeyDerMalformed,
        MakeRsa(writer =>
        {
            writer.WriteInteger(65_537);
            writer.WriteInteger(1);
        }));

    private static MadeCredential MakePem(Func<string, string> change) => MakeKey(draft => draft.Pem = change(draft.Pem));

    private static MadeCredential MakeSpki(Func<byte[], byte[]> change) =>
        MakeKey(draft => draft.Pem = PemEncoding.WriteString("PUBLIC KEY", change(draft.Key.SubjectPublicKeyInfo)));

    private static MadeCredential MakeRsa(Action<AsnWriter> writeAfterModulus) =>
        MakePem(_ => PemEncoding.WriteString("RSA PUBLIC KEY", Pkcs1([0, 0xFF, .. new byte[254], 1], writeAfterModulus)));

    // The modulus is given as DER writes it: signed.
    private static byte[] Pkcs1(byte[] modulus, Action<AsnWriter> writeAfterModulus)
    {
        var numbers = new AsnWriter(AsnEncodingRules.DER);
        using (numbers.PushSequence())
        {
            numbers.WriteInteger(modulus);
            writeAfterModulus(numbers);
        }

        return numbers.Encode();
    }

    private static byte[] EcSpki(byte[] point) => Spki(
        writer =>
        {
            writer.WriteObjectIdentifier(EcPublicKeyOid);
            writer.WriteObjectIdentifier("1.2.840.10045.3.1.7");
        },
        point);

    private static byte[] Spki(Action<AsnWriter> writeAlgorithm, byte[] key)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence()) writeAlgorithm(writer);
            writer.WriteBitString(key);
        }

        return writer.Encode();
    }
}
