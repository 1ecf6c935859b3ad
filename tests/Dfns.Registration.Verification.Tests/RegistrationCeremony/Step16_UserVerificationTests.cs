using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.RegistrationCeremony;

/// <summary>§7.1 step 16: the user was verified, where that is required.</summary>
public sealed class Step16_UserVerificationTests
{
    [Theory]
    [InlineData(true, 0x45)]
    [InlineData(false, 0x45)]
    [InlineData(false, 0x41)]
    [Clause("7.1", 16)]
    public void Accepts_UV_and_its_absence_where_it_is_not_required(bool required, byte flags) => Assert.Equal(
        (flags & 0x04) != 0,
        Accepted(Make(draft => draft.Flags = flags), Expected with { RequireUserVerification = required }).WebAuthn!.UserVerified);

    [Fact]
    [Clause("7.1", 16)]
    public void Refuses_its_absence_where_it_is_required() => Refused(RefusalReason.UserNotVerified, Make(draft => draft.Flags = 0x41));
}
