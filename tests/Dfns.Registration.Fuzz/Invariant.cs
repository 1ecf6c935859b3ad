using Dfns.Registration.Verification;

namespace Dfns.Registration.Fuzz;

/// <summary>What must hold of an answer, and did not.</summary>
/// <param name="rule">The rule.</param>
internal sealed class InvariantBrokenException(string rule) : Exception(rule);

/// <summary>What holds of every answer: it comes twice alike, and takes memory in proportion to the input.</summary>
internal static class Invariant
{
    // What one answer may take whatever its input: public keys, certificates, hashes of the fixed surroundings.
    private const long FixedBytes = 512 * 1024;

    // And for each byte of input: decoded texts are two bytes a character, and a member of a map takes some dozens of bytes for two.
    private const long BytesAnInputByte = 128;

    /// <summary>Fails the run unless a rule holds.</summary>
    public static void Holds(bool rule, string name)
    {
        if (!rule) throw new InvariantBrokenException(name);
    }

    /// <summary>Asks a parser twice: the same answer both times, and within bounds of memory.</summary>
    /// <param name="inputSizeBytes">The size of the input.</param>
    /// <param name="parse">The parser on that input.</param>
    /// <returns>The outcome, for the target to look into.</returns>
    public static Outcome<T> Answers<T>(int inputSizeBytes, Func<Outcome<T>> parse)
        where T : notnull
    {
        var (first, second) = Twice(inputSizeBytes, parse);
        var firstRefused = first.Refused(out var firstWhy, out _);
        Holds(second.Refused(out var why, out _) == firstRefused && why == firstWhy, "answers twice alike");
        Holds(why is null || (Enum.IsDefined(why.Reason) && why.Reason != RefusalReason.NotVerified), "refuses for a reason of the list");
        return second;
    }

    /// <summary>Asks twice, the second time within bounds of memory.</summary>
    /// <param name="inputSizeBytes">The size of the input.</param>
    /// <param name="ask">What is asked of that input.</param>
    /// <returns>Both answers.</returns>
    public static (T First, T Second) Twice<T>(int inputSizeBytes, Func<T> ask)
    {
        // What the first call alone allocates, static data of the library, is not the input's doing.
        var first = ask();
        var before = GC.GetAllocatedBytesForCurrentThread();
        var second = ask();
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Holds(allocated <= FixedBytes + (BytesAnInputByte * inputSizeBytes), $"allocates in proportion: {allocated} bytes for {inputSizeBytes}");
        return (first, second);
    }

    /// <summary>Whether a slice is part of a whole: parsers slice, they do not copy.</summary>
    public static bool IsSlice(ReadOnlyMemory<byte> slice, ReadOnlyMemory<byte> whole) =>
        slice.IsEmpty || (whole.Span.Overlaps(slice.Span, out var offset) && offset >= 0 && offset + slice.Length <= whole.Length);

    /// <summary>Fails unless a structure that fills its bytes is refused with one byte more, and with its end cut off.</summary>
    public static void HasOneLength<T>(byte[] accepted, Func<ReadOnlyMemory<byte>, Outcome<T>> read)
        where T : notnull
    {
        Holds(read((byte[])[.. accepted, 0]).Refused(out _, out _), "refuses a byte behind the end");
        Holds(read(accepted.AsMemory(0, accepted.Length - 1)).Refused(out _, out _), "refuses all but the last byte");
        Holds(read(accepted.AsMemory(0, accepted.Length / 2)).Refused(out _, out _), "refuses the first half");
    }
}
