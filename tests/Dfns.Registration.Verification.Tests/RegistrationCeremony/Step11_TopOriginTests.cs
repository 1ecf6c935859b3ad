using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.RegistrationCeremony;

/// <summary>§7.1 step 11: if the top-level page is named, it is one that is expected.</summary>
public sealed class Step11_TopOriginTests
{
    private const string Partner = "https://partner.example";

    private static RegistrationExpectation Framed => Expected with { AllowCrossOrigin = true, TopOrigins = [Partner] };

    [Fact]
    [Clause("7.1", 11)]
    public void Accepts_a_listed_top_origin() =>
        Accepted(Make(draft => draft.ClientData.Set("crossOrigin", true).Set("topOrigin", Partner)), Framed);

    [Theory]
    [InlineData("https://partner.example.evil")]
    [InlineData("https://app.example.co")]
    [InlineData("")]
    [Clause("7.1", 11)]
    public void Refuses_a_top_origin_that_is_not_listed(string topOrigin) => Refused(
        RefusalReason.TopOriginNotAllowed,
        Make(draft => draft.ClientData.Set("crossOrigin", true).Set("topOrigin", topOrigin)),
        Framed);

    [Fact]
    [Clause("7.1", 11)]
    public void Refuses_a_top_origin_where_no_frame_is_expected() =>
        Refused(RefusalReason.TopOriginNotExpected, Make(draft => draft.ClientData.Set("topOrigin", Partner)), Expected with { TopOrigins = [Partner] });
}
