using System.Text.Json.Nodes;
using Dfns.Registration.EndToEnd.Tests.Running;
using Dfns.Registration.TestKit;
using Dfns.Registration.TestKit.Databases;
using Dfns.Registration.Verification;

namespace Dfns.Registration.EndToEnd.Tests.Sdk;

/// <summary>Single sign-on through the official SDK, at a certified OpenID provider, by a client with a secret and one without.</summary>
public abstract class SsoSdkTests(Func<Task<TestDatabase>> makeDatabase)
{
    public sealed class OnSqlite() : SsoSdkTests(TestDatabase.SqliteAsync);

    public sealed class OnPostgreSql() : SsoSdkTests(TestDatabase.PostgreSqlAsync);

    [Fact]
    public async Task A_person_who_registered_with_the_provider_signs_in_there()
    {
        await using var database = await makeDatabase();
        await using var provider = await OpenIdProvider.StartAsync();
        await using var service = await ServiceProcess.StartProductionAsync(database.Provider, database.ConnectionString);
        var orgId = await Seed.In(database).OrganisationAsync("example.co", "https://app.example.co");
        var secret = Path.GetTempFileName();
        await File.WriteAllTextAsync(secret, OpenIdProvider.Secret + "\n");
        var operate = new OperatorCommand(ServiceProcess.ProductionSettings(database.Provider, database.ConnectionString));
        string[] named = ["--org", orgId, "--issuer", provider.Issuer];
        await operate.RunAsync(["social-provider", "set", .. named, "--client-id", OpenIdProvider.ClientId, "--client-id", OpenIdProvider.ConfidentialClientId]);
        await operate.RunAsync(["sso-client", "set", .. named, "--client-id", OpenIdProvider.ClientId, "--redirect-uri", OpenIdProvider.RedirectUri]);
        await operate.RunAsync(["sso-client", "set", .. named, "--client-id", OpenIdProvider.ConfidentialClientId, "--redirect-uri", OpenIdProvider.RedirectUri, "--secret-file", secret]);
        File.Delete(secret);
        var started = await service.PostAsync(
            "/auth/registration/social", Wire.Json(new { idToken = await provider.SignInAsync("248289761001", "jane@example.co"), socialLoginProviderKind = "Oidc", orgId }));
        var challenge = (string)started.Body["challenge"]!;
        var completed = await service.PostAsync(
            "/auth/registration",
            Wire.Json(new JsonObject { ["firstFactorCredential"] = SoftwareKey.P256().Create(challenge, CredentialKind.Key).ToJson() }),
            (string)started.Body["temporaryAuthenticationToken"]!);
        Assert.True(completed.Status == 200, completed.Body.ToJsonString());

        var results = await NodeScript.RunAsync(
            "sso.mjs", new { baseUrl = service.Origin, orgId, clientIds = new[] { OpenIdProvider.ClientId, OpenIdProvider.ConfidentialClientId }, redirectUri = OpenIdProvider.RedirectUri });

        Assert.Equal("[1,1]", results["signedIn"]!.ToJsonString());
        Assert.Equal(provider.Issuer, (string?)results["iss"]);
        Assert.Equal((401, "sso_state_not_valid"), Refusal("again"));
        Assert.Equal((400, "sso_redirect_uri_not_allowed"), Refusal("elsewhere"));
        Assert.Equal((400, "sso_client_unknown"), Refusal("unknown"));
        Assert.Equal((401, "sso_code_refused"), Refusal("injected"));
        await service.StopAsync();
        Assert.DoesNotContain(service.Output.Lines, line => line.Contains(OpenIdProvider.Secret, StringComparison.Ordinal));

        (int, string?) Refusal(string name) => ((int)results[name]!["error"]!["httpStatus"]!, (string?)results[name]!["error"]!["code"]);
    }
}
