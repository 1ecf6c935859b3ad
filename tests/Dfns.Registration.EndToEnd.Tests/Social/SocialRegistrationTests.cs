using System.Text.Json.Nodes;
using Dfns.Registration.EndToEnd.Tests.Running;
using Dfns.Registration.TestKit;
using Dfns.Registration.TestKit.Databases;
using Dfns.Registration.Verification;

namespace Dfns.Registration.EndToEnd.Tests.Social;

/// <summary>Registration with the ID tokens of a certified OpenID provider, from its sign-in page to the registered user.</summary>
public abstract class SocialRegistrationTests(Func<Task<TestDatabase>> makeDatabase)
{
    public sealed class OnSqlite() : SocialRegistrationTests(TestDatabase.SqliteAsync);

    public sealed class OnPostgreSql() : SocialRegistrationTests(TestDatabase.PostgreSqlAsync);

    [Fact]
    public async Task A_person_who_signs_in_at_the_provider_registers_once()
    {
        await using var database = await makeDatabase();
        await using var provider = await OpenIdProvider.StartAsync();
        await using var service = await ServiceProcess.StartProductionAsync(database.Provider, database.ConnectionString);
        var orgId = await OrganisationAsync(database, provider);
        var token = await provider.SignInAsync("248289761001", "jane@example.co", nonce: "n-0S6_WzA2Mj");

        Assert.Equal("id_token_nonce_mismatch", (await StartAsync(service, orgId, token, nonce: "another")).Code);
        var started = await StartAsync(service, orgId, token, nonce: "n-0S6_WzA2Mj");
        Assert.True(started.Status == 200, started.Body.ToJsonString());
        var completed = await CompleteAsync(service, started);

        Assert.Equal((200, "jane@example.co"), (completed.Status, (string?)completed.Body["user"]!["username"]));
        Assert.Equal("user_already_exists", (await StartAsync(service, orgId, token)).Code);
        Assert.Equal("user_already_exists", (await StartAsync(service, orgId, await provider.SignInAsync("248289761001", "jane@example.co"))).Code);
        await service.StopAsync();
        var tables = Tables.Of(database);
        var user = await tables.UserAsync("jane@example.co");
        Assert.Equal("EndUser", user.Text("kind"));
        Assert.Equal(["user.created_by_social_login", "user.registered", "user.registration_failed"], await tables.AuditAsync("jane@example.co"));
        Assert.Equal(1, await tables.CountAsync("social_accounts", "subject = @subject AND user_id = @user", ("subject", "248289761001"), ("user", user.Text("id")!)));
        Assert.DoesNotContain(service.Output.Lines, line => line.Contains(token, StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_address_that_the_provider_has_not_verified_makes_nobody()
    {
        await using var database = await makeDatabase();
        await using var provider = await OpenIdProvider.StartAsync();
        await using var service = await ServiceProcess.StartProductionAsync(database.Provider, database.ConnectionString);
        var orgId = await OrganisationAsync(database, provider);

        var answer = await StartAsync(service, orgId, await provider.SignInAsync("248289761001", "jane@example.co", verified: false));

        Assert.Equal((403, "id_token_email_not_verified"), (answer.Status, answer.Code));
        Assert.Equal(0, await Tables.Of(database).CountAsync("users"));
    }

    [Fact]
    public async Task Tokens_of_a_key_that_was_rotated_away_start_nothing_and_with_the_provider_gone_nothing_starts()
    {
        await using var database = await makeDatabase();
        await using var provider = await OpenIdProvider.StartAsync();
        await using var service = await ServiceProcess.StartProductionAsync(database.Provider, database.ConnectionString);
        var orgId = await OrganisationAsync(database, provider);
        var old = await provider.SignInAsync("1", "jane@example.co");
        await provider.RotateAsync();
        var current = await provider.SignInAsync("2", "john@example.co");

        Assert.Equal("id_token_key_unknown", (await StartAsync(service, orgId, old)).Code);
        Assert.Equal(200, (await StartAsync(service, orgId, current)).Status);

        await provider.StopAsync();
        Assert.Equal(200, (await StartAsync(service, orgId, current)).Status);
        await service.StopAsync();
        await using var fresh = await ServiceProcess.StartProductionAsync(database.Provider, database.ConnectionString);
        var answer = await StartAsync(fresh, orgId, current);
        Assert.Equal((503, "social_provider_unavailable"), (answer.Status, answer.Code));
    }

    private static async Task<string> OrganisationAsync(TestDatabase database, OpenIdProvider provider)
    {
        var seed = Seed.In(database);
        var orgId = await seed.OrganisationAsync("example.co", "https://app.example.co");
        await seed.SocialProviderAsync(orgId, provider.Issuer, OpenIdProvider.ClientId);
        return orgId;
    }

    private static Task<Answer> StartAsync(ServiceProcess service, string orgId, string idToken, string? nonce = null) =>
        service.PostAsync("/auth/registration/social", Wire.Json(new { idToken, socialLoginProviderKind = "Oidc", orgId, nonce }));

    private static Task<Answer> CompleteAsync(ServiceProcess service, Answer started)
    {
        var challenge = (string)started.Body["challenge"]!;
        var recovery = SoftwareKey.P256().Create(challenge, CredentialKind.RecoveryKey).ToJson();
        recovery["encryptedPrivateKey"] = "b3BhcXVl";
        return service.PostAsync(
            "/auth/registration",
            Wire.Json(new JsonObject { ["firstFactorCredential"] = SoftwareKey.P256().Create(challenge).ToJson(), ["recoveryCredential"] = recovery }),
            (string)started.Body["temporaryAuthenticationToken"]!);
    }
}
