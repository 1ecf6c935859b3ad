using System.Buffers.Binary;
using System.Formats.Asn1;
using System.Text;
using System.Text.Unicode;

namespace Dfns.Registration.Verification.WebAuthn.Attestation;

/// <summary>Reads distinguished names (RFC 5280 §4.1.2.4): relative names, one after the other, each a set of attributes.</summary>
internal static class X509Name
{
    /// <summary>Reads a name down to its attributes, whose values may be anything.</summary>
    /// <returns>The attributes, in their order.</returns>
    /// <exception cref="AsnContentException">The next value is no name.</exception>
    public static List<X509Attribute> Read(AsnReader fields)
    {
        var attributes = new List<X509Attribute>();
        var relativeNames = fields.ReadSequence();
        while (relativeNames.HasData)
        {
            // Certificates in use have the attributes of a relative name in other orders than DER's.
            var relativeName = relativeNames.ReadSetOf(skipSortOrderValidation: true);
            var first = true;
            do
            {
                var attribute = relativeName.ReadSequence();
                var oid = attribute.ReadObjectIdentifier();
                var value = attribute.ReadEncodedValue();
                attribute.ThrowIfNotEmpty();
                attributes.Add(new X509Attribute(oid, value, IsAlone: first && !relativeName.HasData));
                first = false;
            }
            while (relativeName.HasData);
        }

        return attributes;
    }

    /// <summary>Reads the name of an issuer or a subject, whose values are texts, or what the schemas of X.520 have beside texts.</summary>
    /// <returns>The attributes, in their order.</returns>
    /// <exception cref="AsnContentException">The next value is no such name.</exception>
    public static List<X509Attribute> ReadOfCertificate(AsnReader fields)
    {
        var attributes = Read(fields);
        return attributes.TrueForAll(attribute => IsValue(attribute.Value.Span)) ? attributes : throw new AsnContentException("no value of a name");
    }

    // The encodings that are more than one byte a character must hold: two readers would not see the same text in others.
    private static bool IsValue(ReadOnlySpan<byte> der)
    {
        var tag = AsnDecoder.ReadEncodedValue(der, AsnEncodingRules.DER, out var offset, out var length, out _);
        if (tag.TagClass != TagClass.Universal) return false;
        // X.690 §8.9, §8.14: a sequence is made of values, a string in DER never is.
        if (tag.IsConstructed != tag.HasSameClassAndValue(Asn1Tag.Sequence)) return false;
        var content = der.Slice(offset, length);
        return (UniversalTagNumber)tag.TagValue switch
        {
            UniversalTagNumber.UTF8String => Utf8.IsValid(content),
            UniversalTagNumber.BMPString => IsBmp(content),
            UniversalTagNumber.UniversalString => IsUniversal(content),
            UniversalTagNumber.PrintableString or UniversalTagNumber.IA5String or UniversalTagNumber.NumericString or UniversalTagNumber.T61String => true,
            // x500UniqueIdentifier is a bit string, a postal address a sequence.
            UniversalTagNumber.BitString => length > 0 && content[0] <= 7,
            UniversalTagNumber.Sequence => true,
            _ => false,
        };
    }

    // Two bytes a character, and no surrogates.
    private static bool IsBmp(ReadOnlySpan<byte> content)
    {
        if (content.Length % sizeof(char) != 0) return false;
        for (; !content.IsEmpty; content = content[sizeof(char)..])
            if (!Rune.IsValid(BinaryPrimitives.ReadUInt16BigEndian(content))) return false;
        return true;
    }

    // Four bytes a character.
    private static bool IsUniversal(ReadOnlySpan<byte> content)
    {
        if (content.Length % sizeof(uint) != 0) return false;
        for (; !content.IsEmpty; content = content[sizeof(uint)..])
            if (!Rune.IsValid(BinaryPrimitives.ReadUInt32BigEndian(content))) return false;
        return true;
    }
}

/// <summary>One attribute of a name.</summary>
/// <param name="Oid">Its type.</param>
/// <param name="Value">Its value, DER.</param>
/// <param name="IsAlone">Whether it is the only one of its relative name.</param>
internal readonly record struct X509Attribute(string Oid, ReadOnlyMemory<byte> Value, bool IsAlone)
{
    /// <summary>The value as text, every character of it.</summary>
    /// <param name="types">The types of string that count as text.</param>
    /// <returns>
    /// The text; null when the value is of another type, or holds a NUL: where a name ends there for one reader, and goes on for another,
    /// it must not count as either.
    /// </returns>
    /// <exception cref="AsnContentException">The value is of one of the types, and has a character that the type has not.</exception>
    public string? Text(params ReadOnlySpan<UniversalTagNumber> types)
    {
        var tag = AsnDecoder.ReadEncodedValue(Value.Span, AsnEncodingRules.DER, out _, out _, out _);
        if (tag.TagClass != TagClass.Universal || !types.Contains((UniversalTagNumber)tag.TagValue)) return null;
        var text = AsnDecoder.ReadCharacterString(Value.Span, AsnEncodingRules.DER, (UniversalTagNumber)tag.TagValue, out _);
        return text.Contains('\0', StringComparison.Ordinal) ? null : text;
    }
}
