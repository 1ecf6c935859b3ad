using System.Net;
using System.Text.Json.Nodes;

namespace Dfns.Registration.Api.Tests.Running;

/// <summary>An answer of the service, held against what every answer must be.</summary>
public sealed record Answer(HttpStatusCode Status, JsonNode Body, string Text, IReadOnlyDictionary<string, string> Headers)
{
    public string? Code => (string?)Error?["code"];

    public string? Message => (string?)Error?["message"];

    public string? Path => (string?)Error?["path"];

    private JsonNode? Error => (Body as JsonObject)?["error"];

    public static async Task<Answer> ReadAsync(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        var headers = response.Headers.Concat(response.Content.Headers).ToDictionary(h => h.Key, h => string.Join(", ", h.Value), StringComparer.OrdinalIgnoreCase);
        var path = response.RequestMessage!.RequestUri!.AbsolutePath;

        // An export is no JSON; it is the body all the same.
        var isCsv = path == "/auth/action/logs" && response.Content.Headers.ContentType?.MediaType == "text/csv";
        Assert.True(isCsv || response.Content.Headers.ContentType?.MediaType == "application/json");
        Assert.Equal("nosniff", headers["X-Content-Type-Options"]);
        Assert.DoesNotContain("   at ", text, StringComparison.Ordinal);
        if (path.StartsWith("/auth", StringComparison.Ordinal) || path.StartsWith("/permissions", StringComparison.Ordinal) || path.StartsWith("/webhooks", StringComparison.Ordinal)) Assert.Equal("no-store", headers["Cache-Control"]);
        if (response.StatusCode == HttpStatusCode.InternalServerError) TestContext.Current.TestOutputHelper?.WriteLine(string.Join('\n', CapturedLog.LatestExceptions()));
        var answer = new Answer(response.StatusCode, isCsv ? JsonValue.Create(text) : JsonNode.Parse(text)!, text, headers);
        if (!response.IsSuccessStatusCode) AssertDocumented(answer, response.RequestMessage.Method, path);
        return answer;
    }

    public string Require(string member) => (string?)Body[member] ?? throw new InvalidOperationException($"{member} is missing: {Text}");

    private static void AssertDocumented(Answer answer, HttpMethod method, string path)
    {
        Assert.Equal((int)answer.Status, (int?)answer.Body["error"]?["status"]);
        Assert.Equal(answer.Message, (string?)answer.Body["message"]);
        DocumentedErrors.AssertListed(method, path, answer.Code);
    }
}
