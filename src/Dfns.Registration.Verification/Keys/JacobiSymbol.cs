using System.Numerics;
using System.Runtime.CompilerServices;

namespace Dfns.Registration.Verification.Keys;

/// <summary>
/// The Jacobi symbol of two numbers below 2²⁵⁶. Over a prime it tells squares from other numbers, as Euler's criterion does (RFC 8032
/// §5.1.3 computes the root itself), without a power of that size. It takes as long as its numbers make it: they are public here.
/// </summary>
internal static class JacobiSymbol
{
    private const int Limbs = 4;
    private const int LimbBits = 64;

    /// <summary>The symbol (number/modulus).</summary>
    /// <param name="number">Not negative, and below the modulus.</param>
    /// <param name="modulus">Odd, positive, below 2²⁵⁶.</param>
    /// <returns>1, or -1, or 0 when the two have a divisor in common; over a prime 1 for squares, and 0 for 0.</returns>
    public static int Of(BigInteger number, BigInteger modulus)
    {
        var (a, n) = (Read(number), Read(modulus));
        var symbol = 1;
        while (!IsZero(a))
        {
            // (2/n) is -1 when n is 3 or 5 modulo 8.
            var twos = TrailingZeros(a);
            ShiftRight(ref a, twos);
            if (twos % 2 == 1 && n[0] % 8 is 3 or 5) symbol = -symbol;

            // Both are odd now. Exchanged, by quadratic reciprocity, the symbol changes its sign when both are 3 modulo 4.
            if (IsLess(a, n))
            {
                (a, n) = (n, a);
                if (a[0] % 4 == 3 && n[0] % 4 == 3) symbol = -symbol;
            }

            Subtract(ref a, n);
        }

        return n[0] == 1 && IsZero(n, from: 1) ? symbol : 0;
    }

    private static Number Read(BigInteger value)
    {
        Span<byte> bytes = stackalloc byte[Limbs * sizeof(ulong)];
        bytes.Clear();
        value.TryWriteBytes(bytes, out _, isUnsigned: true);
        var number = default(Number);
        for (var limb = 0; limb < Limbs; limb++)
            number[limb] = System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(bytes[(limb * sizeof(ulong))..]);
        return number;
    }

    private static bool IsZero(in Number number, int from = 0)
    {
        for (var limb = from; limb < Limbs; limb++)
            if (number[limb] != 0) return false;
        return true;
    }

    private static bool IsLess(in Number number, in Number other)
    {
        for (var limb = Limbs - 1; limb >= 0; limb--)
            if (number[limb] != other[limb]) return number[limb] < other[limb];
        return false;
    }

    // The number is not zero.
    private static int TrailingZeros(in Number number)
    {
        var limb = 0;
        while (number[limb] == 0) limb++;
        return (limb * LimbBits) + BitOperations.TrailingZeroCount(number[limb]);
    }

    private static void ShiftRight(ref Number number, int bits)
    {
        for (; bits >= LimbBits; bits -= LimbBits)
            (number[0], number[1], number[2], number[3]) = (number[1], number[2], number[3], 0);
        if (bits == 0) return;
        for (var limb = 0; limb < Limbs - 1; limb++) number[limb] = (number[limb] >> bits) | (number[limb + 1] << (LimbBits - bits));
        number[Limbs - 1] >>= bits;
    }

    // The subtrahend is not the greater one.
    private static void Subtract(ref Number number, in Number subtrahend)
    {
        var borrow = 0ul;
        for (var limb = 0; limb < Limbs; limb++)
        {
            var (minuend, part) = (number[limb], subtrahend[limb]);
            number[limb] = unchecked(minuend - part - borrow);
            borrow = minuend < part || (minuend == part && borrow == 1) ? 1ul : 0ul;
        }
    }

    // The least significant limb first.
    [InlineArray(Limbs)]
    private struct Number
    {
        private ulong first;
    }
}
