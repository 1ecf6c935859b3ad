using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Unicode;
using Dfns.Registration.Api.Errors;
using Microsoft.Net.Http.Headers;

namespace Dfns.Registration.Api.Wire;

/// <summary>Reads a request body: one JSON object in UTF-8, no member twice, of bounded size and depth.</summary>
internal static class JsonBody
{
    private static readonly ReadOnlyMemory<byte> NoMembers = "{}"u8.ToArray();

    // Some clients begin UTF-8 with it; RFC 8259 §8.1 lets a reader ignore it.
    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>Reads and parses a body: <see cref="ReceiveAsync"/>, then <see cref="Parse"/>.</summary>
    public static async Task<Checked<T>> ReadAsync<T>(HttpRequest request, int maxSizeBytes, CancellationToken ct)
        where T : class =>
        (await ReceiveAsync(request, maxSizeBytes, ct)).Failed(out var error, out var body) ? error : Parse<T>(body);

    /// <summary>Reads the bytes of a JSON body, without looking into them.</summary>
    /// <param name="request">The request.</param>
    /// <param name="maxSizeBytes">Bytes a body may have, inclusive.</param>
    /// <param name="ct">Ends the reading.</param>
    /// <returns>
    /// The body as received; or 413, 415, or 400 for one that does not arrive whole and as HTTP has it; in either case with the place of the request among
    /// those that are worked on, or 503 where there is none: then nothing may be looked up for it.
    /// </returns>
    public static async Task<Checked<ReadOnlyMemory<byte>>> ReceiveAsync(HttpRequest request, int maxSizeBytes, CancellationToken ct) =>
        IsJson(request) ? await ReceiveAnyAsync(request, maxSizeBytes, ct) : WorkPermit.Fault(request.HttpContext) ?? ErrorCatalog.ContentTypeUnsupported;

    /// <summary>The same for a body of whatever type.</summary>
    public static async Task<Checked<ReadOnlyMemory<byte>>> ReceiveAnyAsync(HttpRequest request, int maxSizeBytes, CancellationToken ct)
    {
        var received = await ReceiveWholeAsync(request, maxSizeBytes, ct);
        return WorkPermit.Fault(request.HttpContext) is { } busy ? busy : received;
    }

    private static async Task<Checked<ReadOnlyMemory<byte>>> ReceiveWholeAsync(HttpRequest request, int maxSizeBytes, CancellationToken ct)
    {
        try
        {
            return await ReadAsync(request, maxSizeBytes, ct);
        }
        catch (IOException e) when (!ClientGone.Is(request.HttpContext, e))
        {
            return Fault(e);
        }
    }

    /// <summary>What a client is told whose request could not be read to its end.</summary>
    public static ApiError Fault(IOException exception) => (exception as BadHttpRequestException)?.StatusCode switch
    {
        StatusCodes.Status413PayloadTooLarge => ErrorCatalog.BodyTooLarge,
        StatusCodes.Status408RequestTimeout => ErrorCatalog.RequestInvalid.Saying("The body arrived too slowly."),
        _ => ErrorCatalog.RequestInvalid,
    };

    private static async Task<Checked<ReadOnlyMemory<byte>>> ReadAsync(HttpRequest request, int maxSizeBytes, CancellationToken ct)
    {
        while (true)
        {
            // A read is not cancelled: the server, which ends it when the client goes, would find it under way. Between two it may be.
            ct.ThrowIfCancellationRequested();
            var read = await request.BodyReader.ReadAsync(CancellationToken.None);
            if (read.Buffer.Length > maxSizeBytes)
            {
                request.BodyReader.AdvanceTo(read.Buffer.End);
                return ErrorCatalog.BodyTooLarge;
            }

            if (read.IsCompleted)
            {
                ReadOnlyMemory<byte> body = read.Buffer.ToArray();
                request.BodyReader.AdvanceTo(read.Buffer.End);
                return body.Span.StartsWith(ByteOrderMark) ? body[ByteOrderMark.Length..] : body;
            }

            request.BodyReader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    /// <summary>Reads the bytes of a JSON body that may be left out.</summary>
    /// <returns>The body as received, <c>{}</c> where there is none, or 413 or 415.</returns>
    public static async Task<Checked<ReadOnlyMemory<byte>>> ReceiveOptionalAsync(HttpRequest request, int maxSizeBytes, CancellationToken ct)
    {
        if (request.ContentType is null && (request.ContentLength ?? 0) == 0 && !request.Headers.ContainsKey(HeaderNames.TransferEncoding))
        {
            return WorkPermit.Fault(request.HttpContext) is { } busy ? busy : NoMembers;
        }

        if ((await ReceiveAsync(request, maxSizeBytes, ct)).Failed(out var error, out var body)) return error;
        return body.IsEmpty ? NoMembers : body;
    }

    /// <summary>Parses a body into its contract. Unknown members are ignored, since older clients and newer browsers send some, but for those that are <see cref="MemberNames"/> in another spelling. An empty text counts as absent.</summary>
    /// <typeparam name="T">The contract. Its texts are held to their <see cref="TextAttribute"/>; what else is required is nullable, and checked where it is used.</typeparam>
    /// <param name="body">The body as received.</param>
    /// <returns>The parsed body, or the first fault with its JSON path.</returns>
    public static Checked<T> Parse<T>(ReadOnlyMemory<byte> body)
        where T : class
    {
        // The parser looks at text only where a member is wanted; a body is UTF-8 throughout or it is refused.
        if (!Utf8.IsValid(body.Span)) return ErrorCatalog.BodyNotJson;
        try
        {
            // The whole body is held to the rules, members that nobody asks for included.
            using var document = JsonDocument.Parse(body, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = WireJson.MaxDepth });
            if (document.RootElement.ValueKind != JsonValueKind.Object || Read<T>(document) is not { } value) return ErrorCatalog.BodyNotJson;
            return (MemberNames.Fault(document.RootElement, typeof(T)) ?? Contract.Fault(value)) is { } fault ? fault : value;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: the name of a member holds half of a surrogate pair.
            return Explain(body.Span, (e as JsonException)?.Path);
        }
    }

    /// <summary>Reads a document, whatever its contract asks of its texts.</summary>
    public static T? Read<T>(JsonDocument document)
        where T : class =>
        document.Deserialize<T>(WireJson.Requests);

    /// <summary>The value of a member of a body, byte for byte as received.</summary>
    /// <param name="body">A body that <see cref="Parse"/> took, with this member in it.</param>
    /// <param name="name">Of the member.</param>
    public static ReadOnlyMemory<byte> Raw(ReadOnlyMemory<byte> body, string name)
    {
        using var document = JsonDocument.Parse(body);
        return JsonMarshal.GetRawUtf8Value(document.RootElement.GetProperty(name)).ToArray();
    }

    private static bool IsJson(HttpRequest request) => IsOf(request, "application/json");

    /// <summary>Whether a request says that its body is of a type, in UTF-8 and not encoded otherwise.</summary>
    public static bool IsOf(HttpRequest request, string mediaType) =>
        !request.Headers.ContainsKey(HeaderNames.ContentEncoding)
        && MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
        && type.MediaType.Equals(mediaType, StringComparison.OrdinalIgnoreCase)
        // As text: what a client names need not be an encoding at all.
        && (!type.Charset.HasValue || HeaderUtilities.RemoveQuotes(type.Charset).Equals("utf-8", StringComparison.OrdinalIgnoreCase));

    // The parser does not say what it met. The bytes are read once more, alone, to tell what is no JSON at all from what is too deep, stands
    // twice, or is of the wrong type. A path is put together only where one is told: of each member, it would be gigabytes.
    private static ApiError Explain(ReadOnlySpan<byte> body, string? path)
    {
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = body.Length + 1 });
        var around = new Stack<(HashSet<string> Names, string? Name)>();
        string? name = null;
        string? repeated = null;
        try
        {
            while (reader.Read())
            {
                // Whatever follows, it is too deep: nothing of it is read.
                if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray && reader.CurrentDepth >= WireJson.MaxDepth) return ErrorCatalog.BodyTooDeep;
                if (reader.TokenType == JsonTokenType.StartObject) around.Push((new HashSet<string>(StringComparer.Ordinal), name));
                else if (reader.TokenType == JsonTokenType.EndObject) name = around.Pop().Name;
                else if (reader.TokenType == JsonTokenType.PropertyName)
                {
                    name = reader.GetString()!;
                    if (!around.Peek().Names.Add(name)) repeated ??= string.Join('.', ["$", .. around.Reverse().Select(o => o.Name).OfType<string>(), name]);
                }
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: a name that holds half of a surrogate pair.
            return ErrorCatalog.BodyNotJson;
        }

        if (repeated is not null) return ErrorCatalog.MemberRepeated.At(repeated);
        return path is null or "$" ? ErrorCatalog.BodyNotJson : ErrorCatalog.MemberInvalid.At(path);
    }
}
