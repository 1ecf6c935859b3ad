using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.EndToEnd.Tests.Running;
using Dfns.Registration.TestKit;
using Dfns.Registration.TestKit.Databases;
using Dfns.Registration.Verification;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Benchmarks;

/// <summary>
/// What somebody who signs in, one sign-in after the other on one connection, notices while others do their worst from addresses without end,
/// so that no limit by address spares the service anything; and what the service grows by.
/// </summary>
internal static class Bystander
{
    private const int AtOnce = 10;
    private const int ManyCredentials = 500;
    private const int ManyRows = 1_000_000;
    private const int ManyUsers = 10_000;
    private const double Mebibyte = 1024 * 1024;

    private static readonly TimeSpan Span = TimeSpan.FromSeconds(10);

    private static readonly DateTimeOffset Began = TimeProvider.System.GetUtcNow();
    private static readonly DateTimeOffset Old = Began - TimeSpan.FromDays(45);

    private static readonly (HttpMethod Method, string Path)[] Spellings =
    [
        (HttpMethod.Get, "/swagger/v1/swagger.json"), (HttpMethod.Get, "/swagger/v1/swagger.yaml"), (HttpMethod.Get, "/SWAGGER/v1/Swagger.JSON"), (HttpMethod.Head, "/swagger/v1/swagger.json"),
        (HttpMethod.Post, "/swagger/v1/swagger.json"), (HttpMethod.Get, "/swagger/v1/%73wagger.json"), (HttpMethod.Get, "/swagger//v1/swagger.json"), (HttpMethod.Get, "/swagger/v1/swagger.json?a"),
        (HttpMethod.Options, "/swagger/v1/swagger.json"), (HttpMethod.Get, "/swagger/v2/swagger.json"), (HttpMethod.Get, "/openapi/v1.json"), (HttpMethod.Get, "/health/ready"),
    ];

    public static Task MeasureAsync(string name, Func<Task<TestDatabase>> makeDatabase) => MeasureAsync(name, makeDatabase, withAttacks: true);

    /// <summary>The same without what callers do.</summary>
    public static Task MeasureDeletionsAsync(string name, Func<Task<TestDatabase>> makeDatabase) => MeasureAsync(name, makeDatabase, withAttacks: false);

    private static async Task MeasureAsync(string name, Func<Task<TestDatabase>> makeDatabase, bool withAttacks)
    {
        await using var database = await makeDatabase();
        await using var service = await ServiceProcess.StartProductionAsync(
            database.Provider, database.ConnectionString, ("Serilog:MinimumLevel:Default", "Warning"), ("Housekeeping:Interval", "00:00:02"), ("Housekeeping:KeepAuditEvents", "365.00:00:00"), ("Housekeeping:KeepSignedActions", "365.00:00:00"));
        var seed = Seed.In(database);
        var orgId = await seed.OrganisationAsync(Party.RpId, Party.Origin);
        var names = await seed.InviteAsync(orgId, ["bystander@example.co", "many@example.co"]);
        var key = SoftwareKey.P256();
        foreach (var invitation in names)
        {
            if (await Callers.RegisterAsync(service.Http, invitation, invitation == names[0] ? key : SoftwareKey.P256(), SoftwareKey.P256()) is var done && done != Callers.Registered) throw new InvalidOperationException(done);
        }

        await AddCredentialsAsync(seed, orgId);
        await AddUsersAsync(seed, orgId);
        await seed.AnalyzeAsync();
        using var bystander = Callers.At(service.Address, 0);
        for (var n = 0; n < 1000; n++) await SignInAsync(bystander, names[0], key);

        Console.WriteLine();
        Console.WriteLine($"A bystander's sign-in on {name}: {Span.TotalSeconds:0} s each, {AtOnce} connections of others");
        Console.WriteLine("meanwhile                                          sign-ins   median ms   99 % within ms   others a second   service MiB   most");
        await MeasureAsync(service, () => SignInAsync(bystander, names[0], key), "nothing", null);
        if (withAttacks)
        {
            await MeasureAsync(service, () => SignInAsync(bystander, names[0], key), "the API document in every spelling", (http, n) =>
                SendAsync(http, new HttpRequestMessage(Spellings[n % Spellings.Length].Method, Spellings[n % Spellings.Length].Path)));
            await MeasureAsync(service, () => SignInAsync(bystander, names[0], key), $"sign-ins of one who has {ManyCredentials} credentials", (http, _) =>
                Callers.SendAsync(http, HttpMethod.Post, "/auth/login/init", new JsonObject { ["username"] = names[1].Username, ["orgId"] = orgId }));
            await MeasureAsync(service, () => SignInAsync(bystander, names[0], key), "wrong codes of that one", (http, _) =>
                Callers.SendAsync(http, HttpMethod.Post, "/auth/login/init", new JsonObject { ["username"] = names[1].Username, ["orgId"] = orgId, ["loginCode"] = Callers.WrongCode }));
            await MeasureAsync(service, () => SignInAsync(bystander, names[0], key), "forged tokens", (http, _) =>
                Callers.SendAsync(http, HttpMethod.Post, "/auth/action/init", [], $"{new string('a', 40)}.{new string('b', 400)}.{new string('c', 86)}"));
        }

        foreach (var kind in ExpiredRows.Kinds) await DeleteAsync(service, seed, orgId, kind, () => SignInAsync(bystander, names[0], key));
        await service.StopAsync();
    }

    private static async Task DeleteAsync(ServiceProcess service, Seed seed, string orgId, ExpiredKind kind, Func<Task> signIn)
    {
        await using var db = seed.Open();
        db.Database.SetCommandTimeout(600);
        // At once: the service begins to delete as soon as it sees them.
        await using (var transaction = await db.Database.BeginTransactionAsync())
        {
            await FillAsync(db, orgId, kind);
            if (db.Database.IsNpgsql()) await db.Database.ExecuteSqlRawAsync("ANALYZE");
            await transaction.CommitAsync();
        }

        var began = Stopwatch.GetTimestamp();
        await MeasureAsync(service, signIn, $"{ManyRows:N0} {kind.Name}"[..Math.Min(50, $"{ManyRows:N0} {kind.Name}".Length)], during: Task.Run(() => GoneAsync(db, orgId, kind)));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"    deleted by the service within {Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s"));
    }

    private static async Task GoneAsync(RegistrationDbContext db, string orgId, ExpiredKind kind)
    {
        var rows = $"SELECT count(*) AS \"Value\" FROM (SELECT 1 FROM {kind.Table} WHERE {(kind.LedByOrganisation ? "organisation_id = {1} AND " : "{1} = {1} AND ")}{kind.By} <= {{0}} LIMIT 1) AS one";
        object end = kind.InSeconds ? Old.ToUnixTimeSeconds() : db.Database.IsSqlite() ? End(kind).UtcTicks : End(kind).UtcDateTime;
        while (await db.Database.SqlQueryRaw<int>(rows, end, orgId).SingleAsync() > 0) await Task.Delay(100);
    }

    private static async Task MeasureAsync(ServiceProcess service, Func<Task> signIn, string what, Func<HttpClient, int, Task>? attack = null, Task? during = null)
    {
        using var stop = new CancellationTokenSource();
        var (sent, most) = (0, service.ResidentBytes);
        var attackers = attack is null ? [] : Enumerable.Range(1, AtOnce).Select(n => Task.Run(async () =>
        {
            // Another address for each hundred requests.
            for (var batch = 0; !stop.IsCancellationRequested; batch++)
            {
                using var http = Callers.At(service.Address, (n * 100_000) + batch);
                for (var request = 0; request < 100 && !stop.IsCancellationRequested; request++) await attack(http, Interlocked.Increment(ref sent));
            }
        })).ToList();
        var (times, began) = (new List<double>(), Stopwatch.GetTimestamp());
        do
        {
            var at = Stopwatch.GetTimestamp();
            await signIn();
            times.Add(Stopwatch.GetElapsedTime(at).TotalMilliseconds);
            if (times.Count % 50 == 0) most = Math.Max(most, service.ResidentBytes);
        }
        while (during is null ? Stopwatch.GetElapsedTime(began) < Span : !during.IsCompleted);

        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        await stop.CancelAsync();
        await Task.WhenAll(attackers);
        if (during is not null) await during;
        times.Sort();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{what,-50} {times.Count,8}   {times[times.Count / 2],9:0.0}   {times[(int)(times.Count * 0.99)],14:0.0}   {sent / seconds,15:N0}   {service.ResidentBytes / Mebibyte,11:0}   {most / Mebibyte,4:0}"));
    }

    private static async Task SignInAsync(HttpClient http, Invitation user, SoftwareKey key)
    {
        var (status, text) = await Callers.SendAsync(http, HttpMethod.Post, "/auth/login/init", new JsonObject { ["username"] = user.Username, ["orgId"] = user.OrgId });
        if (status != 200) throw new InvalidOperationException(text);
        var challenge = JsonNode.Parse(text)!;
        var factor = key.Get((string)challenge["challenge"]!, (string)challenge["allowCredentials"]!["key"]![0]!["id"]!).ToJson(CredentialKind.Key);
        (status, text) = await Callers.SendAsync(http, HttpMethod.Post, "/auth/login", new JsonObject { ["challengeIdentifier"] = (string)challenge["challengeIdentifier"]!, ["firstFactor"] = factor });
        if (status != 200) throw new InvalidOperationException(text);
    }

    private static async Task SendAsync(HttpClient http, HttpRequestMessage request)
    {
        using (request)
        {
            using var response = await http.SendAsync(request);
        }
    }

    // As they could be stored before there was a bound.
    private static async Task AddCredentialsAsync(Seed seed, string orgId)
    {
        await using var db = seed.Open();
        var (user, now) = (await db.Users.SingleAsync(u => u.OrganisationId == orgId && u.Username == "many@example.co"), TimeProvider.System.GetUtcNow());
        for (var n = 0; n < ManyCredentials; n++)
        {
            var id = RandomNumberGenerator.GetBytes(32);
            db.Add(new Credential
            {
                OrganisationId = orgId,
                Uuid = $"cr-many-{n}",
                UserId = user.Id,
                Kind = CredentialKind.PasswordProtectedKey,
                Slot = CredentialSlot.FirstFactor,
                Name = "One of many",
                CredentialId = id,
                CredentialIdText = Convert.ToHexString(id),
                PublicKey = RandomNumberGenerator.GetBytes(91),
                EncryptedPrivateKey = new string('k', Limits.EncryptedPrivateKeyLength),
                RelyingPartyId = Party.RpId,
                CreatedAt = now,
            });
        }

        await db.SaveChangesAsync();
    }

    // Of one user there are a hundred sessions and codes at most.
    private static async Task AddUsersAsync(Seed seed, string orgId)
    {
        await using var db = seed.Open();
        db.AddRange(Enumerable.Range(0, ManyUsers).Select(n => new User { OrganisationId = orgId, Id = $"crowd-{n}", Username = $"crowd-{n}", UsernameFolded = $"crowd-{n}", Kind = UserKind.EndUser, CreatedAt = Began, RegisteredAt = Began }));
        await db.SaveChangesAsync();
    }

    // When the time of such rows was over: of sign-ins that nobody completed a minute ago.
    private static DateTimeOffset End(ExpiredKind kind) => kind.Table switch
    {
        "ceremonies" when kind.Only is not null => Began - TimeSpan.FromMinutes(1),
        "audit_events" => Old - TimeSpan.FromDays(400),
        "signed_actions" when kind.Among is null => Old - TimeSpan.FromDays(400),
        _ => Old,
    };

    // One row, and as many like it as are wanted: other only in its key and in what must be unique.
    private static async Task FillAsync(RegistrationDbContext db, string orgId, ExpiredKind kind)
    {
        // Not the bystander, whose sign-ins let go of what is too much.
        var user = await db.Users.AsNoTracking().SingleAsync(u => u.OrganisationId == orgId && u.Username == "many@example.co");
        var (id, bytes) = ($"x-{ExpiredRows.Kinds.ToList().IndexOf(kind)}", RandomNumberGenerator.GetBytes(32));
        object[] rows = kind.Table switch
        {
            "ceremonies" => [new Ceremony { OrganisationId = orgId, Id = id, Purpose = kind.Only is null ? CeremonyPurpose.UserAction : CeremonyPurpose.LoginOfNobody, UserId = user.Id, Challenge = id, CreatedAt = Old, ExpiresAt = End(kind) }],
            "access_tokens" => [new AccessToken { OrganisationId = orgId, Id = id, UserId = user.Id, Kind = AccessTokenKind.Token, CreatedAt = Old, ExpiresAt = Old }],
            "credential_codes" => [new CredentialCode { CodeHash = bytes, OrganisationId = orgId, UserId = user.Id, CreatedAt = Old, ExpiresAt = Old }],
            "attempt_budgets" => [new AttemptBudget { Id = bytes, WindowEndsAt = Old.ToUnixTimeSeconds(), Used = 1 }],
            "signing_keys" => [new SigningKey { Id = id, PublicKey = [], SealedPrivateKey = [], CreatedAt = Old, ActiveFrom = Old, RetiredAt = Old }],
            "users" =>
            [
                new User { OrganisationId = orgId, Id = id, Username = id, UsernameFolded = id, Kind = UserKind.EndUser, CreatedAt = Old },
                new SocialAccount { OrganisationId = orgId, Issuer = id, Subject = id, UserId = id, CreatedAt = Old },
            ],
            "audit_events" => [new AuditEvent { OrganisationId = orgId, Id = id, At = End(kind), Action = "a", Actor = id, SubjectId = id }],
            // Due later, so that nobody sets about sending what is to be deleted.
            "outbox" => [new OutboxMessage { OrganisationId = orgId, Id = id, Kind = OutboxKind.Mail, SubjectId = user.Id, Content = [], CreatedAt = Old, DueAt = Began + TimeSpan.FromDays(1), EndsAt = Old }],
            "webhook_deliveries" => [new WebhookDelivery { OrganisationId = orgId, WebhookId = "wh-gone", EventId = id, Kind = "user.registered", At = Old, Data = "{}", SentAt = Old }],
            "signed_actions" =>
            [
                new SignedAction { OrganisationId = orgId, Id = id, SignerId = user.Id, Username = user.Username, CredentialUuid = "cr-gone", Method = "POST", Path = "/", SignedAt = End(kind), PerformedAt = kind.Among is null ? End(kind) : null, Evidence = "{}" },
            ],
            _ => throw new ArgumentOutOfRangeException(nameof(kind)),
        };
        db.AddRange(rows);
        await db.SaveChangesAsync();
        foreach (var row in rows) await MultiplyAsync(db, kind, row, id, bytes);
        db.ChangeTracker.Clear();
    }

    private static async Task MultiplyAsync(RegistrationDbContext db, ExpiredKind kind, object row, string id, byte[] bytes)
    {
        var type = db.Model.FindEntityType(row.GetType())!;
        var columns = type.GetProperties().ToDictionary(p => p.GetColumnName(), p => p.PropertyInfo!.GetValue(row), StringComparer.Ordinal);
        var values = columns.Select(c => c.Value switch
        {
            string when c.Key == "user_id" && kind.Table is ("access_tokens" or "credential_codes") => $"'crowd-' || (n % {ManyUsers})",
            string text when text == id && c.Key != "challenge" && c.Key != "issuer" => $"{c.Key} || '-' || n",
            byte[] key when key == bytes => db.Database.IsSqlite() ? "CAST('b-' || n AS BLOB)" : "decode(md5(n::text), 'hex')",
            _ => c.Key,
        });
        var series = db.Database.IsSqlite() ? $"WITH RECURSIVE series (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < {ManyRows - 1}) " : "";
        var from = db.Database.IsSqlite() ? "series" : $"generate_series(1, {ManyRows - 1}) AS n";
        var where = columns.First(c => c.Value is string text && text == id || c.Value is byte[] key && key == bytes).Key;
        var sql = $"{series}INSERT INTO {type.GetTableName()} ({string.Join(", ", columns.Keys)}) SELECT {string.Join(", ", values)} FROM {type.GetTableName()} CROSS JOIN {from} WHERE {where} = {{0}}";
        await db.Database.ExecuteSqlRawAsync(sql, columns[where]!);
    }
}
