using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Dfns.Registration.EndToEnd.Tests.Running;

/// <summary>HTTP written to a socket by hand.</summary>
internal static class RawHttp
{
    /// <summary>Sends a text as it is and reads the answer until the service hangs up: the request has to ask it to.</summary>
    public static async Task<Answer> SendAsync(ServiceProcess service, string text)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(service.Address.Host, service.Address.Port);
        await client.GetStream().WriteAsync(Encoding.Latin1.GetBytes(text));
        using var reader = new StreamReader(client.GetStream(), Encoding.UTF8);
        return Parse(await reader.ReadToEndAsync());
    }

    /// <param name="response">Status line, headers and body; chunks are no matter for bodies this small.</param>
    public static Answer Parse(string response)
    {
        if (response.Length == 0) return new Answer(0, new JsonObject { ["problem"] = "closed without an answer" });
        var status = int.Parse(response.Split(' ', 3)[1], CultureInfo.InvariantCulture);
        var (start, end) = (response.IndexOf('{', StringComparison.Ordinal), response.LastIndexOf('}'));
        return new Answer(status, start < 0 ? new JsonObject { ["problem"] = "no body" } : JsonNode.Parse(response[start..(end + 1)])!);
    }
}
