using Dfns.Registration.TestKit;
using Dfns.Registration.Verification.Encoding;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.Encoding;

public sealed class CborMapTests
{
    [Fact]
    public void Reads_every_type_that_is_allowed()
    {
        var map = Accepted(Read(new CborMapDraft()
            .Set(1, Cbor.Number(long.MaxValue))
            .Set(-1, Cbor.Number(long.MinValue))
            .Set("text", Cbor.Text("ü"))
            .Set("bytes", Cbor.Bytes([1, 2]))
            .Set("list", Cbor.Array(Cbor.True, Cbor.False, Cbor.Null))
            .Set("map", new CborMapDraft().ToBytes())
            .ToBytes()));

        Assert.Equal(6, map.Count);
        Assert.Equal(long.MaxValue, map[1]);
        Assert.Equal(long.MinValue, map[-1]);
        Assert.Equal("ü", map["text"]);
        Assert.Equal([1, 2], ((ReadOnlyMemory<byte>)map["bytes"]!).ToArray());
        Assert.Equal([CborSimple.True, CborSimple.False, CborSimple.Null], (IReadOnlyList<object>)map["list"]!);
        Assert.IsType<CborMap>(map["map"]);
        Assert.Null(map["absent"]);
        Assert.Null(map[2]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("A1")]
    [InlineData("A101")]
    [InlineData("A1014201")]
    [InlineData("A1016141FF")]
    [InlineData("A1FF")]
    [InlineData("A1011C")]
    [InlineData("A10161FF")]
    [InlineData("A161FF01")]
    [InlineData("A1015B4000000000000000")]
    [InlineData("A1017B4000000000000000")]
    [InlineData("A1019B4000000000000000")]
    [InlineData("A101BB4000000000000000")]
    [InlineData("BB4000000000000000")]
    [InlineData("A1015BFFFFFFFFFFFFFFFF")]
    [InlineData("BA7FFFFFFF")]
    public void Refuses_what_is_not_well_formed_and_lengths_beyond_the_end(string hex) =>
        Assert.Contains(
            Refusal(Read(Convert.FromHexString(hex))).Reason,
            new[] { RefusalReason.CborMalformed, RefusalReason.CborTooManyItems, RefusalReason.CborTrailingBytes });

    [Theory]
    [InlineData("80")]
    [InlineData("00")]
    [InlineData("40")]
    [InlineData("F6")]
    [InlineData("C0A0")]
    public void Refuses_what_is_not_a_map(string hex) => Refused(RefusalReason.CborNotMap, Read(Convert.FromHexString(hex)));

    [Theory]
    [InlineData("BFFF")]
    [InlineData("BF0101FF")]
    [InlineData("A1015F4101FF")]
    [InlineData("A1017F6161FF")]
    [InlineData("A1019F01FF")]
    [InlineData("A101BFFF")]
    [InlineData("A17F6161FF01")]
    public void Refuses_lengths_left_open(string hex) => Refused(RefusalReason.CborIndefiniteLength, Read(Convert.FromHexString(hex)));

    [Theory]
    [InlineData("B8010101")]
    [InlineData("A1180101")]
    [InlineData("A1011801")]
    [InlineData("A1013800")]
    [InlineData("A1011900FF")]
    [InlineData("A1011A0000FFFF")]
    [InlineData("A1011B00000000FFFFFFFF")]
    [InlineData("A101580101")]
    [InlineData("A101780161")]
    [InlineData("A101980101")]
    [InlineData("A101B800")]
    [InlineData("A178016101")]
    public void Refuses_numbers_and_lengths_in_more_bytes_than_needed(string hex) =>
        Refused(RefusalReason.CborNotShortest, Read(Convert.FromHexString(hex)));

    [Theory]
    [InlineData("A1011BFFFFFFFFFFFFFFFF")]
    [InlineData("A1013BFFFFFFFFFFFFFFFF")]
    [InlineData("A11B800000000000000001")]
    public void Refuses_integers_beyond_64_signed_bits(string hex) =>
        Refused(RefusalReason.CborIntegerOutOfRange, Read(Convert.FromHexString(hex)));

    [Theory]
    [InlineData("A101C100")]
    [InlineData("A101F93C00")]
    [InlineData("A101FB3FF0000000000000")]
    [InlineData("A101F7")]
    [InlineData("A101F8FF")]
    [InlineData("A101F815")]
    [InlineData("A14001")]
    [InlineData("A18001")]
    [InlineData("A1F501")]
    public void Refuses_tags_floats_other_simple_values_and_other_keys(string hex) =>
        Refused(RefusalReason.CborItemNotAllowed, Read(Convert.FromHexString(hex)));

    [Theory]
    [InlineData("A201010101")]
    [InlineData("A2616101616102")]
    [InlineData("A101A220012001")]
    public void Refuses_a_key_that_occurs_twice(string hex) => Refused(RefusalReason.CborDuplicateKey, Read(Convert.FromHexString(hex)));

    [Fact]
    public void A_text_key_and_an_integer_key_are_never_the_same() =>
        Assert.Equal(2, Accepted(Read(new CborMapDraft().Set(1, Cbor.Null).Set("1", Cbor.Null).ToBytes())).Count);

    [Theory]
    [InlineData("A1010100")]
    [InlineData("A0A0")]
    public void Refuses_bytes_after_the_map(string hex) => Refused(RefusalReason.CborTrailingBytes, Read(Convert.FromHexString(hex)));

    [Fact]
    public void Reads_the_map_at_the_beginning_and_says_how_long_it_is() =>
        Assert.Equal(3, Accepted(CborMap.ReadFirst(Convert.FromHexString("A10101" + "FFFF"), "test")).Length);

    [Theory]
    [InlineData("A201000300", true)]
    [InlineData("A203000100", false)]
    [InlineData("A220000100", false)]
    [InlineData("A220002100", true)]
    [InlineData("A221002000", false)]
    [InlineData("A21700181800", true)]
    [InlineData("A21818001700", false)]
    [InlineData("A261620062616100", true)]
    [InlineData("A262616100616200", false)]
    [InlineData("A21818006000", true)]
    [InlineData("A26000181800", false)]
    [InlineData("A21903E8002000", true)]
    [InlineData("A220001903E800", false)]
    public void Canonical_order_is_by_type_then_length_then_bytes(string hex, bool canonical)
    {
        var outcome = CborMap.ReadFirst(Convert.FromHexString(hex), "test", canonicalOrder: true);
        if (canonical) Accepted(outcome);
        else Refused(RefusalReason.CborKeyOrder, outcome);
        Accepted(Read(Convert.FromHexString(hex)));
    }

    [Fact]
    public void Reads_five_levels_and_no_more()
    {
        Accepted(Read(WithValue(Cbor.NestedArrays(4))));
        Refused(RefusalReason.CborTooDeep, Read(WithValue(Cbor.NestedArrays(5))));
    }

    [Theory]
    [InlineData(10_000)]
    [InlineData(2_000_000)]
    public void Refuses_a_tower_of_arrays(int levels) => Refused(RefusalReason.CborTooDeep, Read(WithValue(Cbor.NestedArrays(levels))));

    [Theory]
    [InlineData(10_000)]
    [InlineData(2_000_000)]
    public void Refuses_a_tower_of_maps(int levels) =>
        Refused(RefusalReason.CborTooDeep, Read([.. Enumerable.Repeat<byte[]>([0xA1, 0x01], levels).SelectMany(level => level), 0xA0]));

    [Fact]
    public void Reads_512_items_and_no_more()
    {
        // The key, the array and 510 numbers.
        Accepted(Read(WithValue(Cbor.Array([.. Enumerable.Repeat(Cbor.Number(0), 510)]))));
        Refused(RefusalReason.CborTooManyItems, Read(WithValue(Cbor.Array([.. Enumerable.Repeat(Cbor.Number(0), 511)]))));
        Refused(RefusalReason.CborTooManyItems, Read(WithValue(Cbor.Array([.. Enumerable.Repeat(new byte[] { 0xA0 }, 60_000)]))));
    }

    [Theory]
    [InlineData(256, true)]
    [InlineData(257, false)]
    public void Counts_keys_among_the_items(int entries, bool read)
    {
        var map = new CborMapDraft();
        for (var label = 0; label < entries; label++) map.Set(label, Cbor.Number(0));
        if (read) Assert.Equal(entries, Accepted(Read(map.ToBytes())).Count);
        else Refused(RefusalReason.CborTooManyItems, Read(map.ToBytes()));
    }

    private static byte[] WithValue(byte[] value) => new CborMapDraft().Set(1, value).ToBytes();

    private static Outcome<CborMap> Read(byte[] bytes) => CborMap.Read(bytes, "test");

    private static Refusal Refusal(Outcome<CborMap> outcome)
    {
        Assert.True(outcome.Refused(out var why, out _));
        return why!;
    }
}
