using System.Buffers.Text;
using System.Formats.Cbor;
using System.Text.Json;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification;
using Dfns.Registration.Verification.Encoding;

namespace Dfns.Registration.Fuzz;

/// <summary>The strict reader of each encoding.</summary>
internal static class EncodingTargets
{
    private static readonly byte[] ByteOrderMark = [0xEF, 0xBB, 0xBF];

    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new("base64url", ReadBase64Url, () => Texts("AA", "AAA", "AAAA", "-_-_", "+/+/", "AA==", "AAA=", "AB", "A", "AA=", "-/", "A A", Surroundings.Passkey.ClientData)),
        new("challenge", ReadChallenge, () => Texts(
            Surroundings.Challenge, Base64Url.EncodeToString(Utf8(Surroundings.Challenge)), Convert.ToBase64String(Utf8(Surroundings.Challenge)), Surroundings.Challenge + "=")),
        new("json", ReadJson, () => [.. JsonSeeds(), .. Texts(
            "{}", "[]", "null", "{\"a\":{\"b\":[1,2,{\"c\":\"\\u00e9\\ud83d\\ude00\"}]}}", "{\"a\":[\"x\",\"y\"],\"b\":[]}", "{\"a\":1,\"a\":2}", "{\"a\":\"\\ud800\"}",
            "{\"a\":[[[[[[[[]]]]]]]]}", "{\"a\":1e9,\"b\":-0.5,\"c\":true,\"d\":false,\"e\":null}")]),
        new("cbor", ReadCbor, CborSeeds),
        new("der", ReadDer, () => [Surroundings.Key.SubjectPublicKeyInfo, CertificateDraft.ForAttestation(Surroundings.Key, Guid.Empty).Sign(Surroundings.Key), [0x30, 0x80, 0, 0], [0x24, 2, 4, 0]]),
    ];

    private static void ReadBase64Url(byte[] input)
    {
        var text = System.Text.Encoding.Latin1.GetString(input);
        var refused = Invariant.Answers(input.Length, () => Base64UrlText.Decode(text, CredentialPart.CredId)).Refused(out var why, out var bytes);
        var chosenRefused = Invariant.Answers(input.Length, () => Base64UrlText.DecodeChosenId(text)).Refused(out var chosenWhy, out var chosen);
        if (refused)
        {
            Invariant.Holds(why!.Reason is RefusalReason.Base64UrlInvalid or RefusalReason.MemberTooLarge, "refuses as no base64url");
            // The one rule that a chosen id is spared.
            Invariant.Holds(chosenRefused ? chosenWhy!.Reason == why.Reason : Base64Url.EncodeToString(chosen.Span)[..^1] == Canonical(text)[..^1], "spares spare bits alone");
            return;
        }

        Invariant.Holds(bytes.Length is > 0 and <= VerificationLimits.MaxMemberSizeBytes, "gives at least one byte, and not too many");
        Invariant.Holds(Base64Url.EncodeToString(bytes.Span) == Canonical(text), "encodes again to the text, but for padding and alphabet");
        Invariant.Holds(!chosenRefused && chosen.Span.SequenceEqual(bytes.Span), "reads a chosen id alike");
    }

    private static string Canonical(string text) => text.TrimEnd('=').Replace('+', '-').Replace('/', '_');

    private static void ReadChallenge(byte[] input)
    {
        var text = System.Text.Encoding.Latin1.GetString(input);
        var challenge = new IssuedChallenge(Surroundings.Challenge);
        var strictly = challenge.IsPresentedBy(text);
        var loosely = challenge.IsPresentedLooselyBy(text);
        var encoded = Base64Url.EncodeToString(Utf8(Surroundings.Challenge));
        Invariant.Holds(strictly == (text == Surroundings.Challenge || text == encoded), "is presented by two texts alone");
        Invariant.Holds(!strictly || loosely, "takes loosely what it takes strictly");
        Invariant.Holds(loosely == (Canonical(text) == Surroundings.Challenge || Canonical(text) == encoded) || !loosely, "is presented loosely by no further value");
    }

    private static void ReadJson(byte[] input)
    {
        if (Invariant.Answers(input.Length, () => StrictJson.Read(input, CredentialPart.ClientData)).Refused(out _, out var json)) return;

        // The framework's document reader agrees on every member of the outermost object.
        using var document = JsonDocument.Parse(input.AsSpan().StartsWith(ByteOrderMark) ? input.AsMemory(ByteOrderMark.Length) : input);
        foreach (var member in document.RootElement.EnumerateObject())
        {
            var read = json[member.Name];
            Invariant.Holds(!read.Absent, "has the member");
            Invariant.Holds(read.Text == (member.Value.ValueKind == JsonValueKind.String ? member.Value.GetString() : null), "has its text");
            var texts = member.Value.ValueKind == JsonValueKind.Array && member.Value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String)
                ? member.Value.EnumerateArray().Select(item => item.GetString()!)
                : null;
            Invariant.Holds(texts is null ? read.Texts is null : read.Texts is { } found && found.SequenceEqual(texts), "has its texts");
        }

        if (StrictJson.ReadWhole(input, CredentialPart.ClientData).Refused(out _, out var whole)) throw new InvariantBrokenException("reads the whole alike");
        whole.Dispose();
        if (input.Length < VerificationLimits.MaxMemberSizeBytes)
            Invariant.Holds(!StrictJson.Read((byte[])[.. input, (byte)' '], CredentialPart.ClientData).Refused(out _, out _), "allows white space behind");
    }

    private static void ReadCbor(byte[] input)
    {
        var refused = Invariant.Answers(input.Length, () => CborMap.Read(input, "test")).Refused(out _, out var map);
        var inOrder = !Invariant.Answers(input.Length, () => CborMap.ReadFirst(input, "test", canonicalOrder: true)).Refused(out _, out var first);
        if (inOrder)
        {
            Invariant.Holds(IsReadBy(CborConformanceMode.Ctap2Canonical, input.AsMemory(0, first.Length)), "is canonical where that is asked for");
            Invariant.Holds(first.Length <= input.Length && refused == (first.Length < input.Length), "ends where the map ends");
        }

        if (refused) return;
        var items = 0;
        var written = Rewriting.Cbor(map!, ref items);
        Invariant.Holds(written.AsSpan().SequenceEqual(input), "encodes again to the input");
        Invariant.Holds(items <= VerificationLimits.MaxCborItems, "has no more items than allowed");
        Invariant.Holds(IsReadBy(CborConformanceMode.Strict, input), "is well-formed and without duplicates to the framework's reader");
    }

    private static bool IsReadBy(CborConformanceMode mode, ReadOnlyMemory<byte> bytes)
    {
        try
        {
            var reader = new CborReader(bytes, mode);
            reader.SkipValue();
            return reader.BytesRemaining == 0;
        }
        catch (CborContentException)
        {
            return false;
        }
    }

    private static void ReadDer(byte[] input)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var distinguished = DerStructure.IsDistinguished(input);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Invariant.Holds(allocated < 16 * 1024 + (64L * input.Length), $"allocates in proportion: {allocated} bytes for {input.Length}");
        if (!distinguished) return;
        Invariant.Holds(Rewriting.Der(input).AsSpan().SequenceEqual(input), "encodes again to the input");
    }

    private static IEnumerable<byte[]> JsonSeeds() =>
        [Surroundings.ClientData, [.. ByteOrderMark, .. Surroundings.ClientData], Base64Url.DecodeFromChars(Surroundings.RawKey.ClientData), Base64Url.DecodeFromChars(Surroundings.RawKey.AttestationData)];

    private static IEnumerable<byte[]> CborSeeds() =>
    [
        Surroundings.Key.CoseKey(-7).ToBytes(),
        Surroundings.AttestationObject("none", [0xA0]),
        Surroundings.AttestationObject("packed", Surroundings.Statement(AttestationMaker.PackedCertified())),
        new CborMapDraft().Set("a", Cbor.Array(Cbor.Number(1), Cbor.Number(-1), Cbor.Text("ä"), Cbor.Bytes([1, 2]), Cbor.True, Cbor.False, Cbor.Null)).Set(1, new CborMapDraft().ToBytes()).ToBytes(),
        new CborMapDraft().Set(23, Cbor.Number(24)).Set(256, Cbor.Number(65536)).Set(-257, Cbor.Number(long.MaxValue)).Set(-65536, Cbor.Number(long.MinValue)).ToBytes(),
        [0xBF, 0xFF], [0xA1, 0x01, 0x9F, 0xFF], [0xA1, 0x01, 0xC0, 0x00], [0xA2, 0x01, 0x00, 0x01, 0x00], [0xA1, 0x18, 0x01, 0x00], [0xA1, 0x01, 0xFB, 0, 0, 0, 0, 0, 0, 0, 0],
    ];

    private static IEnumerable<byte[]> Texts(params IEnumerable<string> texts) => texts.Select(Utf8);

    private static byte[] Utf8(string text) => System.Text.Encoding.UTF8.GetBytes(text);
}
