using System.Text.Json;
using System.Text.Unicode;

namespace Dfns.Registration.Verification.Encoding;

/// <summary>One member of a JSON object: its kind, and its text when it is a string.</summary>
/// <param name="Token"><see cref="JsonTokenType.None"/> when the member is absent; the first token of its value otherwise.</param>
/// <param name="Text">The unescaped text of a string; null for everything else.</param>
/// <param name="Texts">The unescaped texts of an array that holds strings and nothing else; null for everything else.</param>
internal readonly record struct JsonMember(JsonTokenType Token, string? Text, IReadOnlyList<string>? Texts = null)
{
    /// <summary>True when the object has no such member.</summary>
    public bool Absent => Token == JsonTokenType.None;
}

/// <summary>
/// Reads client data and key attestations: one JSON object (RFC 8259) in UTF-8, no member twice at any level, nothing nested deep.
/// Further members are allowed everywhere: browsers add some on purpose. Only the members of the outermost object can be asked for,
/// texts and arrays of texts, since the protocol has no others. So are read header and payload of a JSON web signature.
/// </summary>
internal sealed class StrictJson
{
    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    private readonly Dictionary<string, JsonMember> members;

    private StrictJson(Dictionary<string, JsonMember> members) => this.members = members;

    /// <summary>The member of that exact name; <see cref="JsonMember.Absent"/> when there is none.</summary>
    public JsonMember this[string name] => members.GetValueOrDefault(name);

    /// <summary>Reads a whole text.</summary>
    /// <param name="bytes">The text as received; one leading byte order mark is skipped, as "UTF-8 decode" does (§7.1 step 5).</param>
    /// <param name="part">The member of the credential it is, for the refusal.</param>
    /// <returns>
    /// The object, or <see cref="RefusalReason.MemberTooLarge"/>, <see cref="RefusalReason.JsonNotUtf8"/>,
    /// <see cref="RefusalReason.JsonMalformed"/>, <see cref="RefusalReason.JsonNotObject"/>,
    /// <see cref="RefusalReason.JsonDuplicateMember"/> or <see cref="RefusalReason.JsonTooDeep"/>.
    /// </returns>
    public static Outcome<StrictJson> Read(ReadOnlySpan<byte> bytes, CredentialPart part)
    {
        if (bytes.Length > VerificationLimits.MaxMemberSizeBytes) return Refuse(RefusalReason.MemberTooLarge);
        if (!Utf8.IsValid(bytes)) return Refuse(RefusalReason.JsonNotUtf8);
        if (bytes.StartsWith(ByteOrderMark)) bytes = bytes[ByteOrderMark.Length..];

        try
        {
            var read = new Dictionary<string, JsonMember>(StringComparer.Ordinal);
            return ReadMembers(bytes, read) is { } reason ? Refuse(reason) : new StrictJson(read);
        }
        catch (JsonException)
        {
            return Refuse(RefusalReason.JsonMalformed);
        }
        catch (InvalidOperationException)
        {
            // What GetString throws at half a surrogate pair.
            return Refuse(RefusalReason.JsonMalformed);
        }

        Refusal Refuse(RefusalReason reason) => new(reason) { Part = part };
    }

    /// <summary>Reads a whole text by the same rules, when more than the members of the outermost object is wanted.</summary>
    /// <param name="bytes">The text as received; one leading byte order mark is skipped.</param>
    /// <param name="part">The member of the credential it is, for the refusal.</param>
    /// <returns>A document whose root is an object, or what <see cref="Read"/> refuses.</returns>
    public static Outcome<JsonDocument> ReadWhole(ReadOnlyMemory<byte> bytes, CredentialPart part)
    {
        if (Read(bytes.Span, part).Refused(out var why, out _)) return why;
        return JsonDocument.Parse(bytes.Span.StartsWith(ByteOrderMark) ? bytes[ByteOrderMark.Length..] : bytes);
    }

    private static RefusalReason? ReadMembers(ReadOnlySpan<byte> bytes, Dictionary<string, JsonMember> read)
    {
        // The reader's own limit lies one above ours, so that ours is the one that speaks.
        var reader = new Utf8JsonReader(bytes, new JsonReaderOptions { MaxDepth = VerificationLimits.MaxJsonDepth + 1 });
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return RefusalReason.JsonNotObject;

        var namesSeen = new Stack<HashSet<string>>([new HashSet<string>(StringComparer.Ordinal)]);
        var outermostName = "";
        List<string>? texts = null;
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.PropertyName:
                    var name = reader.GetString()!;
                    if (!namesSeen.Peek().Add(name)) return RefusalReason.JsonDuplicateMember;
                    if (reader.CurrentDepth == 1) outermostName = name;
                    continue;

                case JsonTokenType.StartObject or JsonTokenType.StartArray:
                    // CurrentDepth counts the levels around this one.
                    if (reader.CurrentDepth >= VerificationLimits.MaxJsonDepth) return RefusalReason.JsonTooDeep;
                    if (reader.TokenType == JsonTokenType.StartObject) namesSeen.Push(new HashSet<string>(StringComparer.Ordinal));
                    break;

                case JsonTokenType.EndObject:
                    namesSeen.Pop();
                    continue;

                case JsonTokenType.EndArray:
                    if (reader.CurrentDepth == 1) read[outermostName] = new JsonMember(JsonTokenType.StartArray, Text: null, texts);
                    continue;
            }

            // Every string is unescaped, also those nobody asks for: half a surrogate pair is refused wherever it stands.
            var text = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
            if (reader.CurrentDepth == 1)
            {
                read[outermostName] = new JsonMember(reader.TokenType, text);
                texts = reader.TokenType == JsonTokenType.StartArray ? [] : null;
                continue;
            }

            // Inside an array of the outermost object, as long as it holds nothing but strings.
            if (text is null) texts = null;
            else texts?.Add(text);
        }

        return null;
    }
}
