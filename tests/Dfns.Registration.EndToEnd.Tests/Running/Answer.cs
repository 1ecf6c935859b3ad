using System.Text.Json.Nodes;

namespace Dfns.Registration.EndToEnd.Tests.Running;

/// <summary>An answer of the service.</summary>
internal sealed record Answer(int Status, JsonNode Body)
{
    public string? Code => (string?)Body["error"]?["code"];
}
