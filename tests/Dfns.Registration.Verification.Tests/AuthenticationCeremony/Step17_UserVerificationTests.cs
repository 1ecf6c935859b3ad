using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Authentication;

namespace Dfns.Registration.Verification.Tests.AuthenticationCeremony;

/// <summary>§7.2 step 17: the user was verified, where that is required.</summary>
public sealed class Step17_UserVerificationTests
{
    [Theory]
    [InlineData(true, 0x05)]
    [InlineData(false, 0x05)]
    [InlineData(false, 0x01)]
    [Clause("7.2", 17)]
    public void Accepts_UV_and_its_absence_where_it_is_not_required(bool required, byte flags) => Assert.Equal(
        (flags & 0x04) != 0,
        Accepted(Get(draft => draft.Flags = flags), Expected with { RequireUserVerification = required }).WebAuthn!.UserVerified);

    [Fact]
    [Clause("7.2", 17)]
    public void Refuses_its_absence_where_it_is_required() => Assert.Equal(
        CredentialPart.AuthenticatorData, Refused(RefusalReason.UserNotVerified, Get(draft => draft.Flags = 0x01)).Part);
}
