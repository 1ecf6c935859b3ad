using Dfns.Registration.TestKit;

namespace Dfns.Registration.Verification.Tests.Vectors;

/// <summary>Registrations that others made; <c>tests/vectors/README.md</c> says who.</summary>
public sealed class RecordedRegistrationTests
{
    public static TheoryData<VectorFile> Chromium => [.. VectorFile.LoadAll("chromium", count: 18)];

    public static TheoryData<VectorFile> Specification => [.. VectorFile.LoadAll("w3c", count: 15)];

    [Theory]
    [MemberData(nameof(Chromium), DisableDiscoveryEnumeration = true)]
    public void A_capture_from_a_browser_has_the_outcome_it_states(VectorFile vector) => HasItsOutcome(vector);

    [Theory]
    [MemberData(nameof(Specification), DisableDiscoveryEnumeration = true)]
    public void A_vector_of_the_specification_has_the_outcome_it_states(VectorFile vector) => HasItsOutcome(vector);

    private static void HasItsOutcome(VectorFile vector)
    {
        var outcome = CredentialVerifiers.Verify(vector.Credential, vector.Expectation);
        Assert.Equal(vector.ExpectedReason, outcome.Refused(out var why, out _) ? why.Reason : null);
    }
}
