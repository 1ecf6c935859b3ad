using System.Formats.Asn1;

namespace Dfns.Registration.TestKit;

/// <summary>A DER value made of other values, to be put together again with one of them changed.</summary>
public static class DerDraft
{
    /// <summary>Changes one of the values inside a value.</summary>
    /// <param name="der">A sequence, a set, or anything that is tagged explicitly.</param>
    /// <param name="index">Which of its values, counted from 0; their number for one more behind them.</param>
    /// <param name="change">What stands in its place: any bytes, or none.</param>
    public static byte[] With(byte[] der, int index, Func<byte[], byte[]> change)
    {
        AsnDecoder.ReadEncodedValue(der, AsnEncodingRules.DER, out var offset, out var length, out _);
        var values = new List<byte[]>();
        for (var rest = der.AsSpan(offset, length).ToArray(); rest.Length > 0;)
        {
            AsnDecoder.ReadEncodedValue(rest, AsnEncodingRules.DER, out _, out _, out var consumed);
            values.Add(rest[..consumed]);
            rest = rest[consumed..];
        }

        if (index == values.Count) values.Add([]);
        values[index] = change(values[index]);
        return Value(der[0], [.. values.SelectMany(value => value)]);
    }

    /// <summary>Changes a value that lies further inside.</summary>
    /// <param name="der">The outermost value.</param>
    /// <param name="path">Which value of each, from the outside in.</param>
    /// <param name="change">What stands in its place.</param>
    public static byte[] With(byte[] der, IReadOnlyList<int> path, Func<byte[], byte[]> change) =>
        path.Count == 0 ? change(der) : With(der, path[0], inner => With(inner, [.. path.Skip(1)], change));

    /// <summary>A value of a one-byte tag, its length in the shortest form.</summary>
    public static byte[] Value(byte tag, byte[] content) => content.Length switch
    {
        < 0x80 => [tag, (byte)content.Length, .. content],
        <= byte.MaxValue => [tag, 0x81, (byte)content.Length, .. content],
        _ => [tag, 0x82, (byte)(content.Length >> 8), (byte)(content.Length & 0xFF), .. content],
    };
}
