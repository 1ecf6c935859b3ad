using System.Text.Json;
using Dfns.Registration.EndToEnd.Tests.Running;

namespace Dfns.Registration.EndToEnd.Tests.Sdk;

/// <summary>The official SDK and its official signers, unmodified, in a page at the service's origin and under its policy.</summary>
public sealed class BrowserSdkTests(DevelopmentService service, Browser browser) : IClassFixture<DevelopmentService>
{
    [Theory]
    [InlineData("Fido2", true)]
    [InlineData("Fido2", false)]
    [InlineData("Key", true)]
    [InlineData("Key", false)]
    public async Task Registers_with_each_official_signer(string kind, bool withOrgIdOption)
    {
        var invitation = await service.InviteAsync();
        await using var tab = await OpenAsync();

        var outcome = await RegisterAsync(tab, kind, withOrgIdOption, invitation);

        Assert.False(outcome.TryGetProperty("error", out var error), error.ToString());
        var row = Assert.Single(await service.Tables.CredentialsAsync(invitation.Username));
        Assert.NotNull((await service.Tables.UserAsync(invitation.Username))["registered_at"]);
        Assert.Equal((kind, "FirstFactor", "Default Credential"), (row.Text("kind"), row.Text("slot"), row.Text("name")));
        Assert.Equal(row.Text("uuid"), outcome.GetProperty("answer").GetProperty("credential").GetProperty("uuid").GetString());
        Assert.Equal(invitation.Username, outcome.GetProperty("answer").GetProperty("user").GetProperty("username").GetString());
        Assert.Equal(kind == "Fido2" ? 1 : 0, (await tab.PasskeysAsync()).Count);
        tab.AssertQuiet(service.Origin);
    }

    [Fact]
    public async Task Tells_a_wrong_code_as_an_error_of_the_sdk()
    {
        var invitation = await service.InviteAsync();
        await using var tab = await OpenAsync();

        var outcome = await RegisterAsync(tab, "Key", withOrgIdOption: true, invitation with { Code = "0000-0000-0000-0000" });

        var error = outcome.GetProperty("error");
        Assert.Equal(("DfnsError", 403, "Invalid code"), (error.GetProperty("name").GetString(), error.GetProperty("httpStatus").GetInt32(), error.GetProperty("message").GetString()));
        Assert.Empty(await service.Tables.CredentialsAsync(invitation.Username));
    }

    private async Task<Tab> OpenAsync()
    {
        var tab = await browser.OpenAsync();
        await tab.AddAuthenticatorAsync();
        await tab.AddScriptAsync("browser-sdk.mjs");
        await tab.Page.GotoAsync($"{service.Origin}/");
        return tab;
    }

    private static Task<JsonElement> RegisterAsync(Tab tab, string kind, bool withOrgIdOption, Invitation invitation) =>
        tab.Page.EvaluateAsync<JsonElement>(
            "request => registerWithOfficialSdk(request)",
            new { kind, withOrgIdOption, username = invitation.Username, code = invitation.Code, orgId = invitation.OrgId });
}
