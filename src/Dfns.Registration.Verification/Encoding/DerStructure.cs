using System.Formats.Asn1;

namespace Dfns.Registration.Verification.Encoding;

/// <summary>
/// Tells whether bytes are laid out by the distinguished rules (X.690 §10) and not merely the basic ones: every length definite and in its
/// shortest form, every string in one piece, nothing between or after the values. The framework's certificate loader takes more than that;
/// what values mean is for whoever reads them.
/// </summary>
internal static class DerStructure
{
    /// <summary>Whether all of the bytes are such values, and all that those contain; the content of octet strings is not looked into.</summary>
    public static bool IsDistinguished(ReadOnlyMemory<byte> der)
    {
        // A stack of its own instead of recursion: nesting is the sender's choice.
        var pending = new Stack<ReadOnlyMemory<byte>>([der]);
        try
        {
            while (pending.TryPop(out var rest))
            {
                while (!rest.IsEmpty)
                {
                    var tag = AsnDecoder.ReadEncodedValue(rest.Span, AsnEncodingRules.DER, out var offset, out var length, out var consumed);
                    if (tag.IsConstructed)
                    {
                        // X.690 §10.2: of the universal types, only sequences and sets are made of other values.
                        if (tag.TagClass == TagClass.Universal && !tag.HasSameClassAndValue(Asn1Tag.Sequence) && !tag.HasSameClassAndValue(Asn1Tag.SetOf))
                            return false;
                        pending.Push(rest.Slice(offset, length));
                    }

                    rest = rest[consumed..];
                }
            }

            return true;
        }
        catch (AsnContentException)
        {
            return false;
        }
    }
}
