using System.Diagnostics.CodeAnalysis;

namespace Dfns.Registration.Verification;

/// <summary>A value, or the refusal that stands in its place. <c>default</c> is a refusal, so a forgotten result fails closed.</summary>
/// <typeparam name="T">What was read or proven.</typeparam>
public readonly struct Outcome<T>
    where T : notnull
{
    private readonly T? value;
    private readonly Refusal? refusal;
    private readonly bool accepted;

    private Outcome(T value)
    {
        this.value = value;
        accepted = true;
    }

    private Outcome(Refusal refusal) => this.refusal = refusal;

    /// <summary>Asks whether this is a refusal; the only way to the value.</summary>
    /// <param name="why">The refusal, when the answer is true.</param>
    /// <param name="value">The value, when the answer is false.</param>
    /// <returns>True when nothing was accepted.</returns>
    public bool Refused([NotNullWhen(true)] out Refusal? why, [NotNullWhen(false)] out T? value)
    {
        value = this.value;
        why = accepted ? null : refusal ?? new Refusal(RefusalReason.NotVerified);
        return !accepted;
    }

    /// <summary>Accepts a value.</summary>
    /// <param name="value">What was read or proven.</param>
    public static implicit operator Outcome<T>(T value) => new(value);

    /// <summary>Refuses.</summary>
    /// <param name="refusal">Why.</param>
    public static implicit operator Outcome<T>(Refusal refusal) => new(refusal);

    /// <summary>Refuses for a reason that needs no further detail.</summary>
    /// <param name="reason">Why.</param>
    public static implicit operator Outcome<T>(RefusalReason reason) => new(new Refusal(reason));
}
