using System.Formats.Asn1;
using Dfns.Registration.TestKit;
using static Dfns.Registration.TestKit.AndroidKeyDescriptionDraft;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.Attestation;

/// <summary>§8.4: format android-key.</summary>
public sealed class AndroidKeyTests
{
    private static RegistrationExpectation HardwareOnly => Expected with { RequireTee = true };

    public static TheoryData<string> Malformed => ["", "30", "3000", "0500", "308000", "3003020100", "04020500"];

    [Fact]
    [Clause("8.4", "syntax")]
    [Clause("8.4", "signature")]
    [Clause("8.4", "certified key")]
    public void Accepts_the_attestation_of_a_key_store()
    {
        var registration = Accepted(Make(AttestationMaker.AndroidKey())).WebAuthn!;
        Assert.Equal("android-key", registration.AttestationFormat);
        Assert.Equal(AttestationType.Certified, registration.AttestationType);
        Assert.Equal(2, registration.AttestationCertificates.Count);
    }

    [Theory]
    [InlineData("alg")]
    [InlineData("sig")]
    [InlineData("x5c")]
    [Clause("8.4", "syntax")]
    public void Refuses_a_statement_without_a_member(string member) => Refused(
        RefusalReason.AttestationStatementInvalid, Make(AttestationMaker.AndroidKey(), draft => draft.Statement = map => map.Remove(member)));

    [Theory]
    [InlineData("alg")]
    [InlineData("sig")]
    [InlineData("x5c")]
    [Clause("8.4", "syntax")]
    public void Refuses_a_member_of_the_wrong_type(string member) => Refused(
        RefusalReason.AttestationStatementInvalid, Make(AttestationMaker.AndroidKey(), draft => draft.Statement = map => map.Set(member, Cbor.Null)));

    [Fact]
    [Clause("8.4", "syntax")]
    public void Refuses_a_member_the_format_does_not_have() => Refused(
        RefusalReason.AttestationStatementInvalid, Make(AttestationMaker.AndroidKey(), draft => draft.Statement = map => map.Set("ver", Cbor.Text("2"))));

    [Theory]
    [InlineData(-7)]
    [InlineData(-35)]
    [InlineData(-257)]
    [InlineData(-37)]
    [Clause("8.4", "algorithm")]
    public void Accepts_the_algorithm_of_the_leafs_key(int algorithm) => Accepted(Make(AttestationMaker.AndroidKey(), algorithm: algorithm));

    [Theory]
    [InlineData(-35)]
    [InlineData(-257)]
    [InlineData(-8)]
    [Clause("8.4", "algorithm")]
    public void Refuses_an_algorithm_that_is_not_the_leafs(int named) => Refused(
        RefusalReason.AttestationAlgorithmMismatch,
        Make(AttestationMaker.AndroidKey(), draft => draft.Statement = map => map.Set("alg", Cbor.Number(named))));

    [Fact]
    [Clause("8.4", "algorithm")]
    public void Refuses_an_algorithm_that_is_not_in_the_table() => Refused(
        RefusalReason.AttestationAlgorithmNotSupported,
        Make(AttestationMaker.AndroidKey(), draft => draft.Statement = map => map.Set("alg", Cbor.Number(-65535))));

    [Fact]
    [Clause("8.4", "signature")]
    public void Refuses_a_signature_with_one_bit_changed() => Refused(
        RefusalReason.AttestationSignatureInvalid,
        Make(AttestationMaker.AndroidKey(), draft => draft.Signature = signature => [.. signature[..^1], (byte)(signature[^1] ^ 1)]));

    [Fact]
    [Clause("8.4", "certified key")]
    public void Refuses_the_certificate_of_another_key_though_that_key_signed() => Refused(
        RefusalReason.CertificateKeyMismatch, Make(AttestationMaker.AndroidKey(certifiedKey: SoftwareKey.P256())));

    [Fact]
    [Clause("8.4.1", "key description")]
    public void Accepts_fields_of_schemas_to_come() =>
        Accepted(Make(AttestationMaker.AndroidKey(description => description.TeeEnforced[9999] = CertificateDraft.OctetString([1]))));

    [Fact]
    [Clause("8.4.1", "key description")]
    public void Refuses_a_leaf_without_key_description() => Refused(
        RefusalReason.AndroidKeyDescriptionMissing, Make(AttestationMaker.AndroidKey(change: leaf => leaf.SetExtension(Oid, null))));

    [Theory]
    [MemberData(nameof(Malformed))]
    [Clause("8.4.1", "key description")]
    public void Refuses_a_key_description_of_another_form(string hex) => Refused(
        RefusalReason.AndroidKeyDescriptionMalformed, MakeWith(description => description.Encoded = _ => Convert.FromHexString(hex)));

    [Fact]
    [Clause("8.4.1", "key description")]
    public void Refuses_bytes_after_the_key_description() => Refused(
        RefusalReason.AndroidKeyDescriptionMalformed, MakeWith(description => description.Encoded = bytes => [.. bytes, 0x05, 0x00]));

    [Theory]
    [InlineData("3004308000003000")]
    [InlineData("3003040500")]
    [InlineData("300430810100")]
    [Clause("8.4.1", "key description")]
    public void Refuses_a_field_that_nobody_asks_about_when_it_is_not_in_DER(string hex) => Refused(
        RefusalReason.AndroidKeyDescriptionMalformed,
        MakeWith(description => description.TeeEnforced[704] = Convert.FromHexString(hex)));

    [Fact]
    [Clause("8.4.1", "key description")]
    public void Refuses_a_ninth_member() => Refused(
        RefusalReason.AndroidKeyDescriptionMalformed,
        MakeWith(description => description.Encoded = bytes =>
        {
            var members = new AsnReader(bytes, AsnEncodingRules.DER).ReadSequence();
            var writer = new AsnWriter(AsnEncodingRules.DER);
            using (writer.PushSequence())
            {
                while (members.HasData) writer.WriteEncodedValue(members.ReadEncodedValue().Span);
                writer.WriteNull();
            }

            return writer.Encode();
        }));

    [Fact]
    [Clause("8.4.1", "key description")]
    public void Refuses_a_key_description_in_BER() => Refused(
        RefusalReason.AndroidKeyDescriptionMalformed,
        // The same sequence, its end marked instead of its length given.
        MakeWith(description => description.Encoded = bytes => [0x30, 0x80, .. bytes[(bytes[1] == 0x81 ? 3 : 2)..], 0x00, 0x00]));

    [Fact]
    [Clause("8.4.1", "key description")]
    public void Refuses_a_field_with_two_values() => Refused(
        RefusalReason.AndroidKeyDescriptionMalformed,
        MakeWith(description => description.TeeEnforced[OriginTag] = [.. Number(0), .. Number(2)]));

    [Fact]
    [Clause("8.4.1", "key description")]
    public void Accepts_fields_in_another_order() => Accepted(
        // The tags 2 and 3 change places; their fields have different lengths, so the whole fields do.
        MakeWith(description => description.Encoded = bytes => Swapped(bytes, [0xA2, 0x03, 0x02, 0x01, 0x03], [0xA3, 0x04, 0x02, 0x02, 0x01, 0x00])));

    [Fact]
    [Clause("8.4.1", "key description")]
    public void Refuses_a_field_that_occurs_twice() => Refused(
        RefusalReason.AndroidKeyDescriptionMalformed,
        MakeWith(description => description.Encoded = bytes =>
        {
            // Tag 3 becomes a second tag 2.
            var changed = bytes.ToArray();
            changed[bytes.AsSpan().IndexOf<byte>([0xA3, 0x04, 0x02, 0x02, 0x01, 0x00])] = 0xA2;
            return changed;
        }));

    [Theory]
    [InlineData(OriginTag)]
    [InlineData(PurposeTag)]
    [Clause("8.4.1", "key description")]
    public void Refuses_a_field_of_the_wrong_type(int field) =>
        Refused(RefusalReason.AndroidKeyDescriptionMalformed, MakeWith(description => description.TeeEnforced[field] = Null));

    [Fact]
    [Clause("8.4", "challenge")]
    public void Accepts_the_client_data_hash_as_challenge() => Accepted(Make(AttestationMaker.AndroidKey()));

    [Fact]
    [Clause("8.4", "challenge")]
    public void Refuses_another_challenge() => Refused(RefusalReason.AndroidChallengeMismatch, MakeWith(description => description.Challenge = new byte[32]));

    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    [Clause("8.4", "challenge")]
    public void Refuses_the_beginning_of_the_client_data_hash(int length) => Refused(
        RefusalReason.AndroidChallengeMismatch, MakeWith(description => description.Challenge = description.Challenge[..length]));

    [Fact]
    [Clause("8.4", "allApplications")]
    public void Accepts_lists_without_allApplications() => Accepted(Make(AttestationMaker.AndroidKey()), HardwareOnly);

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    [InlineData(false, true)]
    [Clause("8.4", "allApplications")]
    public void Refuses_allApplications_on_either_list(bool inHardware, bool requireTee) => Refused(
        RefusalReason.AndroidAllApplications,
        MakeWith(description => (inHardware ? description.TeeEnforced : description.SoftwareEnforced)[AllApplicationsTag] = Null),
        Expected with { RequireTee = requireTee });

    [Fact]
    [Clause("8.4", "origin")]
    [Clause("8.4", "purpose")]
    public void Accepts_what_software_enforces_unless_hardware_is_required()
    {
        var made = MakeWith(description =>
        {
            foreach (var field in new[] { OriginTag, PurposeTag })
            {
                description.SoftwareEnforced[field] = description.TeeEnforced[field];
                description.TeeEnforced.Remove(field);
            }
        });
        Accepted(made);
        Refused(RefusalReason.AndroidOriginNotGenerated, made, HardwareOnly);
    }

    [Fact]
    [Clause("8.4", "origin")]
    [Clause("8.4", "purpose")]
    public void Accepts_two_empty_lists_as_the_specification_s_own_vector_has_them_unless_hardware_is_required()
    {
        var made = MakeWith(description =>
        {
            description.SoftwareEnforced.Clear();
            description.TeeEnforced.Clear();
        });
        Accepted(made);
        Refused(RefusalReason.AndroidOriginNotGenerated, made, HardwareOnly);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(256)]
    [InlineData(-1)]
    [Clause("8.4", "origin")]
    public void Refuses_a_key_that_was_not_generated(int origin) =>
        Refused(RefusalReason.AndroidOriginNotGenerated, MakeWith(description => description.TeeEnforced[OriginTag] = Number(origin)));

    [Fact]
    [Clause("8.4", "origin")]
    public void Refuses_lists_of_which_one_says_something_else() =>
        Refused(RefusalReason.AndroidOriginNotGenerated, MakeWith(description => description.SoftwareEnforced[OriginTag] = Number(2)));

    [Fact]
    [Clause("8.4", "origin")]
    public void Refuses_lists_that_do_not_say_the_origin() =>
        Refused(RefusalReason.AndroidOriginNotGenerated, MakeWith(description => description.TeeEnforced.Remove(OriginTag)));

    [Fact]
    [Clause("8.4", "origin")]
    public void Accepts_a_software_list_that_says_something_else_where_hardware_alone_counts() =>
        Accepted(MakeWith(description => description.SoftwareEnforced[OriginTag] = Number(2)), HardwareOnly);

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(2, 3)]
    [InlineData(1, 2)]
    [InlineData]
    [Clause("8.4", "purpose")]
    public void Refuses_a_key_that_is_not_for_signing_alone(params int[] purposes) =>
        Refused(RefusalReason.AndroidPurposeNotSign, MakeWith(description => description.TeeEnforced[PurposeTag] = Numbers(purposes)));

    [Fact]
    [Clause("8.4", "purpose")]
    public void Refuses_lists_that_do_not_say_the_purpose() =>
        Refused(RefusalReason.AndroidPurposeNotSign, MakeWith(description => description.TeeEnforced.Remove(PurposeTag)));

    [Fact]
    [Clause("8.4", "purpose")]
    public void Refuses_a_purpose_that_software_adds() =>
        Refused(RefusalReason.AndroidPurposeNotSign, MakeWith(description => description.SoftwareEnforced[PurposeTag] = Numbers(1)));

    [Fact]
    public void Refuses_a_certificate_that_names_another_model() => Refused(
        RefusalReason.CertificateAaguidMismatch,
        Make(AttestationMaker.AndroidKey(change: leaf => leaf.Extensions.Add(
            new(CertificateDraft.AaguidOid, Critical: false, CertificateDraft.OctetString(new byte[16]))))));

    private static MadeCredential MakeWith(Action<AndroidKeyDescriptionDraft> describe) => Make(AttestationMaker.AndroidKey(describe));

    private static byte[] Swapped(byte[] bytes, byte[] first, byte[] second)
    {
        var at = bytes.AsSpan().IndexOf<byte>([.. first, .. second]);
        return [.. bytes[..at], .. second, .. first, .. bytes[(at + first.Length + second.Length)..]];
    }
}
