namespace Dfns.Registration.TestKit;

/// <summary>Writes CBOR (RFC 8949) item by item, so that a test can write an item wrongly.</summary>
public static class Cbor
{
    /// <summary><c>false</c>.</summary>
    public static byte[] False => [0xF4];

    /// <summary><c>true</c>.</summary>
    public static byte[] True => [0xF5];

    /// <summary><c>null</c>.</summary>
    public static byte[] Null => [0xF6];

    /// <summary>An integer.</summary>
    public static byte[] Number(long value) => value < 0 ? Head(1, (ulong)(-1 - value)) : Head(0, (ulong)value);

    /// <summary>A byte string.</summary>
    public static byte[] Bytes(ReadOnlySpan<byte> value) => [.. Head(2, (ulong)value.Length), .. value];

    /// <summary>A text string.</summary>
    public static byte[] Text(string value)
    {
        var utf8 = System.Text.Encoding.UTF8.GetBytes(value);
        return [.. Head(3, (ulong)utf8.Length), .. utf8];
    }

    /// <summary>An array of items that are encoded already.</summary>
    public static byte[] Array(params IReadOnlyCollection<byte[]> items) => [.. Head(4, (ulong)items.Count), .. items.SelectMany(item => item)];

    /// <summary>An array in an array and so on, the innermost empty.</summary>
    public static byte[] NestedArrays(int levels) => [.. Enumerable.Repeat((byte)0x81, levels - 1), 0x80];

    /// <summary>The first bytes of an item: its major type and its argument.</summary>
    /// <param name="majorType">0 to 7.</param>
    /// <param name="argument">A value, length or count.</param>
    /// <param name="argumentSizeBytes">1, 2, 4 or 8 bytes for the argument; null for the fewest that do.</param>
    public static byte[] Head(int majorType, ulong argument, int? argumentSizeBytes = null)
    {
        var size = argumentSizeBytes ?? argument switch
        {
            < 24 => 0,
            <= byte.MaxValue => 1,
            <= ushort.MaxValue => 2,
            <= uint.MaxValue => 4,
            _ => 8,
        };
        var information = size switch { 0 => (int)argument, 1 => 24, 2 => 25, 4 => 26, _ => 27 };
        var head = new byte[1 + size];
        head[0] = (byte)((majorType << 5) | information);
        for (var index = 0; index < size; index++) head[size - index] = (byte)((argument >> (8 * index)) & 0xFF);
        return head;
    }
}

/// <summary>A CBOR map in the making: encoded keys with encoded values, in the order of writing.</summary>
public sealed class CborMapDraft
{
    /// <summary>The entries. A test may reorder or repeat them.</summary>
    public IList<KeyValuePair<byte[], byte[]>> Entries { get; } = [];

    /// <summary>Turns the encoded map into what is sent instead.</summary>
    public Func<byte[], byte[]> Encoded { get; set; } = bytes => bytes;

    /// <summary>Sets or adds the value of an integer key.</summary>
    public CborMapDraft Set(long key, byte[] value) => Set(Cbor.Number(key), value);

    /// <summary>Sets or adds the value of a text key.</summary>
    public CborMapDraft Set(string key, byte[] value) => Set(Cbor.Text(key), value);

    /// <summary>Sets or adds the value of an encoded key.</summary>
    public CborMapDraft Set(byte[] key, byte[] value)
    {
        var entry = KeyValuePair.Create(key, value);
        var index = IndexOf(key);
        if (index >= 0) Entries[index] = entry;
        else Entries.Add(entry);
        return this;
    }

    /// <summary>Removes an integer key.</summary>
    public void Remove(long key) => Entries.RemoveAt(IndexOf(Cbor.Number(key)));

    /// <summary>Removes a text key.</summary>
    public void Remove(string key) => Entries.RemoveAt(IndexOf(Cbor.Text(key)));

    /// <summary>The encoded map.</summary>
    public byte[] ToBytes() =>
        Encoded([.. Cbor.Head(5, (ulong)Entries.Count), .. Entries.SelectMany(entry => entry.Key.Concat(entry.Value))]);

    private int IndexOf(byte[] key)
    {
        for (var index = 0; index < Entries.Count; index++)
            if (Entries[index].Key.AsSpan().SequenceEqual(key)) return index;
        return -1;
    }
}
