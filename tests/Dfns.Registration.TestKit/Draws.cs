using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Dfns.Registration.TestKit;

/// <summary>Numbers that look drawn and are the same in every run that begins alike. For several threads at once.</summary>
/// <param name="seed">Begins the sequence.</param>
public sealed class Draws(int seed)
{
    private int count;

    /// <summary>The next number below a limit.</summary>
    public int Below(int limit)
    {
        Span<byte> input = stackalloc byte[8];
        BinaryPrimitives.WriteInt32LittleEndian(input, seed);
        BinaryPrimitives.WriteInt32LittleEndian(input[4..], Interlocked.Increment(ref count));
        return (int)(BinaryPrimitives.ReadUInt32LittleEndian(SHA256.HashData(input)) % (uint)limit);
    }
}
