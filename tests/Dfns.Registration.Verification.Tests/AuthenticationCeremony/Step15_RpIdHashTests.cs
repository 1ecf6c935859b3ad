using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Authentication;

namespace Dfns.Registration.Verification.Tests.AuthenticationCeremony;

/// <summary>§7.2 step 15: for this RP ID.</summary>
public sealed class Step15_RpIdHashTests
{
    [Fact]
    [Clause("7.2", 15)]
    public void Accepts_the_expected_RP_ID() => Accepted(Get());

    [Theory]
    [InlineData("app.example.co")]
    [InlineData("co")]
    [InlineData("EXAMPLE.CO")]
    [InlineData("https://example.co")]
    [InlineData("")]
    [Clause("7.2", 15)]
    public void Refuses_any_other(string rpId) => Assert.Equal(
        CredentialPart.AuthenticatorData, Refused(RefusalReason.RpIdHashMismatch, Get(draft => draft.RpId = rpId)).Part);
}
