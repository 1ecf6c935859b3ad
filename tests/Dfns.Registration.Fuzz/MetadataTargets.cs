using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification.Trust.Metadata;

namespace Dfns.Registration.Fuzz;

/// <summary>What a metadata service publishes: as it comes, and its payload signed once it is changed.</summary>
internal static class MetadataTargets
{
    private static readonly Guid Model = new("f00dbabe-0123-4567-89ab-cdef00112233");

    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new("metadata-blob", input => Read(input, input.Length), () => Drafts().Select(draft => draft.ToBytes())),
        new("metadata-payload", ReadPayload, () => Drafts().Select(Payload)),
    ];

    private static MetadataBlob? Read(byte[] bytes, int inputSizeBytes)
    {
        var (first, reading) = Invariant.Twice(inputSizeBytes, () => MetadataBlob.Read(bytes, Surroundings.Metadata));
        Invariant.Holds((first.Fault, first.Detail, first.Blob?.Number) == (reading.Fault, reading.Detail, reading.Blob?.Number), "answers twice alike");
        Invariant.Holds(reading.Blob is null != reading.Fault is null, "is a BLOB or a fault");
        Invariant.Holds(reading.Fault is not { } fault || Enum.IsDefined(fault), "refuses for a fault of the list");
        if (reading.Blob is not { } blob) return null;

        Invariant.Holds(blob.Number >= Surroundings.Metadata.LastNumber, "is not older than the last");
        Invariant.Holds(blob.OverdueAt(Surroundings.Metadata.Now) <= Surroundings.Metadata.MaxOverdue, "is not overdue");
        Invariant.Holds(FrameworkVerifies(bytes), "is signed to the framework");
        Invariant.Holds(Fault(Surroundings.Metadata with { Roots = [] }) == MetadataFault.SignerNotTrusted, "depends on a root");
        Invariant.Holds(Fault(Surroundings.Metadata with { SignerHost = "other.example.co" }) == MetadataFault.SignerUnexpected, "depends on the host");
        Invariant.Holds(blob.Number == long.MaxValue || Fault(Surroundings.Metadata with { LastNumber = blob.Number + 1 }) == MetadataFault.RolledBack, "depends on the last number");
        return blob;

        MetadataFault? Fault(MetadataExpectation expected) => MetadataBlob.Read(bytes, expected).Fault;
    }

    // The signer here has the published key, on P-256; whatever else the header may say.
    private static bool FrameworkVerifies(byte[] bytes)
    {
        var parts = System.Text.Encoding.ASCII.GetString(bytes).TrimEnd('\r', '\n').Split('.');
        using var header = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[0]));
        using var signer = X509CertificateLoader.LoadCertificate(header.RootElement.GetProperty("x5c")[0].GetBytesFromBase64());
        using var key = signer.GetECDsaPublicKey()!;
        return header.RootElement.GetProperty("alg").ValueEquals("ES256") && key.VerifyData(
            System.Text.Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), Base64Url.DecodeFromChars(parts[2]), HashAlgorithmName.SHA256);
    }

    private static void ReadPayload(byte[] input)
    {
        var bytes = new MetadataDraft { Key = Surroundings.Key, Certify = _ => Surroundings.MetadataSigner, PayloadBytes = _ => input }.ToBytes();
        if (Read(bytes, input.Length) is not { } blob)
        {
            Invariant.Holds(
                MetadataBlob.Read(bytes, Surroundings.Metadata).Fault is MetadataFault.Malformed or MetadataFault.RolledBack or MetadataFault.Stale, "refuses for its payload");
            return;
        }

        using var payload = JsonDocument.Parse(input);
        var root = payload.RootElement;
        Invariant.Holds(root.GetProperty("no").GetInt64() == blob.Number, "has the number that it says");
        Invariant.Holds(root.GetProperty("nextUpdate").ValueEquals($"{blob.NextUpdate:yyyy-MM-dd}"), "has the day that it says");
        foreach (var item in root.GetProperty("entries").EnumerateArray())
        {
            if (item.TryGetProperty("aaguid", out var aaguid)) IsKept(item, blob.Find(aaguid.GetGuid()));
            if (!item.TryGetProperty("attestationCertificateKeyIdentifiers", out var keys)) continue;
            foreach (var key in keys.EnumerateArray()) IsKept(item, blob.FindByKey(key.GetString()!.ToLowerInvariant()));
        }
    }

    private static void IsKept(JsonElement item, MetadataEntry? entry)
    {
        Invariant.Holds(entry is not null, "has every entry");
        var statuses = item.GetProperty("statusReports").EnumerateArray().Select(report => report.GetProperty("status").GetString()!);
        Invariant.Holds(statuses.All(status => entry!.Statuses.Any(report => report.Status == status)), "has every report");
    }

    private static IEnumerable<MetadataDraft> Drafts()
    {
        yield return Draft();
        yield return Draft().Add(Model, ["FIDO_CERTIFIED_L1", "REVOKED"], Surroundings.Trusted[0].Encoded.ToArray());
        yield return Draft().AddU2f("0a1b", ["UPDATE_AVAILABLE"]).Add([], [], [], entry => entry.Remove("metadataStatement"));
        yield return Draft().Add(Model, ["REVOKED"]).Add(Model, ["ATTESTATION_KEY_COMPROMISE"], [1, 2, 3]);
        yield return Draft().Add([], ["REVOKED"], [], entry => entry["statusReports"]![0]!["certificate"] = "AAEC");
    }

    private static MetadataDraft Draft() => new() { Key = Surroundings.Key, Certify = _ => Surroundings.MetadataSigner };

    private static byte[] Payload(MetadataDraft draft)
    {
        byte[] payload = [];
        draft.PayloadBytes = bytes => payload = bytes;
        draft.ToBytes();
        return payload;
    }
}
