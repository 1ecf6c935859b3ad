using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Authentication;

namespace Dfns.Registration.Verification.Tests.AuthenticationCeremony;

/// <summary>§7.2 steps 18 and 19: backed up only if that is possible, and possible if and only if it was at registration.</summary>
public sealed class Step18_BackupFlagsTests
{
    [Theory]
    [InlineData(0x05, false, false)]
    [InlineData(0x0D, true, false)]
    [InlineData(0x1D, true, true)]
    [Clause("7.2", 18)]
    [Clause("7.2", 19)]
    public void Accepts_the_three_possible_states_and_tells_them(byte flags, bool eligible, bool backedUp)
    {
        var assertion = Accepted(Get(draft => draft.Flags = flags), credential: Passkey with { BackupEligible = eligible }).WebAuthn!;
        Assert.Equal((eligible, backedUp), (assertion.BackupEligible, assertion.BackedUp));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Clause("7.2", 18)]
    public void Refuses_BS_without_BE_whatever_was_registered(bool eligible) => Assert.Equal(
        CredentialPart.AuthenticatorData,
        Refused(
            RefusalReason.BackupStateWithoutEligibility,
            Get(draft => draft.Flags = 0x15),
            credential: Passkey with { BackupEligible = eligible }).Part);

    [Theory]
    [InlineData(0x05, true)]
    [InlineData(0x0D, false)]
    [InlineData(0x1D, false)]
    [Clause("7.2", 19)]
    public void Refuses_BE_that_is_not_as_registered(byte flags, bool eligible) => Refused(
        RefusalReason.BackupEligibilityChanged, Get(draft => draft.Flags = flags), credential: Passkey with { BackupEligible = eligible });

    [Theory]
    [InlineData(0x05, true)]
    [InlineData(0x0D, false)]
    [InlineData(0x1D, false)]
    [Clause("7.2", 19)]
    public void Accepts_BE_that_is_not_as_registered_where_policy_does_and_tells_it(byte flags, bool eligible)
    {
        var assertion = Accepted(
            Get(draft => draft.Flags = flags), Expected with { AcceptBackupEligibilityChange = true }, Passkey with { BackupEligible = eligible }).WebAuthn!;
        Assert.Equal((!eligible, true), (assertion.BackupEligible, assertion.BackupEligibilityChanged));
    }

    [Fact]
    public void A_change_that_policy_accepts_is_held_to_its_signature() => Refused(
        RefusalReason.AssertionSignatureInvalid,
        Get(draft => (draft.Flags, draft.Signature) = (0x0D, signature => [.. signature, 0])),
        Expected with { AcceptBackupEligibilityChange = true });

    [Fact]
    public void Each_of_the_256_flag_bytes_is_accepted_only_with_the_flags_that_must_be_set_and_without_those_that_must_not()
    {
        foreach (var flags in Enumerable.Range(0, 256))
        {
            // UP and UV set; BE, BS and AT not; ED announces what is not there. Bits 1 and 5 are reserved.
            var allowed = (flags & ~0x22) == 0x05;
            var refused = AssertionVerifiers.Verify(Get(draft => draft.Flags = (byte)flags).ToVerify(), Passkey, Expected).Refused(out _, out _);
            Assert.Equal(!allowed, refused);
        }
    }
}
