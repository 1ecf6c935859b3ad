using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.RegistrationCeremony;

/// <summary>§7.1 step 15: the user was present.</summary>
public sealed class Step15_UserPresenceTests
{
    [Fact]
    [Clause("7.1", 15)]
    public void Accepts_UP() => Accepted(Make());

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Clause("7.1", 15)]
    public void Refuses_without_UP_whatever_the_policy_on_UV(bool requireUserVerification) => Refused(
        RefusalReason.UserNotPresent,
        Make(draft => draft.Flags = 0x44),
        Expected with { RequireUserVerification = requireUserVerification });
}
