using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.Attestation;

/// <summary>§8.7: format none.</summary>
public sealed class NoneAttestationTests
{
    [Fact]
    [Clause("8.7", "empty map")]
    public void Accepts_the_empty_map() => Assert.Empty(Accepted(Make()).WebAuthn!.AttestationCertificates);

    [Fact]
    [Clause("8.7", "empty map")]
    public void Refuses_a_statement_with_a_member() =>
        Refused(RefusalReason.NoneStatementNotEmpty, Make(draft => draft.Statement = map => map.Set("alg", Cbor.Number(-7))));

    [Fact]
    [Clause("8.7", "empty map")]
    public void Refuses_an_empty_array() => Refused(
        RefusalReason.NoneStatementNotEmpty, Make(draft => draft.AttestationObject = map => map.Set("attStmt", Cbor.Array())));

    [Fact]
    public void Refuses_a_public_key_off_its_curve_although_nothing_is_signed() => Refused(
        RefusalReason.PublicKeyNotOnCurve, Make(draft => draft.CoseKey.Set(-2, Cbor.Bytes(new byte[32]))));
}
