using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.RegistrationCeremony;

/// <summary>§7.1 steps 17 to 19: backed up only if that is possible; both flags are told.</summary>
public sealed class Step17_BackupFlagsTests
{
    [Theory]
    [InlineData(0x45, false, false)]
    [InlineData(0x4D, true, false)]
    [InlineData(0x5D, true, true)]
    [Clause("7.1", 17)]
    [Clause("7.1", 18)]
    [Clause("7.1", 19)]
    public void Accepts_the_three_possible_states_and_tells_them(byte flags, bool eligible, bool backedUp)
    {
        var registration = Accepted(Make(draft => draft.Flags = flags)).WebAuthn!;
        Assert.Equal((eligible, backedUp), (registration.BackupEligible, registration.BackedUp));
    }

    [Fact]
    [Clause("7.1", 17)]
    public void Refuses_BS_without_BE() => Refused(RefusalReason.BackupStateWithoutEligibility, Make(draft => draft.Flags = 0x55));

    [Theory]
    [InlineData(0x47)]
    [InlineData(0x65)]
    public void Ignores_the_reserved_flags(byte flags) => Accepted(Make(draft => draft.Flags = flags));
}
