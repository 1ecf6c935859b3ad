using System.Text.Json.Nodes;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Api.Webhooks;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.Webhooks;

/// <summary><c>/webhooks</c>: who may create which, and what is told of it.</summary>
public abstract class WebhookTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    public sealed class OnSqlite(ToldFixture.ThisMachineOnSqlite fixture) : WebhookTests(fixture), IClassFixture<ToldFixture.ThisMachineOnSqlite>;

    public sealed class OnPostgreSql(ToldFixture.ThisMachineOnPostgreSql fixture) : WebhookTests(fixture), IClassFixture<ToldFixture.ThisMachineOnPostgreSql>;

    private const string Url = "https://backend.example.co/events";

    /// <summary>The calls, each with the one operation that it needs.</summary>
    private static readonly Dictionary<string, (string Operation, Func<SigningCaller, string, Task<Answer>> Call)> Calls = new(StringComparer.Ordinal)
    {
        ["create"] = (Permission.CreateWebhooks, (c, _) => c.PostAsync("/webhooks", Body("*"))),
        ["list"] = (Permission.ReadWebhooks, (c, _) => c.GetAsync("/webhooks")),
        ["get"] = (Permission.ReadWebhooks, (c, path) => c.GetAsync(path)),
        ["update"] = (Permission.UpdateWebhooks, (c, path) => c.PutAsync(path, new JsonObject { ["status"] = "Disabled" })),
        ["delete"] = (Permission.DeleteWebhooks, (c, path) => c.DeleteAsync(path)),
        ["ping"] = (Permission.PingWebhooks, (c, path) => c.PostAsync($"{path}/ping")),
        ["list events"] = (Permission.ReadWebhookEvents, (c, path) => c.GetAsync($"{path}/events")),
        ["get an event"] = (Permission.ReadWebhookEvents, (c, path) => c.GetAsync($"{path}/events/we-1")),
    };

    public static TheoryData<string> AllCalls => [.. Calls.Keys];

    /// <summary>Bodies at fault, and what is told of them.</summary>
    public static TheoryData<string, string, string> Faults => new()
    {
        { """{"events":["*"]}""", "member_required", "$.url" },
        { """{"url":"http://backend.example.co","events":["*"]}""", "member_invalid", "$.url" },
        { """{"url":"https://backend.example.co"}""", "member_required", "$.events" },
        { """{"url":"https://backend.example.co","events":[]}""", "member_required", "$.events" },
        { """{"url":"https://backend.example.co","events":["*","user.changed"]}""", "event_unknown", "$.events[1]" },
        { """{"url":"https://backend.example.co","events":[null]}""", "event_unknown", "$.events[0]" },
        { """{"url":"https://backend.example.co","events":["webhook.ping"]}""", "event_unknown", "$.events[0]" },
        { """{"url":"https://backend.example.co","events":["User.Created"]}""", "event_unknown", "$.events[0]" },
        { """{"url":"https://backend.example.co","events":["*"],"status":"enabled"}""", "member_invalid", "$.status" },
        { """{"url":"https://backend.example.co","events":["*"],"description":"a\nb"}""", "member_invalid", "$.description" },
        { $$"""{"url":"https://backend.example.co","events":["*"],"description":"{{new string('a', Limits.DescriptionLength + 1)}}"}""", "member_too_long", "$.description" },
    };

    [Fact]
    public async Task A_webhook_is_created_read_changed_and_deleted()
    {
        var organisation = await Service.NewOrganisationAsync();
        var admin = await organisation.NewServiceAccountAsync([.. Permission.All]);

        var created = await admin.PostAsync("/webhooks", Body("user.registered", "wallet.created", "user.registered"));

        Assert.Equal(200, (int)created.Status);
        var id = created.Require("id");
        Assert.StartsWith("wh-", id, StringComparison.Ordinal);
        Assert.Equal(["id", "url", "events", "status", "dateCreated", "dateUpdated", "secret"], created.Body.AsObject().Select(m => m.Key));
        Assert.Equal(43, created.Require("secret").Length);
        var got = await admin.GetAsync($"/webhooks/{id}");
        Assert.Equal($$"""{"id":"{{id}}","url":"{{Url}}","events":["user.registered","wallet.created"],"status":"Enabled","dateCreated":"{{created.Require("dateCreated")}}","dateUpdated":"{{created.Require("dateUpdated")}}"}""", got.Text);
        Assert.Equal($$"""{"items":[{{got.Text}}]}""", (await admin.GetAsync("/webhooks")).Text);

        Service.Clock.Advance(TimeSpan.FromSeconds(1));
        var updated = await admin.PutAsync($"/webhooks/{id}", new JsonObject { ["description"] = "Books", ["status"] = "Disabled" });
        Assert.Equal((Url, "Disabled", "Books"), (updated.Require("url"), updated.Require("status"), updated.Require("description")));
        Assert.True(string.CompareOrdinal(created.Require("dateUpdated"), updated.Require("dateUpdated")) < 0);
        Assert.Equal(0, await EnabledAsync(organisation));
        // An empty text is none, as everywhere.
        var enabled = await admin.PutAsync($"/webhooks/{id}", new JsonObject { ["description"] = "", ["events"] = new JsonArray("*"), ["status"] = "Enabled" });
        Assert.Equal("Books", enabled.Require("description"));
        Assert.Equal(1, await EnabledAsync(organisation));

        Assert.Equal("""{"deleted":true}""", (await admin.DeleteAsync($"/webhooks/{id}")).Text);
        Assert.Equal("webhook_unknown", (await admin.GetAsync($"/webhooks/{id}")).Code);
        Assert.Equal(0, await EnabledAsync(organisation));
        var notes = await Service.InDatabaseAsync(db => db.AuditEvents.Where(e => e.SubjectId == id && e.Action.StartsWith("webhook.")).OrderBy(e => e.Action).ThenBy(e => e.At).Select(e => e.Action + " " + e.Note).ToListAsync());
        Assert.Equal(
            [
                $"webhook.created url is {Url}; events is user.registered wallet.created; description is (none); isEnabled is true",
                $"webhook.deleted url was {Url}, is (none); events was *, is (none)",
                "webhook.updated description was (none), is Books; isEnabled was true, is false",
                "webhook.updated events was user.registered wallet.created, is *; isEnabled was false, is true",
            ],
            notes.Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task What_is_wrong_with_a_body_is_told_with_its_place(string body, string code, string path)
    {
        var organisation = await Service.NewOrganisationAsync();
        var webhook = await organisation.NewWebhookAsync(Url, "*");
        var sent = JsonNode.Parse(body)!.AsObject();

        var created = await webhook.Admin.PostAsync("/webhooks", sent.DeepClone());
        var updated = await webhook.Admin.PutAsync(webhook.Path, sent);

        Assert.Equal((code, path), (created.Code, created.Path));
        // What is left out of an update stays.
        var isThere = sent.ContainsKey(path[2..].Split('[')[0]);
        Assert.Equal(isThere ? (code, path) : (null, null), (updated.Code, updated.Path));
    }

    [Theory]
    [MemberData(nameof(AllCalls))]
    public async Task A_call_needs_its_operation_and_a_webhook_of_the_own_organisation(string name)
    {
        var (operation, call) = Calls[name];
        var organisation = await Service.NewOrganisationAsync();
        var webhook = await organisation.NewWebhookAsync(Url, "*");
        await organisation.AddDeliveryAsync(webhook.Id, "we-1");
        var before = await organisation.SnapshotAsync();

        var lacking = await call(await organisation.NewServiceAccountAsync([.. Permission.All.Where(p => p != operation)]), webhook.Path);
        var others = await call(await (await Service.NewOrganisationAsync()).NewServiceAccountAsync([.. Permission.All]), webhook.Path);

        Assert.Equal((403, "permission_missing"), ((int)lacking.Status, lacking.Code));
        Assert.Contains(operation, lacking.Message, StringComparison.Ordinal);
        if (name is "create" or "list") Assert.Equal(200, (int)others.Status);
        else Assert.Equal((404, "webhook_unknown"), ((int)others.Status, others.Code));
        Assert.Equal(Webhooks(before), Webhooks(await organisation.SnapshotAsync()));
        Assert.Equal(200, (int)(await call(await organisation.NewServiceAccountAsync(operation), webhook.Path)).Status);

        static string Webhooks(string snapshot) => JsonNode.Parse(snapshot)!["webhooks"]!.ToJsonString();
    }

    [Fact]
    public async Task An_organisation_has_so_many_webhooks_however_many_are_created_at_once()
    {
        var organisation = await Service.NewOrganisationAsync();
        var admins = new List<SigningCaller>();
        for (var n = 0; n < WebhookStore.Most + 3; n++) admins.Add(await organisation.NewServiceAccountAsync(Permission.CreateWebhooks, Permission.DeleteWebhooks));

        var answers = await Task.WhenAll(admins.Select(async (admin, n) =>
        {
            // Whoever was second is told so, and creates it again.
            Answer answer;
            do answer = await admin.PostAsync("/webhooks", new JsonObject { ["url"] = Url, ["events"] = new JsonArray("*"), ["status"] = n % 2 == 0 ? "Enabled" : "Disabled" });
            while (answer.Code == "changed_meanwhile");
            return answer;
        }));

        Assert.Equal(WebhookStore.Most, answers.Count(a => (int)a.Status == 200));
        Assert.All(answers.Where(a => (int)a.Status != 200), a => Assert.Equal((409, "webhook_limit_reached"), ((int)a.Status, a.Code)));
        Assert.Equal(answers.Count(a => (string?)a.Body["status"] == "Enabled"), await EnabledAsync(organisation));
        Assert.Equal(200, (int)(await admins[0].DeleteAsync($"/webhooks/{answers.First(a => (int)a.Status == 200).Require("id")}")).Status);
        Assert.Equal(200, (int)(await admins[0].PostAsync("/webhooks", Body("*"))).Status);
    }

    [Fact]
    public async Task Events_are_read_page_by_page_of_a_kind_and_of_those_that_failed()
    {
        var organisation = await Service.NewOrganisationAsync();
        var webhook = await organisation.NewWebhookAsync(Url, "*");
        var now = Service.Clock.GetUtcNow();
        await Service.InDatabaseAsync(db =>
        {
            db.WebhookDeliveries.AddRange(Enumerable.Range(0, 12).Select(n => new WebhookDelivery
            {
                OrganisationId = organisation.Id,
                WebhookId = webhook.Id,
                EventId = $"we-{n:00}",
                Kind = n % 2 == 0 ? "user.registered" : "user.deleted",
                // Two at once; and one that is older than events are kept.
                At = n == 0 ? now - ExpiredRows.KeepDeliveries - TimeSpan.FromMilliseconds(1) : now.AddSeconds(n / 2),
                Data = "{}",
                Status = n % 3 == 0 ? null : 200,
                Error = n % 3 == 0 ? "It did not answer." : null,
                SentAt = now,
                IsDelivered = n % 3 != 0,
            }));
            return db.SaveChangesAsync();
        });

        Assert.Equal(Enumerable.Range(1, 11), await IdsAsync(""));
        Assert.Equal([2, 4, 6, 8, 10], await IdsAsync("&kind=user.registered"));
        Assert.Equal([3, 6, 9], await IdsAsync("&deliveryFailed=true"));
        Assert.Equal([1, 2, 4, 5, 7, 8, 10, 11], await IdsAsync("&deliveryFailed=false"));
        Assert.Equal([6], await IdsAsync("&deliveryFailed=true&kind=user.registered"));
        Assert.Empty(await IdsAsync("&kind=wallet.created"));
        Assert.Equal("webhook_event_unknown", (await webhook.Admin.GetAsync($"{webhook.Path}/events/we-00")).Code);
        Assert.Equal("""{"id":"we-03","date":"202""", (await webhook.Admin.GetAsync($"{webhook.Path}/events/we-03")).Text[..25]);
        foreach (var (query, path) in new[] { ("kind=user", "kind"), ("kind=*", "kind"), ("deliveryFailed=yes", "deliveryFailed"), ("limit=0", "limit") })
        {
            var answer = await webhook.Admin.GetAsync($"{webhook.Path}/events?{query}");
            Assert.Equal((400, "query_invalid", path), ((int)answer.Status, answer.Code, answer.Path));
        }

        async Task<List<int>> IdsAsync(string query)
        {
            var ids = new List<int>();
            for (var (token, pages) = ("", 0); pages < 20; pages++)
            {
                var page = await webhook.Admin.GetAsync($"{webhook.Path}/events?limit=2{query}{token}");
                ids.AddRange(page.Body["items"]!.AsArray().Select(e => int.Parse(((string)e!["id"]!)[3..], System.Globalization.CultureInfo.InvariantCulture)));
                if ((string?)page.Body["nextPageToken"] is not { } next) return ids;
                token = $"&paginationToken={next}";
            }

            throw new InvalidOperationException("The pages do not end.");
        }
    }

    [Fact]
    public async Task A_ping_is_signed_and_says_what_was_answered()
    {
        await using var receiver = await Receiver.StartAsync();
        var organisation = await Service.NewOrganisationAsync();
        var webhook = await organisation.NewWebhookAsync(receiver.Url, "user.deleted");
        await webhook.Admin.PutAsync(webhook.Path, new JsonObject { ["status"] = "Disabled" });

        var good = await webhook.Admin.PostAsync($"{webhook.Path}/ping");
        receiver.Answer = context =>
        {
            context.Response.StatusCode = 404;
            return Task.CompletedTask;
        };
        var bad = await webhook.Admin.PostAsync($"{webhook.Path}/ping");

        Assert.Equal("""{"status":"200"}""", good.Text);
        Assert.Equal("""{"status":"404","error":"It answered 404."}""", bad.Text);
        var told = await receiver.NextAsync();
        Assert.True(told.IsSignedBy(webhook.Secret));
        Assert.Equal((EventKinds.Ping, webhook.Id), (told.Kind, (string)told.Event["data"]!["webhookId"]!));
        Assert.Empty((await webhook.Admin.GetAsync($"{webhook.Path}/events")).Body["items"]!.AsArray());
    }

    [Fact]
    public async Task A_ping_that_nobody_answers_ends_and_tells_nothing_of_why()
    {
        await using var receiver = await Receiver.StartAsync();
        var organisation = await Service.NewOrganisationAsync();
        var (closed, silent) = (await organisation.NewWebhookAsync("http://127.0.0.1:1/", "*"), await organisation.NewWebhookAsync(receiver.Url, "user.deleted"));
        receiver.Answer = context => Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);

        var refused = await closed.Admin.PostAsync($"{closed.Path}/ping");
        var waits = Service.Clock.WaitsOf(WebhookClient.PingTimeout);
        var waiting = silent.Admin.PostAsync($"{silent.Path}/ping");
        await receiver.NextAsync();
        while (Service.Clock.WaitsOf(WebhookClient.PingTimeout) == waits) await Task.Yield();
        Service.Clock.Advance(WebhookClient.PingTimeout);

        Assert.Equal("""{"status":"0","error":"It did not answer."}""", refused.Text);
        Assert.Equal("""{"status":"0","error":"It did not answer in time."}""", (await waiting).Text);
    }

    [Fact]
    public async Task The_operator_lists_webhooks_and_rotates_a_secret()
    {
        var organisation = await Service.NewOrganisationAsync();
        var webhook = await organisation.NewWebhookAsync(Url, "user.registered", "user.deleted");

        var listed = await RunAsync("webhook", "list", "--org", organisation.Id, "--json");
        var unknown = await RunAsync("webhook", "rotate-secret", "--org", organisation.Id, "--webhook", "wh-none");
        var elsewhere = await RunAsync("webhook", "rotate-secret", "--org", (await Service.NewOrganisationAsync()).Id, "--webhook", webhook.Id);
        var tooLong = await RunAsync("webhook", "rotate-secret", "--org", organisation.Id, "--webhook", webhook.Id, "--overlap-hours", "745");
        var nobody = await RunAsync("webhook", "list", "--org", "or-none");
        var atOnce = await RunAsync("webhook", "rotate-secret", "--org", organisation.Id, "--webhook", webhook.Id, "--overlap-hours", "0", "--json");

        var row = Assert.Single(JsonNode.Parse(listed.Output)!.AsArray())!;
        Assert.Equal((webhook.Id, Url, true, "user.registered user.deleted"), ((string)row["id"]!, (string)row["url"]!, (bool)row["isEnabled"]!, (string)row["events"]!));
        Assert.DoesNotContain(webhook.Secret, listed.Output, StringComparison.Ordinal);
        Assert.All(new[] { unknown, elsewhere }, run => Assert.Equal((1, "There is no webhook with this id in this organisation; 'webhook list' shows them."), (run.ExitCode, run.Faults.Trim())));
        Assert.Equal((1, "--overlap-hours is from 0 to 744."), (tooLong.ExitCode, tooLong.Faults.Trim()));
        Assert.Equal((1, OrganisationStore.Unknown), (nobody.ExitCode, nobody.Faults.Trim()));
        var secret = (string)JsonNode.Parse(atOnce.Output)![0]!["secret"]!;
        Assert.NotEqual(webhook.Secret, secret);
        Assert.Equal(((byte[]?)null, (DateTimeOffset?)null, 1), await Service.InDatabaseAsync(db => db.Webhooks.Where(w => w.Id == webhook.Id).Select(w => new ValueTuple<byte[]?, DateTimeOffset?, int>(w.EarlierSecret, w.EarlierSecretEndsAt, w.Version)).SingleAsync()));

        Task<ServiceProgram.Run> RunAsync(params string[] arguments) => ServiceProgram.OperateAsync(Service.Database, arguments);
    }

    private static JsonObject Body(params string[] events) => new() { ["url"] = Url, ["events"] = new JsonArray([.. events.Select(e => (JsonNode)e)]) };

    private Task<int> EnabledAsync(TestOrganisation organisation) => Service.InDatabaseAsync(db => db.RelyingParties.Where(r => r.OrganisationId == organisation.Id).Select(r => r.EnabledWebhooks).SingleAsync());
}
