using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.RegistrationCeremony;

/// <summary>§7.1 step 8: over the challenge that was issued, in one of the two spellings of shipped clients.</summary>
public sealed class Step08_ChallengeTests
{
    [Fact]
    [Clause("7.1", 8)]
    public void Accepts_the_issued_text() => Accepted(Make());

    [Fact]
    [Clause("7.1", 8)]
    public void Accepts_the_issued_text_encoded_once_more() => Accepted(Make(draft => draft.EncodeChallengeText(Challenge)));

    [Theory]
    [InlineData("")]
    [InlineData(Challenge + "=")]
    [InlineData(" " + Challenge)]
    [InlineData(Challenge + "\n")]
    [InlineData("vb3mPQ1nY0ZfJ5sT8hXk2wLr7uCgE9aDqOiB4yNxM6I")]
    [InlineData("Vb3mPQ1nY0ZfJ5sT8hXk2wLr7uCgE9aDqOiB4yNxM6J")]
    [InlineData("Vb3mPQ1nY0ZfJ5sT8hXk2wLr7uCgE9aDqOiB4yNxM6")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [Clause("7.1", 8)]
    public void Refuses_another_text(string challenge) =>
        Refused(RefusalReason.ChallengeMismatch, Make(draft => draft.ClientData.Set("challenge", challenge)));

    [Fact]
    [Clause("7.1", 8)]
    public void Refuses_the_issued_text_encoded_twice_more() => Refused(
        RefusalReason.ChallengeMismatch,
        Make(draft => draft.EncodeChallengeText(System.Buffers.Text.Base64Url.EncodeToString(System.Text.Encoding.UTF8.GetBytes(Challenge)))));

    [Fact]
    [Clause("7.1", 8)]
    public void Refuses_the_standard_alphabet() => Refused(
        RefusalReason.ChallengeMismatch,
        Make(draft => draft.ClientData.Set("challenge", "AA/+")),
        Expected with { Challenge = "AA_-" });

    [Fact]
    [Clause("7.1", 8)]
    public void Refuses_everything_when_no_challenge_was_issued() => Refused(
        RefusalReason.ChallengeMismatch, Make(draft => draft.ClientData.Set("challenge", "")), Expected with { Challenge = "" });
}
