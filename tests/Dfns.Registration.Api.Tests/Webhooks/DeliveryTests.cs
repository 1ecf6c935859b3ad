using System.Text;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Api.Webhooks;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Dfns.Registration.Api.Tests.Webhooks;

/// <summary>How a webhook is told: signed, until it has it, and nobody who is not to be.</summary>
public abstract class DeliveryTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    public sealed class OnSqlite(ToldFixture.ThisMachineOnSqlite fixture) : DeliveryTests(fixture), IClassFixture<ToldFixture.ThisMachineOnSqlite>;

    public sealed class OnPostgreSql(ToldFixture.ThisMachineOnPostgreSql fixture) : DeliveryTests(fixture), IClassFixture<ToldFixture.ThisMachineOnPostgreSql>;

    private static readonly Func<HttpContext, Task> Failing = context =>
    {
        context.Response.StatusCode = 500;
        return Task.CompletedTask;
    };

    [Fact]
    public async Task What_is_delivered_is_signed_and_kept()
    {
        await using var receiver = await Receiver.StartAsync();
        var organisation = await Service.NewOrganisationAsync();
        var webhook = await organisation.NewWebhookAsync(receiver.Url, "user.registered");

        var user = await Registered.NewAsync(organisation);

        var told = await receiver.NextAsync();
        Assert.True(told.IsSignedBy(webhook.Secret));
        Assert.Equal(["id", "date", "kind", "data", "timestampSent"], told.Event.Select(m => m.Key));
        Assert.StartsWith("we-", told.Id, StringComparison.Ordinal);
        var now = Service.Clock.GetUtcNow();
        Assert.Equal(("application/json", now.ToUnixTimeSeconds(), user.UserId), (told.Headers["Content-Type"], (long)told.Event["timestampSent"]!, (string)told.Event["data"]!["userId"]!));
        Assert.DoesNotContain(told.Headers.Keys, name => name.Contains("trace", StringComparison.OrdinalIgnoreCase) || name.EndsWith("-NEXT", StringComparison.OrdinalIgnoreCase));
        await Service.ToldAsync();
        var kept = Assert.Single((await webhook.Admin.GetAsync($"{webhook.Path}/events")).Body["items"]!.AsArray())!;
        Assert.Equal((told.Id, "user.registered", "200", null, told.Event["data"]!.ToJsonString()), ((string)kept["id"]!, (string)kept["kind"]!, (string)kept["status"]!, (string?)kept["error"], kept["data"]!.ToJsonString()));
        Assert.Equal(kept.ToJsonString(), (await webhook.Admin.GetAsync($"{webhook.Path}/events/{told.Id}")).Body.ToJsonString());
    }

    [Fact]
    public async Task What_fails_is_told_again_under_the_same_id_and_others_are_not()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var other = await Receiver.StartAsync();
        var organisation = await Service.NewOrganisationAsync();
        var webhook = await organisation.NewWebhookAsync(receiver.Url, "user.registered");
        await organisation.NewWebhookAsync(other.Url, "*");
        receiver.Answer = Failing;

        await Registered.NewAsync(organisation);
        var first = await receiver.NextAsync();
        await Service.ToldAsync();
        Assert.Equal("500", (string)Assert.Single((await webhook.Admin.GetAsync($"{webhook.Path}/events?deliveryFailed=true")).Body["items"]!.AsArray())!["status"]!);
        Assert.Empty((await webhook.Admin.GetAsync($"{webhook.Path}/events?deliveryFailed=false")).Body["items"]!.AsArray());
        receiver.Answer = _ => Task.CompletedTask;
        Service.Clock.Advance(TimeSpan.FromSeconds(2));

        var second = await receiver.NextAsync();
        Assert.Equal((first.Id, first.Event["date"]!.ToJsonString()), (second.Id, second.Event["date"]!.ToJsonString()));
        Assert.True(second.IsSignedBy(webhook.Secret));
        Assert.NotEqual(first.Event["timestampSent"]!.ToJsonString(), second.Event["timestampSent"]!.ToJsonString());
        await GoneAsync(organisation);
        Assert.Equal("200", (string)Assert.Single((await webhook.Admin.GetAsync($"{webhook.Path}/events?deliveryFailed=false&kind=user.registered")).Body["items"]!.AsArray())!["status"]!);
        Assert.Equal(first.Id, Assert.Single(other.All, r => r.Kind == "user.registered").Id);
    }

    [Fact]
    public async Task Whoever_does_not_answer_is_left_alone_for_a_while_and_told_afterwards()
    {
        await using var receiver = await Receiver.StartAsync();
        var organisation = await Service.NewOrganisationAsync();
        var webhook = await organisation.NewWebhookAsync(receiver.Url, "user.registered");
        receiver.Answer = context => Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        var waits = Service.Clock.WaitsOf(TimeSpan.FromSeconds(10));

        await Registered.NewAsync(organisation);
        var first = await receiver.NextAsync();
        while (Service.Clock.WaitsOf(TimeSpan.FromSeconds(10)) == waits) await Task.Yield();
        Service.Clock.Advance(TimeSpan.FromSeconds(10));

        await Service.ToldAsync();
        var kept = Assert.Single((await webhook.Admin.GetAsync($"{webhook.Path}/events")).Body["items"]!.AsArray())!;
        Assert.Equal(("0", "It did not answer in time."), ((string)kept["status"]!, (string)kept["error"]!));
        receiver.Answer = _ => Task.CompletedTask;
        // Others' events do not wait for it, nor does it get its own meanwhile.
        Service.Clock.Advance(EventSender.Rest - TimeSpan.FromSeconds(1));
        await Service.ToldAsync();
        Assert.Single(receiver.All);
        while (receiver.All.Count == 1)
        {
            Service.Clock.Advance(TimeSpan.FromSeconds(5));
            await Service.ToldAsync();
        }

        Assert.Equal(first.Id, (await receiver.NextAsync()).Id);
        await GoneAsync(organisation);
    }

    [Fact]
    public async Task Whoever_answers_slowly_holds_up_the_events_of_no_other_organisation()
    {
        await using var slow = await Receiver.StartAsync();
        await using var quick = await Receiver.StartAsync();
        var (several, other) = (await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => Service.NewOrganisationAsync())), await Service.NewOrganisationAsync());
        foreach (var one in several) await one.NewWebhookAsync(slow.Url, "user.registered");
        await other.NewWebhookAsync(quick.Url, "user.registered");
        var held = new TaskCompletionSource();
        slow.Answer = _ => held.Task;
        foreach (var one in several)
        {
            for (var n = 0; n <= OutboxSender.AtOnce; n++) await Registered.NewAsync(one, username: $"jane{n}@example.co");
        }

        await slow.NextAsync();

        var user = await Registered.NewAsync(other);

        Assert.Equal(user.UserId, (string)(await quick.NextAsync()).Event["data"]!["userId"]!);
        held.SetResult();
        foreach (var one in several) await GoneAsync(one);
        Assert.Equal(several.Length * (OutboxSender.AtOnce + 1), slow.All.Select(r => r.Id).Distinct().Count());
    }

    [Fact]
    public async Task A_host_that_may_be_told_over_http_no_longer_is_not()
    {
        await using var database = await Fixture.NewDatabaseAsync();
        await using var receiver = await Receiver.StartAsync();
        TestOrganisation organisation;
        TestWebhook webhook;
        await using (var before = await Service.StartAsync(database, TestWebhooks.ToThisMachine))
        {
            organisation = await before.NewOrganisationAsync();
            webhook = await organisation.NewWebhookAsync(receiver.Url, "user.registered");
        }

        await using var service = await Service.StartAsync(database, [.. TestWebhooks.ToThisMachine.Where(s => !s.Key.Contains("HttpHosts", StringComparison.Ordinal))]);
        var admin = webhook.Admin with { Service = service };
        var ping = await admin.PostAsync($"{webhook.Path}/ping");
        await Registered.NewAsync(organisation with { Service = service });
        await service.ToldAsync();

        Assert.Equal("""{"status":"0","error":"It is not told over http."}""", ping.Body.ToJsonString());
        Assert.Equal("It is not told over http.", (string)Assert.Single((await admin.GetAsync($"{webhook.Path}/events")).Body["items"]!.AsArray())!["error"]!);
        Assert.Empty(receiver.All);
    }

    [Theory]
    [InlineData(200, 500)]
    [InlineData(500, 200)]
    public async Task Of_two_instances_that_told_an_event_neither_forgets_what_became_of_it_elsewhere(int first, int second)
    {
        var organisation = await Service.NewOrganisationAsync();
        var (one, other) = (await organisation.NewWebhookAsync("https://backend.example.co/a", "credential.renamed"), await organisation.NewWebhookAsync("https://backend.example.co/b", "credential.renamed"));
        var told = new WebhookEvent(organisation.Id, "we-told-twice", Service.Clock.GetUtcNow(), "credential.renamed", []);
        await using var scope = Service.Services.CreateAsyncScope();
        await using var late = Service.Services.CreateAsyncScope();
        var (store, lateStore) = (scope.ServiceProvider.GetRequiredService<WebhookStore>(), late.ServiceProvider.GetRequiredService<WebhookStore>());
        var ct = TestContext.Current.CancellationToken;
        var (pending, latePending) = (await store.PendingAsync(told, ct), await lateStore.PendingAsync(told, ct));

        store.Note(told, pending.Single(p => p.Webhook.Id == one.Id), Answer(first));
        await store.SaveAsync(ct);
        foreach (var delivery in latePending) lateStore.Note(told, delivery, Answer(second));
        await lateStore.SaveAsync(ct);

        var kept = await Service.InDatabaseAsync(db => db.WebhookDeliveries.Where(d => d.OrganisationId == organisation.Id).ToDictionaryAsync(d => d.WebhookId, d => (d.Status, d.IsDelivered)));
        Assert.Equal((200, true), kept[one.Id]);
        Assert.Equal((second, second == 200), kept[other.Id]);

        WebhookAnswer Answer(int status) => new(status, status == 200 ? null : $"It answered {status}.", Service.Clock.GetUtcNow());
    }

    [Fact]
    public async Task Nobody_goes_where_an_answer_redirects_to_or_reads_what_it_says()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var elsewhere = await Receiver.StartAsync();
        var organisation = await Service.NewOrganisationAsync();
        var webhook = await organisation.NewWebhookAsync(receiver.Url, "user.registered");
        receiver.Answer = context =>
        {
            context.Response.Redirect(elsewhere.Url, permanent: false, preserveMethod: true);
            return Task.CompletedTask;
        };

        await Registered.NewAsync(organisation);
        await receiver.NextAsync();
        await Service.ToldAsync();
        Assert.Equal("It answered 307.", (string)Assert.Single((await webhook.Admin.GetAsync($"{webhook.Path}/events")).Body["items"]!.AsArray())!["error"]!);

        var cut = new TaskCompletionSource();
        receiver.Answer = async context =>
        {
            while (!context.RequestAborted.IsCancellationRequested) await context.Response.BodyWriter.WriteAsync(new byte[4096]);
            cut.SetResult();
        };
        Service.Clock.Advance(TimeSpan.FromSeconds(2));
        await receiver.NextAsync();
        await GoneAsync(organisation);
        await cut.Task.WaitAsync(TimeSpan.FromMinutes(1));
        Assert.Empty(elsewhere.All);
    }

    [Fact]
    public async Task A_name_that_leads_to_this_machine_is_not_followed_where_nobody_allowed_it()
    {
        await using var database = await Fixture.NewDatabaseAsync();
        await using var service = await Service.StartAsync(database, ("Webhooks:HttpHosts:0", "localhost"));
        await using var receiver = await Receiver.StartAsync();
        var organisation = await service.NewOrganisationAsync();
        var webhook = await organisation.NewWebhookAsync(receiver.Url.Replace("127.0.0.1", "localhost", StringComparison.Ordinal), "user.registered");

        var ping = await webhook.Admin.PostAsync($"{webhook.Path}/ping");
        await Registered.NewAsync(organisation);

        Assert.Equal("""{"status":"0","error":"Its address is not sent to: others cannot reach it."}""", ping.Body.ToJsonString());
        await service.ToldAsync();
        Assert.Equal("Its address is not sent to: others cannot reach it.", (string)Assert.Single((await webhook.Admin.GetAsync($"{webhook.Path}/events")).Body["items"]!.AsArray())!["error"]!);
        Assert.Empty(receiver.All);
    }

    [Theory]
    [InlineData("disabled")]
    [InlineData("deleted")]
    public async Task Whoever_is_not_to_be_told_any_more_is_not_told_what_was_put_off(string how)
    {
        await using var receiver = await Receiver.StartAsync();
        var organisation = await Service.NewOrganisationAsync();
        var webhook = await organisation.NewWebhookAsync(receiver.Url, "user.registered");
        receiver.Answer = Failing;
        await Registered.NewAsync(organisation);
        await receiver.NextAsync();
        await Service.ToldAsync();

        var changed = how == "deleted" ? await webhook.Admin.DeleteAsync(webhook.Path) : await webhook.Admin.PutAsync(webhook.Path, new System.Text.Json.Nodes.JsonObject { ["status"] = "Disabled" });
        Assert.Equal(200, (int)changed.Status);
        Service.Clock.Advance(TimeSpan.FromSeconds(2));

        await GoneAsync(organisation);
        Assert.Single(receiver.All);
        Assert.Equal(0, await Service.InDatabaseAsync(db => db.RelyingParties.Where(r => r.OrganisationId == organisation.Id).Select(r => r.EnabledWebhooks).SingleAsync()));
    }

    [Fact]
    public async Task What_nobody_takes_for_a_day_is_given_up_and_kept_as_failed()
    {
        await using var receiver = await Receiver.StartAsync();
        var organisation = await Service.NewOrganisationAsync();
        var webhook = await organisation.NewWebhookAsync(receiver.Url, "user.registered");
        receiver.Answer = Failing;
        await Registered.NewAsync(organisation);
        await receiver.NextAsync();
        await Service.ToldAsync();

        var attempts = 1;
        for (var until = Service.Clock.GetUtcNow() + Events.Lifetime; Service.Clock.GetUtcNow() < until; attempts = receiver.All.Count)
        {
            var due = await Service.InDatabaseAsync(db => db.Outbox.Where(m => m.OrganisationId == organisation.Id && m.Kind == OutboxKind.Event).Select(m => (DateTimeOffset?)m.DueAt).SingleOrDefaultAsync());
            if (due is null) break;
            Assert.InRange(due.Value - Service.Clock.GetUtcNow(), TimeSpan.Zero, EventSender.LongestWait);
            Service.Clock.Advance(due.Value - Service.Clock.GetUtcNow());
            while (receiver.All.Count == attempts && await PendsAsync(organisation)) await Task.Yield();
            await Service.ToldAsync();
        }

        await GoneAsync(organisation);
        Assert.InRange(attempts, 24, 60);
        Assert.Single(receiver.All.Select(r => r.Id).Distinct());
        Assert.Equal("500", (string)Assert.Single((await webhook.Admin.GetAsync($"{webhook.Path}/events?deliveryFailed=true")).Body["items"]!.AsArray())!["status"]!);
    }

    [Fact]
    public async Task While_a_secret_is_rotated_both_sign_and_then_the_new_one_alone()
    {
        await using var receiver = await Receiver.StartAsync();
        var organisation = await Service.NewOrganisationAsync();
        var webhook = await organisation.NewWebhookAsync(receiver.Url, "user.registered");
        var run = await ServiceProgram.OperateAsync(Service.Database, "webhook", "rotate-secret", "--org", organisation.Id, "--webhook", webhook.Id, "--overlap-hours", "2", "--json");
        Assert.True(run.ExitCode == 0, run.Faults);
        var secret = (string)System.Text.Json.Nodes.JsonNode.Parse(run.Output)![0]!["secret"]!;
        // The command has a clock of its own.
        await Service.InDatabaseAsync(db => db.Webhooks.Where(w => w.Id == webhook.Id).ExecuteUpdateAsync(w => w.SetProperty(x => x.EarlierSecretEndsAt, Service.Clock.GetUtcNow().AddHours(2))));

        await Registered.NewAsync(organisation);
        var both = await receiver.NextAsync();
        Service.Clock.Advance(TimeSpan.FromHours(2));
        await Registered.NewAsync(organisation, username: "john@example.co");
        var one = await receiver.NextAsync();

        Assert.NotEqual(webhook.Secret, secret);
        Assert.True(both.IsSignedBy(webhook.Secret) && both.IsSignedBy(secret, WebhookClient.NextSignatureHeader));
        Assert.True(one.IsSignedBy(secret));
        Assert.False(one.Headers.ContainsKey(WebhookClient.NextSignatureHeader));
        Assert.Equal(
            (AuditActors.Operator, "The secret of before signs too for 2 hours"),
            await Service.InDatabaseAsync(db => db.AuditEvents.Where(e => e.SubjectId == webhook.Id && e.Action == AuditActions.WebhookSecretRotated).Select(e => new ValueTuple<string, string?>(e.Actor, e.Note)).SingleAsync()));
    }

    // The receiver may have nothing but the secret that would be forgotten.
    [Fact]
    public async Task A_secret_that_still_signs_is_taken_away_by_force_alone_or_where_neither_is_to_sign()
    {
        var organisation = await Service.NewOrganisationAsync();
        var webhook = await organisation.NewWebhookAsync("https://backend.example.co/", "*");
        string[] rotate = ["webhook", "rotate-secret", "--org", organisation.Id, "--webhook", webhook.Id];
        Assert.Equal(0, (await ServiceProgram.OperateAsync(Service.Database, rotate)).ExitCode);
        var before = await organisation.SnapshotAsync();

        var again = await ServiceProgram.OperateAsync(Service.Database, rotate);

        Assert.Equal(1, again.ExitCode);
        Assert.StartsWith("Nothing was changed: the secret before the present one signs until ", again.Faults, StringComparison.Ordinal);
        Assert.Equal(before, await organisation.SnapshotAsync());
        Assert.Equal(0, (await ServiceProgram.OperateAsync(Service.Database, [.. rotate, "--force"])).ExitCode);
        Assert.Equal(0, (await ServiceProgram.OperateAsync(Service.Database, [.. rotate, "--overlap-hours", "0"])).ExitCode);
        Assert.Equal(0, (await ServiceProgram.OperateAsync(Service.Database, rotate)).ExitCode);
    }

    [Fact]
    public async Task What_an_instance_leaves_the_next_one_tells_under_the_same_id()
    {
        await using var database = await Fixture.NewDatabaseAsync();
        await using var receiver = await Receiver.StartAsync();
        var held = new TaskCompletionSource();
        receiver.Answer = _ => held.Task;
        var one = await Service.StartAsync(database, TestWebhooks.ToThisMachine);
        var organisation = await one.NewOrganisationAsync();
        await organisation.NewWebhookAsync(receiver.Url, "user.registered");
        await Registered.NewAsync(organisation);
        var first = await receiver.NextAsync();
        var ending = one.DisposeAsync().AsTask();
        while (one.Clock.WaitsOf(OutboxSender.Patience) == 0) await Task.Yield();
        one.Clock.Advance(OutboxSender.Patience);
        await ending;
        held.SetResult();

        await using var next = await Service.StartAsync(database, TestWebhooks.ToThisMachine);
        next.Clock.Advance(OutboxSender.Lease + OutboxSender.Poll);

        Assert.Equal(first.Id, (await receiver.NextAsync()).Id);
    }

    [Fact]
    public async Task When_too_many_wait_acts_are_done_and_not_told()
    {
        await using var database = await Fixture.NewDatabaseAsync();
        await using var receiver = await Receiver.StartAsync();
        await using var first = await Service.StartAsync(database, TestWebhooks.ToThisMachine);
        var organisation = await first.NewOrganisationAsync();
        await organisation.NewWebhookAsync(receiver.Url, "*");
        var now = first.Clock.GetUtcNow();
        await first.InDatabaseAsync(db =>
        {
            db.Outbox.AddRange(Enumerable.Range(0, OutboxSender.MostOfOrganisation).Select(n => new OutboxMessage
            {
                OrganisationId = organisation.Id,
                Id = $"we-{n}",
                Kind = OutboxKind.Event,
                SubjectId = "us",
                Content = [],
                CreatedAt = now,
                DueAt = now.AddMinutes(5),
                EndsAt = now.AddHours(1),
            }));
            return db.SaveChangesAsync();
        });
        await using var service = await Service.StartAsync(database, TestWebhooks.ToThisMachine);

        await Registered.NewAsync(organisation with { Service = service });

        Assert.Empty(receiver.All);
        Assert.Equal(OutboxSender.MostOfOrganisation, await service.InDatabaseAsync(db => db.Outbox.CountAsync(m => m.Kind == OutboxKind.Event)));
        Assert.Single(service.Log.Lines, line => line.Contains("no more are taken on", StringComparison.Ordinal) && line.Contains(organisation.Id, StringComparison.Ordinal));
    }

    [Fact]
    public async Task No_secret_is_in_a_column_of_the_database_nor_opens_in_another_row()
    {
        var organisation = await Service.NewOrganisationAsync();
        var (one, other) = (await organisation.NewWebhookAsync("https://backend.example.co/a", "*"), await organisation.NewWebhookAsync("https://backend.example.co/b", "*"));

        var rows = await Service.InDatabaseAsync(db => db.Webhooks.AsNoTracking().Where(w => w.OrganisationId == organisation.Id).OrderBy(w => w.Url).ToListAsync());

        foreach (var secret in new[] { one.Secret, other.Secret }) Assert.DoesNotContain(rows, row => Encoding.Latin1.GetString(row.Secret).Contains(secret, StringComparison.Ordinal));
        await using var scope = Service.Services.CreateAsyncScope();
        var secrets = scope.ServiceProvider.GetRequiredService<WebhookSecrets>();
        (rows[0].Secret, rows[1].Secret) = (rows[1].Secret, rows[0].Secret);
        Assert.ThrowsAny<System.Security.Cryptography.CryptographicException>(() => secrets.Sign(rows[0], []));
    }

    private Task<bool> PendsAsync(TestOrganisation organisation) => Service.InDatabaseAsync(db => db.Outbox.AnyAsync(m => m.OrganisationId == organisation.Id && m.Kind == OutboxKind.Event));

    private async Task GoneAsync(TestOrganisation organisation)
    {
        while (await PendsAsync(organisation)) await Task.Yield();
    }
}
