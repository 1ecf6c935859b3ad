using Dfns.Registration.Verification;

namespace Dfns.Registration.SecondOpinion.Tests;

/// <summary>What both say.</summary>
/// <param name="Question">What they were asked.</param>
/// <param name="Ours">Why we refuse; null where we accept.</param>
/// <param name="Fido2Says">What Fido2 says when it refuses; null where it accepts.</param>
internal sealed record Opinions(Question Question, Refusal? Ours, string? Fido2Says)
{
    /// <summary>Whether one accepts what the other refuses.</summary>
    public bool Differ => Ours is null != Fido2Says is null;

    /// <summary>Asks both.</summary>
    public static Opinions On(Question question) => new(question, question.AskUs(), AskFido2(question));

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Question.Name} ({Question.Format}): we {(Ours is null ? "accept" : $"refuse, {Ours.Reason}")}; Fido2 {(Fido2Says is null ? "accepts" : $"refuses, {Fido2Says}")}";

    private static string? AskFido2(Question question)
    {
        try
        {
            question.AskFido2();
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
