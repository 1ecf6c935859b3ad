using Dfns.Registration.TestKit;

namespace Dfns.Registration.Verification.Tests.Vectors;

/// <summary>Assertions that others made; <c>tests/vectors/README.md</c> says who.</summary>
public sealed class RecordedAssertionTests
{
    public static TheoryData<AssertionVectorFile> Chromium => [.. AssertionVectorFile.LoadAll("chromium", count: 5)];

    public static TheoryData<AssertionVectorFile> Specification => [.. AssertionVectorFile.LoadAll("w3c", count: 15)];

    [Theory]
    [MemberData(nameof(Chromium), DisableDiscoveryEnumeration = true)]
    public void A_capture_from_a_browser_has_the_outcome_it_states(AssertionVectorFile vector) => HasItsOutcome(vector);

    [Theory]
    [MemberData(nameof(Specification), DisableDiscoveryEnumeration = true)]
    public void A_vector_of_the_specification_has_the_outcome_it_states(AssertionVectorFile vector) => HasItsOutcome(vector);

    [Theory]
    [MemberData(nameof(Chromium), DisableDiscoveryEnumeration = true)]
    public void A_capture_from_a_browser_is_refused_for_another_challenge(AssertionVectorFile vector) => Ceremony.Refused(
        RefusalReason.ChallengeMismatch,
        AssertionVerifiers.Verify(
            vector.Assertion.ToVerify(), vector.Credential, vector.Expectation with { Challenge = Ceremony.Challenge }));

    private static void HasItsOutcome(AssertionVectorFile vector)
    {
        var outcome = AssertionVerifiers.Verify(vector.Assertion.ToVerify(), vector.Credential, vector.Expectation);
        Assert.Equal(vector.ExpectedReason, outcome.Refused(out var why, out _) ? why.Reason : null);
    }
}
