using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Dfns.Registration.Api.Social;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Ends;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.TestKit.Databases;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Dfns.Registration.Api.Tests.Storage;

/// <summary>
/// How each statement that a call sends is carried out by a database with many rows: no table is gone through, nor what an organisation has of
/// it, so that nobody's call takes longer with what others own. By the plans, not by a stopwatch; every call of the API is made once.
/// </summary>
public abstract partial class GrowingReadTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    public sealed partial class OnSqlite(ServiceFixture.Sqlite fixture) : GrowingReadTests(fixture), IClassFixture<ServiceFixture.Sqlite>
    {
        protected override string Number => "n";

        protected override string Numbers => string.Create(CultureInfo.InvariantCulture, $"(WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {Many}) SELECT n FROM numbers)");

        protected override string Bytes => "CAST(printf('%032d', n) AS BLOB)";

        protected override Task<Service> StartAsync(TestDatabase database) => Service.StartAsync(database, ("Serilog:MinimumLevel:Override:Microsoft.EntityFrameworkCore.Database.Command", "Information"));

        protected override Task<IReadOnlyList<string>> SentAsync(Service service) => Task.FromResult<IReadOnlyList<string>>(
            [.. service.Log.Lines.Select(line => (string?)JsonNode.Parse(line)!["commandText"]).OfType<string>().Where(sql => !sql.StartsWith("PRAGMA", StringComparison.Ordinal)).Distinct(StringComparer.Ordinal)]);

        protected override async Task<IReadOnlyList<string>> FaultsAsync(RegistrationDbContext db, string statement)
        {
            var faults = new List<string>();
            var named = Alias().Matches(statement).ToLookup(a => Growing(db).Contains(a.Groups["table"].Value), a => a.Groups["alias"].Value is { Length: > 0 } alias ? alias : a.Groups["table"].Value);
            var (aliases, others) = (named[true].ToHashSet(StringComparer.Ordinal), named[false].ToHashSet(StringComparer.Ordinal));
            await using var command = db.Database.GetDbConnection().CreateCommand();
            command.CommandText = $"EXPLAIN QUERY PLAN {statement}";
            foreach (var name in Parameter().Matches(statement).Select(p => p.Value).Distinct(StringComparer.Ordinal))
            {
                var parameter = command.CreateParameter();
                (parameter.ParameterName, parameter.Value) = (name, DBNull.Value);
                command.Parameters.Add(parameter);
            }

            await using var plan = await command.ExecuteReaderAsync();
            while (await plan.ReadAsync())
            {
                var step = plan.GetString(plan.GetOrdinal("detail"));
                if (Step().Match(step) is not { Success: true } read || !aliases.Contains(read.Groups["alias"].Value)) continue;
                // What is named so may be a table of the statement itself as well.
                var isScan = read.Groups["how"].Value == "SCAN" && !others.Contains(read.Groups["alias"].Value);
                if (isScan || (OrganisationAlone().IsMatch(step) && !ByThemselves.Any(index => step.Contains(index, StringComparison.Ordinal)))) faults.Add(step);
            }

            return faults;
        }

        [GeneratedRegex(@"\b(FROM|JOIN|UPDATE|INTO)\s+""?(?<table>[a-z_]+)""?(\s+AS\s+""?(?<alias>[a-z0-9_]+)""?)?", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
        private static partial Regex Alias();

        [GeneratedRegex(@"[@$][A-Za-z0-9_]+", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
        private static partial Regex Parameter();

        [GeneratedRegex(@"^(?<how>SCAN|SEARCH) (?<alias>\S+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
        private static partial Regex Step();

        [GeneratedRegex(@"\(organisation_id=\?( AND [a-z_]+[<>]\?)*\)$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
        private static partial Regex OrganisationAlone();
    }

    [Trait("Database", "PostgreSql")]
    public sealed partial class OnPostgreSql(ServiceFixture.PostgreSqlItself fixture) : GrowingReadTests(fixture), IClassFixture<ServiceFixture.PostgreSqlItself>
    {
        protected override string Number => "CAST(n AS text)";

        protected override string Numbers => string.Create(CultureInfo.InvariantCulture, $"generate_series(1, {Many}) AS numbers (n)");

        protected override string Bytes => "convert_to(lpad(CAST(n AS text), 32, '0'), 'UTF8')";

        // Each statement stays prepared in the one session there is.
        protected override Task<Service> StartAsync(TestDatabase database) =>
            Service.StartAsync(database, ("Database:ConnectionString", database.ConnectionString + ";Maximum Pool Size=1;Max Auto Prepare=1000;Auto Prepare Min Usages=1"));

        protected override async Task<IReadOnlyList<string>> SentAsync(Service service) => await service.InDatabaseAsync(async db =>
        {
            await db.Database.OpenConnectionAsync();
            try
            {
                // New statistics are no call's, and have no plan; whether enough was stored for them meanwhile is chance.
                return await db.Database.SqlQuery<string>($"SELECT DISTINCT statement AS \"Value\" FROM pg_prepared_statements WHERE statement NOT LIKE 'ANALYZE %'").ToListAsync();
            }
            finally
            {
                await db.Database.CloseConnectionAsync();
            }
        });

        protected override async Task<IReadOnlyList<string>> FaultsAsync(RegistrationDbContext db, string statement)
        {
            await using var named = new NpgsqlCommand("SELECT name, cardinality(parameter_types) FROM pg_prepared_statements WHERE statement = $1 LIMIT 1", (NpgsqlConnection)db.Database.GetDbConnection()) { Parameters = { new() { Value = statement } } };
            string name;
            int parameters;
            await using (var row = await named.ExecuteReaderAsync())
            {
                await row.ReadAsync();
                (name, parameters) = (row.GetString(0), row.GetInt32(1));
            }

            // As it is planned for whichever values.
            await using var explain = new NpgsqlCommand(
                $"SET plan_cache_mode = force_generic_plan; EXPLAIN (FORMAT JSON) EXECUTE \"{name}\"{(parameters == 0 ? "" : $"({string.Join(", ", Enumerable.Repeat("NULL", parameters))})")}",
                (NpgsqlConnection)db.Database.GetDbConnection());
            var plan = JsonNode.Parse((string)(await explain.ExecuteScalarAsync())!)!;
            var faults = new List<string>();
            if (plan[0] is not JsonObject) throw new InvalidOperationException($"No plan: {statement}");
            Look(plan[0]!["Plan"]!, isLimited: false);
            return faults;

            void Look(JsonNode node, bool isLimited)
            {
                var (type, table, condition, filter) = ((string)node["Node Type"]!, (string?)node["Relation Name"], (string?)node["Index Cond"], (string?)node["Filter"]);
                if (type == "Seq Scan" && Growing(db).Contains(table!)) faults.Add($"Seq Scan on {table}: {filter}");
                // What is read along an index until there is enough is no more than that, unless something is left out on the way.
                var isNarrow = condition is not null && (ByThemselves.Any(index => ((string)node["Index Name"]!).Contains(index, StringComparison.Ordinal)) || Equal().Matches(condition).Any(c => c.Groups["column"].Value != "organisation_id") || (isLimited && filter is null));
                if (type is "Index Scan" or "Index Only Scan" or "Bitmap Index Scan" && !isNarrow && !(table is not null && !Growing(db).Contains(table))) faults.Add($"{type} on {table} by {(string?)node["Index Name"]}: {condition} {filter}");
                foreach (var below in node["Plans"]?.AsArray() ?? []) Look(below!, (isLimited && type is not ("Sort" or "Aggregate" or "Hash")) || type == "Limit");
            }
        }

        [GeneratedRegex(@"\(?\b(?<column>[a-z_]+)\)?(::[a-z ]+)? = ", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
        private static partial Regex Equal();
    }

    private const int Many = 20_000;

    // Few, for the service as a whole or for an organisation, which has a thousand sets of permissions and ten webhooks at most.
    private static readonly string[] Few = ["signing_keys", "metadata_numbers", "social_providers", "permission_sets", "webhooks", "sso_clients"];

    // One row an organisation; one after the other until there is one that fits, of those alone that may; the hundred service accounts that an organisation has; and an export
    // of all that is in a range.
    protected static readonly string[] ByThemselves = ["relying_parties", "ix_users_registered", "ix_users_service_accounts", "ix_signed_actions_organisation_id_signed_at_id"];

    protected abstract string Number { get; }

    protected abstract string Numbers { get; }

    protected abstract string Bytes { get; }

    protected abstract Task<Service> StartAsync(TestDatabase database);

    /// <summary>Each statement that was sent.</summary>
    protected abstract Task<IReadOnlyList<string>> SentAsync(Service service);

    /// <summary>What of its plan grows.</summary>
    protected abstract Task<IReadOnlyList<string>> FaultsAsync(RegistrationDbContext db, string statement);

    protected static HashSet<string> Growing(RegistrationDbContext db) => [.. db.Model.GetEntityTypes().Select(t => t.GetTableName()!).Except(Few, StringComparer.Ordinal)];

    [Fact]
    public async Task No_call_takes_longer_with_what_others_own()
    {
        await using var database = await Fixture.NewDatabaseAsync();
        await using (var first = await Service.StartAsync(database)) await MakeCallsAsync(first);
        await FillAsync(database);
        await using var service = await StartAsync(database);
        // A start looks at everything, once.
        var before = await SentAsync(service);

        await MakeCallsAsync(service);

        var sent = (await SentAsync(service)).Except(before, StringComparer.Ordinal).ToList();
        Assert.True(sent.Count > 50, $"{sent.Count} statements");
        var faults = await service.InDatabaseAsync(async db =>
        {
            await db.Database.OpenConnectionAsync();
            var all = new List<string>();
            foreach (var statement in sent.Where(s => Growing(db).Any(table => s.Contains(table, StringComparison.Ordinal))))
            {
                all.AddRange((await FaultsAsync(db, statement)).Select(fault => $"{fault}\n    in {statement.ReplaceLineEndings(" ")}"));
            }

            return all;
        });
        Assert.True(faults.Count == 0, string.Join("\n", faults));
    }

    /// <summary>
    /// Whoever distributes the tables by organisation has each statement answered where that organisation lies: every table in it is asked for one organisation's rows.
    /// </summary>
    [Fact]
    public async Task No_call_asks_for_what_is_of_no_organisation_in_particular()
    {
        await using var database = await Fixture.NewDatabaseAsync();
        await using var service = await StartAsync(database);
        var before = await SentAsync(service);

        await MakeCallsAsync(service);

        var sent = (await SentAsync(service)).Except(before, StringComparer.Ordinal).ToList();
        Assert.True(sent.Count > 50, $"{sent.Count} statements");
        var owned = await service.InDatabaseAsync(db => Task.FromResult(db.Model.GetEntityTypes().Where(t => t.FindProperty("OrganisationId") is not null).Select(t => t.GetTableName()!).ToHashSet(StringComparer.Ordinal)));
        // What is to be sent is leased by whichever instance is free, of whomever it is; and whoever brings the code from another device has nothing else to say.
        string[] ofAnybody = ["outbox", "outbox o", "credential_codes", "credential_codes t"];
        var found = sent.SelectMany(statement => OrganisationIn.Missing(statement, owned)).ToHashSet(StringComparer.Ordinal);
        Assert.Contains(ofAnybody, found.Contains);
        var faults = sent.SelectMany(statement => OrganisationIn.Missing(statement, owned).Except(ofAnybody, StringComparer.Ordinal).Select(table => $"{table}\n    in {statement.ReplaceLineEndings(" ")}")).ToList();
        Assert.True(faults.Count == 0, string.Join("\n", faults));
    }

    private static async Task MakeCallsAsync(Service service)
    {
        foreach (var prepare in PreparedCall.Known.Values)
        {
            var answer = await (await prepare(await service.NewOrganisationAsync())).SendAsync();
            Assert.True((int)answer.Status == 200, answer.Text);
        }

        // Whoever is believed no more, by the operator's commands too.
        await using var stage = await EndsStage.NewAsync(service);
        var person = await stage.NewPersonAsync(Whose.Registered);
        await person.DelegatedSessionAsync();
        await person.SocialSessionAsync();
        await using (var scope = service.Services.CreateAsyncScope()) await EndRaceTests.TakeAsync(scope.ServiceProvider, person);
        await using (var scope = service.Services.CreateAsyncScope())
        {
            var social = scope.ServiceProvider.GetRequiredService<SocialStore>();
            social.EndTaken((await social.FindProviderAsync(stage.Organisation.Id, stage.Provider.Issuer, CancellationToken.None))!, [OpenIdProvider.ClientId]);
            await scope.ServiceProvider.GetRequiredService<Changes>().SaveAsync(CancellationToken.None);
        }

        // A page behind the first, of one kind.
        var organisation = await service.NewOrganisationAsync();
        for (var n = 0; n < 3; n++) await service.InviteAsync(organisation, $"user-{n}@example.co");
        var reader = await organisation.NewServiceAccountAsync(Accounts.Permission.ReadUsers);
        foreach (var kind in new[] { "", "&kind=EndUser" })
        {
            var page = await reader.GetAsync($"/auth/users?limit=1{kind}");
            Assert.Equal(200, (int)(await reader.GetAsync($"/auth/users?limit=1{kind}&paginationToken={page.Require("nextPageToken")}")).Status);
        }

        for (var n = 0; n < 2; n++) await organisation.NewServiceAccountAsync();
        var lister = await organisation.NewServiceAccountAsync(Accounts.Permission.ReadServiceAccounts);
        var accounts = await lister.GetAsync("/auth/service-accounts?limit=1");
        Assert.Equal(200, (int)(await lister.GetAsync($"/auth/service-accounts?limit=1&paginationToken={accounts.Require("nextPageToken")}")).Status);

        // What a webhook was told, of one that was told much; and its telling.
        var webhook = await organisation.NewWebhookAsync("https://webhook.invalid/events", "*");
        for (var n = 0; n < 3; n++) await organisation.AddDeliveryAsync(webhook.Id, $"we-{n}");
        foreach (var filter in new[] { "", "&kind=user.registered", "&deliveryFailed=false", "&deliveryFailed=false&kind=user.registered" })
        {
            var page = await webhook.Admin.GetAsync($"{webhook.Path}/events?limit=1{filter}");
            Assert.Equal(200, (int)(await webhook.Admin.GetAsync($"{webhook.Path}/events?limit=1{filter}&paginationToken={page.Require("nextPageToken")}")).Status);
        }

        await Registered.NewAsync(organisation, username: "told@example.co");
        while ((await webhook.Admin.GetAsync($"{webhook.Path}/events?deliveryFailed=true")).Body["items"]!.AsArray().Count == 0) await Task.Yield();

        // What somebody signed, of one who signed much.
        var auditor = await organisation.NewServiceAccountAsync(Accounts.Permission.ReadLogs);
        foreach (var user in new[] { "", $"&userId={auditor.UserId}" })
        {
            Assert.Equal(200, (int)(await auditor.GetAsync($"/auth/action/logs?startTime=2026-11-23T00:00:00Z&endTime=2026-11-24T00:00:00Z{user}")).Status);
        }
    }

    // Many rows of each table, all like one that the calls have left there, in one organisation; and statistics of them.
    private async Task FillAsync(TestDatabase database)
    {
        await using var db = Service.Open(database.Owner);
        // Others are sent by now. Due later, so that nobody sets about sending so many.
        db.Outbox.Add(new OutboxMessage { OrganisationId = "", Id = "ob", Kind = OutboxKind.Mail, SubjectId = "us", Content = [], CreatedAt = Service.Noon, DueAt = Service.Noon.AddMinutes(5), EndsAt = Service.Noon.AddHours(4) });
        await db.SaveChangesAsync();
        Dictionary<string, (string Of, Dictionary<string, string> Own)> tables = new(StringComparer.Ordinal)
        {
            ["organisations"] = ("true", Own(("id", "or"))),
            ["relying_parties"] = ("true", Own(("organisation_id", "or"))),
            // Of either kind, and of all that a user may be many.
            ["users"] = ("registered_at IS NOT NULL", new(Own(("id", "us"), ("username_folded", "name")))
            {
                ["kind"] = "CASE WHEN n % 3 = 0 THEN 'CustomerEmployee' ELSE 'EndUser' END",
                ["registered_at"] = "CASE WHEN n % 2 = 0 THEN r.registered_at END",
                ["archived_at"] = "CASE WHEN n % 5 = 0 THEN r.registered_at END",
            }),
            ["permission_sets"] = ("true", Own(("id", "pm"))),
            ["permission_set_assignments"] = ("true", Own(("id", "pa"), ("permission_set_id", "pm"), ("user_id", "us"))),
            ["credentials"] = ("status = 'Active'", new(Own(("uuid", "cr"), ("user_id", "us"))) { ["credential_id"] = Bytes, ["public_key"] = Bytes }),
            ["codes"] = ("purpose = 'Login' AND organisation_id <> ''", Own(("user_id", "us"))),
            ["ceremonies"] = ("purpose = 'Registration' AND user_id IS NOT NULL", Own(("id", "ce"), ("user_id", "us"), ("vouched_by", "us"))),
            ["access_tokens"] = ("user_id IS NOT NULL", new(Own(("id", "to"), ("user_id", "us"), ("vouched_by", "us"))) { ["credential_uuid"] = "NULL", ["second_credential_uuid"] = "NULL" }),
            ["credential_codes"] = ("true", new(Own(("user_id", "us"))) { ["code_hash"] = Bytes }),
            ["audit_events"] = ("organisation_id <> ''", Own(("id", "au"), ("subject_id", "us"))),
            ["signed_actions"] = ("true", new(Own(("id", "ce"), ("signer_id", "us"))) { ["performed_at"] = "CASE WHEN n % 3 > 0 THEN r.signed_at END" }),
            ["social_accounts"] = ("true", Own(("subject", "sub"), ("user_id", "us"))),
            ["outbox"] = ("id = 'ob'", Own(("id", "ob"), ("subject_id", "us"))),
            ["webhook_deliveries"] = ("true", Own(("event_id", "we"))),
            ["attempt_budgets"] = ("true", new(StringComparer.Ordinal) { ["id"] = Bytes }),
        };
        Assert.Equal(Growing(db).Append("permission_sets").Order(StringComparer.Ordinal), tables.Keys.Order(StringComparer.Ordinal));

        var organisation = await db.Users.Where(u => u.RegisteredAt != null).Select(u => u.OrganisationId).FirstAsync();
        db.Database.SetCommandTimeout(TimeSpan.FromMinutes(5));
        foreach (var (table, (of, own)) in tables)
        {
            var columns = db.Model.GetEntityTypes().Single(t => t.GetTableName() == table).GetProperties().Select(p => p.GetColumnName()).ToList();
            var values = columns.Select(c => own.GetValueOrDefault(c) ?? (c == "organisation_id" ? $"'{organisation}'" : $"r.{c}"));
#pragma warning disable EF1002 // Tables, columns and values are those of the test.
            await db.Database.ExecuteSqlRawAsync($"INSERT INTO {table} ({string.Join(", ", columns)}) SELECT {string.Join(", ", values)} FROM (SELECT * FROM {table} WHERE {of} LIMIT 1) AS r CROSS JOIN {Numbers}");
#pragma warning restore EF1002
        }

        // SQLite has none where the service runs.
        if (db.Database.IsNpgsql()) await db.Database.ExecuteSqlRawAsync("ANALYZE");

        Dictionary<string, string> Own(params (string Column, string Prefix)[] own) => own.ToDictionary(o => o.Column, o => $"'{o.Prefix}-' || {Number}", StringComparer.Ordinal);
    }
}
