using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Authentication;

namespace Dfns.Registration.Verification.Tests.AuthenticationCeremony;

/// <summary>§7.2 step 11: over the challenge that was issued, in one of the two spellings of shipped clients.</summary>
public sealed class Step11_ChallengeTests
{
    private const string Issued = Ceremony.Challenge;

    [Fact]
    [Clause("7.2", 11)]
    public void Accepts_the_issued_text_and_tells_it() => Assert.Equal(Issued, Accepted(Get()).ClientDataChallenge);

    [Fact]
    [Clause("7.2", 11)]
    public void Accepts_the_issued_text_encoded_once_more() => Accepted(Get(draft => draft.EncodeChallengeText(Issued)));

    [Theory]
    [InlineData("")]
    [InlineData(Issued + "=")]
    [InlineData(Issued + "\n")]
    [InlineData("Vb3mPQ1nY0ZfJ5sT8hXk2wLr7uCgE9aDqOiB4yNxM6J")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [Clause("7.2", 11)]
    public void Refuses_another_text(string challenge) =>
        Refused(RefusalReason.ChallengeMismatch, Get(draft => draft.ClientData.Set("challenge", challenge)));

    [Fact]
    [Clause("7.2", 11)]
    public void Refuses_everything_when_no_challenge_was_issued() => Refused(
        RefusalReason.ChallengeMismatch, Get(draft => draft.ClientData.Set("challenge", "")), Expected with { Challenge = "" });
}
