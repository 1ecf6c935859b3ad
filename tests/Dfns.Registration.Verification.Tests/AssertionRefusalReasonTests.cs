using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Authentication;

namespace Dfns.Registration.Verification.Tests;

/// <summary>Each reason of assertions can happen, and says in which member the fault lies.</summary>
public sealed class AssertionRefusalReasonTests
{
    public static TheoryData<RefusalReason> OfAssertions =>
        [.. Enum.GetValues<RefusalReason>().Except(Faults.Reasons).Where(reason => reason != RefusalReason.NotVerified)];

    [Theory]
    [MemberData(nameof(OfAssertions))]
    public void An_assertion_with_the_fault_is_refused_for_it(RefusalReason reason) =>
        Assert.Equal(RefusalReasons.PartOf(reason), Make(reason).Part);

    private static Refusal Make(RefusalReason reason) => reason switch
    {
        RefusalReason.CredentialNotAllowed => Refused(reason, Get(), Expected with { AllowCredentials = [new byte[32]] }),
        RefusalReason.CredentialIdUnexpected => Refused(reason, Get(draft => draft.CredentialId = new byte[32])),
        RefusalReason.CredentialOfAnotherUser => Refused(reason, Get(), Expected with { UserId = "us-another" }),
        RefusalReason.CredentialKindNotAccepted => Refused(reason, GetKey(), credential: RecoveryKey),
        RefusalReason.UserHandleMissing => Refused(reason, Get(draft => draft.UserHandle = null), Expected with { UserId = null }),
        RefusalReason.UserHandleMismatch => Refused(reason, Get(draft => draft.UserHandle = new byte[32])),
        RefusalReason.AttestedCredentialDataUnexpected => Refused(reason, Get(draft =>
        {
            draft.Flags |= 0x40;
            draft.Extensions = [.. new byte[16], 0, 1, 7, .. Authenticator.CredentialKey.CoseKey(-7).ToBytes()];
        })),
        RefusalReason.BackupEligibilityChanged => Refused(reason, Get(draft => draft.Flags |= 0x08)),
        RefusalReason.AssertionSignatureInvalid => Refused(reason, Get(draft => draft.CredentialKey = SoftwareKey.P256())),
        RefusalReason.SignCountRegressed => Refused(reason, Get(), credential: Passkey with { SignCount = 1 }),
        RefusalReason.StoredCredentialUnusable => Refused(reason, Get(), credential: Passkey with { Algorithm = null }),
        RefusalReason.RecoveryNotBound => NotRecovered(reason, SigningKey.Get(Ceremony.Challenge, CredId(RecoveryKey))),
        RefusalReason.RecoveryCredentialsDiffer => NotRecovered(reason, GetRecovery("{}")),
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "no assertion is made with this fault"),
    };

    [Fact]
    public void Accepts_the_assertions_without_a_fault()
    {
        Accepted(Get());
        Accepted(GetKey());
        Recovered(GetRecovery());
    }
}
