using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Mail;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Dfns.Registration.Api.Tests.Codes;

/// <summary>Mails are stored with what they tell of, and leave once: whoever is killed, however many send.</summary>
public abstract class OutboxTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : OutboxTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : OutboxTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    private const string Recovery = "a recovery";

    // Each has a sender.
    private static readonly int Kinds = Enum.GetValues<OutboxKind>().Length;

    private static readonly (string Key, string Value) Later = ("Mail:Spread", "00:01:00");

    private static readonly (string Key, string Value) Logged = ("Serilog:MinimumLevel:Override:Microsoft.EntityFrameworkCore.Database.Command", "Information");

    /// <summary>The calls from which a mail follows, each with something else that its transaction writes.</summary>
    private static readonly Dictionary<string, string> Mailing = new(StringComparer.Ordinal)
    {
        ["a registration code by mail"] = "UPDATE ON codes",
        ["a login code by mail"] = "UPDATE ON codes",
        ["a recovery code by mail"] = "UPDATE ON codes",
        ["a recovery code by mail, as earlier clients ask for it"] = "UPDATE ON codes",
        ["a user who is invited"] = "INSERT ON audit_events",
        [Recovery] = "INSERT ON audit_events",
    };

    public static TheoryData<string> AllMailing => [.. Mailing.Keys];

    public static TheoryData<string, string> AllMailingAndRefused => [.. Mailing.SelectMany(m => new[] { (m.Key, m.Value), (m.Key, "INSERT ON outbox") })];

    [Fact]
    public async Task These_calls_store_a_mail_and_no_other()
    {
        await using var database = await Fixture.NewDatabaseAsync();
        await using var service = await Service.StartAsync(database, Logged);
        var storing = new List<string>();

        foreach (var (name, prepare) in PreparedCall.Known)
        {
            var call = await prepare(await service.NewOrganisationAsync());
            var before = service.Log.Lines.Count;
            Assert.Equal(200, (int)(await call.SendAsync()).Status);
            if (Statements(service, before).Any(sql => sql.Contains("INTO outbox", StringComparison.Ordinal))) storing.Add(name);
        }

        Assert.Equal(Mailing.Keys.Order(StringComparer.Ordinal), storing.Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(AllMailing))]
    public async Task What_is_stored_is_mailed_and_gone(string name)
    {
        await using var database = await Fixture.NewDatabaseAsync();
        await using var service = await Service.StartAsync(database);
        var call = await PreparedCall.Known[name](await service.NewOrganisationAsync());

        Assert.Equal(200, (int)(await call.SendAsync()).Status);

        var (id, to) = name == Recovery ? Of(await service.Inbox.NextNoticeAsync()) : Of(await call.Organisation.MailAsync());
        Assert.Equal(call.User, to);
        Assert.StartsWith("ob-", id, StringComparison.Ordinal);
        await EmptyAsync(service);

        static (string, string) Of(object mail) => mail is CodeMail code ? (code.Id, code.To) : (((RecoveryMail)mail).Id, ((RecoveryMail)mail).To);
    }

    // Whichever of the two cannot be stored, the other is not either.
    [Theory]
    [MemberData(nameof(AllMailingAndRefused))]
    public async Task What_is_rolled_back_is_not_mailed_and_what_cannot_be_mailed_is_rolled_back(string name, string refused)
    {
        await using var database = await Fixture.NewDatabaseAsync();
        await using var service = await Service.StartAsync(database);
        var call = await PreparedCall.Known[name](await service.NewOrganisationAsync());
        await EmptyAsync(service);
        var before = await StateAsync(service);
        await RefuseAsync(service, refused);

        Assert.Equal(500, (int)(await call.SendAsync()).Status);

        Assert.Equal(before, await StateAsync(service));
        Assert.False(await service.InDatabaseAsync(db => db.Outbox.AnyAsync()));
        Assert.True(service.Inbox.IsEmpty);
    }

    [Fact]
    public async Task A_code_is_in_no_column_of_the_database()
    {
        await using var database = await Fixture.NewDatabaseAsync();
        await using var service = await Service.StartAsync(database, Later);
        await AskAsync(service);

        var cells = await CellsAsync(service);
        service.Clock.Advance(TimeSpan.FromMinutes(1));

        var code = (await service.Inbox.NextAsync()).Code;
        var spellings = new[] { code, code.Replace("-", "", StringComparison.Ordinal) };
        var told = spellings.SelectMany(s => new[] { s, Convert.ToHexString(Encoding.UTF8.GetBytes(s)), Convert.ToBase64String(Encoding.UTF8.GetBytes(s)).TrimEnd('=') }).ToList();
        Assert.True(cells.Count > 100);
        Assert.DoesNotContain(cells, cell => told.Exists(t => cell.Contains(t, StringComparison.OrdinalIgnoreCase)));
    }

    [Theory]
    [InlineData("subject_id = (SELECT id FROM users WHERE username = 'john@example.co')")]
    [InlineData("id = 'ob-other'")]
    [InlineData("organisation_id = (SELECT id FROM organisations WHERE name = 'Other')")]
    [InlineData("content = (SELECT code_hash FROM codes LIMIT 1)")]
    public async Task What_somebody_has_changed_who_can_write_rows_is_mailed_to_nobody(string change)
    {
        await using var database = await Fixture.NewDatabaseAsync();
        await using var service = await Service.StartAsync(database, Later);
        var asked = await AskAsync(service);
        await service.InviteAsync(asked.Organisation, "john@example.co");
        await service.InDatabaseAsync(async db =>
        {
            db.Organisations.Add(new Organisation { Id = "or-other", Name = "Other", CreatedAt = service.Clock.GetUtcNow() });
            await db.SaveChangesAsync();
#pragma warning disable EF1002 // The changes are those of the test.
            return await db.Database.ExecuteSqlRawAsync($"UPDATE outbox SET {change}");
#pragma warning restore EF1002
        });

        service.Clock.Advance(TimeSpan.FromMinutes(1));

        while (!service.Log.Lines.Any(line => line.Contains("it is not as this service stored it", StringComparison.Ordinal))) await Task.Yield();
        Assert.False(await service.InDatabaseAsync(db => db.Outbox.AnyAsync()));
        Assert.True(service.Inbox.IsEmpty);
    }

    [Fact]
    public async Task What_an_instance_leaves_the_next_one_mails()
    {
        await using var database = await Fixture.NewDatabaseAsync();
        Invited asked;
        await using (var first = await Service.StartAsync(database, Later)) asked = await AskAsync(first);
        await using var next = await Service.StartAsync(database);

        next.Clock.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal(asked.Username, (await next.Inbox.NextAsync()).To);
    }

    [Fact]
    public async Task What_an_instance_had_in_hand_another_mails_under_the_same_id_once_its_lease_is_over()
    {
        await using var database = await Fixture.NewDatabaseAsync();
        await using var other = await Service.StartAsync(database);
        var silence = new TaskCompletionSource();
        CodeMail held;
        await using (var one = await Service.StartAsync(database))
        {
            one.Inbox.Silence = silence;
            await AskAsync(one);
            held = await one.Inbox.NextHeldAsync();

            // As long as it holds, nobody else.
            other.Clock.Advance(OutboxSender.Lease - TimeSpan.FromSeconds(1));
            var theirs = await AskAsync(other, "john@example.co");
            Assert.Equal(theirs.Username, (await other.Inbox.NextAsync()).To);
            other.Clock.Advance(OutboxSender.Poll);

            Assert.Equal(held, await other.Inbox.NextAsync());
            while (await other.InDatabaseAsync(db => db.Outbox.AnyAsync())) await Task.Yield();
            // It was not dead, but slow, and comes to its end after all.
            silence.SetResult();
            Assert.Equal(held, await one.Inbox.NextAsync());
        }

        // Told once, by whoever had it in hand.
        Assert.Equal(1, await other.InDatabaseAsync(db => db.AuditEvents.CountAsync(e => e.OrganisationId == held.OrganisationId && e.Action == "registration_code.sent")));
        Assert.True(other.Inbox.IsEmpty);
    }

    [Fact]
    public async Task What_is_in_hand_when_the_service_ends_is_given_back()
    {
        await using var database = await Fixture.NewDatabaseAsync();
        await using var other = await Service.StartAsync(database);
        var one = await Service.StartAsync(database);
        one.Inbox.Silence = new TaskCompletionSource();
        await AskAsync(one);
        var held = await one.Inbox.NextHeldAsync();

        var ending = one.DisposeAsync().AsTask();
        while (one.Clock.WaitsOf(OutboxSender.Patience) == 0) await Task.Yield();
        one.Clock.Advance(OutboxSender.Patience);
        await ending;

        var row = await other.InDatabaseAsync(db => db.Outbox.AsNoTracking().SingleAsync());
        Assert.Equal((held.Id, null, 0), (row.Id, row.Lease, row.Attempts));
        other.Clock.Advance(row.DueAt - other.Clock.GetUtcNow() + OutboxSender.Poll);
        Assert.Equal(held, await other.Inbox.NextAsync());
    }

    [Fact]
    public async Task Of_two_instances_one_mails_each()
    {
        const int Many = 60;
        await using var database = await Fixture.NewDatabaseAsync();
        await using var one = await Service.StartAsync(database, Later);
        await using var other = await Service.StartAsync(database, Later);
        var organisation = await one.NewOrganisationAsync();
        for (var n = 0; n < Many; n++) await AskAsync(n % 2 == 0 ? one : other, $"user-{n}@example.co", organisation);

        one.Clock.Advance(TimeSpan.FromMinutes(1));
        other.Clock.Advance(TimeSpan.FromMinutes(1));

        await EmptyAsync(one);
        var ids = new HashSet<string>(StringComparer.Ordinal);
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var inbox in new[] { one.Inbox, other.Inbox })
        {
            while (!inbox.IsEmpty)
            {
                var mail = await inbox.NextAsync();
                Assert.True(ids.Add(mail.Id) && names.Add(mail.To), mail.To);
            }
        }

        Assert.Equal(Many, names.Count);
        Assert.Equal(Many, await one.InDatabaseAsync(db => db.AuditEvents.CountAsync(e => e.Action == "registration_code.sent")));
    }

    [Fact]
    public async Task Whoever_waits_for_nothing_asks_for_one_row_along_an_index()
    {
        await using var database = await Fixture.NewDatabaseAsync();
        await using var service = await Service.StartAsync(database, Logged);
        var before = service.Log.Lines.Count;

        for (var times = 1; times <= 3; times++)
        {
            service.Clock.Advance(OutboxSender.Poll);
            while (Statements(service, before).Count < times * Kinds) await Task.Yield();
        }

        Assert.Single(Statements(service, before).Distinct(StringComparer.Ordinal), sql => sql.Contains("FROM outbox", StringComparison.Ordinal) && sql.Contains("LIMIT", StringComparison.Ordinal));
        Assert.Equal(3 * Kinds, Statements(service, before).Count);
    }

    [Fact]
    public async Task An_organisation_of_which_too_many_wait_is_told_so_and_no_other()
    {
        await using var database = await Fixture.NewDatabaseAsync();
        await using var first = await Service.StartAsync(database);
        var (full, free) = (await first.NewOrganisationAsync(), await first.NewOrganisationAsync());
        await first.InviteAsync(full, "jane@example.co");
        var rows = Enumerable.Range(0, OutboxSender.MostOfOrganisation).Select(n => new OutboxMessage
        {
            OrganisationId = full.Id,
            Id = $"ob-{n}",
            Kind = OutboxKind.Mail,
            SubjectId = "us",
            Content = [],
            CreatedAt = first.Clock.GetUtcNow(),
            DueAt = first.Clock.GetUtcNow().AddMinutes(5),
            EndsAt = first.Clock.GetUtcNow().AddHours(1),
        });
        await first.InDatabaseAsync(async db =>
        {
            db.Outbox.AddRange(rows);
            return await db.SaveChangesAsync();
        });

        await using var service = await Service.StartAsync(database);

        foreach (var name in new[] { "jane@example.co", "nobody@example.co" })
        {
            var answer = await service.PutAsync("/auth/registration/code", new JsonObject { ["username"] = name, ["orgId"] = full.Id });
            Assert.Equal((503, "mail_busy"), ((int)answer.Status, answer.Code));
        }

        Assert.Equal("mail_busy", (await (await (full with { Service = service }).NewServiceAccountAsync(Accounts.Permission.CreateUsers)).PostAsync("/auth/users", new JsonObject { ["email"] = "john@example.co", ["kind"] = "CustomerEmployee" })).Code);
        await AskAsync(service, organisation: free with { Service = service });
        Assert.Equal(free.Id, (await service.Inbox.NextAsync()).OrganisationId);
        // One that goes makes room at once.
        await service.InDatabaseAsync(db => db.Outbox.Where(m => m.Id == "ob-0").ExecuteDeleteAsync());
        service.Clock.Advance(OutboxSender.Poll);
        while (service.Services.GetRequiredService<MailSender>().IsFull(full.Id)) await Task.Yield();
    }

    [Fact]
    public async Task Metrics_tell_how_much_waits_since_when_and_what_became_of_it()
    {
        await using var database = await Fixture.NewDatabaseAsync();
        await using var service = await Service.StartAsync(database, Later);
        var told = new ConcurrentDictionary<string, double>(StringComparer.Ordinal);
        using var listener = Listen(service, told);
        await AskAsync(service);
        await AskAsync(service, "john@example.co");
        listener.RecordObservableInstruments();
        Assert.Equal((2d, 0d), (told["waiting"], told["oldest"]));
        service.Inbox.Refusal = () => new IOException("down");

        service.Clock.Advance(TimeSpan.FromMinutes(1));
        while (told.GetValueOrDefault("outcomes PutOff") < 2) await Task.Yield();
        listener.RecordObservableInstruments();
        Assert.Equal((2d, 60d), (told["waiting"], told["oldest"]));
        service.Inbox.Refusal = null;
        while (await service.InDatabaseAsync(db => db.Outbox.AnyAsync(m => m.Lease != null))) await Task.Yield();
        service.Clock.Advance(TimeSpan.FromSeconds(2));

        await EmptyAsync(service);
        while (told.GetValueOrDefault("outcomes Delivered") < 2) await Task.Yield();
        service.Clock.Advance(OutboxSender.Poll);
        for (told["waiting"] = 1; told["waiting"] > 0; listener.RecordObservableInstruments()) await Task.Yield();
        Assert.Equal(0, told["oldest"]);
    }

    private static async Task<Invited> AskAsync(Service service, string username = "jane@example.co", TestOrganisation? organisation = null)
    {
        var invited = await service.InviteAsync((organisation ?? await service.NewOrganisationAsync()) with { Service = service }, username);
        Assert.Equal(200, (int)(await service.PutAsync("/auth/registration/code", new JsonObject { ["username"] = username, ["orgId"] = invited.Organisation.Id })).Status);
        return invited;
    }

    private static async Task EmptyAsync(Service service)
    {
        while (await service.InDatabaseAsync(db => db.Outbox.AnyAsync())) await Task.Yield();
    }

    private static List<string> Statements(Service service, int from) =>
        [.. service.Log.Lines.Skip(from).Select(line => (string?)JsonNode.Parse(line)!["commandText"]).OfType<string>().Select(sql => sql.Replace("\"", "", StringComparison.Ordinal)).Where(sql => !sql.StartsWith("PRAGMA", StringComparison.Ordinal))];

    // What the calls change: of codes their hashes, users, credentials.
    private static Task<string> StateAsync(Service service) => service.InDatabaseAsync(async db => string.Join(
        '\n',
        (await db.Codes.AsNoTracking().Where(c => c.SentAt != null || c.OrganisationId != "").ToListAsync()).Select(c => $"{c.UserId} {c.Purpose} {Convert.ToHexString(c.CodeHash)} {c.ConsumedAt is null}")
            .Concat((await db.Users.AsNoTracking().ToListAsync()).Select(u => $"{u.Id} {u.Username}"))
            .Concat((await db.Credentials.AsNoTracking().ToListAsync()).Select(c => $"{c.Uuid} {c.Status}"))
            .Order(StringComparer.Ordinal)));

    /// <summary>Has a database refuse what is written to a table.</summary>
    internal static Task<int> RefuseAsync(Service service, string what) => service.AsOwnerAsync(async db =>
    {
        string[] statements = db.Database.IsSqlite()
            ? [$"CREATE TRIGGER refuse BEFORE {what} BEGIN SELECT RAISE(ABORT, 'refused'); END"]
            :
            [
                "CREATE FUNCTION refuse() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$ LANGUAGE plpgsql",
                $"CREATE TRIGGER refuse BEFORE {what} FOR EACH ROW EXECUTE FUNCTION refuse()",
            ];
        foreach (var statement in statements) await db.Database.ExecuteSqlRawAsync(statement);
        return 0;
    });

    // All there is in all tables, bytes as text, hexadecimal and base64.
    private static Task<List<string>> CellsAsync(Service service) => service.InDatabaseAsync(async db =>
    {
        var cells = new List<string>();
        await db.Database.OpenConnectionAsync();
        foreach (var table in db.Model.GetEntityTypes().Select(t => t.GetTableName()!).Distinct(StringComparer.Ordinal))
        {
            await using var command = db.Database.GetDbConnection().CreateCommand();
            command.CommandText = $"SELECT * FROM {table}";
            await using var reader = await command.ExecuteReaderAsync();
            while (await reader.ReadAsync())
            {
                for (var n = 0; n < reader.FieldCount; n++)
                {
                    cells.AddRange(reader.GetValue(n) is byte[] bytes ? [Encoding.Latin1.GetString(bytes), Convert.ToHexString(bytes), Convert.ToBase64String(bytes)] : [$"{reader.GetValue(n)}"]);
                }
            }
        }

        await db.Database.CloseConnectionAsync();
        return cells;
    });

    private static MeterListener Listen(Service service, ConcurrentDictionary<string, double> told)
    {
        var meters = service.Services.GetRequiredService<IMeterFactory>();
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, l) =>
            {
                if (instrument.Name.StartsWith("dfns.registration.outbox.", StringComparison.Ordinal) && ReferenceEquals(instrument.Meter.Scope, meters)) l.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) =>
        {
            if (IsOfMails(tags)) told[Name(instrument)] = value;
        });
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            if (!IsOfMails(tags)) return;
            if (instrument is Counter<long>) told.AddOrUpdate($"{Name(instrument)} {tags[1].Value}", value, (_, before) => before + value);
            else told[Name(instrument)] = value;
        });
        listener.Start();
        return listener;

        static bool IsOfMails(ReadOnlySpan<KeyValuePair<string, object?>> tags) => Equals(tags[0].Value, nameof(OutboxKind.Mail));

        static string Name(Instrument instrument) => instrument.Name["dfns.registration.outbox.".Length..];
    }
}
