using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Dfns.Registration.Api.Hosting;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Dfns.Registration.Api.Tests.Hosting;

/// <summary>
/// That what has had its time goes, however much of it there is, whatever is between it, and whatever fails; and that no table of the model
/// grows without a word on who makes it grow and what deletes it.
/// </summary>
public abstract class HousekeepingBatchTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : HousekeepingBatchTests(fixture), IClassFixture<ServiceFixture.Sqlite>
    {
        // Else a user costs as much as there are challenges of all others, while the one writer waits.
        [Fact]
        public async Task What_is_asked_of_each_row_goes_along_keys_that_name_it()
        {
            foreach (var kind in ExpiredRows.Kinds.Where(k => k.Only is not null))
            {
                var only = kind.Only!.Replace("@now", "1", StringComparison.Ordinal);
                var sql = $"EXPLAIN QUERY PLAN SELECT 1 FROM {kind.Table} WHERE {kind.By} < 1 AND organisation_id = 'or-1' AND {kind.Among ?? "true"} AND {only}";
                var plan = await Service.InDatabaseAsync(db => db.Database.SqlQueryRaw<Step>(sql).ToListAsync());

                Assert.All(plan.Where(s => s.Detail.StartsWith("SCAN", StringComparison.Ordinal) || s.Detail.StartsWith("SEARCH", StringComparison.Ordinal)), (step, n) =>
                    Assert.Matches(n == 0 ? "^SEARCH " : @"\(organisation_id=\? AND user_id=\?\)$", step.Detail));
            }
        }

        private sealed record Step(string Detail);
    }

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : HousekeepingBatchTests(fixture), IClassFixture<ServiceFixture.PostgreSql>
    {
        // Whoever gets the context next would hold a connection for as long as the request lasts, and one more for what it does meanwhile.
        [Fact]
        public async Task It_leaves_no_connection_open_to_those_after_it()
        {
            await Service.Services.GetRequiredService<Housekeeping>().CleanAsync(CancellationToken.None);

            for (var n = 0; n < 16; n++)
            {
                Assert.Equal(System.Data.ConnectionState.Closed, await Service.InDatabaseAsync(async db =>
                {
                    await db.Users.AnyAsync(u => u.OrganisationId == "none");
                    return db.Database.GetDbConnection().State;
                }));
            }
        }
    }

    /// <summary>More than two batches, and not a whole number of them.</summary>
    private const int Many = (2 * ExpiredRows.BatchSize) + 300;

    private const string Audit = "audit events";

    private static readonly TimeSpan KeptAudit = TimeSpan.FromDays(90);

    private static readonly TimeSpan KeptSigned = TimeSpan.FromDays(120);

    /// <summary>A row of each kind that has its time at an instant. It expires at that instant, or is as old as that.</summary>
    private static readonly Dictionary<string, Func<string, string, int, DateTimeOffset, object[]>> Rows = new(StringComparer.Ordinal)
    {
        ["challenges"] = (organisation, user, n, at) => [Ceremony(organisation, $"ce-c-{n}", CeremonyPurpose.UserAction, user, at)],
        ["sign-ins not completed"] = (organisation, _, n, at) => [Ceremony(organisation, $"ce-l-{n}", new[] { CeremonyPurpose.Login, CeremonyPurpose.LoginOfNobody, CeremonyPurpose.SsoLogin }[n % 3], null, at)],
        ["sessions"] = (organisation, user, n, at) => [new AccessToken { OrganisationId = organisation, Id = $"to-{n}", UserId = user, Kind = AccessTokenKind.Token, CreatedAt = at, ExpiresAt = at }],
        ["codes for another device"] = (organisation, user, n, at) => [new CredentialCode { CodeHash = Bytes(organisation, n), OrganisationId = organisation, UserId = user, CreatedAt = at, ExpiresAt = at }],
        ["budgets of attempts"] = (organisation, _, n, at) => [new AttemptBudget { Id = Bytes(organisation, n), WindowEndsAt = at.ToUnixTimeSeconds(), Used = 1 }],
        ["messages to be sent"] = (organisation, user, n, at) => [new OutboxMessage { OrganisationId = organisation, Id = $"ob-{n}", Kind = OutboxKind.Mail, SubjectId = user, Content = [], CreatedAt = at, DueAt = at, EndsAt = at }],
        ["retired signing keys"] = (organisation, _, n, at) => [new SigningKey { Id = $"sk-{organisation}-{n}", PublicKey = [], SealedPrivateKey = [], CreatedAt = at, ActiveFrom = at, RetiredAt = at }],
        ["users who began at a provider and did not complete it"] = (organisation, _, n, at) =>
        [
            User(organisation, $"us-b-{n}", at),
            new SocialAccount { OrganisationId = organisation, Issuer = "https://id.example.co", Subject = $"{n}", UserId = $"us-b-{n}", CreatedAt = at },
        ],
        ["deliveries to webhooks"] = (organisation, _, n, at) =>
            [new WebhookDelivery { OrganisationId = organisation, WebhookId = "wh-1", EventId = $"we-{n}", Kind = EventKinds.UserRegistered, At = at, Data = "{}", SentAt = at }],
        ["signed actions that were not done"] = (organisation, user, n, at) => [Signed(organisation, user, $"ce-s-{n}", at, performedAt: null)],
        ["signed actions"] = (organisation, user, n, at) => [Signed(organisation, user, $"ce-d-{n}", at, performedAt: at)],
        [Audit] = (organisation, user, n, at) => [new AuditEvent { OrganisationId = organisation, Id = $"au-{n}", At = at, Action = "a", Actor = user, SubjectId = user }],
    };

    /// <summary>How old a row of the kind is when it just goes, and when it just stays.</summary>
    private static readonly Dictionary<string, (TimeSpan Goes, TimeSpan Stays)> Ages = new(StringComparer.Ordinal)
    {
        ["challenges"] = (Housekeeping.Keep + TimeSpan.FromSeconds(1), Housekeeping.Keep - TimeSpan.FromSeconds(1)),
        ["sign-ins not completed"] = (TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(-1)),
        ["sessions"] = (Housekeeping.Keep + TimeSpan.FromSeconds(1), Housekeeping.Keep - TimeSpan.FromSeconds(1)),
        ["codes for another device"] = (Housekeeping.Keep + TimeSpan.FromSeconds(1), Housekeeping.Keep - TimeSpan.FromSeconds(1)),
        ["budgets of attempts"] = (TimeSpan.Zero, TimeSpan.FromSeconds(-1)),
        ["messages to be sent"] = (TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(-1)),
        ["retired signing keys"] = (Housekeeping.Keep + TimeSpan.FromSeconds(1), Housekeeping.Keep - TimeSpan.FromSeconds(1)),
        ["users who began at a provider and did not complete it"] = (ExpiredRows.KeepBegun + TimeSpan.FromSeconds(1), ExpiredRows.KeepBegun - TimeSpan.FromSeconds(1)),
        ["deliveries to webhooks"] = (ExpiredRows.KeepDeliveries + TimeSpan.FromSeconds(1), ExpiredRows.KeepDeliveries - TimeSpan.FromSeconds(1)),
        ["signed actions that were not done"] = (ExpiredRows.KeepUndone + TimeSpan.FromSeconds(1), ExpiredRows.KeepUndone - TimeSpan.FromSeconds(1)),
        ["signed actions"] = (KeptSigned + TimeSpan.FromSeconds(1), KeptSigned - TimeSpan.FromSeconds(1)),
        [Audit] = (KeptAudit + TimeSpan.FromSeconds(1), KeptAudit - TimeSpan.FromSeconds(1)),
    };

    public static TheoryData<string> Kinds => [.. ExpiredRows.Kinds.Select(k => k.Name)];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Of_many_rows_all_go_whose_time_is_over_and_no_other(string kind)
    {
        await using var database = await Fixture.NewDatabaseAsync();
        await using var service = await StartAsync(database, kind);
        var now = service.Clock.GetUtcNow();
        var organisation = await FillAsync(service, kind, now, gone: Many, kept: 1500);

        await service.Services.GetRequiredService<Housekeeping>().CleanAsync(CancellationToken.None);

        Assert.Equal((0, 1500), await CountAsync(service, kind, organisation, now));
        Assert.DoesNotContain(service.Log.Lines, line => line.Contains("Housekeeping did not", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Sign_ins_that_were_completed_stay_for_a_day_however_many_there_are_before_those_that_were_not()
    {
        await using var database = await Fixture.NewDatabaseAsync();
        await using var service = await Service.StartAsync(database);
        var now = service.Clock.GetUtcNow();
        var organisation = (await service.NewOrganisationAsync()).Id;
        await AddAsync(service, Enumerable.Range(0, Many).Select(n =>
        {
            var row = Ceremony(organisation, $"ce-l-{n}", CeremonyPurpose.Login, null, now - TimeSpan.FromHours(2) + TimeSpan.FromSeconds(n / 100));
            if (n % 3 > 0) row.ConsumedAt = now;
            return (object)row;
        }));

        await service.Services.GetRequiredService<Housekeeping>().CleanAsync(CancellationToken.None);

        Assert.Equal(
            (0, Many - (Many / 3) - 1),
            await service.InDatabaseAsync(async db => (await db.Ceremonies.CountAsync(c => c.ConsumedAt == null), await db.Ceremonies.CountAsync(c => c.ConsumedAt != null))));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_kind_that_cannot_be_deleted_keeps_no_other_and_is_told(string kind)
    {
        await using var database = await Fixture.NewDatabaseAsync();
        await using var service = await StartAsync(database, Audit);
        var now = service.Clock.GetUtcNow();
        var organisations = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var each in ExpiredRows.Kinds) organisations[each.Name] = await FillAsync(service, each.Name, now, gone: 3, kept: 2);
        await RefuseAsync(service, ExpiredRows.Kinds.Single(k => k.Name == kind).Table, where: "true");
        var left = new ConcurrentDictionary<string, long>(StringComparer.Ordinal);
        using var listener = Listen(service, left);

        await service.Services.GetRequiredService<Housekeeping>().CleanAsync(CancellationToken.None);

        var table = ExpiredRows.Kinds.Single(k => k.Name == kind).Table;
        foreach (var each in ExpiredRows.Kinds)
        {
            Assert.Equal((each.Table == table ? 3 : 0, 2), await CountAsync(service, each.Name, organisations[each.Name], now));
        }

        listener.RecordObservableInstruments();
        Assert.True(left[kind] >= 3, $"{left[kind]} are told to be left");
        Assert.All(ExpiredRows.Kinds.Where(k => k.Table != table), k => Assert.Equal(0, left[k.Name]));
        Assert.Contains(service.Log.Lines, line => line.Contains("Housekeeping did not delete all", StringComparison.Ordinal) && line.Contains(kind, StringComparison.Ordinal));
    }

    public static TheoryData<string> KindsOfOrganisations => [.. ExpiredRows.Kinds.Where(k => k.LedByOrganisation).Select(k => k.Name)];

    [Theory]
    [MemberData(nameof(KindsOfOrganisations))]
    public async Task An_organisation_whose_rows_cannot_be_deleted_keeps_no_other(string kind)
    {
        await using var database = await Fixture.NewDatabaseAsync();
        await using var service = await StartAsync(database, kind);
        var now = service.Clock.GetUtcNow();
        var organisations = new List<string>();
        for (var i = 0; i < 5; i++) organisations.Add(await FillAsync(service, kind, now, gone: 3, kept: 2));
        await RefuseAsync(service, ExpiredRows.Kinds.Single(k => k.Name == kind).Table, where: $"OLD.organisation_id = '{organisations[2]}'");

        await service.Services.GetRequiredService<Housekeeping>().CleanAsync(CancellationToken.None);

        for (var i = 0; i < 5; i++) Assert.Equal((i == 2 ? 3 : 0, 2), await CountAsync(service, kind, organisations[i], now));
    }

    [Fact]
    public async Task A_user_who_began_at_a_provider_stays_while_there_is_something_to_come_back_to()
    {
        await using var database = await Fixture.NewDatabaseAsync();
        await using var service = await Service.StartAsync(database);
        var (now, organisation) = (service.Clock.GetUtcNow(), (await service.NewOrganisationAsync()).Id);
        var old = now - ExpiredRows.KeepBegun - TimeSpan.FromDays(1);
        var (registered, invited, asking, delegated) = (User(organisation, "us-1", old), User(organisation, "us-2", old), User(organisation, "us-3", old), User(organisation, "us-4", old));
        // Who is kept out would begin anew, as somebody else.
        var deactivated = User(organisation, "us-5", old);
        (registered.RegisteredAt, deactivated.IsActive) = (now, false);
        await AddAsync(service, [registered, invited, asking, delegated, deactivated]);
        await AddAsync(service, new[] { registered, invited, asking, deactivated }.Select(u => new SocialAccount { OrganisationId = organisation, Issuer = "https://id.example.co", Subject = u.Id, UserId = u.Id, CreatedAt = old }));
        await AddAsync(service, [OneTimeCode.NotIssued(invited, CodePurpose.Registration, now), Ceremony(organisation, "ce-1", CeremonyPurpose.Registration, asking.Id, now.AddMinutes(1))]);

        await service.Services.GetRequiredService<Housekeeping>().CleanAsync(CancellationToken.None);

        Assert.Equal(5, await service.InDatabaseAsync(db => db.Users.CountAsync()));
    }

    // Whatever kept it, for however long: a service that was off, a user who was deactivated, a copy that was restored.
    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task What_should_have_gone_long_ago_goes(string kind)
    {
        await using var database = await Fixture.NewDatabaseAsync();
        await using var service = await StartAsync(database, kind);
        var organisation = await FillAsync(service, kind, service.Clock.GetUtcNow().AddYears(-3), gone: 3, kept: 0);

        await service.Services.GetRequiredService<Housekeeping>().CleanAsync(CancellationToken.None);

        Assert.Equal((0, 0), await CountAsync(service, kind, organisation, service.Clock.GetUtcNow()));
    }

    [Fact]
    public async Task Audit_events_are_kept_for_ever_unless_a_setting_says_otherwise()
    {
        await using var database = await Fixture.NewDatabaseAsync();
        await using var service = await Service.StartAsync(database);
        var (organisation, now) = ((await service.NewOrganisationAsync()).Id, service.Clock.GetUtcNow());
        await AddAsync(service, Rows[Audit](organisation, "us-1", 1, now.AddYears(-20)));

        await service.Services.GetRequiredService<Housekeeping>().CleanAsync(CancellationToken.None);

        Assert.Equal(1, await service.InDatabaseAsync(db => db.AuditEvents.CountAsync(e => e.OrganisationId == organisation)));
    }

    [Fact]
    public async Task The_manual_tells_of_each_table_who_makes_it_grow_and_what_deletes_it()
    {
        var tables = await Service.InDatabaseAsync(db => Task.FromResult(db.Model.GetEntityTypes().Select(t => t.GetTableName()!).Order(StringComparer.Ordinal).ToList()));
        var manual = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "src", "Dfns.Registration.Api", "README.md"));
        var rows = manual.Split("<!-- tables -->")[1].Split("<!-- /tables -->")[0].Split('\n', StringSplitOptions.RemoveEmptyEntries)[2..]
            .Select(line => line.Split('|')[1..^1].Select(cell => cell.Trim()).ToArray())
            .ToDictionary(cells => cells[0].Trim('`'), cells => (Who: cells[1], Bound: cells[2], Deleted: cells[3]), StringComparer.Ordinal);

        Assert.Equal(tables, rows.Keys.Order(StringComparer.Ordinal));
        Assert.All(rows, row => Assert.True(row.Value is { Who.Length: > 0, Deleted.Length: > 0 }, row.Key));
        // What somebody else than the operator can make grow has a bound; and what goes by itself is told so, and nothing else is.
        Assert.All(rows.Where(r => r.Value.Who != "the operator"), row => Assert.True(row.Value.Bound.Length > 0, row.Key));
        // Of what a user has many of, how many that may be.
        var ofUsers = await Service.InDatabaseAsync(db => Task.FromResult(db.Model.GetEntityTypes().Where(t => t.FindProperty("UserId") is not null).Select(t => t.GetTableName()!).ToList()));
        Assert.Equal(7, ofUsers.Count);
        Assert.All(ofUsers, table => Assert.Matches("(one|three|20|MaxOpenChallenges`) (a user|for each)", rows[table].Bound));
        Assert.All(UserRows.All, kind => Assert.Contains($"{UserRows.MostInUse} a user in use, {UserRows.Most} in all", rows[kind.Table].Bound, StringComparison.Ordinal));
        var deleted = ExpiredRows.Kinds.Select(k => k.Table).ToHashSet(StringComparer.Ordinal);
        Assert.All(rows, row => Assert.True(deleted.Contains(row.Key) != row.Value.Deleted.StartsWith("never", StringComparison.Ordinal) || row.Key is "social_accounts" or "social_providers" or "sso_clients" or "permission_set_assignments", row.Key));
    }

    // No statement goes along anything but an index: the column is one, after the organisation where that leads.
    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task What_is_deleted_by_is_an_index(string kind)
    {
        var expired = ExpiredRows.Kinds.Single(k => k.Name == kind);

        var indexes = await Service.InDatabaseAsync(db => Task.FromResult(db.Model.GetEntityTypes().Single(t => t.GetTableName() == expired.Table)
            .GetIndexes().Select(i => string.Join(' ', i.Properties.Select(p => p.GetColumnName()))).ToList()));

        Assert.Contains(indexes, index => $"{index} ".StartsWith(expired.LedByOrganisation ? $"organisation_id {expired.By} " : $"{expired.By} ", StringComparison.Ordinal));
    }

    // Audit events are the owner's to delete.
    private static Task<Service> StartAsync(TestKit.Databases.TestDatabase database, string kind)
    {
        var signed = ("Housekeeping:KeepSignedActions", KeptSigned.ToString("c", System.Globalization.CultureInfo.InvariantCulture));
        return kind == Audit
            ? Service.StartAsync(database.Owner, signed, ("Housekeeping:KeepAuditEvents", KeptAudit.ToString("c", System.Globalization.CultureInfo.InvariantCulture)))
            : Service.StartAsync(database, signed);
    }

    // Those that go in two heaps: half of them at one instant, the others one after the other.
    private static async Task<string> FillAsync(Service service, string kind, DateTimeOffset now, int gone, int kept)
    {
        var organisation = (await service.NewOrganisationAsync()).Id;
        var owner = User(organisation, "us-owner", now);
        owner.RegisteredAt = now;
        await AddAsync(service, [owner]);
        var (goes, stays) = Ages[kind];
        await AddAsync(service, Enumerable.Range(0, gone).SelectMany(n => Rows[kind](organisation, owner.Id, n, now - goes - TimeSpan.FromSeconds(n % 2 == 0 ? 0 : n))));
        await AddAsync(service, Enumerable.Range(gone, kept).SelectMany(n => Rows[kind](organisation, owner.Id, n, now - stays + TimeSpan.FromSeconds(n - gone))));
        return organisation;
    }

    private static Task<int> AddAsync(Service service, IEnumerable<object> rows) => service.InDatabaseAsync(async db =>
    {
        db.ChangeTracker.AutoDetectChangesEnabled = false;
        db.AddRange(rows);
        return await db.SaveChangesAsync();
    });

    private static Task<(int Gone, int Kept)> CountAsync(Service service, string kind, string organisation, DateTimeOffset now)
    {
        var end = now - Ages[kind].Goes;
        var seconds = end.ToUnixTimeSeconds();
        return service.InDatabaseAsync(async db => kind switch
        {
            "challenges" => Split(await db.Ceremonies.Where(c => c.OrganisationId == organisation && c.Purpose == CeremonyPurpose.UserAction).Select(c => c.ExpiresAt).ToListAsync()),
            "sign-ins not completed" => Split(await db.Ceremonies.Where(c => c.OrganisationId == organisation && c.Purpose != CeremonyPurpose.UserAction).Select(c => c.ExpiresAt).ToListAsync()),
            "sessions" => Split(await db.AccessTokens.Where(t => t.OrganisationId == organisation).Select(t => t.ExpiresAt).ToListAsync()),
            "codes for another device" => Split(await db.CredentialCodes.Where(c => c.OrganisationId == organisation).Select(c => c.ExpiresAt).ToListAsync()),
            "budgets of attempts" => (await db.AttemptBudgets.CountAsync(b => b.WindowEndsAt <= seconds), await db.AttemptBudgets.CountAsync(b => b.WindowEndsAt > seconds)),
            "messages to be sent" => Split(await db.Outbox.Where(m => m.OrganisationId == organisation).Select(m => m.EndsAt).ToListAsync()),
            "retired signing keys" => Split(await db.SigningKeys.Where(k => k.Id.StartsWith("sk-" + organisation)).Select(k => k.RetiredAt).ToListAsync()),
            "deliveries to webhooks" => Split(await db.WebhookDeliveries.Where(d => d.OrganisationId == organisation).Select(d => d.At).ToListAsync()),
            "signed actions that were not done" or "signed actions" => Split(await db.SignedActions.Where(a => a.OrganisationId == organisation).Select(a => a.SignedAt).ToListAsync()),
            Audit => Split(await db.AuditEvents.Where(e => e.OrganisationId == organisation).Select(e => e.At).ToListAsync()),
            _ => Split(await db.Users.Where(u => u.OrganisationId == organisation && u.Id != "us-owner").Select(u => u.CreatedAt).ToListAsync()),
        });

        (int, int) Split(List<DateTimeOffset> times) => (times.Count(t => t <= end), times.Count(t => t > end));
    }

    private static SignedAction Signed(string organisation, string user, string id, DateTimeOffset at, DateTimeOffset? performedAt) => new()
    {
        OrganisationId = organisation,
        Id = id,
        SignerId = user,
        Username = "jane@example.co",
        CredentialUuid = "cr-1",
        Method = "POST",
        Path = "/permissions",
        SignedAt = at,
        PerformedAt = performedAt,
        Evidence = "{}",
    };

    // A database that does not let go of a row, as one that somebody holds, or that is not ours to delete.
    private static Task<int> RefuseAsync(Service service, string table, string where) => service.AsOwnerAsync(async db =>
    {
        string[] statements = db.Database.IsSqlite()
            ? [$"CREATE TRIGGER refuse BEFORE DELETE ON {table} WHEN {where} BEGIN SELECT RAISE(ABORT, 'refused'); END"]
            :
            [
                "CREATE FUNCTION refuse() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$ LANGUAGE plpgsql",
                $"CREATE TRIGGER refuse BEFORE DELETE ON {table} FOR EACH ROW WHEN ({where}) EXECUTE FUNCTION refuse()",
            ];
        foreach (var statement in statements) await db.Database.ExecuteSqlRawAsync(statement);
        return 0;
    });

    // The numbers of this service: others in the process have theirs.
    private static MeterListener Listen(Service service, ConcurrentDictionary<string, long> left)
    {
        var meters = service.Services.GetRequiredService<IMeterFactory>();
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, l) =>
            {
                if (instrument.Name == "dfns.registration.housekeeping.left" && ReferenceEquals(instrument.Meter.Scope, meters)) l.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((_, value, tags, _) => left[(string)tags[0].Value!] = value);
        listener.Start();
        return listener;
    }

    private static Ceremony Ceremony(string organisation, string id, CeremonyPurpose purpose, string? user, DateTimeOffset expires) => new()
    {
        OrganisationId = organisation,
        Id = id,
        Purpose = purpose,
        UserId = user,
        Challenge = "Y2hhbGxlbmdl",
        CreatedAt = expires,
        ExpiresAt = expires,
    };

    private static User User(string organisation, string id, DateTimeOffset created) => new()
    {
        OrganisationId = organisation,
        Id = id,
        Username = $"{id}@example.co",
        UsernameFolded = Api.Storage.User.Fold($"{id}@example.co"),
        Kind = UserKind.EndUser,
        CreatedAt = created,
    };

    private static byte[] Bytes(string organisation, int n) => System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes($"{organisation} {n}"));
}
