using System.Globalization;
using System.Text.Json;

namespace Dfns.Registration.Verification.Trust.Metadata;

/// <summary>
/// A metadata BLOB (FIDO Metadata Service 3.0 §3.1, and 3.1, which changes nothing that is read here), verified by the rules of §3.2: signed
/// by the metadata service, not older than the last, and not overdue. Only an accepted BLOB can be had. Revocation lists, which §3.2 step 4
/// asks for, are not consulted, and <c>x5u</c> is not followed, since nothing is fetched.
/// </summary>
public sealed class MetadataBlob
{
    /// <summary>Bytes of a whole BLOB. That of the FIDO Alliance, with pictures in it, has less than ten million.</summary>
    public const int MaxSizeBytes = 32 * 1024 * 1024;

    private readonly Dictionary<Guid, MetadataEntry> byAaguid;
    private readonly Dictionary<string, MetadataEntry> byKey;

    private MetadataBlob(long number, DateOnly nextUpdate, Dictionary<Guid, MetadataEntry> byAaguid, Dictionary<string, MetadataEntry> byKey, int unreadableRoots)
    {
        (Number, NextUpdate, UnreadableRoots) = (number, nextUpdate, unreadableRoots);
        (this.byAaguid, this.byKey) = (byAaguid, byKey);
    }

    /// <summary>The number of this BLOB (<c>no</c>); later ones have higher numbers.</summary>
    public long Number { get; }

    /// <summary>The day by whose end the next BLOB is due.</summary>
    public DateOnly NextUpdate { get; }

    /// <summary>How many models it speaks of.</summary>
    public int Models => byAaguid.Count + byKey.Values.Distinct().Count();

    /// <summary>How many roots in it could not be read, and are therefore not trusted.</summary>
    public int UnreadableRoots { get; }

    /// <summary>Reads and verifies a BLOB.</summary>
    /// <param name="bytes">The compact serialization as published; a line break at the end is tolerated, since files have one.</param>
    /// <param name="expected">Whose it must be, and how new.</param>
    /// <returns>The BLOB, or why it is not accepted.</returns>
    public static MetadataReading Read(ReadOnlyMemory<byte> bytes, MetadataExpectation expected)
    {
        ArgumentNullException.ThrowIfNull(expected);
        if (bytes.Length > MaxSizeBytes) return MetadataReading.Of(MetadataFault.TooLarge);
        if (MetadataSignature.Verify(bytes, expected, out var payload) is { } unsigned) return unsigned;

        try
        {
            using var document = JsonDocument.Parse(payload, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 32 });
            var blob = ReadPayload(document.RootElement);
            // §3.2 step 6: never back to an older one.
            if (blob.Number < expected.LastNumber)
                return MetadataReading.Of(MetadataFault.RolledBack, $"{blob.Number} after {expected.LastNumber}");
            return blob.OverdueAt(expected.Now) > expected.MaxOverdue
                ? MetadataReading.Of(MetadataFault.Stale, $"{blob.Number} was to be followed by {blob.NextUpdate:yyyy-MM-dd}")
                : MetadataReading.Of(blob);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or KeyNotFoundException or ArgumentException)
        {
            // What the framework's accessors throw at another type, a member that is not there, or half a surrogate pair.
            return MetadataReading.Of(MetadataFault.Malformed, "payload");
        }
    }

    /// <summary>How long the next BLOB is overdue; zero before it is due, and on the day itself.</summary>
    /// <param name="now">The moment, UTC.</param>
    public TimeSpan OverdueAt(DateTimeOffset now)
    {
        var due = new DateTimeOffset(NextUpdate.AddDays(1), TimeOnly.MinValue, TimeSpan.Zero);
        return now > due ? now - due : TimeSpan.Zero;
    }

    /// <summary>The entry of a model, or null.</summary>
    internal MetadataEntry? Find(Guid? aaguid) => aaguid is { } model ? byAaguid.GetValueOrDefault(model) : null;

    /// <summary>The entry of a U2F authenticator, by the key identifier of its attestation certificate; or null.</summary>
    internal MetadataEntry? FindByKey(string identifier) => byKey.GetValueOrDefault(identifier);

    private static MetadataBlob ReadPayload(JsonElement payload)
    {
        // Entries of UAF have neither a model nor a key.
        var models = new Dictionary<Guid, List<MetadataEntry>>();
        var keys = new Dictionary<string, List<MetadataEntry>>(StringComparer.Ordinal);
        var unreadable = 0;
        foreach (var item in payload.GetProperty("entries").EnumerateArray())
        {
            var entry = ReadEntry(item, ref unreadable);
            if (entry.Aaguid is { } aaguid) Add(models, aaguid, entry);
            foreach (var key in entry.KeyIdentifiers) Add(keys, key, entry);
        }

        return new MetadataBlob(payload.GetProperty("no").GetInt64(), Day(payload.GetProperty("nextUpdate")), Together(models), Together(keys), unreadable);
    }

    private static void Add<TKey>(Dictionary<TKey, List<MetadataEntry>> entries, TKey key, MetadataEntry entry)
        where TKey : notnull
    {
        if (!entries.TryAdd(key, [entry])) entries[key].Add(entry);
    }

    // Several entries about one model count together.
    private static Dictionary<TKey, MetadataEntry> Together<TKey>(Dictionary<TKey, List<MetadataEntry>> entries)
        where TKey : notnull => entries.ToDictionary(
            about => about.Key,
            about => about.Value is [var only]
                ? only
                : about.Value[0] with
                {
                    Roots = [.. about.Value.SelectMany(entry => entry.Roots)],
                    Statuses = [.. about.Value.SelectMany(entry => entry.Statuses)],
                },
            entries.Comparer);

    private static MetadataEntry ReadEntry(JsonElement item, ref int unreadable)
    {
        var roots = new List<TrustAnchor>();
        if (item.TryGetProperty("metadataStatement", out var statement))
        {
            foreach (var root in statement.GetProperty("attestationRootCertificates").EnumerateArray())
            {
                // One vendor's misspelled certificate must not cost all others their metadata.
                if (Base64(root) is not { } der || TrustAnchor.Read(der).Refused(out _, out var anchor)) unreadable++;
                else roots.Add(anchor);
            }
        }

        return new MetadataEntry
        {
            Aaguid = item.TryGetProperty("aaguid", out var aaguid) ? Guid.ParseExact(aaguid.GetString()!, "D") : null,
            KeyIdentifiers = item.TryGetProperty("attestationCertificateKeyIdentifiers", out var keys)
                ? [.. keys.EnumerateArray().Select(key => Convert.ToHexStringLower(Convert.FromHexString(key.GetString()!))).Distinct(StringComparer.Ordinal)]
                : [],
            Roots = roots,
            Statuses = [.. item.GetProperty("statusReports").EnumerateArray().Select(ReadStatus)],
        };
    }

    private static StatusReport ReadStatus(JsonElement report)
    {
        // A report about a certificate that cannot be read is one about the model: that refuses more, not less.
        var certificate = report.TryGetProperty("certificate", out var text) ? Base64(text) : null;
        return new StatusReport(
            report.GetProperty("status").GetString() ?? throw new FormatException("status"),
            report.TryGetProperty("effectiveDate", out var from) ? new DateTimeOffset(Day(from), TimeOnly.MinValue, TimeSpan.Zero) : null,
            certificate is { } der ? new ReadOnlyMemory<byte>(der) : default(ReadOnlyMemory<byte>?));
    }

    private static DateOnly Day(JsonElement text) => DateOnly.ParseExact(text.GetString()!, "yyyy-MM-dd", CultureInfo.InvariantCulture);

    // Base64, in which some entries have line breaks. Null for anything else.
    private static byte[]? Base64(JsonElement text)
    {
        try
        {
            return Convert.FromBase64String(text.GetString()!);
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
