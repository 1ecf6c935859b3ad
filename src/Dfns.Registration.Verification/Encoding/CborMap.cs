using System.Formats.Cbor;

namespace Dfns.Registration.Verification.Encoding;

/// <summary>The CBOR simple values that are read.</summary>
internal enum CborSimple
{
    /// <summary><c>false</c>.</summary>
    False,

    /// <summary><c>true</c>.</summary>
    True,

    /// <summary><c>null</c>.</summary>
    Null,
}

/// <summary>
/// Reads a CBOR map (RFC 8949) of the subset that CTAP2 canonical form describes: definite lengths, shortest forms, no key twice, no
/// tags, few levels, few items. Values are <see cref="long"/>, <see cref="string"/>, <see cref="ReadOnlyMemory{T}"/> of bytes (a slice
/// of the input), <see cref="CborSimple"/>, <see cref="IReadOnlyList{T}"/> of values, or <see cref="CborMap"/>. Canonical key order is
/// demanded where a caller asks for it: of what authenticators encode and sign themselves. Software that makes attestation objects around
/// that is known to write other orders.
/// </summary>
internal sealed class CborMap
{
    private readonly Dictionary<object, object> members;

    private CborMap(Dictionary<object, object> members) => this.members = members;

    /// <summary>How many members the map has.</summary>
    public int Count => members.Count;

    /// <summary>The keys: <see cref="long"/> or <see cref="string"/>.</summary>
    public IEnumerable<object> Keys => members.Keys;

    /// <summary>The value under a text key; null when absent.</summary>
    public object? this[string name] => members.GetValueOrDefault(name);

    /// <summary>The value under an integer key; null when absent.</summary>
    public object? this[long label] => members.GetValueOrDefault(label);

    /// <summary>Whether the map has these members and no others.</summary>
    public bool HasExactly(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
            if (!members.ContainsKey(name)) return false;
        return members.Count == names.Length;
    }

    /// <summary>Reads a map that fills its bytes.</summary>
    /// <param name="bytes">The encoded map and nothing else.</param>
    /// <param name="what">What the map is, for the refusal's detail.</param>
    /// <returns>The map, or one of the reasons that begin with Cbor, <see cref="RefusalReason.CborTrailingBytes"/> included.</returns>
    public static Outcome<CborMap> Read(ReadOnlyMemory<byte> bytes, string what)
    {
        if (ReadFirst(bytes, what).Refused(out var why, out var first)) return why;
        return first.Length == bytes.Length ? first.Map : new Refusal(RefusalReason.CborTrailingBytes, $"after the {what}");
    }

    /// <summary>Reads the map at the beginning of some bytes.</summary>
    /// <param name="bytes">The encoded map, and perhaps more.</param>
    /// <param name="what">What the map is, for the refusal's detail.</param>
    /// <param name="canonicalOrder">Whether keys out of CTAP2 canonical order are refused.</param>
    /// <returns>The map and the bytes it takes, or one of the reasons that begin with Cbor.</returns>
    public static Outcome<CborMapPrefix> ReadFirst(ReadOnlyMemory<byte> bytes, string what, bool canonicalOrder = false)
    {
        var walk = new Walk(bytes, canonicalOrder);
        var map = walk.ReadRoot();
        if (map is null || walk.Reason is not null) return new Refusal(walk.Reason ?? RefusalReason.CborMalformed, $"in the {what}");
        return new CborMapPrefix(map, walk.Position);
    }

    /// <summary>
    /// One pass over the input. The framework's reader judges well-formedness; every further rule is checked here, by name.
    /// </summary>
    private sealed class Walk(ReadOnlyMemory<byte> bytes, bool canonicalOrder)
    {
        private readonly CborReader reader = new(bytes, CborConformanceMode.Lax, allowMultipleRootLevelValues: true);
        private int itemsLeft = VerificationLimits.MaxCborItems;

        /// <summary>The first rule that was broken; null as long as none was.</summary>
        public RefusalReason? Reason { get; private set; }

        public int Position => bytes.Length - reader.BytesRemaining;

        public CborMap? ReadRoot()
        {
            try
            {
                if (bytes.IsEmpty) return Refuse<CborMap>(RefusalReason.CborMalformed);
                if (reader.PeekState() != CborReaderState.StartMap) return Refuse<CborMap>(RefusalReason.CborNotMap);
                return ReadMap(depth: 1);
            }
            catch (OverflowException)
            {
                return Refuse<CborMap>(RefusalReason.CborIntegerOutOfRange);
            }
            catch (CborContentException)
            {
                return Refuse<CborMap>(RefusalReason.CborMalformed);
            }
            catch (InvalidOperationException)
            {
                return Refuse<CborMap>(RefusalReason.CborMalformed);
            }
        }

        // The Read methods answer null after they have set a reason.
        private object? ReadValue(int depth)
        {
            itemsLeft--;
            switch (reader.PeekState())
            {
                case CborReaderState.UnsignedInteger or CborReaderState.NegativeInteger:
                    return ReadInteger();
                case CborReaderState.ByteString:
                    // Boxed before anything else: null would convert to an empty ReadOnlyMemory.
                    return (object?)ReadString(reader.ReadDefiniteLengthByteString);
                case CborReaderState.TextString:
                    return ReadText();
                case CborReaderState.StartArray:
                    return ReadArray(depth + 1);
                case CborReaderState.StartMap:
                    return ReadMap(depth + 1);
                case CborReaderState.Boolean:
                    return reader.ReadBoolean() ? CborSimple.True : CborSimple.False;
                case CborReaderState.Null:
                    reader.ReadNull();
                    return CborSimple.Null;
                case CborReaderState.StartIndefiniteLengthByteString or CborReaderState.StartIndefiniteLengthTextString:
                    return Refuse<object>(RefusalReason.CborIndefiniteLength);
                default:
                    return Refuse<object>(RefusalReason.CborItemNotAllowed);
            }
        }

        private CborMap? ReadMap(int depth)
        {
            if (ReadStart(reader.ReadStartMap, itemsAnEntry: 2, depth) is not { } count) return null;

            var members = new Dictionary<object, object>(count);
            var previousKey = ReadOnlyMemory<byte>.Empty;
            for (var entry = 0; entry < count; entry++)
            {
                var keyStart = Position;
                if (ReadKey() is not { } key) return null;
                var encodedKey = bytes[keyStart..Position];
                if (members.ContainsKey(key)) return Refuse<CborMap>(RefusalReason.CborDuplicateKey);
                if (canonicalOrder && entry > 0 && !CanonicallyBefore(previousKey.Span, encodedKey.Span))
                    return Refuse<CborMap>(RefusalReason.CborKeyOrder);
                previousKey = encodedKey;

                if (ReadValue(depth) is not { } value) return null;
                members.Add(key, value);
            }

            reader.ReadEndMap();
            return new CborMap(members);
        }

        private List<object>? ReadArray(int depth)
        {
            if (ReadStart(reader.ReadStartArray, itemsAnEntry: 1, depth) is not { } count) return null;

            var items = new List<object>(count);
            for (var index = 0; index < count; index++)
            {
                if (ReadValue(depth) is not { } item) return null;
                items.Add(item);
            }

            reader.ReadEndArray();
            return items;
        }

        // Depth and count are settled before anything is allocated for the content.
        private int? ReadStart(Func<int?> readStart, int itemsAnEntry, int depth)
        {
            if (depth > VerificationLimits.MaxCborDepth) return RefuseValue<int>(RefusalReason.CborTooDeep);

            var start = Position;
            if (readStart() is not { } count) return RefuseValue<int>(RefusalReason.CborIndefiniteLength);
            if (count > itemsLeft / itemsAnEntry) return RefuseValue<int>(RefusalReason.CborTooManyItems);
            if (Position - start != HeadSize((ulong)count)) return RefuseValue<int>(RefusalReason.CborNotShortest);
            return count;
        }

        private object? ReadKey()
        {
            itemsLeft--;
            return reader.PeekState() switch
            {
                CborReaderState.UnsignedInteger or CborReaderState.NegativeInteger => ReadInteger(),
                CborReaderState.TextString => ReadText(),
                CborReaderState.StartIndefiniteLengthTextString => Refuse<object>(RefusalReason.CborIndefiniteLength),
                _ => Refuse<object>(RefusalReason.CborItemNotAllowed),
            };
        }

        private object? ReadInteger()
        {
            var start = Position;
            var value = reader.ReadInt64();
            // A negative number n is written as the argument -1 - n.
            var argument = value < 0 ? (ulong)(-1 - value) : (ulong)value;
            return Position - start == HeadSize(argument) ? value : Refuse<object>(RefusalReason.CborNotShortest);
        }

        private string? ReadText()
        {
            if (ReadString(reader.ReadDefiniteLengthTextStringBytes) is not { } utf8) return null;
            return System.Text.Unicode.Utf8.IsValid(utf8.Span)
                ? System.Text.Encoding.UTF8.GetString(utf8.Span)
                : Refuse<string>(RefusalReason.CborMalformed);
        }

        private ReadOnlyMemory<byte>? ReadString(Func<ReadOnlyMemory<byte>> read)
        {
            var start = Position;
            var content = read();
            return Position - start - content.Length == HeadSize((ulong)content.Length)
                ? content
                : RefuseValue<ReadOnlyMemory<byte>>(RefusalReason.CborNotShortest);
        }

        // RFC 8949 §3: arguments below 24 sit in the first byte, larger ones follow it in 1, 2, 4 or 8 bytes.
        private static int HeadSize(ulong argument) => argument switch
        {
            < 24 => 1,
            <= byte.MaxValue => 2,
            <= ushort.MaxValue => 3,
            <= uint.MaxValue => 5,
            _ => 9,
        };

        // CTAP2 canonical order is by major type, then by length, then by bytes. Type and length both stand in the first bytes of a
        // key in shortest form, the smaller ones lower; so for such keys it is the order of the bytes.
        private static bool CanonicallyBefore(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second) => first.SequenceCompareTo(second) < 0;

        private T? Refuse<T>(RefusalReason reason)
            where T : class
        {
            Reason = reason;
            return null;
        }

        private T? RefuseValue<T>(RefusalReason reason)
            where T : struct
        {
            Reason = reason;
            return null;
        }
    }
}

/// <summary>A map and the number of bytes it takes at the beginning of its input.</summary>
/// <param name="Map">The map.</param>
/// <param name="Length">Its encoded size in bytes.</param>
internal readonly record struct CborMapPrefix(CborMap Map, int Length);
