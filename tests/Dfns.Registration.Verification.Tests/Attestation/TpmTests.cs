using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.Attestation;

/// <summary>§8.3: format tpm.</summary>
public sealed class TpmTests
{
    private const int Rs1 = -65535;

    [Theory]
    [InlineData(-257, -257)]
    [InlineData(-257, -7)]
    [InlineData(-7, -7)]
    [InlineData(-7, -257)]
    [InlineData(-35, -35)]
    [InlineData(-36, -36)]
    [InlineData(-259, -37)]
    [InlineData(Rs1, -257)]
    [InlineData(Rs1, -7)]
    [Clause("8.3", "syntax")]
    [Clause("8.3", "algorithm")]
    [Clause("8.3", "credential key")]
    [Clause("8.3", "signature")]
    [Clause("8.3", "extraData")]
    public void Accepts_what_a_TPM_certifies(int attestationAlgorithm, int credentialAlgorithm)
    {
        var registration = Accepted(Make(AttestationMaker.Tpm(attestationAlgorithm), algorithm: credentialAlgorithm)).WebAuthn!;
        Assert.Equal("tpm", registration.AttestationFormat);
        Assert.Equal(AttestationType.Certified, registration.AttestationType);
        Assert.Equal(2, registration.AttestationCertificates.Count);
    }

    [Theory]
    [InlineData("ver")]
    [InlineData("alg")]
    [InlineData("x5c")]
    [InlineData("sig")]
    [InlineData("certInfo")]
    [InlineData("pubArea")]
    [Clause("8.3", "syntax")]
    public void Refuses_a_statement_without_a_member(string member) => Refused(
        RefusalReason.AttestationStatementInvalid, Make(AttestationMaker.Tpm(), draft => draft.Statement = map => map.Remove(member)));

    [Theory]
    [InlineData("ver")]
    [InlineData("alg")]
    [InlineData("x5c")]
    [InlineData("sig")]
    [InlineData("certInfo")]
    [InlineData("pubArea")]
    [Clause("8.3", "syntax")]
    public void Refuses_a_member_of_the_wrong_type(string member) => Refused(
        RefusalReason.AttestationStatementInvalid, Make(AttestationMaker.Tpm(), draft => draft.Statement = map => map.Set(member, Cbor.True)));

    [Fact]
    [Clause("8.3", "syntax")]
    public void Refuses_ecdaaKeyId_of_older_levels() => Refused(
        RefusalReason.AttestationStatementInvalid,
        Make(AttestationMaker.Tpm(), draft => draft.Statement = map => map.Set("ecdaaKeyId", Cbor.Bytes([1]))));

    [Fact]
    [Clause("8.3", "version")]
    public void Accepts_version_2_0() => Accepted(Make(AttestationMaker.Tpm()));

    [Theory]
    [InlineData("1.2")]
    [InlineData("2")]
    [InlineData("2.0 ")]
    [InlineData("")]
    [Clause("8.3", "version")]
    public void Refuses_another_version(string version) => Refused(
        RefusalReason.TpmVersionNotAccepted,
        Make(AttestationMaker.Tpm(), draft => draft.Statement = map => map.Set("ver", Cbor.Text(version))));

    [Fact]
    [Clause("8.3", "algorithm")]
    public void Refuses_SHA_1_where_it_is_not_allowed() => Refused(
        RefusalReason.AttestationAlgorithmNotSupported, Make(AttestationMaker.Tpm(Rs1)), Expected with { AllowRs1InTpm = false });

    [Fact]
    [Clause("8.3", "algorithm")]
    public void Refuses_RS1_outside_TPMs() => Refused(
        RefusalReason.AttestationAlgorithmNotSupported,
        Make(AttestationMaker.PackedCertified(-257), draft => draft.Statement = map => map.Set("alg", Cbor.Number(Rs1))));

    [Theory]
    [InlineData(-259)]
    [InlineData(-37)]
    [Clause("8.3", "signature")]
    public void Refuses_a_signature_by_another_algorithm_of_the_same_key(int named) => Refused(
        RefusalReason.AttestationSignatureInvalid,
        Make(AttestationMaker.Tpm(), draft => draft.Statement = map => map.Set("alg", Cbor.Number(named))));

    [Theory]
    [InlineData(-7)]
    [InlineData(-8)]
    [Clause("8.3", "algorithm")]
    public void Refuses_an_algorithm_of_another_key(int named) => Refused(
        RefusalReason.AttestationAlgorithmMismatch,
        Make(AttestationMaker.Tpm(), draft => draft.Statement = map => map.Set("alg", Cbor.Number(named))));

    [Fact]
    [Clause("8.3", "signature")]
    public void Refuses_a_signature_with_one_bit_changed() => Refused(
        RefusalReason.AttestationSignatureInvalid,
        Make(AttestationMaker.Tpm(), draft => draft.Signature = signature => [.. signature[..^1], (byte)(signature[^1] ^ 1)]));

    [Fact]
    [Clause("8.3", "signature")]
    public void Refuses_certInfo_changed_after_signing() => Refused(
        RefusalReason.AttestationSignatureInvalid,
        Make(AttestationMaker.Tpm(), draft => draft.Statement = map => map.Entries[5].Value[^1] ^= 1));

    [Theory]
    [InlineData("0006", "0080", "0043")]
    [InlineData("0013", "0080", "0043")]
    [Clause("8.3", "pubArea")]
    public void Accepts_a_symmetric_algorithm_with_its_details(string algorithm, string keyBits, string mode) =>
        Accepted(MakeWith(tpm => tpm.Symmetric = Convert.FromHexString(algorithm + keyBits + mode)));

    [Theory]
    [InlineData(-257, "0014000B")]
    [InlineData(-37, "0016000B")]
    [InlineData(-258, "0014000C")]
    [InlineData(-7, "0018000B")]
    [InlineData(-36, "0018000D")]
    [Clause("8.3", "pubArea")]
    [Clause("8.3", "credential key")]
    public void Accepts_the_scheme_of_the_credential_keys_algorithm(int algorithm, string scheme) =>
        Accepted(MakeWith(tpm => tpm.Scheme = Convert.FromHexString(scheme), algorithm));

    [Theory]
    [InlineData(-257, "0016000B")]
    [InlineData(-257, "0014000C")]
    [InlineData(-257, "00140004")]
    [InlineData(-257, "0017000B")]
    [InlineData(-257, "0015")]
    [InlineData(-37, "0014000B")]
    [InlineData(-7, "0018000C")]
    [InlineData(-7, "0019000B")]
    [InlineData(-7, "001A000B0001")]
    [InlineData(-7, "001B0012")]
    [Clause("8.3", "credential key")]
    public void Refuses_the_scheme_of_another_algorithm(int algorithm, string scheme) =>
        Refused(RefusalReason.TpmPublicKeyMismatch, MakeWith(tpm => tpm.Scheme = Convert.FromHexString(scheme), algorithm));

    [Theory]
    [InlineData("0020000B")]
    [InlineData("0007000B")]
    [Clause("8.3", "pubArea")]
    public void Accepts_a_key_derivation_with_its_hash(string keyDerivation) =>
        Accepted(MakeWith(tpm => tpm.KeyDerivation = Convert.FromHexString(keyDerivation)));

    [Theory]
    [InlineData(0)]
    [InlineData(20)]
    [InlineData(64)]
    [Clause("8.3", "pubArea")]
    public void Accepts_any_policy_and_attributes(int policySize) => Accepted(MakeWith(tpm =>
    {
        tpm.AuthPolicy = new byte[policySize];
        tpm.Attributes = 0;
    }));

    [Fact]
    [Clause("8.3", "pubArea")]
    public void Refuses_pubArea_cut_anywhere()
    {
        for (var length = 0; length < 118; length++)
            Refused(RefusalReason.TpmPublicAreaMalformed, MakeWith(tpm => tpm.PublicArea = bytes => bytes[..length]));
    }

    [Theory]
    [InlineData(-7)]
    [InlineData(-257)]
    [Clause("8.3", "pubArea")]
    public void Refuses_bytes_after_pubArea(int algorithm) =>
        Refused(RefusalReason.TpmPublicAreaMalformed, MakeWith(tpm => tpm.PublicArea = bytes => [.. bytes, 0], algorithm));

    [Fact]
    [Clause("8.3", "pubArea")]
    public void Refuses_TPM2B_PUBLIC_which_begins_with_its_length() => Refused(
        RefusalReason.TpmPublicAreaMalformed, MakeWith(tpm => tpm.PublicArea = bytes => [0, (byte)bytes.Length, .. bytes]));

    [Theory]
    [InlineData(0x0008)]
    [InlineData(0x0025)]
    [InlineData(0x0000)]
    [Clause("8.3", "pubArea")]
    public void Refuses_an_object_that_is_no_key_pair(int type) =>
        Refused(RefusalReason.TpmAlgorithmNotSupported, MakeWith(tpm => tpm.KeyType = (ushort)type));

    [Theory]
    [InlineData(0x0001)]
    [InlineData(0x0002)]
    [InlineData(0x0010)]
    [InlineData(0x0020)]
    [Clause("8.3", "pubArea")]
    public void Refuses_a_curve_no_credential_key_has(int curve) =>
        Refused(RefusalReason.TpmAlgorithmNotSupported, MakeWith(tpm => tpm.CurveId = (ushort)curve));

    [Theory]
    [InlineData("000A000B")]
    [InlineData("FFFF")]
    [Clause("8.3", "pubArea")]
    public void Refuses_a_symmetric_algorithm_objects_do_not_have(string symmetric) =>
        Refused(RefusalReason.TpmAlgorithmNotSupported, MakeWith(tpm => tpm.Symmetric = Convert.FromHexString(symmetric)));

    [Theory]
    [InlineData(-7, "0014000B")]
    [InlineData(-257, "0018000B")]
    [InlineData(-7, "FFFF")]
    [Clause("8.3", "pubArea")]
    public void Refuses_a_scheme_of_another_key_type(int algorithm, string scheme) =>
        Refused(RefusalReason.TpmAlgorithmNotSupported, MakeWith(tpm => tpm.Scheme = Convert.FromHexString(scheme), algorithm));

    [Fact]
    [Clause("8.3", "pubArea")]
    public void Refuses_a_key_derivation_nobody_knows() =>
        Refused(RefusalReason.TpmAlgorithmNotSupported, MakeWith(tpm => tpm.KeyDerivation = [0xFF, 0xFF]));

    [Fact]
    [Clause("8.3", "credential key")]
    public void Accepts_the_exponent_written_out() => Accepted(MakeWith(tpm => tpm.Exponent = 65537, -257));

    [Theory]
    [InlineData(3u)]
    [InlineData(65536u)]
    [InlineData(0x01000100u)]
    [Clause("8.3", "credential key")]
    public void Refuses_another_exponent(uint exponent) =>
        Refused(RefusalReason.TpmPublicKeyMismatch, MakeWith(tpm => tpm.Exponent = exponent, -257));

    [Theory]
    [InlineData(1024)]
    [InlineData(2047)]
    [InlineData(0)]
    [Clause("8.3", "credential key")]
    public void Refuses_another_size_than_the_modulus_has(int bits) =>
        Refused(RefusalReason.TpmPublicKeyMismatch, MakeWith(tpm => tpm.KeyBits = (ushort)bits, -257));

    [Theory]
    [InlineData(-257, 0)]
    [InlineData(-7, 0)]
    [InlineData(-7, 1)]
    [Clause("8.3", "credential key")]
    public void Refuses_another_number_in_unique(int algorithm, int index) =>
        Refused(RefusalReason.TpmPublicKeyMismatch, MakeWith(tpm => tpm.Unique[index] = [.. tpm.Unique[index][..^1], (byte)(tpm.Unique[index][^1] ^ 1)], algorithm));

    [Fact]
    [Clause("8.3", "credential key")]
    public void Refuses_another_curve() => Refused(RefusalReason.TpmPublicKeyMismatch, MakeWith(tpm => tpm.CurveId = 4));

    [Fact]
    [Clause("8.3", "credential key")]
    public void Refuses_the_key_of_another_type()
    {
        var other = new TpmKeyOf(SoftwareKey.Rsa(), -257);
        Refused(RefusalReason.TpmPublicKeyMismatch, MakeWith(tpm => tpm.PublicArea = _ => other.PublicArea));
    }

    [Fact]
    [Clause("8.3", "credential key")]
    public void Accepts_a_coordinate_without_its_leading_zeros()
    {
        // One key in 256 has one; the loop ends after some hundred tries.
        SoftwareKey key;
        do key = SoftwareKey.P256();
        while (key.SubjectPublicKeyInfo[^64] != 0);

        var made = new SoftwareAuthenticator
        {
            CredentialKey = key,
            Attestation = AttestationMaker.Tpm(describe: tpm => tpm.Unique[0] = tpm.Unique[0].AsSpan().TrimStart((byte)0).ToArray()),
        }.Create(Challenge, RpId, Origin);
        Accepted(made);
    }

    [Fact]
    [Clause("8.3", "credential key")]
    public void Refuses_a_coordinate_with_a_zero_too_many() =>
        Refused(RefusalReason.TpmPublicKeyMismatch, MakeWith(tpm => tpm.Unique[0] = [0, .. tpm.Unique[0]]));

    [Fact]
    [Clause("8.3", "certInfo")]
    public void Accepts_anything_in_the_fields_that_are_ignored() => Accepted(MakeWith(tpm =>
    {
        tpm.QualifiedSigner = [];
        tpm.ClockAndFirmware = [.. Enumerable.Repeat((byte)0x33, 25)];
        tpm.QualifiedName = [1, 2, 3];
    }));

    [Fact]
    [Clause("8.3", "certInfo")]
    public void Refuses_certInfo_cut_anywhere()
    {
        for (var length = 0; length < 161; length++)
            Refused(RefusalReason.TpmCertInfoMalformed, MakeWith(tpm => tpm.CertInfo = bytes => bytes[..length]));
    }

    [Fact]
    [Clause("8.3", "certInfo")]
    public void Refuses_bytes_after_certInfo() =>
        Refused(RefusalReason.TpmCertInfoMalformed, MakeWith(tpm => tpm.CertInfo = bytes => [.. bytes, 0]));

    [Fact]
    [Clause("8.3", "magic")]
    public void Accepts_TPM_GENERATED_VALUE() => Accepted(MakeWith(tpm => tpm.Magic = 0xFF544347));

    [Theory]
    [InlineData(0xFF544346u)]
    [InlineData(0x00544347u)]
    [InlineData(0u)]
    [Clause("8.3", "magic")]
    public void Refuses_another_magic(uint magic) => Refused(RefusalReason.TpmMagicUnexpected, MakeWith(tpm => tpm.Magic = magic));

    [Fact]
    [Clause("8.3", "type")]
    public void Accepts_TPM_ST_ATTEST_CERTIFY() => Accepted(MakeWith(tpm => tpm.Type = 0x8017));

    [Theory]
    [InlineData(0x8014)]
    [InlineData(0x8018)]
    [InlineData(0x801A)]
    [InlineData(0x0000)]
    [Clause("8.3", "type")]
    public void Refuses_another_type(int type) => Refused(RefusalReason.TpmTypeUnexpected, MakeWith(tpm => tpm.Type = (ushort)type));

    [Fact]
    [Clause("8.3", "extraData")]
    public void Refuses_another_hash() =>
        Refused(RefusalReason.TpmExtraDataMismatch, MakeWith(tpm => tpm.ExtraData = bytes => [.. bytes[..^1], (byte)(bytes[^1] ^ 1)]));

    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    [Clause("8.3", "extraData")]
    public void Refuses_the_beginning_of_the_hash(int length) =>
        Refused(RefusalReason.TpmExtraDataMismatch, MakeWith(tpm => tpm.ExtraData = bytes => bytes[..length]));

    [Fact]
    [Clause("8.3", "extraData")]
    public void Refuses_the_hash_of_another_algorithm_than_alg() => Refused(
        RefusalReason.TpmExtraDataMismatch,
        // Signed with RS1, over the SHA-256 of what is attested.
        Make(AttestationMaker.Tpm(Rs1, tpm => tpm.ExtraData = _ => new byte[32])));

    [Theory]
    [InlineData(0x0004)]
    [InlineData(0x000B)]
    [InlineData(0x000C)]
    [InlineData(0x000D)]
    [Clause("8.3", "attested name")]
    public void Accepts_a_name_by_each_hash(int algorithm) => Accepted(MakeWith(tpm => tpm.NameAlgorithm = (ushort)algorithm));

    [Fact]
    [Clause("8.3", "attested name")]
    public void Refuses_a_name_by_SHA_1_where_it_is_not_allowed() => Refused(
        RefusalReason.TpmAlgorithmNotSupported, MakeWith(tpm => tpm.NameAlgorithm = 0x0004), Expected with { AllowRs1InTpm = false });

    [Theory]
    [InlineData(0x0010)]
    [InlineData(0x0012)]
    [InlineData(0x0027)]
    [Clause("8.3", "attested name")]
    public void Refuses_a_name_by_another_hash(int algorithm) =>
        Refused(RefusalReason.TpmAlgorithmNotSupported, MakeWith(tpm => tpm.NameAlgorithm = (ushort)algorithm));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(33)]
    [Clause("8.3", "attested name")]
    public void Refuses_another_name(int index) => Refused(RefusalReason.TpmNameMismatch, MakeWith(tpm => tpm.Name = name =>
    {
        name[index] ^= 1;
        return name;
    }));

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(33)]
    [Clause("8.3", "attested name")]
    public void Refuses_the_beginning_of_the_name(int length) => Refused(RefusalReason.TpmNameMismatch, MakeWith(tpm => tpm.Name = name => name[..length]));

    [Fact]
    [Clause("8.3", "attested name")]
    public void Refuses_the_name_of_a_public_area_with_other_attributes() => Refused(
        RefusalReason.TpmNameMismatch,
        Make(AttestationMaker.Tpm(), draft => draft.Statement = map => map.Entries[4].Value[3 + 4] ^= 1, algorithm: -257));

    private static MadeCredential MakeWith(Action<TpmDraft> describe, int algorithm = -7) =>
        Make(AttestationMaker.Tpm(describe: describe), algorithm: algorithm);

    // The public area that another registration carries.
    private sealed class TpmKeyOf
    {
        public TpmKeyOf(SoftwareKey key, int algorithm) => new SoftwareAuthenticator
        {
            CredentialKey = key,
            Algorithm = algorithm,
            Attestation = AttestationMaker.Tpm(describe: tpm => tpm.PublicArea = bytes => PublicArea = bytes),
        }.Create(Challenge, RpId, Origin);

        public byte[] PublicArea { get; private set; } = [];
    }
}
