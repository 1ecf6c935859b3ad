using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace Dfns.Registration.EndToEnd.Tests.Running;

/// <summary>The operator's command line in Production, a process a command.</summary>
internal sealed class OperatorCommand(IEnumerable<(string Key, string? Value)> settings)
{
    /// <summary>Runs a command that has to succeed.</summary>
    /// <returns>What it printed.</returns>
    public async Task<string> RunAsync(params string[] arguments)
    {
        var start = ServiceProcess.StartInfo("Production", "http://127.0.0.1:0", settings);
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        await using var command = RunningProcess.Start(start);
        Assert.True(await command.ExitAsync() == 0, command.Output.ToString());
        return command.Output.ToString();
    }

    /// <summary>Brings the database up to date and makes an organisation.</summary>
    /// <param name="origin">Where its pages are.</param>
    /// <param name="relyingPartyId">What passkeys are made for.</param>
    /// <returns>Its id.</returns>
    public async Task<string> OrganisationAsync(string origin = "https://app.example.co", string relyingPartyId = "example.co")
    {
        await RunAsync("migrate");
        return (string)(await RowAsync("org", "create", "--name", "Example", "--rp-id", relyingPartyId, "--origin", origin))["id"]!;
    }

    /// <summary>Makes a service account that signs with a key.</summary>
    /// <param name="orgId">Its organisation.</param>
    /// <param name="name">What it is called.</param>
    /// <param name="key">Its key, of which the service gets the public half.</param>
    /// <param name="permissions">What it may do.</param>
    /// <returns><c>id</c>, <c>token</c>, <c>credId</c>, <c>credentialUuid</c>.</returns>
    public async Task<JsonNode> ServiceAccountAsync(string orgId, string name, ECDsa key, params IEnumerable<string> permissions)
    {
        var path = Path.GetTempFileName();
        await File.WriteAllTextAsync(path, key.ExportSubjectPublicKeyInfoPem());
        var account = await RowAsync(["service-account", "create", "--org", orgId, "--name", name, "--public-key", path, .. permissions.SelectMany(p => new[] { "--permission", p })]);
        File.Delete(path);
        return account;
    }

    /// <summary>Runs a command that prints one row.</summary>
    public async Task<JsonNode> RowAsync(params string[] arguments) => Assert.Single(JsonNode.Parse(await RunAsync([.. arguments, "--json"]))!.AsArray())!;
}
