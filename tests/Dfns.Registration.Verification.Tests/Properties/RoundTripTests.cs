using System.Buffers.Text;
using System.Formats.Asn1;
using System.Text.Json;
using CsCheck;
using Dfns.Registration.Fuzz;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification.Encoding;
using Dfns.Registration.Verification.RawKey;
using Dfns.Registration.Verification.WebAuthn;
using Dfns.Registration.Verification.WebAuthn.Attestation;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.Properties;

/// <summary>What is written well is read, and read as it was written; written in any other way it is not.</summary>
public sealed class RoundTripTests
{
    private static readonly Gen<byte[]> SomeBytes = Gen.Byte.Array[0, 40];

    private static readonly Gen<byte[]> CborLeaf = Gen.OneOf(
        Gen.Long.Select(Cbor.Number),
        SomeBytes.Select(bytes => Cbor.Bytes(bytes)),
        Gen.String.AlphaNumeric.Select(Cbor.Text),
        Gen.Int[0, 2].Select(index => new[] { Cbor.True, Cbor.False, Cbor.Null }[index]));

    // Up to four levels below the outermost map.
    private static readonly Gen<byte[]> CborValue = CborAround(CborAround(CborAround(CborLeaf)));

    private static readonly Gen<byte[]> DerValue = DerAround(DerAround(SomeBytes.Select(CertificateDraft.OctetString)));

    [Fact]
    public void A_CBOR_map_in_shortest_form_is_read_and_encodes_again_to_itself() => Gen.Dictionary(Gen.Long, CborValue)[0, 5].Sample(entries =>
    {
        var written = new CborMapDraft();
        foreach (var (label, value) in entries) written.Set(label, value);
        var items = 0;
        return Rewriting.Cbor(Accepted(CborMap.Read(written.ToBytes(), "test")), ref items).AsSpan().SequenceEqual(written.ToBytes());
    });

    [Fact]
    public void A_CBOR_map_is_refused_with_any_head_written_longer() => Gen.Select(CborLeaf, Gen.Int[0, 3].Select(power => 1 << power)).Sample((value, size) =>
    {
        var (major, argument) = (value[0] >> 5, value[0] & 0x1F);
        // Simple values have no longer form; numbers that need a longer form already are left to the next round.
        if (major == 7 || argument >= 24) return true;
        byte[] longer = [.. Cbor.Head(major, (ulong)argument, size), .. value[1..]];
        return CborMap.Read((byte[])[0xA1, 0x00, .. longer], "test").Refused(out var why, out _) && why.Reason == RefusalReason.CborNotShortest;
    });

    [Fact]
    public void A_JSON_object_is_read_as_it_was_written() => Gen.Dictionary(Gen.String, Gen.String)[0, 8].Sample(members =>
    {
        // Half a surrogate pair has no UTF-8.
        if (members.Any(member => !IsText(member.Key) || !IsText(member.Value))) return true;
        var json = Accepted(StrictJson.Read(JsonSerializer.SerializeToUtf8Bytes(members), CredentialPart.ClientData));
        return members.All(member => json[member.Key].Text == member.Value);
    });

    [Fact]
    public void A_JSON_object_with_any_name_twice_is_refused() => Gen.Dictionary(Gen.String.AlphaNumeric, Gen.String.AlphaNumeric)[1, 8].Sample(members =>
    {
        var text = JsonSerializer.Serialize(members);
        var again = JsonSerializer.Serialize(members.Last().Key);
        return StrictJson.Read(System.Text.Encoding.UTF8.GetBytes($"{text[..^1]},{again}:1}}"), CredentialPart.ClientData).Refused(out var why, out _)
            && why.Reason == RefusalReason.JsonDuplicateMember;
    });

    [Fact]
    public void Values_in_DER_are_distinguished_and_cut_or_lengthened_are_not() => Gen.Select(DerValue, Gen.Byte.Array[1, 3]).Sample((der, more) =>
        DerStructure.IsDistinguished(der)
        && !DerStructure.IsDistinguished(der.AsMemory(0, der.Length - 1))
        && (der[1] >= 0x80 || !DerStructure.IsDistinguished((byte[])[der[0], 0x81, .. der[1..]]))
        && DerStructure.IsDistinguished((byte[])[.. der, .. CertificateDraft.OctetString(more)]));

    [Fact]
    public void Any_bytes_are_DER_or_not() => Gen.Byte.Array[0, 60].Sample(bytes =>
        !DerStructure.IsDistinguished(bytes) || Rewriting.Der(bytes).AsSpan().SequenceEqual(bytes));

    [Fact]
    public void Authenticator_data_gives_back_its_parts() => Gen.Select(Gen.Byte.Array[32], Gen.Byte, Gen.UInt, Gen.Byte.Array[0, 1100]).Sample((hash, flags, counter, id) =>
    {
        var key = SoftwareKey.PublishedP256().CoseKey(-7).ToBytes();
        // Flags AT without ED, the others as they come.
        flags = (byte)((flags | 0x40) & 0x7F);
        byte[] counterBytes = [(byte)(counter >> 24), (byte)((counter >> 16) & 0xFF), (byte)((counter >> 8) & 0xFF), (byte)(counter & 0xFF)];
        byte[] bytes = [.. hash, flags, .. counterBytes, .. new byte[16], (byte)(id.Length >> 8), (byte)(id.Length & 0xFF), .. id, .. key];
        var read = Accepted(AuthenticatorData.Read(bytes));
        return read.RpIdHash.Span.SequenceEqual(hash) && (byte)read.Flags == flags && read.SignCount == counter
            && read.AttestedCredential!.CredentialId.Span.SequenceEqual(id) && read.AttestedCredential.PublicKey.Span.SequenceEqual(key)
            && AuthenticatorData.Read((byte[])[.. bytes, 0]).Refused(out _, out _);
    });

    [Fact]
    public void A_JSON_web_signature_gives_back_its_parts() => Gen.Select(Gen.String.AlphaNumeric, Gen.String.AlphaNumeric, Gen.Byte.Array[1, 60]).Sample((name, value, signature) =>
    {
        var header = Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, string> { ["h" + name] = value }));
        var payload = Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, string> { ["p" + name] = value }));
        var compact = System.Text.Encoding.ASCII.GetBytes($"{header}.{payload}.{Base64Url.EncodeToString(signature)}");
        var read = Accepted(JsonWebSignature.Read(compact));
        return read.Header["h" + name].Text == value && read.Payload["p" + name].Text == value
            && read.Signature.Span.SequenceEqual(signature) && read.SignedBytes.Span.SequenceEqual(compact.AsSpan(0, header.Length + 1 + payload.Length));
    });

    [Fact]
    public void A_key_description_gives_back_what_is_asked_of_it() =>
        Gen.Select(Gen.Byte.Array[0, 40], Gen.Int[0, 9].HashSet[0, 4], Gen.Int[-3, 300], Gen.Bool).Sample((challenge, purposes, origin, all) =>
        {
            byte[] encoded = [];
            Make(AttestationMaker.AndroidKey(draft =>
            {
                draft.Challenge = challenge;
                draft.TeeEnforced[AndroidKeyDescriptionDraft.PurposeTag] = AndroidKeyDescriptionDraft.Numbers([.. purposes]);
                draft.TeeEnforced[AndroidKeyDescriptionDraft.OriginTag] = AndroidKeyDescriptionDraft.Number(origin);
                if (all) draft.SoftwareEnforced[AndroidKeyDescriptionDraft.AllApplicationsTag] = AndroidKeyDescriptionDraft.Null;
                draft.Encoded = bytes => encoded = bytes;
            }));
            var read = Accepted(AndroidKeyDescription.Read(encoded));
            return read.Challenge.Span.SequenceEqual(challenge) && read.TeeEnforced.Origin == origin
                && read.TeeEnforced.Purposes.Select(purpose => (int)purpose).Order().SequenceEqual(purposes.Order())
                && read.SoftwareEnforced.AllApplications == all && !read.TeeEnforced.AllApplications;
        }, iter: 200);

    [Fact]
    public void A_public_key_in_PEM_is_read_however_its_lines_are_broken() => Gen.Int[0, 200].Array[0, 6].Sample(breaks =>
    {
        var key = SoftwareKey.PublishedP256();
        var body = Convert.ToBase64String(key.SubjectPublicKeyInfo);
        foreach (var at in breaks.Where(at => at <= body.Length)) body = body.Insert(at, at % 2 == 0 ? "\n" : "\r\n");
        var read = Accepted(PublicKeyPem.Read($"-----BEGIN PUBLIC KEY-----{body}-----END PUBLIC KEY-----"));
        return read.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.SubjectPublicKeyInfo);
    });

    [Fact]
    public void Any_alternative_name_and_any_usage_of_a_TPM_have_an_answer() => Gen.Select(Gen.Byte.Array[0, 80], Gen.Byte.Array[0, 30]).Sample((name, usage) =>
    {
        var leaf = CertificateDraft.ForTpm(SoftwareKey.PublishedP256());
        leaf.SetExtension(CertificateDraft.AlternativeNameOid, new(CertificateDraft.AlternativeNameOid, Critical: true, name));
        leaf.SetExtension(CertificateDraft.ExtendedKeyUsageOid, new(CertificateDraft.ExtendedKeyUsageOid, Critical: false, usage));
        var chain = new List<object> { new ReadOnlyMemory<byte>(leaf.Sign(SoftwareKey.PublishedP256())) };
        if (AttestationCertificate.ReadChain(chain).Refused(out _, out var read)) return true;
        var certificate = read.Leaf;
        return TpmCertificate.RefuseByRequirements(certificate) is not null;
    }, iter: 500);

    private static Gen<byte[]> CborAround(Gen<byte[]> value) => Gen.OneOf(
        value,
        value.Array[0, 4].Select(items => Cbor.Array(items)),
        Gen.Dictionary(Gen.String.AlphaNumeric, value)[0, 4].Select(entries =>
        {
            var map = new CborMapDraft();
            foreach (var (name, item) in entries) map.Set(name, item);
            return map.ToBytes();
        }));

    private static Gen<byte[]> DerAround(Gen<byte[]> value) => Gen.Select(value.Array[0, 4], Gen.Int[0, 40]).Select((items, tag) =>
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence(tag > 30 ? null : new Asn1Tag(TagClass.ContextSpecific, tag)))
            foreach (var item in items) writer.WriteEncodedValue(item);
        return writer.Encode();
    });

    private static bool IsText(string text)
    {
        for (var index = 0; index < text.Length; index++)
        {
            if (index + 1 < text.Length && char.IsSurrogatePair(text[index], text[index + 1])) index++;
            else if (char.IsSurrogate(text[index])) return false;
        }

        return true;
    }
}
