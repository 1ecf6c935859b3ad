using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.RegistrationCeremony;

/// <summary>§7.1 step 21: the format is matched exactly against the supported ones.</summary>
public sealed class Step21_FormatTests
{
    [Fact]
    [Clause("7.1", 21)]
    public void Accepts_none() => Assert.Equal("none", Accepted(Make(AttestationMaker.None)).WebAuthn!.AttestationFormat);

    [Fact]
    [Clause("7.1", 21)]
    public void Accepts_packed() => Assert.Equal("packed", Accepted(Make(AttestationMaker.PackedSelf)).WebAuthn!.AttestationFormat);

    [Theory]
    [InlineData("android-safetynet")]
    [Clause("7.1", 21)]
    public void Refuses_the_other_registered_formats_by_name(string format) => Assert.Equal(
        format,
        Refused(RefusalReason.AttestationFormatNotSupported, Make(draft => draft.AttestationObject = map => map.Set("fmt", Cbor.Text(format)))).Detail);

    [Theory]
    [InlineData("")]
    [InlineData("None")]
    [InlineData("none ")]
    [InlineData("nonsense")]
    [Clause("7.1", 21)]
    public void Refuses_a_format_nobody_registered(string format) =>
        Refused(RefusalReason.AttestationFormatUnknown, Make(draft => draft.AttestationObject = map => map.Set("fmt", Cbor.Text(format))));
}
