using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;

namespace Dfns.Registration.Api.Secrets;

/// <summary>The one source of randomness; tests put a known one in its place.</summary>
public abstract class Entropy
{
    private const int IdBytes = 26;

    /// <summary>Fills the span with bytes nobody can foresee.</summary>
    public abstract void Fill(Span<byte> destination);

    /// <summary>Text of <paramref name="length"/> characters, each one of 32: five bits a character.</summary>
    /// <param name="alphabet">32 characters.</param>
    /// <param name="length">Number of characters.</param>
    public string Text(ReadOnlySpan<char> alphabet, int length)
    {
        Span<byte> bytes = stackalloc byte[length];
        Fill(bytes);
        return Text(alphabet, bytes);
    }

    /// <summary>A number from 0 to below 1.</summary>
    public double Fraction()
    {
        Span<byte> bytes = stackalloc byte[4];
        Fill(bytes);
        return BinaryPrimitives.ReadUInt32BigEndian(bytes) / (uint.MaxValue + 1.0);
    }

    /// <summary>A new challenge: 32 random bytes as 43 characters of unpadded base64url.</summary>
    public string Challenge()
    {
        Span<byte> bytes = stackalloc byte[32];
        Fill(bytes);
        return Base64Url.EncodeToString(bytes);
    }

    /// <summary>A new id: <c>us-xxxxx-xxxxx-xxxxxxxxxxxxxxxx</c>, 130 random bits.</summary>
    /// <param name="prefix">What it names: <c>us</c>, <c>or</c>, <c>cr</c>, <c>ce</c>, <c>au</c>.</param>
    public string Id(string prefix)
    {
        Span<byte> bytes = stackalloc byte[IdBytes];
        Fill(bytes);
        return IdFrom(prefix, bytes);
    }

    /// <summary>The id that random bytes make.</summary>
    /// <param name="prefix">What it names.</param>
    /// <param name="bytes">At least 26, of each of which five bits count.</param>
    public static string IdFrom(string prefix, ReadOnlySpan<byte> bytes)
    {
        var text = Text("0123456789abcdefghjkmnpqrstvwxyz", bytes[..IdBytes]);
        return $"{prefix}-{text[..5]}-{text[5..10]}-{text[10..]}";
    }

    /// <summary>Whether a text has the form of an id, whatever it names.</summary>
    public static bool IsId(string text) =>
        text.Length == "us".Length + IdBytes + 3 && text[2] == '-' && text[8] == '-' && text[14] == '-' && text.Where((_, n) => n is not (2 or 8 or 14)).All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c));

    private static string Text(ReadOnlySpan<char> alphabet, ReadOnlySpan<byte> bytes)
    {
        Span<char> text = stackalloc char[bytes.Length];
        for (var i = 0; i < bytes.Length; i++) text[i] = alphabet[bytes[i] & 31];
        return new string(text);
    }
}

/// <summary>The operating system's generator.</summary>
internal sealed class SystemEntropy : Entropy
{
    public override void Fill(Span<byte> destination) => RandomNumberGenerator.Fill(destination);
}
