using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Dfns.Registration.EndToEnd.Tests.Running;
using Dfns.Registration.TestKit;
using Dfns.Registration.TestKit.Databases;
using Dfns.Registration.Verification;

namespace Dfns.Registration.EndToEnd.Tests.Load;

/// <summary>A request that has to be refused.</summary>
/// <param name="Name">What is wrong with it.</param>
/// <param name="Status">How it has to be refused, where that is one answer.</param>
/// <param name="SendAsync">Sends it.</param>
internal sealed record HostileRequest(string Name, int? Status, Func<Task<Answer>> SendAsync);

/// <summary>An organisation with an open session to attack, one of somebody else, and one that is over; and what an attacker sends.</summary>
internal sealed class HostileScene
{
    private const string RelyingPartyId = "example.co";
    private const string Origin = "https://app.example.co";
    private const string Complete = "/auth/registration";
    private const string Init = "/auth/registration/init";

    private readonly ServiceProcess service;
    private readonly Session other;
    private readonly Session completed;
    private readonly TokenForge forge;

    private HostileScene(ServiceProcess service, Session open, Session other, Session completed, TokenForge forge)
    {
        this.service = service;
        Open = open;
        this.other = other;
        this.completed = completed;
        this.forge = forge;
    }

    /// <summary>The session under attack.</summary>
    public Session Open { get; }

    /// <summary>What must not be in the log.</summary>
    public IEnumerable<string> Secrets => [Open.Token, Open.Invitation.Code, other.Token, other.Invitation.Code, completed.Token, Open.Token.Split('.')[2]];

    public static async Task<HostileScene> SetAsync(ServiceProcess service, TestDatabase database)
    {
        var seed = Seed.In(database);
        var orgId = await seed.OrganisationAsync(RelyingPartyId, Origin);
        var (victim, bystander, done) = (await OpenOneAsync(), await OpenOneAsync(), await OpenOneAsync());
        Assert.Equal(200, (await service.CompleteAsync(done, Body(done.Challenge))).Status);
        return new HostileScene(service, victim, bystander, done, await TokenForge.InAsync(database, victim.Token));

        async Task<Session> OpenOneAsync() => await service.OpenAsync(await seed.InviteAsync(orgId));
    }

    /// <summary>What an honest client sends.</summary>
    public JsonObject HonestBody() => Body(Open.Challenge);

    public IEnumerable<HostileRequest> Requests() =>
    [
        .. Truncated(), .. Oversized(), .. WrongTypes(), .. WrongSlots(), .. Tokens(), .. Replays(), .. Forgeries(), .. TooDeep(), .. NotJson(),
        .. Repeated(), .. ContentTypes(), .. Routes(), .. Malformed(),
    ];

    private static JsonObject Body(string challenge) => new()
    {
        ["firstFactorCredential"] = new SoftwareAuthenticator().Create(challenge, RelyingPartyId, Origin).ToJson(),
        ["secondFactorCredential"] = SoftwareKey.Ed25519().Create(challenge).ToJson(),
        ["recoveryCredential"] = Stored(SoftwareKey.P256().Create(challenge, CredentialKind.RecoveryKey)),
    };

    private static JsonObject Stored(MadeCredential made)
    {
        var credential = made.ToJson();
        credential["encryptedPrivateKey"] = "b3BhcXVl";
        return credential;
    }

    private IEnumerable<HostileRequest> Truncated()
    {
        var text = HonestBody().ToJsonString();
        const int cuts = 30;
        return Enumerable.Range(0, cuts).Select(i => i * text.Length / cuts)
            .Select(end => CompleteWith($"truncated after {end} of {text.Length} characters", text[..end], 400));
    }

    private IEnumerable<HostileRequest> Oversized()
    {
        const int cap = 256 * 1024;
        yield return CompleteWith("a body of spaces beyond the cap", HonestBody().ToJsonString().PadRight(cap + 1), 413);
        yield return CompleteWith("a megabyte of spaces", new string(' ', 1024 * 1024), 413);
        yield return CompleteWith("an unknown member beyond the cap", $$"""{"x":"{{new string('x', cap)}}"}""", 413);
        yield return InitWith("ten megabytes to init", new string('[', 10 * 1024 * 1024), 413);
        yield return InitWith("a long username", Change(InitBody(), "username", new string('u', 321)), 400);
        yield return InitWith("a very long username", Change(InitBody(), "username", new string('ü', 2_000)), 400);
        yield return InitWith("a username longer than a body of this call may be", Change(InitBody(), "username", new string('ü', 40_000)), 413);
        yield return InitWith("a long code", Change(InitBody(), "registrationCode", new string('0', 65)), 400);
        yield return InitWith("a long organisation id", Change(InitBody(), "orgId", new string('o', 65)), 400);
        yield return Completion("a long name", "firstFactorCredential.credentialName", new string('n', 101), 400);
        yield return Completion("a long encrypted key", "recoveryCredential.encryptedPrivateKey", new string('k', (32 * 1024) + 1), 400);
        foreach (var member in new[] { "credId", "clientData", "attestationData" })
        {
            yield return Completion($"200,000 characters of {member}", $"firstFactorCredential.credentialInfo.{member}", new string('A', 200_000), 400);
            yield return Completion($"200,000 characters of {member} of a key", $"recoveryCredential.credentialInfo.{member}", new string('A', 200_000), 400);
        }
    }

    private IEnumerable<HostileRequest> WrongTypes()
    {
        foreach (var value in new[] { "7", "true", "[]", "{}", "null", "\"\"", "\"\\u0000\"" })
        {
            foreach (var member in new[] { "username", "registrationCode", "orgId" })
            {
                yield return InitWith($"{member} is {value}", Change(InitBody(), member, JsonNode.Parse(value)), 400);
            }

            foreach (var member in new[] { "credentialKind", "credentialInfo.credId", "credentialInfo.clientData", "credentialInfo.attestationData" })
            {
                yield return Completion($"{member} is {value}", "firstFactorCredential." + member, JsonNode.Parse(value), 400);
            }
        }

        foreach (var value in new[] { "7", "true", "[]", "\"text\"" })
        {
            foreach (var member in new[] { "firstFactorCredential", "secondFactorCredential", "recoveryCredential", "firstFactorCredential.credentialInfo" })
            {
                yield return Completion($"{member} is {value}", member, JsonNode.Parse(value), 400);
            }
        }

        foreach (var value in new[] { "7", "true", "[]", "{}", "\"\\u0000\"" })
        {
            yield return Completion($"credentialName is {value}", "firstFactorCredential.credentialName", JsonNode.Parse(value), 400);
            yield return Completion($"encryptedPrivateKey is {value}", "recoveryCredential.encryptedPrivateKey", JsonNode.Parse(value), 400);
        }

        yield return CompleteWith("no credential at all", "{}", 400);
    }

    private IEnumerable<HostileRequest> WrongSlots()
    {
        foreach (var kind in new[] { "RecoveryKey", "Password", "Totp", "fido2", "FIDO2", "Fido2, Key", "0", "1", "SessionKey", " Key" })
        {
            yield return Completion($"{kind} as first factor", "firstFactorCredential.credentialKind", kind, 400);
            yield return Completion($"{kind} as second factor", "secondFactorCredential.credentialKind", kind, 400);
        }

        foreach (var kind in new[] { "Fido2", "Key", "PasswordProtectedKey", "Password", "Totp" })
        {
            yield return Completion($"{kind} as recovery", "recoveryCredential.credentialKind", kind, 400);
        }

        var body = HonestBody();
        body["secondFactorCredential"] = body["firstFactorCredential"]!.DeepClone();
        yield return CompleteWith("one credential in two slots", body.ToJsonString(), 400);
        var key = SoftwareKey.P256();
        body["firstFactorCredential"] = key.Create(Open.Challenge).ToJson();
        body["secondFactorCredential"] = key.Create(Open.Challenge).ToJson();
        yield return CompleteWith("one key in two slots", body.ToJsonString(), 400);
    }

    private IEnumerable<HostileRequest> Tokens()
    {
        foreach (var (name, authorization) in forge.Refused(other.Token))
        {
            yield return new HostileRequest(name, 401, () => service.SendAsync(HttpMethod.Post, Complete, Wire.Json(HonestBody()), authorization));
        }
    }

    private IEnumerable<HostileRequest> Replays()
    {
        yield return CompleteWith("credentials over the challenge of another session", Body(other.Challenge).ToJsonString(), 400);
        yield return CompleteWith("credentials over a challenge that was used", Body(completed.Challenge).ToJsonString(), 400);
        yield return CompleteWith("one credential of three over another challenge", Change(HonestBody(), "recoveryCredential", Body(other.Challenge)["recoveryCredential"]), 400);
        yield return CompleteWith("an empty challenge", Body("").ToJsonString(), 400);
        yield return CompleteWith("a padded challenge in a passkey", Body(Open.Challenge + "=").ToJsonString(), 400);
        yield return new HostileRequest("a used session with other credentials", 409, () => service.CompleteAsync(completed, Body(completed.Challenge)));
        yield return new HostileRequest("a used session with the credentials of an open one", 409, () => service.CompleteAsync(completed, HonestBody()));
        yield return new HostileRequest("a registered user's code", 401, () => service.InitAsync(completed.Invitation));
    }

    private IEnumerable<HostileRequest> Forgeries()
    {
        foreach (var reason in Faults.Reasons.Where(reason => !Faults.NeedsCrossOrigin(reason) && !Faults.NeedsDistrust(reason)))
        {
            var slot = Faults.Make(reason, Open.Challenge, RelyingPartyId, Origin);
            yield return CompleteWith($"a credential with the fault {reason}", Change(HonestBody(), "firstFactorCredential", slot.ToJson()), 400);
        }

        var key = SoftwareKey.P256();
        var stranger = SoftwareKey.P256();
        yield return CompleteWith(
            "a key that somebody else signed for",
            Change(HonestBody(), "firstFactorCredential", key.Create(Open.Challenge, change: draft => draft.Key = stranger).ToJson()), 400);
        const int flips = 12;
        for (var flip = 0; flip < flips; flip++)
        {
            var honest = key.Create(Open.Challenge);
            var share = (flip + 1.0) / (flips + 1);
            yield return CompleteWith($"a changed character {share:P0} into the client data", Change(HonestBody(), "firstFactorCredential", (honest with { ClientData = Flip(honest.ClientData, share) }).ToJson()), 400);
            // The public key comes first. In the signature a change could be one of hexadecimal case, which is none.
            yield return CompleteWith($"a changed character {share:P0} into the public key", Change(HonestBody(), "firstFactorCredential", (honest with { AttestationData = Flip(honest.AttestationData, share / 3) }).ToJson()), 400);
        }
    }

    private IEnumerable<HostileRequest> TooDeep()
    {
        foreach (var depth in new[] { 60, 1_000, 100_000 })
        {
            yield return CompleteWith($"arrays {depth} deep", new string('[', depth) + new string(']', depth), 400);
            yield return CompleteWith($"a member {depth} deep", $$"""{"x":{{new string('[', depth)}}{{new string(']', depth)}}}""", 400);
            yield return InitWith($"objects {depth / 3} deep", string.Concat(Enumerable.Repeat("{\"a\":", depth / 3)) + "1" + new string('}', depth / 3), depth / 3 * 6 > 16 * 1024 ? 413 : 400);
        }

        foreach (var depth in new[] { 10, 1_000, 40_000 })
        {
            foreach (var (name, head) in new[] { ("arrays", (byte)0x81), ("maps", (byte)0xa1), ("tags", (byte)0xc1), ("indefinite arrays", (byte)0x9f) })
            {
                var cbor = System.Buffers.Text.Base64Url.EncodeToString([.. Enumerable.Repeat(head, depth), 0]);
                yield return Completion($"CBOR {name} {depth} deep", "firstFactorCredential.credentialInfo.attestationData", cbor, 400);
            }
        }
    }

    private IEnumerable<HostileRequest> NotJson()
    {
        var honest = HonestBody().ToJsonString();
        foreach (var text in new[]
        {
            "null", "[]", "7", "\"text\"", "true", "text", "<xml/>", "{", "{]", "{'username':1}", "{\"a\":NaN}", "{\"a\":1,}", "{\"a\":01}", "// x", "{\"a\":\"\\ud800\"}x",
            honest + honest, honest + "x", "\ufeff\ufeff" + honest, "a=1&b=2", "{\"firstFactorCredential\":{\"credentialKind\":\"\\ud800\"}}",
        })
        {
            yield return CompleteWith($"not JSON: {text[..Math.Min(20, text.Length)]}", text, 400);
        }

        foreach (var (name, encoding) in new[] { ("UTF-16", Encoding.Unicode), ("UTF-32", Encoding.UTF32), ("Latin-1", Encoding.Latin1) })
        {
            yield return Send($"JSON in {name}", Complete, Bytes(encoding.GetBytes(honest.Replace("\"Fido2\"", "\"Fid\u00f62\"", StringComparison.Ordinal))), Open.Token, 400);
        }

        yield return Send("bytes that are no UTF-8", Complete, Bytes([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]), Open.Token, 400);
    }

    private IEnumerable<HostileRequest> Repeated()
    {
        var honest = HonestBody().ToJsonString();
        yield return CompleteWith("a slot twice", honest[..^1] + ",\"firstFactorCredential\":null}", 400);
        yield return CompleteWith("a kind twice", honest.Replace("\"credentialKind\":\"Fido2\"", "\"credentialKind\":\"Key\",\"credentialKind\":\"Fido2\"", StringComparison.Ordinal), 400);
        yield return CompleteWith("a credId twice", honest.Replace("\"credId\":", "\"credId\":\"AAAA\",\"credId\":", StringComparison.Ordinal), 400);
        yield return CompleteWith("a clientData twice, once escaped", honest.Replace("\"clientData\":", "\"client\\u0044ata\":\"e30\",\"clientData\":", StringComparison.Ordinal), 400);
        yield return InitWith("a username twice", "{\"username\":\"a\"," + InitBody().ToJsonString()[1..], 400);
    }

    private IEnumerable<HostileRequest> ContentTypes()
    {
        var bytes = Encoding.UTF8.GetBytes(HonestBody().ToJsonString());
        foreach (var type in new[]
        {
            "text/plain", "application/x-www-form-urlencoded", "application/xml", "multipart/form-data; boundary=x", "application/json; charset=utf-16", "application/jsonx", "text/json",
            "application/octet-stream", "image/png", "application/json, text/plain",
        })
        {
            yield return Send($"as {type}", Complete, Bytes(bytes, type), Open.Token, 415);
        }

        yield return Send("without a type", Complete, Bytes(bytes, type: null), Open.Token, 415);
        var zipped = Bytes(bytes);
        zipped.Headers.ContentEncoding.Add("gzip");
        yield return Send("with an encoding", Complete, zipped, Open.Token, 415);
    }

    private IEnumerable<HostileRequest> Routes()
    {
        foreach (var path in new[]
        {
            "/auth/registration/init/x", "/auth", "/auth/registration%2finit", "/auth/registration/%zz", "/auth/registration/%", "/auth/registration/%c0%af", "//auth/registration/x",
            "/auth/registration/init;x=1", "/auth/login/init/x", "/admin", "/.env", "/data/master.key", "/appsettings.json",
        })
        {
            yield return new HostileRequest($"path {path}", 404, () => RawHttp.SendAsync(service, $"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
        }

        foreach (var method in new[] { "GET", "PUT", "DELETE", "PATCH", "BREW" })
        {
            yield return new HostileRequest($"{method} on completion", 405, () => service.SendAsync(new HttpMethod(method), Complete, content: null, authorization: null));
        }
    }

    // Written to the socket by hand, because no client would send it.
    private IEnumerable<HostileRequest> Malformed()
    {
        var head = $"POST {Complete} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {Open.Token}\r\nContent-Type: application/json\r\n";
        foreach (var (name, rest) in new[]
        {
            ("chunks without an end", "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n"),
            ("a chunk of no number", "Transfer-Encoding: chunked\r\n\r\nxyz\r\n{}\r\n0\r\n\r\n"),
            ("a chunk shorter than it says", "Transfer-Encoding: chunked\r\n\r\nff\r\n{}\r\n0\r\n\r\n"),
            ("less than Content-Length says", "Content-Length: 1000\r\n\r\n{}"),
            ("two documents in chunks", "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n2\r\n{}\r\n0\r\n\r\n"),
            ("a body beyond the cap by its own word", string.Create(CultureInfo.InvariantCulture, $"Content-Length: {int.MaxValue}\r\n\r\n")),
        })
        {
            yield return new HostileRequest(name, Status: null, () => RawHttp.SendAsync(service, head + rest));
        }
    }

    private HostileRequest Completion(string name, string path, JsonNode? value, int? status) => CompleteWith(name, Change(HonestBody(), path, value), status);

    private HostileRequest CompleteWith(string name, string body, int? status) => Send(name, Complete, Wire.Text(body), Open.Token, status);

    private HostileRequest InitWith(string name, string body, int? status) => Send(name, Init, Wire.Text(body), bearer: null, status);

    private HostileRequest Send(string name, string path, HttpContent content, string? bearer, int? status) =>
        new(name, status, () => service.PostAsync(path, content, bearer));

    private JsonObject InitBody() => new() { ["username"] = Open.Invitation.Username, ["registrationCode"] = Open.Invitation.Code, ["orgId"] = Open.Invitation.OrgId };

    /// <param name="path">Members, separated by dots.</param>
    private static string Change(JsonObject body, string path, JsonNode? value)
    {
        var members = path.Split('.');
        JsonNode target = body;
        foreach (var member in members[..^1]) target = target[member]!;
        target[members[^1]] = value?.DeepClone();
        return body.ToJsonString();
    }

    private static string Flip(string text, double share)
    {
        var at = (int)(text.Length * share);
        return string.Concat(text.AsSpan(0, at), text[at] == 'Q' ? "R" : "Q", text.AsSpan(at + 1));
    }

    private static ByteArrayContent Bytes(byte[] bytes, string? type = "application/json")
    {
        var content = new ByteArrayContent(bytes);
        if (type is not null) content.Headers.TryAddWithoutValidation("Content-Type", type);
        return content;
    }
}
