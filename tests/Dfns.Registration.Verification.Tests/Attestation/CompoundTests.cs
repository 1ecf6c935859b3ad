using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.Attestation;

/// <summary>§8.9: format compound.</summary>
public sealed class CompoundTests
{
    private static AttestationMaker SelfAndTpm => AttestationMaker.Compound(AttestationMaker.PackedSelf, AttestationMaker.Tpm());

    [Fact]
    [Clause("8.9", "syntax")]
    [Clause("8.9", "each statement")]
    public void Accepts_two_statements_and_tells_the_strongest()
    {
        var registration = Accepted(Make(SelfAndTpm)).WebAuthn!;
        Assert.Equal("compound", registration.AttestationFormat);
        Assert.Equal(AttestationType.Certified, registration.AttestationType);
        Assert.Equal(["packed", "tpm"], registration.CompoundStatements.Select(statement => statement.Format));
        Assert.Equal([AttestationType.Self, AttestationType.Certified], registration.CompoundStatements.Select(statement => statement.Type));
        Assert.Equal(registration.CompoundStatements[1].Certificates, registration.AttestationCertificates);
        Assert.Empty(registration.CompoundStatements[0].Certificates);
    }

    [Fact]
    [Clause("8.9", "each statement")]
    public void Accepts_every_format_in_one_and_tells_the_certificates_of_the_first()
    {
        var registration = Accepted(Make(AttestationMaker.Compound(
            AttestationMaker.None,
            AttestationMaker.PackedSelf,
            AttestationMaker.PackedCertified(),
            AttestationMaker.FidoU2f(),
            AttestationMaker.Tpm(),
            AttestationMaker.AndroidKey(),
            AttestationMaker.Apple()))).WebAuthn!;
        Assert.Equal(
            ["none", "packed", "packed", "fido-u2f", "tpm", "android-key", "apple"],
            registration.CompoundStatements.Select(statement => statement.Format));
        Assert.Equal(registration.CompoundStatements[2].Certificates, registration.AttestationCertificates);
    }

    [Fact]
    [Clause("8.9", "each statement")]
    public void Accepts_statements_without_certificates() =>
        Assert.Equal(AttestationType.Self, Accepted(Make(AttestationMaker.Compound(AttestationMaker.None, AttestationMaker.PackedSelf))).WebAuthn!.AttestationType);

    [Theory]
    [InlineData(2)]
    [InlineData(8)]
    [Clause("8.9", "syntax")]
    public void Accepts_two_to_eight_statements(int count) => Assert.Equal(
        count, Accepted(Make(AttestationMaker.Compound([.. Enumerable.Repeat(AttestationMaker.PackedSelf, count)]))).WebAuthn!.CompoundStatements.Count);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(9)]
    [Clause("8.9", "syntax")]
    public void Refuses_any_other_number_of_statements(int count) => Refused(
        RefusalReason.AttestationStatementInvalid, Make(AttestationMaker.Compound([.. Enumerable.Repeat(AttestationMaker.PackedSelf, count)])));

    [Fact]
    [Clause("8.9", "syntax")]
    public void Refuses_a_map_in_place_of_the_array() => Refused(
        RefusalReason.AttestationStatementInvalid,
        Make(AttestationMaker.PackedSelf, draft => draft.AttestationObject = map => map.Set("fmt", Cbor.Text("compound"))));

    [Theory]
    [InlineData("fmt")]
    [InlineData("attStmt")]
    [Clause("8.9", "syntax")]
    public void Refuses_a_statement_without_a_member(string member) => Refused(
        RefusalReason.AttestationStatementInvalid, MakeWith(statements => statements[1].Remove(member)));

    [Fact]
    [Clause("8.9", "syntax")]
    public void Refuses_a_member_the_format_does_not_have() => Refused(
        RefusalReason.AttestationStatementInvalid, MakeWith(statements => statements[0].Set("authData", Cbor.Bytes([1]))));

    [Fact]
    [Clause("8.9", "syntax")]
    public void Refuses_a_format_that_is_no_text() => Refused(
        RefusalReason.AttestationStatementInvalid, MakeWith(statements => statements[0].Set("fmt", Cbor.Number(1))));

    [Fact]
    [Clause("8.9", "syntax")]
    public void Refuses_a_statement_that_is_no_map() => Refused(
        RefusalReason.AttestationStatementInvalid, MakeWith(statements => statements[0].Encoded = _ => Cbor.Text("packed")));

    [Theory]
    [InlineData("7")]
    [InlineData("[]")]
    [Clause("8.9", "syntax")]
    public void Refuses_an_inner_statement_of_the_wrong_type(string what) => Refused(
        RefusalReason.AttestationStatementInvalid,
        MakeWith(statements => statements[0].Set("attStmt", what == "7" ? Cbor.Number(7) : Cbor.Array())));

    [Fact]
    [Clause("8.9", "no nesting")]
    public void Accepts_statements_that_are_not_compound() => Accepted(Make(SelfAndTpm));

    [Fact]
    [Clause("8.9", "no nesting")]
    public void Refuses_a_compound_statement_inside() => Refused(
        RefusalReason.CompoundStatementNested,
        MakeWith(statements => statements[1] = new CborMapDraft().Set("fmt", Cbor.Text("compound")).Set("attStmt", Cbor.Array())));

    [Fact]
    [Clause("8.9", "each statement")]
    public void Refuses_a_format_nobody_registered() => Refused(
        RefusalReason.AttestationFormatUnknown, MakeWith(statements => statements[1].Set("fmt", Cbor.Text("nonsense"))));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [Clause("8.9", "each statement")]
    public void Refuses_one_statement_that_does_not_verify(int index)
    {
        var makers = new[] { AttestationMaker.PackedSelf, AttestationMaker.PackedSelf };
        makers[index] = AttestationMaker.AndroidKey(description => description.Challenge = new byte[32]);
        Refused(RefusalReason.AndroidChallengeMismatch, Make(AttestationMaker.Compound(makers)));
    }

    [Fact]
    [Clause("8.9", "each statement")]
    public void Refuses_none_with_a_member_inside() => Refused(
        RefusalReason.NoneStatementNotEmpty,
        MakeWith(statements => statements[1] = new CborMapDraft().Set("fmt", Cbor.Text("none")).Set("attStmt", new CborMapDraft().Set("alg", Cbor.Number(-7)).ToBytes())));

    private static MadeCredential MakeWith(Action<List<CborMapDraft>> change) =>
        Make(AttestationMaker.Compound(change, AttestationMaker.PackedSelf, AttestationMaker.PackedCertified()));
}
