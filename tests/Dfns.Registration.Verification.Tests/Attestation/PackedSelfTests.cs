using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.Attestation;

/// <summary>§8.2: format packed, signed with the credential key.</summary>
public sealed class PackedSelfTests
{
    [Theory]
    [InlineData(-7)]
    [InlineData(-8)]
    [InlineData(-257)]
    [Clause("8.2", "syntax")]
    [Clause("8.2", "self: algorithm")]
    [Clause("8.2", "self: signature")]
    public void Accepts_a_signature_of_the_credential_key(int algorithm) =>
        Assert.Equal(AttestationType.Self, Accepted(Make(AttestationMaker.PackedSelf, algorithm: algorithm)).WebAuthn!.AttestationType);

    [Theory]
    [InlineData("alg")]
    [InlineData("sig")]
    [Clause("8.2", "syntax")]
    public void Refuses_a_missing_member(string name) =>
        Refused(RefusalReason.AttestationStatementInvalid, Make(AttestationMaker.PackedSelf, draft => draft.Statement = map => map.Remove(name)));

    [Theory]
    [InlineData("alg")]
    [InlineData("sig")]
    [Clause("8.2", "syntax")]
    public void Refuses_a_member_of_the_wrong_type(string name) => Refused(
        RefusalReason.AttestationStatementInvalid,
        Make(AttestationMaker.PackedSelf, draft => draft.Statement = map => map.Set(name, Cbor.Text("ES256"))));

    [Theory]
    [InlineData("ecdaaKeyId")]
    [InlineData("ver")]
    [Clause("8.2", "syntax")]
    public void Refuses_a_member_the_format_does_not_have(string name) => Refused(
        RefusalReason.AttestationStatementInvalid,
        Make(AttestationMaker.PackedSelf, draft => draft.Statement = map => map.Set(name, Cbor.Bytes([1]))));

    [Fact]
    [Clause("8.2", "syntax")]
    public void Refuses_a_statement_that_is_an_array() => Refused(
        RefusalReason.AttestationStatementInvalid,
        Make(AttestationMaker.PackedSelf, draft => draft.AttestationObject = map => map.Set("attStmt", Cbor.Array(Cbor.Number(-7)))));

    [Fact]
    [Clause("8.2", "self: algorithm")]
    public void Refuses_the_algorithm_of_another_key_type() => Refused(
        RefusalReason.AttestationAlgorithmMismatch,
        Make(AttestationMaker.PackedSelf, draft => draft.Statement = map => map.Set("alg", Cbor.Number(-257))));

    [Fact]
    [Clause("8.2", "self: algorithm")]
    public void Refuses_another_algorithm_of_the_same_key_type() => Refused(
        RefusalReason.AttestationAlgorithmMismatch,
        Make(AttestationMaker.PackedSelf, draft => draft.Statement = map => map.Set("alg", Cbor.Number(-37)), algorithm: -257));

    [Theory]
    [InlineData(-65535)]
    [InlineData(long.MaxValue)]
    [InlineData(long.MinValue)]
    [Clause("8.2", "self: algorithm")]
    public void Refuses_an_algorithm_that_is_not_in_the_table(long algorithm) => Refused(
        RefusalReason.AttestationAlgorithmNotSupported,
        Make(AttestationMaker.PackedSelf, draft => draft.Statement = map => map.Set("alg", Cbor.Number(algorithm))));

    [Theory]
    [InlineData(-7)]
    [InlineData(-8)]
    [InlineData(-257)]
    [InlineData(-37)]
    [Clause("8.2", "self: signature")]
    public void Refuses_a_signature_with_one_bit_changed(int algorithm) => Refused(
        RefusalReason.AttestationSignatureInvalid,
        Make(AttestationMaker.PackedSelf, draft => draft.Signature = signature => [.. signature[..^1], (byte)(signature[^1] ^ 1)], algorithm));

    [Theory]
    [InlineData(-7)]
    [InlineData(-8)]
    [InlineData(-257)]
    [Clause("8.2", "self: signature")]
    public void Refuses_an_empty_signature(int algorithm) => Refused(
        RefusalReason.AttestationSignatureInvalid, Make(AttestationMaker.PackedSelf, draft => draft.Signature = _ => [], algorithm));

    [Theory]
    [InlineData(-7)]
    [InlineData(-8)]
    [InlineData(-257)]
    [Clause("8.2", "self: signature")]
    public void Refuses_a_signature_with_a_byte_after_it(int algorithm) => Refused(
        RefusalReason.AttestationSignatureInvalid,
        Make(AttestationMaker.PackedSelf, draft => draft.Signature = signature => [.. signature, 0], algorithm));

    [Fact]
    [Clause("8.2", "self: signature")]
    public void Refuses_a_signature_of_another_key() => Refused(
        RefusalReason.AttestationSignatureInvalid,
        Make(AttestationMaker.PackedSelf, draft => draft.CoseKey = SoftwareKey.P256().CoseKey(-7)));
}
