using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Authentication;

namespace Dfns.Registration.Verification.Tests.AuthenticationCeremony;

/// <summary>§7.2 step 14: if the top-level page is named, it is one that is expected.</summary>
public sealed class Step14_TopOriginTests
{
    private const string Partner = "https://partner.example";

    private static AssertionExpectation Framed => Expected with { AllowCrossOrigin = true, TopOrigins = [Partner] };

    [Fact]
    [Clause("7.2", 14)]
    public void Accepts_a_listed_top_origin() =>
        Accepted(Get(draft => draft.ClientData.Set("crossOrigin", true).Set("topOrigin", Partner)), Framed);

    [Theory]
    [InlineData("https://partner.example.evil")]
    [InlineData("https://app.example.co")]
    [InlineData("")]
    [Clause("7.2", 14)]
    public void Refuses_a_top_origin_that_is_not_listed(string topOrigin) => Refused(
        RefusalReason.TopOriginNotAllowed,
        Get(draft => draft.ClientData.Set("crossOrigin", true).Set("topOrigin", topOrigin)),
        Framed);

    [Fact]
    [Clause("7.2", 14)]
    public void Refuses_a_top_origin_where_no_frame_is_expected() => Refused(
        RefusalReason.TopOriginNotExpected, Get(draft => draft.ClientData.Set("topOrigin", Partner)), Expected with { TopOrigins = [Partner] });
}
