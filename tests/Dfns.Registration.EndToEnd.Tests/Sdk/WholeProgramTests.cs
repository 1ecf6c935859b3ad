using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Dfns.Registration.EndToEnd.Tests.Running;
using Dfns.Registration.TestKit.Databases;

namespace Dfns.Registration.EndToEnd.Tests.Sdk;

/// <summary>
/// One program on the official SDK, unmodified, from the organisation's service account to an end user's signed action, and what proves that action
/// after program, user, key, service and database are gone. The transcript is the test's output.
/// </summary>
public abstract partial class WholeProgramTests(Func<Task<TestDatabase>> makeDatabase)
{
    public sealed class OnSqlite() : WholeProgramTests(TestDatabase.SqliteAsync);

    public sealed class OnPostgreSql() : WholeProgramTests(TestDatabase.PostgreSqlAsync);

    [Fact]
    public async Task A_program_from_its_service_account_to_the_proof_of_what_a_deleted_user_signed()
    {
        var directory = Directory.CreateTempSubdirectory().FullName;
        var (export, body) = (Path.Combine(directory, "action.json"), Path.Combine(directory, "body.json"));
        IReadOnlyList<string> transcript;
        await using (var database = await makeDatabase())
        {
            (string, string?)[] settings =
                [.. ServiceProcess.ProductionSettings(database.Provider, database.ConnectionString), ("Webhooks:AllowedNetworks:0", "127.0.0.0/8"), ("Webhooks:HttpHosts:0", "127.0.0.1")];
            var run = new OperatorCommand(settings);
            var orgId = await run.OrganisationAsync();
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            string[] permissions =
            [
                "Permissions:Create", "Permissions:Assign", "Auth:ServiceAccounts:Create", "Auth:ServiceAccounts:Delete", "Webhooks:Create",
                "Auth:Register:Delegated", "Auth:Logs:Read", "Auth:Users:Read", "Auth:Users:Delete",
            ];
            var account = await run.ServiceAccountAsync(orgId, "Administrator", key, permissions);
            await using var service = await ServiceProcess.StartAsync("Production", settings);

            (transcript, var answer) = await NodeScript.TranscriptAsync("whole-program.mjs", new { baseUrl = service.Origin, orgId, account, privateKey = key.ExportPkcs8PrivateKeyPem() });

            await File.WriteAllTextAsync(export, answer["evidence"]!.ToJsonString());
            await File.WriteAllTextAsync(body, (string)answer["body"]!);
            await service.StopAsync();
        }

        // No setting tells this one where a database would be.
        var proven = await new OperatorCommand([]).RunAsync("verify", export, "--payload", body);
        Directory.Delete(directory, recursive: true);

        foreach (var line in transcript.Append(proven.TrimEnd())) TestContext.Current.TestOutputHelper?.WriteLine(line);
        Assert.Equal(
            [
                "1. administrator: permissions.createPermission -> pm-… Auth:Register:Delegated Auth:Logs:Read Auth:Users:Read Auth:Users:Delete",
                "2. administrator: auth.createServiceAccount -> us-… Back end",
                "3. back end: auth.createDelegatedRegistrationChallenge, nothing assigned -> refused: 403 permission_missing",
                "4. administrator: permissions.createAssignment -> as-… pm-… for us-…",
                "5. administrator: webhooks.createWebhook -> wh-… Enabled user.registered credential.created credential.deactivated user.deleted",
                "6. back end: auth.createDelegatedRegistrationChallenge -> us-… jane@example.co",
                "7. device: auth.registerEndUser -> jane@example.co with cr-… Phone, 0 wallets, a session",
                "8. webhook: user.registered, signed -> jane@example.co crm-1 wants a wallet on EthereumSepolia",
                "9. end user: auth.createCredential, signed with Phone -> cr-… Tablet",
                "10. webhook: credential.created, signed -> cr-… Tablet",
                "11. back end: auth.listAuditLogs -> 1 signed by jane@example.co",
                "12. back end: auth.getAuditLog -> ce-… POST /auth/credentials by jane@example.co with a Key",
                "13. end user: auth.deactivateCredential of Phone, signed with Phone -> success",
                "14. webhook: credential.deactivated, signed -> cr-… Phone",
                "15. end user: login with Phone -> refused: 401 no_usable_credential",
                "16. end user: login with Tablet -> a session",
                "17. back end: auth.archiveUser -> us-…",
                "18. webhook: user.deleted, signed -> jane@example.co",
                "19. end user: auth.listCredentials -> refused: 401 not_authorized",
                "20. back end: auth.getUser -> refused: 404 user_unknown",
                "21. back end: auth.getAuditLog, user and key deleted -> ce-… as before",
                "22. administrator: auth.archiveServiceAccount -> us-… not active",
                "23. back end: auth.getAuditLog -> refused: 401 not_authorized",
            ],
            transcript.Select(line => Id().Replace(line, "${kind}-…")));
        Assert.Contains("Key signed that challenge", proven, StringComparison.Ordinal);
        Assert.Contains(" signed POST /auth/credentials ", proven, StringComparison.Ordinal);
        Assert.EndsWith("accepted", proven.TrimEnd(), StringComparison.Ordinal);
    }

    [GeneratedRegex(@"\b(?<kind>[a-z]{2})-[0-9a-z]{5}-[0-9a-z]{5}-[0-9a-z]{14,16}", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Id();
}
