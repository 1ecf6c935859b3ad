using System.Formats.Asn1;
using Dfns.Registration.Verification;
using Dfns.Registration.Verification.Encoding;

namespace Dfns.Registration.Fuzz;

/// <summary>Writes what was read once more, in the one form that each encoding allows.</summary>
internal static class Rewriting
{
    // Deeper nesting than this is taken over as it stands.
    private const int MaxDerDepth = 64;

    /// <summary>Encodes a map in shortest form, its members in the order in which they were read.</summary>
    /// <param name="map">The map.</param>
    /// <param name="items">Is raised by the items the map holds, keys counted.</param>
    public static byte[] Cbor(CborMap map, ref int items)
    {
        var written = new List<byte>();
        WriteMap(map, written, ref items, depth: 1);
        return [.. written];
    }

    /// <summary>Encodes tags and lengths in their shortest form, and contents as they are.</summary>
    public static byte[] Der(ReadOnlyMemory<byte> values)
    {
        var written = new List<byte>();
        WriteDer(values, written, depth: 0);
        return [.. written];
    }

    private static void WriteMap(CborMap map, List<byte> written, ref int items, int depth)
    {
        written.AddRange(TestKit.Cbor.Head(5, (ulong)map.Count));
        foreach (var key in map.Keys)
        {
            items++;
            written.AddRange(key is long label ? TestKit.Cbor.Number(label) : TestKit.Cbor.Text((string)key));
            WriteValue(key is long number ? map[number]! : map[(string)key]!, written, ref items, depth);
        }
    }

    private static void WriteValue(object value, List<byte> written, ref int items, int depth)
    {
        items++;
        Invariant.Holds(depth <= VerificationLimits.MaxCborDepth, "is no deeper than allowed");
        switch (value)
        {
            case CborMap map:
                WriteMap(map, written, ref items, depth + 1);
                break;
            case IReadOnlyList<object> array:
                written.AddRange(TestKit.Cbor.Head(4, (ulong)array.Count));
                foreach (var item in array) WriteValue(item, written, ref items, depth + 1);
                break;
            case ReadOnlyMemory<byte> bytes:
                written.AddRange(TestKit.Cbor.Bytes(bytes.Span));
                break;
            default:
                written.AddRange(value switch
                {
                    long number => TestKit.Cbor.Number(number),
                    string text => TestKit.Cbor.Text(text),
                    CborSimple.True => TestKit.Cbor.True,
                    CborSimple.False => TestKit.Cbor.False,
                    CborSimple.Null => TestKit.Cbor.Null,
                    _ => throw new InvariantBrokenException($"reads values of the documented types, not {value.GetType()}"),
                });
                break;
        }
    }

    private static void WriteDer(ReadOnlyMemory<byte> values, List<byte> written, int depth)
    {
        while (!values.IsEmpty)
        {
            var tag = AsnDecoder.ReadEncodedValue(values.Span, AsnEncodingRules.BER, out var offset, out var length, out var consumed);
            var encodedTag = new byte[tag.CalculateEncodedSize()];
            tag.Encode(encodedTag);
            written.AddRange(encodedTag);
            written.AddRange(LengthOf(length));
            if (tag.IsConstructed && depth < MaxDerDepth) WriteDer(values.Slice(offset, length), written, depth + 1);
            else written.AddRange(values.Span.Slice(offset, length));
            values = values[consumed..];
        }
    }

    private static byte[] LengthOf(int length) => length switch
    {
        < 0x80 => [(byte)length],
        <= byte.MaxValue => [0x81, (byte)length],
        <= ushort.MaxValue => [0x82, (byte)(length >> 8), (byte)(length & 0xFF)],
        _ => [0x83, (byte)(length >> 16), (byte)((length >> 8) & 0xFF), (byte)(length & 0xFF)],
    };
}
