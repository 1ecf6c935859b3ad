using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dfns.Registration.EndToEnd.Tests.Running;

/// <summary>An open session, as its client knows it.</summary>
internal sealed record Session(Invitation Invitation, string Challenge, string Token);

/// <summary>The wire format, by hand.</summary>
internal static class Wire
{
    public static HttpContent Json(object body) => Text(body is JsonNode node ? node.ToJsonString() : JsonSerializer.Serialize(body, JsonSerializerOptions.Web));

    public static HttpContent Text(string body) => new StringContent(body, Encoding.UTF8, "application/json");

    /// <summary>Asks for a challenge.</summary>
    public static Task<Answer> InitAsync(this ServiceProcess service, Invitation invitation) => service.PostAsync(
        "/auth/registration/init", Json(new { username = invitation.Username, registrationCode = invitation.Code, orgId = invitation.OrgId }));

    /// <summary>Asks for a challenge, and gets one.</summary>
    public static async Task<Session> OpenAsync(this ServiceProcess service, Invitation invitation)
    {
        var answer = await service.InitAsync(invitation);
        Assert.True(answer.Status == 200, answer.Body.ToJsonString());
        return new Session(invitation, (string)answer.Body["challenge"]!, (string)answer.Body["temporaryAuthenticationToken"]!);
    }

    /// <summary>Completes a registration.</summary>
    public static Task<Answer> CompleteAsync(this ServiceProcess service, Session session, object body) => service.PostAsync("/auth/registration", Json(body), session.Token);

    public static Task<Answer> PostAsync(this ServiceProcess service, string path, HttpContent content, string? bearer = null) =>
        service.SendAsync(HttpMethod.Post, path, content, bearer is null ? null : $"Bearer {bearer}");

    /// <param name="authorization">Value of the header, sent as it is.</param>
    public static async Task<Answer> SendAsync(this ServiceProcess service, HttpMethod method, string path, HttpContent? content, string? authorization)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative)) { Content = content };
        if (authorization is not null) request.Headers.TryAddWithoutValidation("Authorization", authorization);
        using var response = await service.Http.SendAsync(request);
        return new Answer((int)response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync())!);
    }
}
