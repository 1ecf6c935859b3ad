using System.Globalization;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Codes;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.TestKit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Dfns.Registration.Api.Tests.Webhooks;

/// <summary>Which acts are told as which events: with the act, once, or not at all.</summary>
public abstract class EventTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    public sealed class OnSqlite(ToldFixture.ThisMachineOnSqlite fixture) : EventTests(fixture), IClassFixture<ToldFixture.ThisMachineOnSqlite>;

    public sealed class OnPostgreSql(ToldFixture.ThisMachineOnPostgreSql fixture) : EventTests(fixture), IClassFixture<ToldFixture.ThisMachineOnPostgreSql>;

    /// <summary>What each prepared call is told as; any other as nothing.</summary>
    private static readonly Dictionary<string, string[]> Told = new(StringComparer.Ordinal)
    {
        ["a registration"] = ["user.registered"],
        ["a registration that opens a session"] = ["user.registered"],
        ["a delegated registration"] = ["registration.started"],
        ["a delegated registration that is begun again"] = ["registration.started"],
        ["a social registration"] = ["user.created"],
        ["a challenge to recover"] = ["recovery.started"],
        ["a delegated recovery"] = ["recovery.started"],
        // A passkey and a recovery key.
        ["a recovery"] = ["credential.archived", "credential.archived", "recovery.completed"],
        ["a credential that is added"] = ["credential.created"],
        ["a credential of another device"] = ["credential.created"],
        ["a credential that is activated"] = ["credential.activated"],
        ["a credential that is deactivated"] = ["credential.deactivated"],
        ["a credential that is renamed"] = ["credential.renamed"],
        ["a credential that is archived"] = ["credential.archived"],
        ["a user who is invited"] = ["user.invited"],
        ["a user who is activated"] = ["user.activated"],
        ["a user who is deactivated"] = ["user.deactivated"],
        ["a user who is deleted"] = ["user.deleted"],
        ["a service account that is created"] = ["user.created"],
        ["a service account that is activated"] = ["user.activated"],
        ["a service account that is deactivated"] = ["user.deactivated"],
        ["a service account that is deleted"] = ["user.deleted"],
    };

    /// <summary>One call of each way to commit.</summary>
    private static readonly string[] Committing =
        ["a registration", "a recovery", "a social registration", "a challenge to recover", "a credential that is archived", "a credential of another device", "a delegated registration", "a user who is invited"];

    public static TheoryData<string> AllCalls => [.. PreparedCall.Known.Keys];

    public static TheoryData<string, string> AllCommittingAndRefused => [.. Committing.SelectMany(name => new[] { (name, "INSERT ON audit_events"), (name, "INSERT ON outbox") })];

    [Fact]
    public void Every_kind_is_told_by_some_call() => Assert.Equal(EventKinds.Own, Told.Values.SelectMany(kinds => kinds).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(AllCalls))]
    public async Task A_call_is_told_as_what_it_is_and_once(string name)
    {
        await using var receiver = await Receiver.StartAsync();
        var organisation = await Service.NewOrganisationAsync();
        var call = await PreparedCall.Known[name](organisation);
        await organisation.NewWebhookAsync(receiver.Url, "*");

        Assert.Equal(200, (int)(await call.SendAsync()).Status);

        await Service.ToldAsync();
        Assert.Equal(Told.GetValueOrDefault(name) ?? [], receiver.All.Select(r => r.Kind).Order(StringComparer.Ordinal));
        Assert.Equal(receiver.All.Count, receiver.All.Select(r => r.Id).Distinct(StringComparer.Ordinal).Count());
        Assert.All(receiver.All, AssertTellsOf);
    }

    // Whichever of the two cannot be stored, the other is not either.
    [Theory]
    [MemberData(nameof(AllCommittingAndRefused))]
    public async Task What_is_rolled_back_is_not_told_and_what_cannot_be_told_is_rolled_back(string name, string refused)
    {
        await using var database = await Fixture.NewDatabaseAsync();
        await using var service = await Service.StartAsync(database, TestWebhooks.ToThisMachine);
        await using var receiver = await Receiver.StartAsync();
        var organisation = await service.NewOrganisationAsync();
        var call = await PreparedCall.Known[name](organisation);
        await organisation.NewWebhookAsync(receiver.Url, "*");
        await service.ToldAsync();
        var before = await RowsAsync(service);
        await OutboxTests.RefuseAsync(service, refused);

        Assert.Equal(500, (int)(await call.SendAsync()).Status);

        Assert.Equal(before, await RowsAsync(service));
        Assert.False(await service.InDatabaseAsync(db => db.Outbox.AnyAsync(m => m.Kind == OutboxKind.Event)));
        Assert.Empty(receiver.All);
    }

    [Fact]
    public async Task A_registration_tells_who_with_what_and_which_wallets_were_wished_for()
    {
        await using var receiver = await Receiver.StartAsync();
        var organisation = await Service.NewOrganisationAsync();
        await organisation.NewWebhookAsync(receiver.Url, "user.registered");
        var challenge = await (await Service.InviteAsync(organisation, "jane@example.co")).InitAsync();
        var body = challenge.GoodBody();
        body["wallets"] = new JsonArray(new JsonObject { ["network"] = "EthereumSepolia", ["name"] = "Jané \"1\"" }, new JsonObject { ["network"] = "KeyEdDSA" });

        var answer = await Service.PostAsync("/auth/registration/enduser", body, challenge.Token);

        Assert.Equal(200, (int)answer.Status);
        var data = (await receiver.NextAsync()).Event["data"]!;
        Assert.Equal((challenge.UserId, challenge.UserId, "jane@example.co", "EndUser"), ((string)data["userId"]!, (string)data["actor"]!, (string)data["user"]!["username"]!, (string)data["user"]!["kind"]!));
        Assert.Equal(["Fido2", "RecoveryKey"], data["credentials"]!.AsArray().Select(c => (string)c!["kind"]!));
        Assert.True(JsonNode.DeepEquals(body["wallets"], data["wallets"]), data.ToJsonString());
    }

    [Fact]
    public async Task What_the_operator_does_is_told_too()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var database = await Fixture.NewDatabaseAsync();
        await using var service = await Service.StartAsync(database, TestWebhooks.ToThisMachine);
        var organisation = await service.NewOrganisationAsync();
        var user = await Registered.NewAsync(organisation);
        var key = Path.GetTempFileName();
        await File.WriteAllTextAsync(key, SoftwareKey.P256().Pem);
        await organisation.NewWebhookAsync(receiver.Url, "*");
        // A command goes by the clock of the machine, and so does this service from now on, a little ahead.
        var john = await RowAsync("user", "invite", "--username", "john@example.co", "--print-code");
        service.Clock.SetUtcNow(DateTimeOffset.Parse((string)john["expiresAt"]!, CultureInfo.InvariantCulture));
        await RowAsync("user", "deactivate", "--user", user.UserId);
        await RowAsync("user", "activate", "--user", user.UserId);
        var sue = (string)(await RowAsync("user", "invite", "--username", "sue@example.co", "--print-code"))["id"]!;
        await RowAsync("user", "invite-again", "--user", "sue@example.co", "--print-code");
        var account = (string)(await RowAsync("service-account", "create", "--name", "Back end", "--public-key", key))["id"]!;
        await RowAsync("service-account", "deactivate", "--account", account);

        File.Delete(key);
        (string Kind, string Of)[] all =
        [
            ("user.activated", user.UserId), ("user.created", account), ("user.deactivated", account), ("user.deactivated", user.UserId), ("user.invited", (string)john["id"]!), ("user.invited", sue), ("user.invited", sue),
        ];
        service.Clock.Advance(OutboxSender.Poll);
        List<Received> told = [];
        while (told.Count < all.Length) told.Add(await receiver.NextAsync());
        Assert.Equal(all.Order(), told.Select(t => (t.Kind, (string)t.Event["data"]!["userId"]!)).Order());
        Assert.All(told, t => Assert.Equal(AuditActors.Operator, (string)t.Event["data"]!["actor"]!));
        Assert.All(told, AssertTellsOf);

        Task<JsonNode> RowAsync(params string[] command) => ServiceProgram.RowAsync(database, [.. command, "--org", organisation.Id]);
    }

    // Whoever is told of somebody, or of a credential, need not ask who or which that is.
    private static void AssertTellsOf(Received told)
    {
        var data = told.Event["data"]!;
        if (told.Kind.StartsWith("credential.", StringComparison.Ordinal)) Assert.StartsWith("cr-", (string)data["credential"]!["credentialUuid"]!, StringComparison.Ordinal);
        else Assert.Equal((string)data["userId"]!, (string?)data["user"]?["id"]);
    }

    [Fact]
    public async Task An_act_whose_line_in_the_trail_has_several_rows_is_told_once()
    {
        await using var receiver = await Receiver.StartAsync();
        var organisation = await Service.NewOrganisationAsync();
        await organisation.NewWebhookAsync(receiver.Url, "*");
        await using var scope = Service.Services.CreateAsyncScope();
        var audit = scope.ServiceProvider.GetRequiredService<Audit>();
        audit.Know(await Service.InDatabaseAsync(db => db.RelyingParties.SingleAsync(r => r.OrganisationId == organisation.Id)));
        foreach (var piece in new[] { "one", "two" }) audit.ByOperator(organisation.Id, AuditActions.ServiceAccountCreated, "us-1", piece);

        await scope.ServiceProvider.GetRequiredService<Changes>().SaveAsync(CancellationToken.None);

        Assert.Equal("user.created", (await receiver.NextAsync()).Kind);
        await Service.ToldAsync();
        Assert.Single(receiver.All);
    }

    [Fact]
    public async Task Kinds_that_nobody_wants_are_told_to_nobody()
    {
        await using var receiver = await Receiver.StartAsync();
        var organisation = await Service.NewOrganisationAsync();
        await organisation.NewWebhookAsync(receiver.Url, "user.deleted", "wallet.created");

        await Registered.NewAsync(organisation);

        await Service.ToldAsync();
        Assert.False(await Service.InDatabaseAsync(db => db.Outbox.AnyAsync(m => m.OrganisationId == organisation.Id && m.Kind == OutboxKind.Event)));
        Assert.Empty(receiver.All);
    }

    private static Task<string> RowsAsync(Service service) => service.InDatabaseAsync(async db => string.Join(
        '\n',
        (await db.Users.AsNoTracking().ToListAsync()).Select(u => $"{u.Id} {u.Username} {u.RegisteredAt}")
            .Concat((await db.Credentials.AsNoTracking().ToListAsync()).Select(c => $"{c.Uuid} {c.Status}"))
            .Order(StringComparer.Ordinal)));
}
