using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.RegistrationCeremony;

/// <summary>§7.1 step 21: the format is matched exactly against the supported ones.</summary>
public sealed class Step21_FormatTests
{
    public static TheoryData<AttestationMaker> EveryFormat =>
    [
        AttestationMaker.None,
        AttestationMaker.PackedSelf,
        AttestationMaker.Tpm(),
        AttestationMaker.AndroidKey(),
        AttestationMaker.FidoU2f(),
        AttestationMaker.Apple(),
        AttestationMaker.Compound(AttestationMaker.None, AttestationMaker.None),
    ];

    [Theory]
    [MemberData(nameof(EveryFormat), DisableDiscoveryEnumeration = true)]
    [Clause("7.1", 21)]
    public void Accepts_every_format_that_is_in_use(AttestationMaker attestation) =>
        Assert.Equal(attestation.Format, Accepted(Make(attestation)).WebAuthn!.AttestationFormat);

    [Fact]
    [Clause("7.1", 21)]
    public void Refuses_the_one_that_is_retired_by_name() => Assert.StartsWith(
        "android-safetynet", Refused(RefusalReason.AttestationFormatNotSupported, Make(AttestationMaker.SafetyNet())).Detail, StringComparison.Ordinal);

    [Theory]
    [InlineData("")]
    [InlineData("None")]
    [InlineData("none ")]
    [InlineData("nonsense")]
    [InlineData("fido_u2f")]
    [InlineData("Compound")]
    [InlineData("apple-appattest")]
    [Clause("7.1", 21)]
    public void Refuses_a_format_nobody_registered(string format) =>
        Refused(RefusalReason.AttestationFormatUnknown, Make(draft => draft.AttestationObject = map => map.Set("fmt", Cbor.Text(format))));
}
