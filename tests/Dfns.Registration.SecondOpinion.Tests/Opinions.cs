using Dfns.Registration.Verification;

namespace Dfns.Registration.SecondOpinion.Tests;

/// <summary>One registration and what is expected of it, put to both verifiers.</summary>
/// <param name="Name">What is asked about.</param>
/// <param name="Format">The attestation statement format that the registration was made with.</param>
/// <param name="Credential">The registration.</param>
/// <param name="Expected">What is expected.</param>
/// <param name="Revoked">The models that the metadata of <paramref name="Expected"/> reports as revoked, since it cannot be asked for them.</param>
internal sealed record Question(
    string Name, string Format, RegistrationCredential Credential, RegistrationExpectation Expected, IReadOnlyCollection<Guid>? Revoked = null)
{
    /// <summary>Whether the registration was changed at random.</summary>
    public bool Changed { get; init; }
}

/// <summary>What both say.</summary>
/// <param name="Question">What they were asked.</param>
/// <param name="Ours">Why we refuse; null where we accept.</param>
/// <param name="Fido2Says">What Fido2 says when it refuses; null where it accepts.</param>
internal sealed record Opinions(Question Question, Refusal? Ours, string? Fido2Says)
{
    /// <summary>Whether one accepts what the other refuses.</summary>
    public bool Differ => Ours is null != Fido2Says is null;

    /// <summary>Asks both.</summary>
    public static Opinions On(Question question) => new(
        question, CredentialVerifiers.Verify(question.Credential, question.Expected).Refused(out var why, out _) ? why : null, AskFido2(question));

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Question.Name} ({Question.Format}): we {(Ours is null ? "accept" : $"refuse, {Ours.Reason}")}; Fido2 {(Fido2Says is null ? "accepts" : $"refuses, {Fido2Says}")}";

    private static string? AskFido2(Question question)
    {
        try
        {
            Fido2Peer.Verification(question.Credential, question.Expected, question.Revoked)();
            return null;
        }
#pragma warning disable CA1031 // It refuses by exceptions of any type, those of the framework that escape it among them.
        catch (Exception refusal)
        {
            return refusal.Message;
        }
#pragma warning restore CA1031
    }
}
