using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Authentication;

namespace Dfns.Registration.Verification.Tests.AuthenticationCeremony;

/// <summary>§7.2 step 24: what updates the credential record.</summary>
public sealed class Step24_CredentialRecordTests
{
    [Fact]
    [Clause("7.2", 24)]
    public void Accepts_and_tells_what_is_to_be_kept()
    {
        var assertion = Accepted(
            Get(draft => (draft.Flags, draft.SignCount) = (0x1D, 9)), credential: Passkey with { BackupEligible = true, SignCount = 8 });
        Assert.Equal(
            new WebAuthnAssertion
            {
                SignCount = 9,
                SignCountRegressed = false,
                UserVerified = true,
                BackupEligible = true,
                BackupEligibilityChanged = false,
                BackedUp = true,
                Origin = Ceremony.Origin,
            },
            assertion.WebAuthn);
    }
}
