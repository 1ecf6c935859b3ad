using System.IO.Compression;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;

namespace Dfns.Registration.Api.Wire;

/// <summary>A document in each coding that it is sent in, each with its validator: whoever has it is told so, and sent nothing.</summary>
/// <param name="codings">The most wanted first, and the document as it is last.</param>
internal sealed class CodedDocument(IReadOnlyList<CodedDocument.Coded> codings)
{
    private const string AsItIs = "identity";

    /// <summary>Makes one of a document that is sent often: compressed once.</summary>
    /// <param name="json">In UTF-8.</param>
    public static CodedDocument Compressed(byte[] json) => new(
    [
        Coded.Of("br", json, Compress(json, to => new BrotliStream(to, CompressionLevel.Optimal))),
        Coded.Of("gzip", json, Compress(json, to => new GZipStream(to, CompressionLevel.Optimal))),
        .. Plain(json).Codings,
    ]);

    /// <summary>Makes one of a document that is another each time.</summary>
    /// <param name="json">In UTF-8.</param>
    public static CodedDocument Plain(byte[] json) => new([Coded.Of(AsItIs, json, json)]);

    private IReadOnlyList<Coded> Codings => codings;

    /// <summary>Answers 200 in the coding that the client takes, or 304 where it has the document.</summary>
    public FileContentHttpResult Ok(HttpContext http)
    {
        var accepted = http.Request.GetTypedHeaders().AcceptEncoding;
        var chosen = codings.FirstOrDefault(coding => accepted.Any(a => a.Value.Equals(coding.Name, StringComparison.OrdinalIgnoreCase) && a.Quality is not 0)) ?? codings[^1];
        var headers = http.Response.Headers;
        headers.CacheControl = "no-cache";
        if (codings.Count > 1) headers.Append(HeaderNames.Vary, HeaderNames.AcceptEncoding);
        if (chosen.Name != AsItIs) headers.ContentEncoding = chosen.Name;
        return TypedResults.Bytes(chosen.Bytes, "application/json;charset=utf-8", entityTag: chosen.Tag);
    }

    private static byte[] Compress(byte[] json, Func<Stream, Stream> coding)
    {
        using var coded = new MemoryStream();
        using (var to = coding(coded)) to.Write(json);
        return coded.ToArray();
    }

    /// <summary>The document in a coding.</summary>
    internal sealed record Coded(string Name, byte[] Bytes, EntityTagHeaderValue Tag)
    {
        // A strong validator is of the bytes that are sent (RFC 9110 §8.8.3.3).
        public static Coded Of(string name, byte[] json, byte[] coded) => new(name, coded, new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(json).AsSpan(0, 16))}-{name}\""));
    }
}
