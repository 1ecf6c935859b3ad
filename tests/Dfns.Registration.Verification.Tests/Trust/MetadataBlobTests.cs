using System.Text.Json.Nodes;
using CsCheck;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification.Trust.Metadata;

namespace Dfns.Registration.Verification.Tests.Trust;

/// <summary>FIDO MDS 3 §3.1, §3.2: which BLOB is accepted.</summary>
public sealed class MetadataBlobTests
{
    private static readonly Guid Model = new("f00dbabe-0123-4567-89ab-cdef00112233");

    private static MetadataExpectation Expected => new() { Roots = [MetadataDraft.Root.Anchor], SignerHost = MetadataDraft.Host, Now = Ceremony.Now };

    [Fact]
    [Clause("MDS §3.1", "payload")]
    public void Accepts_what_the_service_publishes()
    {
        var blob = Accepted(new MetadataDraft().Add(Model, ["FIDO_CERTIFIED_L1"], TestAuthority.Trusted.Certificate).AddU2f("0a1b", []));
        Assert.Equal((7, new DateOnly(2026, 12, 24), 2, 0), (blob.Number, blob.NextUpdate, blob.Models, blob.UnreadableRoots));
    }

    [Fact]
    [Clause("MDS §3.1", "payload")]
    public void Accepts_an_entry_of_UAF_and_members_that_nobody_reads() => Assert.Equal(
        0, Accepted(new MetadataDraft().Add(new JsonObject { ["aaid"] = "1234#5678", ["more"] = new JsonArray(1, null) }, [], [])).Models);

    [Theory]
    [InlineData("no")]
    [InlineData("nextUpdate")]
    [InlineData("entries")]
    [Clause("MDS §3.1", "payload")]
    public void Refuses_a_payload_without_a_member(string member) => Refused(MetadataFault.Malformed, new MetadataDraft { Payload = payload => payload.Remove(member) });

    [Theory]
    [InlineData("no", "\"7\"")]
    [InlineData("no", "7.5")]
    [InlineData("no", "9223372036854775808")]
    [InlineData("nextUpdate", "\"tomorrow\"")]
    [InlineData("nextUpdate", "\"2026-13-01\"")]
    [InlineData("nextUpdate", "null")]
    [InlineData("entries", "{}")]
    [InlineData("entries", "[7]")]
    [InlineData("entries", "[{}]")]
    [InlineData("entries", "[{\"statusReports\":[{}]}]")]
    [InlineData("entries", "[{\"statusReports\":[{\"status\":7}]}]")]
    [InlineData("entries", "[{\"statusReports\":[{\"status\":null}]}]")]
    [InlineData("entries", "[{\"statusReports\":[{\"status\":\"REVOKED\",\"effectiveDate\":\"soon\"}]}]")]
    [InlineData("entries", "[{\"statusReports\":[],\"aaguid\":\"one\"}]")]
    [InlineData("entries", "[{\"statusReports\":[],\"aaguid\":null}]")]
    [InlineData("entries", "[{\"statusReports\":[],\"attestationCertificateKeyIdentifiers\":[\"xy\"]}]")]
    [InlineData("entries", "[{\"statusReports\":[],\"attestationCertificateKeyIdentifiers\":[null]}]")]
    [InlineData("entries", "[{\"statusReports\":[],\"metadataStatement\":{}}]")]
    [InlineData("entries", "[{\"statusReports\":[],\"metadataStatement\":{\"attestationRootCertificates\":\"none\"}}]")]
    [Clause("MDS §3.1", "payload")]
    public void Refuses_a_member_of_another_form(string member, string json) =>
        Refused(MetadataFault.Malformed, new MetadataDraft { Payload = payload => payload[member] = JsonNode.Parse(json) });

    [Theory]
    [InlineData("")]
    [InlineData("7")]
    [InlineData("[]")]
    [InlineData("{\"no\":1,\"no\":2}")]
    [InlineData("{} {}")]
    [InlineData("{\"legalHeader\":\"\\ud800\",\"no\":\"\\ud800\"}")]
    [Clause("MDS §3.1", "payload")]
    public void Refuses_another_text(string text) => Refused(MetadataFault.Malformed, new MetadataDraft { PayloadText = _ => text });

    [Fact]
    [Clause("MDS §3.1", "payload")]
    public void Refuses_a_member_that_stands_twice() =>
        Refused(MetadataFault.Malformed, new MetadataDraft { PayloadText = text => $"{{\"no\":7,{text[1..]}" });

    /// <summary>Reports are kept once for an entry, not once for each time that it repeats a key.</summary>
    [Fact]
    [Clause("MDS §3.1", "payload")]
    public void Accepts_a_key_identifier_that_stands_ten_thousand_times_and_counts_it_once()
    {
        var draft = new MetadataDraft().AddU2f("0a1b", ["FIDO_CERTIFIED", "REVOKED"]);
        draft.Payload = payload => payload["entries"]![0]!["attestationCertificateKeyIdentifiers"] = new JsonArray([.. Enumerable.Repeat("0A1b", 10_000).Select(key => JsonValue.Create(key))]);
        Assert.Equal(["FIDO_CERTIFIED", "REVOKED"], Accepted(draft).FindByKey("0a1b")!.Statuses.Select(report => report.Status));
    }

    [Fact]
    [Clause("MDS §3.1", "payload")]
    public void Refuses_ten_thousand_nested_arrays() => Refused(
        MetadataFault.Malformed, new MetadataDraft { PayloadText = text => $"{{\"more\":{new string('[', 10_000)}{new string(']', 10_000)},{text[1..]}" });

    [Fact]
    [Clause("MDS §3.1", "payload")]
    public void Accepts_two_entries_about_one_model_and_counts_them_together()
    {
        var other = new TestAuthority("Other");
        var entry = Accepted(new MetadataDraft().Add(Model, ["FIDO_CERTIFIED"], TestAuthority.Trusted.Certificate).Add(Model, ["REVOKED"], other.Certificate)).Find(Model)!;
        Assert.Equal([TestAuthority.Trusted.Anchor.Fingerprint, other.Anchor.Fingerprint], entry.Roots.Select(root => root.Fingerprint));
        Assert.Equal(["FIDO_CERTIFIED", "REVOKED"], entry.Statuses.Select(report => report.Status));
    }

    /// <summary>Whatever the service signs, and whatever somebody else sends: an answer, and no exception.</summary>
    [Fact]
    public void Every_text_gets_an_answer()
    {
        var text = "";
        Text(new MetadataDraft { PayloadText = payload => text = payload }.Add(Model, ["REVOKED"], TestAuthority.Trusted.Certificate).AddU2f("0a1b", []));
        var signed = new MetadataDraft { Key = SoftwareKey.P256(), PayloadText = _ => text };
        var bytes = signed.ToBytes();
        const string alphabet = "{}[]\",:-u0d7n ";
        Gen.Select(Gen.Int[0, text.Length - 1], Gen.Int[0, 40], Gen.Int[0, alphabet.Length - 1], Gen.Int[0, bytes.Length - 1], Gen.Byte).Sample(
            (at, removed, character, index, value) =>
            {
                signed.PayloadText = _ => text.Remove(at, Math.Min(removed, text.Length - at)).Insert(at, alphabet[character..(character + 1)]);
                var changed = bytes.ToArray();
                changed[index] = value;
                var readings = new[] { MetadataBlob.Read(signed.ToBytes(), Expected), MetadataBlob.Read(changed, Expected), MetadataBlob.Read(changed.AsMemory(index), Expected) };
                return readings.All(reading => reading.Blob is null != reading.Fault is null);
            },
            iter: 2000,
            threads: 1);
    }

    [Fact]
    [Clause("MDS §3.1.1", "root certificates")]
    public void Accepts_the_other_roots_where_one_cannot_be_read()
    {
        var blob = Accepted(new MetadataDraft().Add(Model, [], [1, 2, 3], TestAuthority.Trusted.Certificate));
        Assert.Equal((1, TestAuthority.Trusted.Anchor.Fingerprint), (blob.UnreadableRoots, Assert.Single(blob.Find(Model)!.Roots).Fingerprint));
    }

    [Fact]
    [Clause("MDS §3.2", "size")]
    public void Accepts_a_BLOB_of_ten_megabytes() => Accepted(new MetadataDraft { Payload = payload => payload["legalHeader"] = new string('x', 10_000_000) });

    [Fact]
    [Clause("MDS §3.2", "size")]
    public void Refuses_one_of_the_largest_size_for_what_it_holds() => Refused(MetadataFault.Malformed, MetadataBlob.Read(new byte[MetadataBlob.MaxSizeBytes], Expected));

    [Fact]
    [Clause("MDS §3.2", "size")]
    public void Refuses_a_BLOB_that_is_too_large() => Refused(MetadataFault.TooLarge, MetadataBlob.Read(new byte[MetadataBlob.MaxSizeBytes + 1], Expected));

    [Theory]
    [InlineData(-7)]
    [InlineData(-35)]
    [InlineData(-36)]
    [InlineData(-257)]
    [InlineData(-258)]
    [InlineData(-259)]
    [InlineData(-37)]
    [InlineData(-38)]
    [InlineData(-39)]
    [Clause("MDS §3.2", "signature")]
    public void Accepts_every_listed_algorithm(int algorithm) => Accepted(new MetadataDraft { Algorithm = algorithm });

    [Theory]
    [InlineData("none")]
    [InlineData("None")]
    [InlineData("HS256")]
    [InlineData("EdDSA")]
    [InlineData("ES256K")]
    [InlineData("RS1")]
    [InlineData("es256")]
    [InlineData("")]
    [Clause("MDS §3.2", "signature")]
    public void Refuses_every_other_algorithm(string name) => Refused(MetadataFault.AlgorithmNotAccepted, new MetadataDraft { AlgorithmName = name });

    [Fact]
    [Clause("MDS §3.2", "signature")]
    public void Refuses_a_header_without_an_algorithm() => Refused(MetadataFault.AlgorithmNotAccepted, new MetadataDraft { Header = header => header.Remove("alg") });

    [Theory]
    [InlineData(-7, "ES384")]
    [InlineData(-7, "RS256")]
    [InlineData(-257, "PS256")]
    [InlineData(-257, "RS384")]
    [InlineData(-257, "ES256")]
    [Clause("MDS §3.2", "signature")]
    public void Refuses_a_signature_by_another_algorithm(int algorithm, string name) =>
        Refused(MetadataFault.SignatureInvalid, new MetadataDraft { Algorithm = algorithm, AlgorithmName = name });

    [Theory]
    [InlineData(0)]
    [InlineData(63)]
    [Clause("MDS §3.2", "signature")]
    public void Refuses_a_changed_signature(int index) => Refused(
        MetadataFault.SignatureInvalid,
        new MetadataDraft
        {
            Signature = bytes =>
            {
                bytes[index] ^= 1;
                return bytes;
            },
        });

    [Fact]
    [Clause("MDS §3.2", "signature")]
    public void Refuses_a_signature_of_zeros() => Refused(MetadataFault.SignatureInvalid, new MetadataDraft { Signature = bytes => new byte[bytes.Length] });

    [Fact]
    [Clause("MDS §3.2", "signature")]
    public void Refuses_a_signature_with_a_byte_after_it() => Refused(MetadataFault.SignatureInvalid, new MetadataDraft { Signature = bytes => [.. bytes, 0] });

    [Fact]
    [Clause("MDS §3.2", "signature")]
    public void Refuses_a_payload_changed_after_signing()
    {
        var parts = Text(new MetadataDraft()).Split('.');
        var other = Text(new MetadataDraft { Number = 8 }).Split('.');
        Refused(MetadataFault.SignatureInvalid, Read($"{parts[0]}.{other[1]}.{parts[2]}"));
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a.b")]
    [InlineData("a.b.c.d")]
    [InlineData("e30.e30.e30")]
    [InlineData("W10.e30.AAAA")]
    [InlineData("e30=.e30.AAAA")]
    [InlineData("e 30.e30.AAAA")]
    [Clause("MDS §3.2", "signature")]
    public void Refuses_what_is_no_signed_text(string text) => Assert.Contains(
        Read(text).Fault, new MetadataFault?[] { MetadataFault.Malformed, MetadataFault.AlgorithmNotAccepted });

    // 64 bytes take 86 characters: the padding would be right, and the framework's decoder takes it, and white space.
    [Theory]
    [InlineData("==")]
    [InlineData(" ")]
    [InlineData("\t\n")]
    [InlineData(".")]
    [Clause("MDS §3.2", "signature")]
    public void Refuses_more_behind_the_signature(string more) => Refused(MetadataFault.Malformed, Read(Text(new MetadataDraft()) + more));

    [Fact]
    [Clause("MDS §3.2", "signature")]
    public void Accepts_a_line_break_at_the_end() => Assert.NotNull(Read(Text(new MetadataDraft()) + "\r\n").Blob);

    [Fact]
    [Clause("MDS §3.2", "signature")]
    public void Refuses_a_header_that_demands_to_be_understood() =>
        Refused(MetadataFault.Malformed, new MetadataDraft { Header = header => header["crit"] = new JsonArray("exp") });

    [Fact]
    [Clause("MDS §3.2", "signature")]
    public void Refuses_an_algorithm_that_stands_twice()
    {
        var parts = Text(new MetadataDraft()).Split('.');
        Refused(MetadataFault.Malformed, Read($"{System.Buffers.Text.Base64Url.EncodeToString("{\"alg\":\"ES256\",\"alg\":\"none\"}"u8)}.{parts[1]}.{parts[2]}"));
    }

    [Fact]
    [Clause("MDS §3.2", "signer")]
    public void Accepts_a_signer_below_an_intermediate() => Accepted(new MetadataDraft { Certify = new TestAuthority("Intermediate", MetadataDraft.Root).Certify });

    [Fact]
    [Clause("MDS §3.2", "signer")]
    public void Refuses_a_signer_that_a_stranger_certified() => Refused(MetadataFault.SignerNotTrusted, new MetadataDraft { Certify = new TestAuthority("Test metadata root").Certify });

    [Fact]
    [Clause("MDS §3.2", "signer")]
    public void Refuses_a_signer_whose_root_only_the_BLOB_knows() => Refused(
        MetadataFault.SignerNotTrusted,
        new MetadataDraft
        {
            Certify = leaf =>
            {
                var root = new TestAuthority("Test metadata root");
                return [.. root.Certify(leaf), root.Certificate];
            },
        });

    [Fact]
    [Clause("MDS §3.2", "signer")]
    public void Refuses_a_root_of_authenticators() => Refused(MetadataFault.SignerNotTrusted, new MetadataDraft { Certify = TestAuthority.Trusted.Certify });

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    [Clause("MDS §3.2", "signer")]
    public void Refuses_a_signer_outside_its_validity(int seconds) => Refused(
        MetadataFault.SignerOutsideValidity,
        new MetadataDraft
        {
            Signer = leaf =>
            {
                if (seconds > 0) leaf.NotBefore = Ceremony.Now.AddSeconds(seconds);
                else leaf.NotAfter = Ceremony.Now.AddSeconds(seconds);
            },
        });

    [Fact]
    [Clause("MDS §3.2", "signer")]
    public void Refuses_somebody_else_below_the_same_root() => Refused(
        MetadataFault.SignerUnexpected,
        new MetadataDraft
        {
            Signer = leaf => leaf.SetExtension(
                CertificateDraft.AlternativeNameOid, new(CertificateDraft.AlternativeNameOid, Critical: false, CertificateDraft.HostNames("evil.example", "mds.example.co.evil.example"))),
        });

    [Fact]
    [Clause("MDS §3.2", "signer")]
    public void Refuses_a_header_without_certificates() => Refused(
        MetadataFault.Malformed,
        new MetadataDraft
        {
            Header = header =>
            {
                header.Remove("x5c");
                header["x5u"] = "https://mds.example.co/chain";
            },
        });

    [Theory]
    [InlineData(null)]
    [InlineData(6L)]
    [InlineData(7L)]
    [Clause("MDS §3.2", "number")]
    public void Accepts_a_number_not_lower_than_the_last(long? last) => Assert.NotNull(MetadataBlob.Read(new MetadataDraft().ToBytes(), Expected with { LastNumber = last }).Blob);

    [Theory]
    [InlineData(8L)]
    [InlineData(long.MaxValue)]
    [Clause("MDS §3.2", "number")]
    public void Refuses_a_lower_number(long last) => Refused(MetadataFault.RolledBack, MetadataBlob.Read(new MetadataDraft().ToBytes(), Expected with { LastNumber = last }));

    [Theory]
    [InlineData("2026-11-24", 0)]
    [InlineData("2026-11-23", 0)]
    [InlineData("2026-11-22", 1)]
    [InlineData("2026-10-24", 30)]
    [Clause("MDS §3.1.6", "nextUpdate")]
    public void Accepts_a_BLOB_up_to_its_day_and_as_long_as_is_tolerated(string nextUpdate, int days) => Assert.NotNull(
        MetadataBlob.Read(new MetadataDraft { NextUpdate = nextUpdate }.ToBytes(), Expected with { MaxOverdue = TimeSpan.FromDays(days) }).Blob);

    [Theory]
    [InlineData("2026-11-22", 0)]
    [InlineData("2026-10-23", 30)]
    [InlineData("2020-01-01", 30)]
    [Clause("MDS §3.1.6", "nextUpdate")]
    public void Refuses_one_that_is_overdue_for_longer(string nextUpdate, int days) => Refused(
        MetadataFault.Stale, MetadataBlob.Read(new MetadataDraft { NextUpdate = nextUpdate }.ToBytes(), Expected with { MaxOverdue = TimeSpan.FromDays(days) }));

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(1)]
    public void Is_overdue_from_the_end_of_its_day_on(int seconds)
    {
        var end = new DateTimeOffset(2026, 12, 25, 0, 0, 0, TimeSpan.Zero);
        Assert.Equal(TimeSpan.FromSeconds(Math.Max(seconds, 0)), Accepted(new MetadataDraft()).OverdueAt(end.AddSeconds(seconds)));
    }

    [Fact]
    public void Throws_without_an_expectation() => Assert.Throws<ArgumentNullException>(() => MetadataBlob.Read(default, null!));

    private static MetadataBlob Accepted(MetadataDraft draft)
    {
        var reading = MetadataBlob.Read(draft.ToBytes(), Expected);
        Assert.Null(reading.Fault);
        return reading.Blob!;
    }

    private static void Refused(MetadataFault fault, MetadataDraft draft) => Refused(fault, MetadataBlob.Read(draft.ToBytes(), Expected));

    private static void Refused(MetadataFault fault, MetadataReading reading)
    {
        Assert.Equal(fault, reading.Fault);
        Assert.Null(reading.Blob);
    }

    private static string Text(MetadataDraft draft) => System.Text.Encoding.ASCII.GetString(draft.ToBytes());

    private static MetadataReading Read(string text) => MetadataBlob.Read(System.Text.Encoding.ASCII.GetBytes(text), Expected);
}
