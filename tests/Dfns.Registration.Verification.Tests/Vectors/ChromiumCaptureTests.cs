using Dfns.Registration.TestKit;

namespace Dfns.Registration.Verification.Tests.Vectors;

/// <summary>Registrations recorded from a real browser through the official browser SDK; see <c>tests/vectors/README.md</c>.</summary>
public sealed class ChromiumCaptureTests
{
    public static TheoryData<VectorFile> All => [.. VectorFile.LoadAll("chromium", count: 18)];

    [Theory]
    [MemberData(nameof(All), DisableDiscoveryEnumeration = true)]
    public void Has_the_outcome_it_states(VectorFile vector)
    {
        var outcome = CredentialVerifiers.Verify(vector.Credential, vector.Expectation);
        Assert.Equal(vector.ExpectedReason, outcome.Refused(out var why, out _) ? why.Reason : null);
    }
}
