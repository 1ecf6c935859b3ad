using Dfns.Registration.Verification.Trust.Metadata;

namespace Dfns.Registration.Api.Trust;

/// <summary>Reads the bytes of a metadata BLOB, never more than one may have and one over.</summary>
internal static class MetadataSource
{
    /// <summary>The name of the client, for whoever configures how it connects.</summary>
    public const string ClientName = "metadata";

    /// <summary>Reads a file.</summary>
    public static async Task<ReadOnlyMemory<byte>> ReadAsync(string file, CancellationToken ct)
    {
        await using var stream = File.OpenRead(file);
        return await ReadAsync(stream, ct);
    }

    /// <summary>Downloads from the address that the operator configured; no redirection leads to another.</summary>
    /// <exception cref="HttpRequestException">No answer, or another than 200.</exception>
    /// <exception cref="OperationCanceledException">The client's timeout is over, or <paramref name="ct"/> was cancelled.</exception>
    public static async Task<ReadOnlyMemory<byte>> DownloadAsync(HttpClient client, Uri address, CancellationToken ct)
    {
        // The client's own timeout ends with the headers; the rest may not take any longer.
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(client.Timeout);
        using var response = await client.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, patience.Token);
        if (response.StatusCode != System.Net.HttpStatusCode.OK) throw new HttpRequestException($"{(int)response.StatusCode}", inner: null, response.StatusCode);
        await using var stream = await response.Content.ReadAsStreamAsync(patience.Token);
        return await ReadAsync(stream, patience.Token);
    }

    // A BLOB that is too large is told by its reader, which sees one byte more than is allowed.
    private static async Task<ReadOnlyMemory<byte>> ReadAsync(Stream stream, CancellationToken ct)
    {
        using var read = new MemoryStream();
        var buffer = new byte[64 * 1024];
        while (read.Length <= MetadataBlob.MaxSizeBytes && await stream.ReadAsync(buffer, ct) is > 0 and var count)
        {
            read.Write(buffer, 0, (int)Math.Min(count, MetadataBlob.MaxSizeBytes + 1 - read.Length));
        }

        return read.ToArray();
    }
}
