using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Authentication;

namespace Dfns.Registration.Verification.Tests.AuthenticationCeremony;

/// <summary>§7.2 step 16: the user was present.</summary>
public sealed class Step16_UserPresenceTests
{
    [Fact]
    [Clause("7.2", 16)]
    public void Accepts_UP() => Accepted(Get());

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Clause("7.2", 16)]
    public void Refuses_without_UP_whatever_the_policy_on_UV(bool requireUserVerification) => Assert.Equal(
        CredentialPart.AuthenticatorData,
        Refused(
            RefusalReason.UserNotPresent,
            Get(draft => draft.Flags = 0x04),
            Expected with { RequireUserVerification = requireUserVerification }).Part);
}
