using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Dfns.Registration.EndToEnd.Tests.Running;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification;

namespace Dfns.Registration.Benchmarks;

/// <summary>What callers send, from whichever address of this machine.</summary>
internal static class Callers
{
    public const string WrongCode = "0000-0000-0000-0000";

    /// <summary>What <see cref="RegisterAsync"/> says when all went well.</summary>
    public const string Registered = "init 200, registration 200";

    /// <summary>A client at an address of its own.</summary>
    /// <param name="server">The service.</param>
    /// <param name="number">0 to 16 million: 127.1.0.0 and on, all of which are this machine's on Linux.</param>
    public static HttpClient At(Uri server, int number) => new(new SocketsHttpHandler
    {
        ConnectCallback = async (context, ct) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            socket.Bind(new IPEndPoint(new IPAddress(BitConverter.GetBytes(IPAddress.HostToNetworkOrder(0x7F010000 + number))), 0));
            await socket.ConnectAsync(context.DnsEndPoint, ct);
            return new NetworkStream(socket, ownsSocket: true);
        },
    })
    { BaseAddress = server };

    public static JsonObject InitBody(Invitation invitation, string code) =>
        new() { ["username"] = invitation.Username, ["registrationCode"] = code, ["orgId"] = invitation.OrgId };

    /// <returns>Status and text of the answer.</returns>
    public static async Task<(int Status, string Text)> SendAsync(HttpClient http, HttpMethod method, string path, JsonObject body, string? token = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative)) { Content = JsonContent.Create(body) };
        if (token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var response = await http.SendAsync(request);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>Registers with the right code, a key and a recovery key.</summary>
    /// <returns>The status of each of the two calls.</returns>
    public static async Task<string> RegisterAsync(HttpClient http, Invitation invitation, SoftwareKey first, SoftwareKey recovery)
    {
        var (status, text) = await SendAsync(http, HttpMethod.Post, "/auth/registration/init", InitBody(invitation, invitation.Code));
        if (status != 200) return $"init {status}";
        var session = JsonNode.Parse(text)!;
        var challenge = (string)session["challenge"]!;
        var stored = recovery.Create(challenge, CredentialKind.RecoveryKey).ToJson();
        stored["encryptedPrivateKey"] = "b3BhcXVl";
        var completed = await SendAsync(
            http,
            HttpMethod.Post,
            "/auth/registration",
            new JsonObject { ["firstFactorCredential"] = first.Create(challenge).ToJson(), ["recoveryCredential"] = stored },
            (string)session["temporaryAuthenticationToken"]!);
        return $"init {status}, registration {completed.Status}";
    }
}
