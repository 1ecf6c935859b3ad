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
    public void A_detail_is_one_short_line_of_printable_ASCII() => Assert.Equal(
        "a??b" + new string('x', 196), new Refusal(RefusalReason.OriginNotAllowed, "a\n\u2028b" + new string('x', 1000)).Detail);
}
