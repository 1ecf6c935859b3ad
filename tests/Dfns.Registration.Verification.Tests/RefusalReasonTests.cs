using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests;

/// <summary>Each reason can happen, and happens for its own rule alone.</summary>
public sealed class RefusalReasonTests
{
    public static TheoryData<RefusalReason> All => [.. Enum.GetValues<RefusalReason>()];

    public static TheoryData<RefusalReason> Faulty => [.. Faults.Reasons];

    [Theory]
    [MemberData(nameof(Faulty))]
    public void A_credential_with_the_fault_is_refused_for_it(RefusalReason reason)
    {
        var expected = Expected with
        {
            Algorithms = [-7, -8, -257],
            AllowCrossOrigin = Faults.NeedsCrossOrigin(reason),
            AllowSafetyNet = Faults.NeedsSafetyNet(reason),
            Trust = Faults.NeedsDistrust(reason) ? Faults.Distrust(reason) : new(),
        };
        var refusal = Refused(reason, Faults.Make(reason, Challenge, RpId, Origin), expected);

        // Where a fault can lie in several members, the refusal says in which it does.
        Assert.NotEqual(CredentialPart.Credential, refusal.Part);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Has_a_part(RefusalReason reason) => Assert.True(Enum.IsDefined(RefusalReasons.PartOf(reason)));

    [Fact]
    public void A_forgotten_result_is_a_refusal() => Refused(RefusalReason.NotVerified, default(Outcome<VerifiedCredential>));

    [Fact]
    public void An_accepted_value_comes_without_a_refusal_and_a_refusal_without_a_value()
    {
        Outcome<string> accepted = "value", refused = RefusalReason.TypeUnexpected;
        Assert.False(accepted.Refused(out var none, out var value));
        Assert.Equal((null, "value"), (none, value));
        Assert.True(refused.Refused(out var why, out var nothing));
        Assert.Equal((RefusalReason.TypeUnexpected, null), (why.Reason, nothing));
    }

    /// <summary>Exceptions are for faults of the caller, and name them.</summary>
    [Fact]
    public void A_missing_argument_is_the_callers_fault()
    {
        var (credential, assertion) = (Make().ToVerify(), Authentication.Get().ToVerify());
        Assert.Throws<ArgumentNullException>("credential", () => CredentialVerifiers.Verify(null!, Expected));
        Assert.Throws<ArgumentNullException>("expected", () => CredentialVerifiers.Verify(credential, null!));
        Assert.Throws<ArgumentNullException>("assertion", () => AssertionVerifiers.Verify(null!, Authentication.Passkey, Authentication.Expected));
        Assert.Throws<ArgumentNullException>("credential", () => AssertionVerifiers.Verify(assertion, null!, Authentication.Expected));
        Assert.Throws<ArgumentNullException>("expected", () => AssertionVerifiers.Verify(assertion, Authentication.Passkey, null!));
        Assert.Throws<ArgumentNullException>("assertion", () => AssertionVerifiers.VerifyRecovery(null!, Authentication.RecoveryKey, Authentication.Recovery()));
        Assert.Throws<ArgumentNullException>("credential", () => AssertionVerifiers.VerifyRecovery(assertion, null!, Authentication.Recovery()));
        Assert.Throws<ArgumentNullException>("expected", () => AssertionVerifiers.VerifyRecovery(assertion, Authentication.RecoveryKey, null!));
    }

    [Fact]
    public void A_detail_keeps_the_first_and_the_last_printable_character() =>
        Assert.Equal("? ~?", new Refusal(RefusalReason.OriginNotAllowed, "\u001F ~\u007F").Detail);

    [Fact]
    public void A_detail_is_one_short_line_of_printable_ASCII() => Assert.Equal(
        "a??b" + new string('x', 196), new Refusal(RefusalReason.OriginNotAllowed, "a\n\u2028b" + new string('x', 1000)).Detail);
}
