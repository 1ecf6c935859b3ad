using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.RegistrationCeremony;

/// <summary>§7.1 step 14: for this RP ID.</summary>
public sealed class Step14_RpIdHashTests
{
    [Fact]
    [Clause("7.1", 14)]
    public void Accepts_the_expected_RP_ID() => Accepted(Make());

    [Theory]
    [InlineData("app.example.co")]
    [InlineData("co")]
    [InlineData("EXAMPLE.CO")]
    [InlineData("https://example.co")]
    [InlineData("")]
    [Clause("7.1", 14)]
    public void Refuses_any_other(string rpId) => Refused(RefusalReason.RpIdHashMismatch, Make(draft => draft.RpId = rpId));
}
