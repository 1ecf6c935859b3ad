namespace Dfns.Registration.Fuzz;

/// <summary>
/// Changes to inputs, the same in every run: what the tests try without a driver that watches coverage. Bits, bytes, numbers at their
/// bounds, pieces repeated, dropped, moved, and the ends of two inputs exchanged.
/// </summary>
/// <param name="seed">Begins the sequence; not zero.</param>
internal sealed class Mutation(ulong seed)
{
    private static readonly byte[] Bounds = [0x00, 0x01, 0x17, 0x18, 0x1B, 0x20, 0x7F, 0x80, 0x81, 0x82, 0x9F, 0xA0, 0xBF, 0xFE, 0xFF, (byte)'"', (byte)'{', (byte)'='];

    private ulong state = seed;

    /// <summary>Changes an input in one to four places.</summary>
    /// <param name="input">The input; left as it is.</param>
    /// <param name="other">Another one of the same target, to take pieces from.</param>
    public byte[] Of(byte[] input, byte[] other)
    {
        var changed = input;
        for (var change = Next(4); change >= 0; change--) changed = Change(changed, other);
        return changed.Length <= FuzzTarget.MaxInputSizeBytes ? changed : changed[..FuzzTarget.MaxInputSizeBytes];
    }

    private byte[] Change(byte[] input, byte[] other)
    {
        if (input.Length == 0) return other;
        var (at, count) = (Next(input.Length), 1 + Next(8));
        var end = Math.Min(input.Length, at + count);
        switch (Next(8))
        {
            case 0:
                return [.. input[..at], (byte)(input[at] ^ (1 << Next(8))), .. input[(at + 1)..]];
            case 1:
                return [.. input[..at], Bounds[Next(Bounds.Length)], .. input[(at + 1)..]];
            case 2:
                return [.. input[..at], (byte)Next(256), .. input[(at + 1)..]];
            case 3:
                return [.. input[..at], .. input[end..]];
            case 4:
                return [.. input[..end], .. input[at..]];
            case 5:
                return [.. input[..at], .. Enumerable.Repeat(Bounds[Next(Bounds.Length)], count), .. input[at..]];
            case 6:
                return input[..at];
            default:
                return [.. input[..at], .. other.Skip(other.Length == 0 ? 0 : Next(other.Length))];
        }
    }

    // xorshift64*: small, and its sequence is known.
    private int Next(int bound)
    {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        return (int)(unchecked(state * 0x2545F4914F6CDD1D) >> 33) % bound;
    }
}
