using System.Buffers.Text;
using System.Text.Json.Nodes;
using Dfns.Registration.Verification.Trust.Metadata;

namespace Dfns.Registration.TestKit;

/// <summary>A BLOB of a metadata service in memory (FIDO MDS 3 §3.1), every layer open to change before it is signed.</summary>
public sealed class MetadataDraft
{
    /// <summary>The host of the service.</summary>
    public const string Host = "mds.example.co";

    private readonly JsonArray entries = [];

    /// <summary>The service's own root, which certifies nothing else.</summary>
    public static TestAuthority Root { get; } = new("Test metadata root");

    /// <summary>The number.</summary>
    public long Number { get; set; } = 7;

    /// <summary>The day by whose end the next one is due.</summary>
    public string NextUpdate { get; set; } = "2026-12-24";

    /// <summary>The COSE number of the algorithm by which it is signed.</summary>
    public int Algorithm { get; set; } = -7;

    /// <summary>What the header says of the algorithm; the name of <see cref="Algorithm"/>, unless set.</summary>
    public string? AlgorithmName { get; set; }

    /// <summary>The key that signs; fresh, and of the algorithm's type, unless set.</summary>
    public SoftwareKey? Key { get; set; }

    /// <summary>Changes the signer's certificate before it is signed.</summary>
    public Action<CertificateDraft> Signer { get; set; } = _ => { };

    /// <summary>Certifies the signer.</summary>
    public Func<CertificateDraft, byte[][]> Certify { get; set; } = Root.Certify;

    /// <summary>Changes the header.</summary>
    public Action<JsonObject> Header { get; set; } = _ => { };

    /// <summary>Changes the payload.</summary>
    public Action<JsonObject> Payload { get; set; } = _ => { };

    /// <summary>The payload's text.</summary>
    public Func<string, string> PayloadText { get; set; } = text => text;

    /// <summary>The payload's bytes, whatever its text.</summary>
    public Func<byte[], byte[]> PayloadBytes { get; set; } = bytes => bytes;

    /// <summary>The signature: both numbers at full length for ECDSA.</summary>
    public Func<byte[], byte[]> Signature { get; set; } = bytes => bytes;

    /// <summary>Adds a model.</summary>
    /// <param name="aaguid">The model.</param>
    /// <param name="statuses">Its status reports, from the first of January 2026 on.</param>
    /// <param name="roots">Its roots.</param>
    public MetadataDraft Add(Guid aaguid, string[] statuses, params byte[][] roots) => Add(new JsonObject { ["aaguid"] = $"{aaguid}" }, statuses, roots);

    /// <summary>Adds a model of U2F.</summary>
    public MetadataDraft AddU2f(string keyIdentifier, string[] statuses, params byte[][] roots) =>
        Add(new JsonObject { ["attestationCertificateKeyIdentifiers"] = new JsonArray(keyIdentifier) }, statuses, roots);

    /// <summary>Adds a model, its entry changed last.</summary>
    public MetadataDraft Add(JsonObject entry, string[] statuses, byte[][] roots, Action<JsonObject>? change = null)
    {
        entry["metadataStatement"] = new JsonObject
        {
            ["description"] = "Test authenticator",
            ["attestationRootCertificates"] = new JsonArray([.. roots.Select(root => JsonValue.Create(Convert.ToBase64String(root)))]),
        };
        entry["statusReports"] = new JsonArray([.. statuses.Select(status => new JsonObject { ["status"] = status, ["effectiveDate"] = "2026-01-01" })]);
        change?.Invoke(entry);
        entries.Add(entry);
        return this;
    }

    /// <summary>Signs it.</summary>
    public byte[] ToBytes()
    {
        var key = Key ?? SoftwareKey.ForAlgorithm(Algorithm);
        var leaf = CertificateDraft.ForHost(key, Host);
        Signer(leaf);
        var header = new JsonObject
        {
            ["alg"] = AlgorithmName ?? NameOf(Algorithm),
            ["typ"] = "JWT",
            ["x5c"] = new JsonArray([.. Certify(leaf).Select(der => JsonValue.Create(Convert.ToBase64String(der)))]),
        };
        Header(header);
        var payload = new JsonObject { ["legalHeader"] = "For tests.", ["no"] = Number, ["nextUpdate"] = NextUpdate, ["entries"] = entries.DeepClone() };
        Payload(payload);

        var toBeSigned = $"{Base64Url.EncodeToString(Utf8(header.ToJsonString()))}.{Base64Url.EncodeToString(PayloadBytes(Utf8(PayloadText(payload.ToJsonString()))))}";
        var signature = key.Sign(System.Text.Encoding.ASCII.GetBytes(toBeSigned), Algorithm);
        return System.Text.Encoding.ASCII.GetBytes($"{toBeSigned}.{Base64Url.EncodeToString(Signature(AsJose(signature)))}");
    }

    /// <summary>Reads it as its own service's clients do.</summary>
    public MetadataBlob Read()
    {
        var expected = new MetadataExpectation { Roots = [Root.Anchor], SignerHost = Host, Now = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero) };
        var reading = MetadataBlob.Read(ToBytes(), expected);
        return reading.Blob ?? throw new InvalidOperationException($"{reading}");
    }

    private static byte[] Utf8(string text) => System.Text.Encoding.UTF8.GetBytes(text);

    private static string NameOf(int algorithm) => algorithm switch
    {
        -7 => "ES256",
        -35 => "ES384",
        -36 => "ES512",
        -8 => "EdDSA",
        -257 => "RS256",
        -258 => "RS384",
        -259 => "RS512",
        -37 => "PS256",
        -38 => "PS384",
        -39 => "PS512",
        _ => throw new ArgumentOutOfRangeException(nameof(algorithm), algorithm, "no name for it"),
    };

    // RFC 7518 §3.4.
    private byte[] AsJose(byte[] signature)
    {
        var size = Algorithm switch { -7 => 32, -35 => 48, -36 => 66, _ => 0 };
        if (size == 0) return signature;
        var numbers = new System.Formats.Asn1.AsnReader(signature, System.Formats.Asn1.AsnEncodingRules.DER).ReadSequence();
        return [.. Padded(numbers), .. Padded(numbers)];

        byte[] Padded(System.Formats.Asn1.AsnReader reader)
        {
            var bytes = reader.ReadInteger().ToByteArray(isUnsigned: true, isBigEndian: true);
            return [.. new byte[size - bytes.Length], .. bytes];
        }
    }
}
