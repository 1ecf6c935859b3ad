using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Authentication;

namespace Dfns.Registration.Verification.Tests.AuthenticationCeremony;

/// <summary>§7.2 step 22: a counter that is in use grows; if it does not, policy decides, and it is told.</summary>
public sealed class Step22_SignCountTests
{
    [Theory]
    [InlineData(0u, 0u)]
    [InlineData(0u, 1u)]
    [InlineData(1u, 2u)]
    [InlineData(0u, uint.MaxValue)]
    [InlineData(uint.MaxValue - 1, uint.MaxValue)]
    [Clause("7.2", 22)]
    public void Accepts_a_counter_that_grows_or_is_not_in_use(uint stored, uint received)
    {
        var assertion = Accepted(Get(draft => draft.SignCount = received), credential: Passkey with { SignCount = stored }).WebAuthn!;
        Assert.Equal((received, false), (assertion.SignCount, assertion.SignCountRegressed));
    }

    [Theory]
    [InlineData(1u, 1u)]
    [InlineData(1u, 0u)]
    [InlineData(7u, 6u)]
    [InlineData(uint.MaxValue, uint.MaxValue)]
    [InlineData(uint.MaxValue, 0u)]
    [Clause("7.2", 22)]
    public void Refuses_a_counter_that_does_not(uint stored, uint received) => Assert.Equal(
        $"{received} after {stored}",
        Refused(
            RefusalReason.SignCountRegressed,
            Get(draft => draft.SignCount = received),
            credential: Passkey with { SignCount = stored }).Detail);

    [Theory]
    [InlineData(1u, 1u)]
    [InlineData(1u, 0u)]
    [InlineData(uint.MaxValue, 5u)]
    [Clause("7.2", 22)]
    public void Accepts_it_where_policy_does_and_keeps_the_higher_counter(uint stored, uint received)
    {
        var assertion = Accepted(
            Get(draft => draft.SignCount = received),
            Expected with { AcceptSignCountRegression = true },
            Passkey with { SignCount = stored }).WebAuthn!;
        Assert.Equal((stored, true), (assertion.SignCount, assertion.SignCountRegressed));
    }

    [Theory]
    [InlineData(1u, 1u)]
    [InlineData(1u, 0u)]
    [InlineData(uint.MaxValue, 5u)]
    [Clause("7.2", 22)]
    public void Accepts_it_of_what_may_be_backed_up_where_policy_does_and_keeps_the_counter_that_came(uint stored, uint received)
    {
        var assertion = Accepted(
            Get(draft => (draft.Flags, draft.SignCount) = (0x0D, received)),
            Expected with { AcceptSyncedSignCountRegression = true },
            Passkey with { BackupEligible = true, SignCount = stored }).WebAuthn!;
        Assert.Equal((received, true), (assertion.SignCount, assertion.SignCountRegressed));
    }

    // Whatever has been said of it since, and is said now.
    [Theory]
    [InlineData(false, 0x05)]
    [InlineData(false, 0x0D)]
    [InlineData(true, 0x05)]
    [Clause("7.2", 22)]
    public void Accepts_it_of_what_was_registered_as_what_may_be_backed_up(bool since, byte flags) => Assert.Equal(
        1u,
        Accepted(
            Get(draft => (draft.Flags, draft.SignCount) = (flags, 1)),
            Expected with { AcceptSyncedSignCountRegression = true, AcceptBackupEligibilityChange = true },
            Passkey with { BackupEligible = since, BackupEligibleAtRegistration = true, SignCount = 2 }).WebAuthn!.SignCount);

    [Theory]
    [InlineData(true, 0x05)]
    [InlineData(true, 0x0D)]
    [InlineData(false, 0x0D)]
    [Clause("7.2", 22)]
    public void Refuses_it_of_what_was_registered_as_of_one_device(bool since, byte flags) => Refused(
        RefusalReason.SignCountRegressed,
        Get(draft => (draft.Flags, draft.SignCount) = (flags, 1)),
        Expected with { AcceptSyncedSignCountRegression = true, AcceptBackupEligibilityChange = true },
        Passkey with { BackupEligible = since, BackupEligibleAtRegistration = false, SignCount = 2 });

    [Theory]
    [InlineData(0x05)]
    [InlineData(0x0D)]
    [Clause("7.2", 22)]
    public void Refuses_it_of_what_was_stored_as_of_one_device_whatever_the_assertion_says(byte flags) => Refused(
        RefusalReason.SignCountRegressed,
        Get(draft => (draft.Flags, draft.SignCount) = (flags, 1)),
        Expected with { AcceptSyncedSignCountRegression = true, AcceptBackupEligibilityChange = true },
        Passkey with { SignCount = 2 });

    [Fact]
    public void A_regression_is_told_only_of_an_assertion_that_was_signed() => Refused(
        RefusalReason.AssertionSignatureInvalid,
        Get(draft => draft.Signature = signature => [.. signature, 0]),
        credential: Passkey with { SignCount = 1 });
}
