using System.Buffers.Text;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification;

namespace Dfns.Registration.Api.Tests.Running;

/// <summary>
/// The SDK in Python as it is on the wire, byte by byte: requests as its HTTP library writes them, bodies as <c>json.dumps</c> does, and signatures as its
/// key signer makes them.
/// </summary>
/// <param name="Service">Whom it calls.</param>
/// <param name="Token">Its token, which goes with each call, also where none is needed.</param>
/// <param name="CredId">The name of its key.</param>
/// <param name="Key">Its key.</param>
/// <param name="IsOldHttp">Whether its HTTP library is of before version 0.28, which writes bodies with blanks and in ASCII alone.</param>
internal sealed record PythonClient(Service Service, string Token, string CredId, SoftwareKey Key, bool IsOldHttp)
{
    private static readonly string[] Bodied = ["POST", "PUT", "PATCH"];

    /// <summary>What its configuration adds to the headers; by default nothing.</summary>
    public string? Accept { get; init; }

    /// <summary>Makes a call that nobody signs.</summary>
    /// <param name="method">Such as <c>GET</c>.</param>
    /// <param name="path">With its query.</param>
    /// <param name="body">Null for none.</param>
    /// <param name="userAction">What was signed; null for nothing.</param>
    public async Task<PythonAnswer> RequestAsync(string method, string path, JsonNode? body = null, string? userAction = null)
    {
        var written = body is null ? null : Dumps(body, IsOldHttp, IsOldHttp);
        var head = new StringBuilder($"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{Service.Http.BaseAddress!.Port}\r\n")
            .Append(CultureInfo.InvariantCulture, $"Accept: {Accept ?? "*/*"}\r\nAccept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\nUser-Agent: python-httpx/{(IsOldHttp ? "0.27.2" : "0.28.1")}\r\n")
            // Also where there is no body.
            .Append(CultureInfo.InvariantCulture, $"Content-Type: application/json\r\nAuthorization: Bearer {Token}\r\n");
        if (userAction is not null) head.Append(CultureInfo.InvariantCulture, $"X-DFNS-USERACTION: {userAction}\r\n");
        if (written is not null || Bodied.Contains(method)) head.Append(CultureInfo.InvariantCulture, $"Content-Length: {Encoding.UTF8.GetByteCount(written ?? "")}\r\n");
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, Service.Http.BaseAddress.Port);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.UTF8.GetBytes($"{head}\r\n{written}"));
        return await ReadAsync(stream);
    }

    /// <summary>Signs and makes a call.</summary>
    /// <param name="method">Such as <c>PUT</c>.</param>
    /// <param name="path">Without its query, as it is signed.</param>
    /// <param name="body">Null for none.</param>
    /// <param name="query">What goes behind the path.</param>
    public async Task<PythonAnswer> SignedAsync(string method, string path, JsonNode? body = null, string query = "")
    {
        var challenge = await RequestAsync("POST", "/auth/action/init", new JsonObject
        {
            // An empty object is nothing to Python.
            ["userActionPayload"] = body is null or JsonObject { Count: 0 } ? "" : Dumps(body, isSpaced: false, isAscii: true),
            ["userActionHttpMethod"] = method,
            ["userActionHttpPath"] = path,
            ["userActionServerKind"] = "Api",
        });
        Assert.True(challenge.Status == 200, challenge.Text);
        // The origin is its default, whatever the organisation lists.
        var clientData = Encoding.UTF8.GetBytes(Dumps(
            new JsonObject { ["type"] = "key.get", ["challenge"] = (string)challenge.Body["challenge"]!, ["origin"] = "https://app.dfns.io", ["crossOrigin"] = false }, isSpaced: false, isAscii: true));
        var assertion = new JsonObject
        {
            ["credId"] = CredId,
            ["clientData"] = Base64Url.EncodeToString(clientData),
            ["signature"] = Base64Url.EncodeToString(Key.Sign(clientData, System.Security.Cryptography.HashAlgorithmName.SHA256)),
        };
        var signed = await RequestAsync("POST", "/auth/action", new JsonObject
        {
            ["challengeIdentifier"] = (string)challenge.Body["challengeIdentifier"]!,
            ["firstFactor"] = new JsonObject { ["kind"] = nameof(CredentialKind.Key), ["credentialAssertion"] = assertion },
        });
        Assert.True(signed.Status == 200, signed.Text);
        return await RequestAsync(method, path + query, body, (string)signed.Body["userAction"]!);
    }

    /// <summary>As Python's <c>json.dumps</c> writes it.</summary>
    /// <param name="value">What to write.</param>
    /// <param name="isSpaced">With a blank behind each comma and colon, as it does unless it is told otherwise.</param>
    /// <param name="isAscii">With everything else escaped, as it does unless it is told otherwise.</param>
    private static string Dumps(JsonNode? value, bool isSpaced, bool isAscii)
    {
        var (comma, colon) = isSpaced ? (", ", ": ") : (",", ":");
        return value switch
        {
            JsonObject members => $"{{{string.Join(comma, members.Select(m => $"{Quoted(m.Key, isAscii)}{colon}{Dumps(m.Value, isSpaced, isAscii)}"))}}}",
            JsonArray items => $"[{string.Join(comma, items.Select(i => Dumps(i, isSpaced, isAscii)))}]",
            JsonValue text when text.GetValueKind() == JsonValueKind.String => Quoted((string)text!, isAscii),
            null => "null",
            _ => value.ToJsonString(),
        };
    }

    private static string Quoted(string text, bool isAscii)
    {
        var written = new StringBuilder("\"");
        foreach (var c in text)
        {
            _ = c switch
            {
                '"' => written.Append("\\\""),
                '\\' => written.Append("\\\\"),
                '\n' => written.Append("\\n"),
                < ' ' => written.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                > '\x7f' when isAscii => written.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => written.Append(c),
            };
        }

        return written.Append('"').ToString();
    }

    private static async Task<PythonAnswer> ReadAsync(NetworkStream stream)
    {
        await using var buffered = new BufferedStream(stream);
        var status = int.Parse((await LineAsync())[9..12], CultureInfo.InvariantCulture);
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        for (var line = await LineAsync(); line.Length > 0; line = await LineAsync()) headers[line[..line.IndexOf(':', StringComparison.Ordinal)]] = line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
        using var body = new MemoryStream();
        if (headers.TryGetValue("Content-Length", out var length)) await TakeAsync(int.Parse(length, CultureInfo.InvariantCulture));
        else
        {
            for (var size = await SizeAsync(); size > 0; size = await SizeAsync())
            {
                await TakeAsync(size);
                await LineAsync();
            }
        }

        return new PythonAnswer(status, headers["Content-Type"], Encoding.UTF8.GetString(body.ToArray()));

        async Task<int> SizeAsync() => int.Parse(await LineAsync(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);

        async Task TakeAsync(int count)
        {
            var bytes = new byte[count];
            await buffered.ReadExactlyAsync(bytes);
            await body.WriteAsync(bytes);
        }

        async Task<string> LineAsync()
        {
            var (line, one) = (new StringBuilder(), new byte[1]);
            while (true)
            {
                await buffered.ReadExactlyAsync(one);
                if (one[0] == '\n') return line.ToString();
                if (one[0] != '\r') line.Append((char)one[0]);
            }
        }
    }
}

/// <summary>What it was answered.</summary>
/// <param name="Status">Of HTTP.</param>
/// <param name="Type">The media type.</param>
/// <param name="Text">The body.</param>
internal sealed record PythonAnswer(int Status, string Type, string Text)
{
    /// <summary>As its <c>response.json()</c> reads it, whatever the media type.</summary>
    public JsonNode Body => JsonNode.Parse(Text)!;

    /// <summary>Of an error: the text that it raises with, which it reads at the top, our code, and where.</summary>
    public (int Status, string? Message, string? Code, string? Path) Fault => (Status, (string?)Body["message"], (string?)Body["error"]!["code"], (string?)Body["error"]!["path"]);
}
