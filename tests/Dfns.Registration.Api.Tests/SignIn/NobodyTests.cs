using System.Text.Json.Nodes;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.SignIn;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.JsonWebTokens;

namespace Dfns.Registration.Api.Tests.SignIn;

/// <summary>
/// Whoever asks about a name learns nothing of whether it is a user's: neither from an answer, nor from what the service does for it. What
/// that takes is measured in the benchmarks (<c>-- names</c>); here it is compared statement by statement.
/// </summary>
public abstract class NobodyTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : NobodyTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : NobodyTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    private static readonly string[] FromWhere = ["", " AND u.id >= a.stand_in"];

    [Fact]
    public async Task An_unknown_user_gets_the_same_challenge_shape_and_credential_each_time_and_nothing_answers_it()
    {
        var known = await Registered.NewAsync(await Service.NewOrganisationAsync());
        var unknown = known with { Username = "nobody@example.co" };

        var real = await known.TryInitLoginAsync();
        var (first, names) = (await unknown.TryInitLoginAsync(), 0);
        while (Shape(first.Body) != Shape(real.Body))
        {
            // Of these every other one is made up as a single passkey.
            unknown = known with { Username = $"nobody-{++names}@example.co" };
            first = await unknown.TryInitLoginAsync();
            Assert.True(names < 100);
        }

        Assert.Equal(Allowed(first), Allowed(await unknown.TryInitLoginAsync()));
        Assert.NotEqual(Allowed(real), Allowed(first));
        // With somebody's credential: for a user who exists the same words.
        var other = await Registered.NewAsync(known.Organisation, username: "john@example.co");
        var toNobody = await Service.PostAsync("/auth/login", other.AnswerTo(first));
        var toSomebody = await Service.PostAsync("/auth/login", other.AnswerTo(real));
        Assert.Equal((401, toSomebody.Text), ((int)toNobody.Status, toNobody.Text));

        static string Allowed(Answer challenge) => challenge.Body["allowCredentials"]!.ToJsonString();
    }

    // A bulk of invitations, or of users who were deleted: to look past them would take as long as there are, and tell who is nobody.
    [Fact]
    public async Task Somebody_to_stand_in_for_nobody_is_found_along_an_index_however_many_are_not_registered()
    {
        await using var database = await Fixture.NewDatabaseAsync();
        await using var service = await Service.StartAsync(database);
        var organisation = await service.NewOrganisationAsync();
        await Registered.NewAsync(organisation);
        var plans = await service.AsOwnerAsync(async db =>
        {
            db.Users.AddRange(Enumerable.Range(0, 5000).Select(n => new User
            {
                OrganisationId = organisation.Id,
                Id = $"us-{n}",
                Username = $"bulk-{n}",
                UsernameFolded = n % 2 == 0 ? $"BULK-{n}" : null,
                Kind = UserKind.EndUser,
                CreatedAt = service.Clock.GetUtcNow(),
                RegisteredAt = n % 2 == 0 ? null : service.Clock.GetUtcNow(),
                ArchivedAt = n % 2 == 0 ? null : service.Clock.GetUtcNow(),
            }));
            await db.SaveChangesAsync();
            if (db.Database.IsNpgsql()) await db.Database.ExecuteSqlAsync($"ANALYZE");
            var found = new List<string>();
            foreach (var from in FromWhere)
            {
                await using var command = db.Database.GetDbConnection().CreateCommand();
                command.CommandText = $"{(db.Database.IsNpgsql() ? "EXPLAIN (ANALYZE, TIMING OFF)" : "EXPLAIN QUERY PLAN")} SELECT {NameStore.StandIn(from)} FROM (SELECT '{organisation.Id}' AS organisation_id, 'us' AS stand_in) AS a";
                await db.Database.OpenConnectionAsync();
                await using var reader = await command.ExecuteReaderAsync();
                while (await reader.ReadAsync()) found.Add(reader.GetString(reader.FieldCount - 1));
            }

            return found;
        });

        Assert.Equal(2, plans.Count(line => line.Contains("ix_users_registered", StringComparison.Ordinal)));
        Assert.DoesNotContain(plans, line => line.Contains("Seq Scan on users", StringComparison.Ordinal) || line.Contains("SCAN users", StringComparison.Ordinal));
        Assert.DoesNotContain(plans, line => line.Split("Rows Removed by Filter: ") is [_, var removed] && removed.Length > 1);
    }

    [Fact]
    public async Task Unknown_users_have_credentials_of_every_shape_that_real_ones_have()
    {
        var organisation = await Service.NewOrganisationAsync();
        var shapes = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < 800; i++) shapes.Add(Shown(await InitAsNobodyAsync(organisation, i)));

        var kinds = new[] { CredentialKind.Fido2, CredentialKind.Key, CredentialKind.PasswordProtectedKey };
        foreach (var (first, second) in kinds.SelectMany(first => kinds.Select(second => (first, (CredentialKind?)second)).Prepend((first, null))))
        {
            var real = await Registered.NewAsync(await Service.NewOrganisationAsync(), first, second);
            Assert.Contains(Shown(await real.TryInitLoginAsync()), shapes);
        }

        static string Shown(Answer challenge) => challenge.Body["supportedCredentialKinds"]!.ToJsonString() + Shape(challenge.Body["allowCredentials"]);
    }

    // Two requests would tell otherwise: one for the ids, one with any signature under one of them.
    [Theory]
    [InlineData(CredentialKind.Fido2)]
    [InlineData(CredentialKind.Key)]
    public async Task A_forged_answer_is_refused_alike_whether_or_not_there_is_such_a_user(CredentialKind kind)
    {
        var known = await Registered.NewAsync(await Service.NewOrganisationAsync(), kind);
        var toSomebody = await ForgeAsync(known, await known.TryInitLoginAsync(), kind);
        var toNobody = new List<Answer>();
        for (var i = 0; i < 1000 && toNobody.Count < 8; i++)
        {
            var challenge = await InitAsNobodyAsync(known.Organisation, i);
            var alone = challenge.Body["supportedCredentialKinds"]!.AsArray() is [var only] && (string)only!["kind"]! == kind.ToString();
            if (alone) toNobody.Add(await ForgeAsync(known, challenge, kind));
        }

        Assert.Equal("assertion_signature_invalid", toSomebody.Code);
        Assert.Contains(toNobody, answer => answer.Text == toSomebody.Text);
        // Of passkeys, some are synced and some are not; those of users are of both sorts too.
        Assert.All(toNobody, answer => Assert.True(answer.Text == toSomebody.Text || (kind == CredentialKind.Fido2 && answer.Code == "backup_eligibility_changed"), answer.Text));
    }

    [Fact]
    public async Task A_second_factor_is_asked_of_nobody_as_of_somebody()
    {
        var known = await Registered.NewAsync(await Service.NewOrganisationAsync(), CredentialKind.Key, CredentialKind.Fido2);
        var toSomebody = await ForgeAsync(known, await known.TryInitLoginAsync(), CredentialKind.Key);

        for (var i = 0; ; i++)
        {
            Assert.True(i < 300);
            var challenge = await InitAsNobodyAsync(known.Organisation, i);
            if (challenge.Body["supportedCredentialKinds"]!.AsArray().Any(k => (string)k!["kind"]! == "Key" && (bool)k["requiresSecondFactor"]!))
            {
                Assert.Equal(("second_factor_required", toSomebody.Text), (toSomebody.Code, (await ForgeAsync(known, challenge, CredentialKind.Key)).Text));
                return;
            }
        }
    }

    [Fact]
    public async Task A_challenge_identifier_tells_nothing_of_the_user()
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync());

        var token = new JsonWebToken((await user.TryInitLoginAsync()).Require("challengeIdentifier"));

        Assert.Equal(["aud", "exp", "iat", "iss", "jti", "nbf", "purpose", "sid", "sub"], token.Claims.Select(c => c.Type).Order());
    }

    // With one user in the organisation it is that user's rows that are read in nobody's place.
    [Fact]
    public async Task The_user_whose_rows_are_read_in_nobodys_place_is_neither_shown_nor_signed_in()
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync());

        for (var i = 0; i < 20; i++)
        {
            var challenge = await InitAsNobodyAsync(user.Organisation, i);
            var answer = await Service.PostAsync("/auth/login", user.AnswerTo(challenge));

            Assert.DoesNotContain(user.First.CredId, challenge.Text, StringComparison.Ordinal);
            Assert.Equal((401, "no_usable_credential"), ((int)answer.Status, answer.Code));
        }

        var ceremonies = await Service.InDatabaseAsync(db => db.Ceremonies.Where(c => c.OrganisationId == user.Organisation.Id && c.Purpose == CeremonyPurpose.LoginOfNobody).ToListAsync());
        Assert.Equal(20, ceremonies.Count);
        Assert.All(ceremonies, c => Assert.Equal((user.UserId, null), (c.UserId, c.ConsumedAt)));
        Assert.Null(await Service.InDatabaseAsync(db => db.Credentials.Where(c => c.OrganisationId == user.Organisation.Id).Select(c => c.UsedAt).SingleAsync()));
        Assert.False(await Service.InDatabaseAsync(db => db.AccessTokens.AnyAsync(t => t.OrganisationId == user.Organisation.Id)));
    }

    // Whoever can recover an account of his own would see which names are nobody's by which challenges it closes.
    [Fact]
    public async Task A_recovery_of_the_user_whose_rows_are_read_in_nobodys_place_closes_no_challenge_of_nobody()
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync(), recovery: true);
        var challenge = await InitAsNobodyAsync(user.Organisation, 0);

        await (await Recovering.StartAsync(user)).CompleteAsync();

        Assert.Equal("no_usable_credential", (await Service.PostAsync("/auth/login", user.AnswerTo(challenge))).Code);
    }

    // An Ed25519 key brings its own hash, so no name of one is refused under it: one request would tell such a key from any other.
    [Theory]
    [InlineData("Ed25519", "assertion_signature_invalid")]
    [InlineData("P-256", "hash_algorithm_not_supported")]
    public async Task A_forged_answer_that_names_no_hash_there_is_is_refused_alike_whatever_the_type_of_key(string type, string code)
    {
        var key = type == "Ed25519" ? SoftwareKey.Ed25519() : SoftwareKey.P256();
        var invited = await (await Service.InviteAsync(await Service.NewOrganisationAsync(), "jane@example.co")).InitAsync();
        var made = key.Create(invited.Text, CredentialKind.Key);
        Assert.Equal(200, (int)(await invited.CompleteAsync(new JsonObject { ["firstFactorCredential"] = made.ToJson() })).Status);
        var known = new Registered(
            invited.Organisation, invited.UserId, "jane@example.co", new HeldCredential(CredentialKind.Key, made.CredId, made.ToJson(), c => key.Get(c, made.CredId)), Second: null, Recovery: null);
        Assert.Equal(200, (int)(await Service.PostAsync("/auth/login", await known.LoginBodyAsync())).Status);
        var toSomebody = await ForgeAsync(await known.TryInitLoginAsync());

        var toNobody = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < 3000 && !toNobody.Contains(toSomebody.Text); i++)
        {
            var challenge = await InitAsNobodyAsync(known.Organisation, i);
            if (challenge.Body["supportedCredentialKinds"]!.AsArray() is [var only] && (string)only!["kind"]! == "Key") toNobody.Add((await ForgeAsync(challenge)).Text);
        }

        Assert.Equal(code, toSomebody.Code);
        Assert.Contains(toSomebody.Text, toNobody);

        Task<Answer> ForgeAsync(Answer challenge)
        {
            var forged = Forged(known, challenge, CredentialKind.Key);
            forged["firstFactor"]!["credentialAssertion"]!["algorithm"] = "MD5";
            return Service.PostAsync("/auth/login", forged);
        }
    }

    [Theory]
    [InlineData("a wrong registration code", "POST", "/auth/registration/init", "registrationCode", false)]
    [InlineData("a new registration code", "PUT", "/auth/registration/code", null, false)]
    [InlineData("a wrong login code", "POST", "/auth/login/init", "loginCode", true)]
    [InlineData("a new login code", "POST", "/auth/login/code", null, true)]
    [InlineData("a wrong recovery code", "POST", "/auth/recover/user/init", "verificationCode", true)]
    [InlineData("a new recovery code", "POST", "/auth/recover/user/code", null, true)]
    [InlineData("a challenge", "POST", "/auth/login/init", null, true)]
    public async Task The_database_is_asked_the_same_for_a_user_and_for_nobody(string what, string method, string path, string? code, bool registered)
    {
        var organisation = await Service.NewOrganisationAsync();
        if (registered) await Registered.NewAsync(organisation);
        else await Service.InviteAsync(organisation, "jane@example.co");
        await using var watched = await WatchedAsync();

        var forUser = await StatementsAsync(watched.Service, () => SendAsync("jane@example.co"));
        var forNobody = await StatementsAsync(watched.Service, () => SendAsync("nobody@example.co"));

        Assert.True(forUser.Count > 0, what);
        Assert.Equal(forUser, forNobody);

        Task<Answer> SendAsync(string username)
        {
            var body = new JsonObject { ["username"] = username, ["orgId"] = organisation.Id };
            if (code is not null) body[code] = "0000-0000-0000-0000";
            if (code == "verificationCode") body["credentialId"] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
            return watched.Service.SendAsync(new HttpMethod(method), path, Service.Json(body), bearer: null);
        }
    }

    [Fact]
    public async Task The_database_is_asked_the_same_for_a_forged_answer_to_a_user_and_to_nobody()
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync());
        var toUser = Forged(user, await user.TryInitLoginAsync(), CredentialKind.Fido2);
        JsonObject? toNobody = null;
        for (var i = 0; toNobody is null; i++)
        {
            var challenge = await InitAsNobodyAsync(user.Organisation, i);
            if (challenge.Body["allowCredentials"]!["webauthn"]!.AsArray().Count == 1) toNobody = Forged(user, challenge, CredentialKind.Fido2);
        }

        await using var watched = await WatchedAsync();

        var forUser = await StatementsAsync(watched.Service, () => watched.Service.PostAsync("/auth/login", toUser));
        var forNobody = await StatementsAsync(watched.Service, () => watched.Service.PostAsync("/auth/login", toNobody));

        Assert.Single(forUser);
        Assert.Equal(forUser, forNobody);
    }

    // A deleted user has no credentials that could be read in nobody's place.
    [Fact]
    public async Task The_database_is_asked_the_same_in_nobodys_place_where_most_users_are_deleted()
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync());
        var admin = await user.Organisation.NewServiceAccountAsync(Permission.DeleteUsers);
        for (var i = 0; i < 5; i++)
        {
            var deleted = await Registered.NewAsync(user.Organisation, username: $"deleted-{i}@example.co");
            Assert.Equal(200, (int)(await admin.DeleteAsync($"/auth/users/{deleted.UserId}")).Status);
        }

        for (var i = 0; i < 40; i++) await InitAsNobodyAsync(user.Organisation, i);

        var standIns = await StandInsAsync(user.Organisation);
        Assert.NotEmpty(standIns);
        Assert.All(standIns, id => Assert.True(id == admin.UserId || id == user.UserId, id));
    }

    // Reading many rows takes longer: whoever has them would see for which names they are read, and so which are nobody's.
    [Fact]
    public async Task Who_has_more_than_four_credentials_is_read_in_nobodys_place_for_no_name()
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync());
        var caller = await user.SignedInAsync();
        for (var i = 0; i < 3; i++) await AddAsync();
        await InitAsNobodyAsync(user.Organisation, 0);
        Assert.Equal([user.UserId], await StandInsAsync(user.Organisation));

        await AddAsync();
        var other = await Registered.NewAsync(user.Organisation, username: "john@example.co");
        await Service.InDatabaseAsync(db => db.Ceremonies.Where(c => c.OrganisationId == user.Organisation.Id).ExecuteDeleteAsync());
        for (var i = 0; i < 40; i++) await InitAsNobodyAsync(user.Organisation, i);
        Assert.Equal([other.UserId], await StandInsAsync(user.Organisation));

        async Task AddAsync()
        {
            var adding = await Adding.InitAsync(user, caller, CredentialKind.Key);
            Assert.Equal(200, (int)(await caller.PostAsync("/auth/credentials", adding.BodyOf(adding.Make(CredentialKind.Key)))).Status);
        }
    }

    [Fact]
    public async Task A_mail_waits_a_random_part_of_the_spread()
    {
        var organisation = await Service.NewOrganisationAsync();
        foreach (var name in new[] { "jane", "john", "jim" }) await Service.InviteAsync(organisation, $"{name}@example.co");
        await using var watched = await WatchedAsync();
        var inbox = watched.Service.Inbox;
        foreach (var name in new[] { "jane", "john", "jim" })
        {
            Assert.Equal(200, (int)(await watched.Service.PutAsync("/auth/registration/code", new JsonObject { ["username"] = $"{name}@example.co", ["orgId"] = organisation.Id })).Status);
        }

        Assert.True(inbox.IsEmpty);
        watched.Service.Clock.Advance(TimeSpan.FromMinutes(1));

        var own = organisation with { Service = watched.Service };
        var delivered = new[] { (await own.MailAsync()).To, (await own.MailAsync()).To, (await own.MailAsync()).To };
        Assert.Equal(["jane@example.co", "jim@example.co", "john@example.co"], delivered.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("PUT", "/auth/registration/code", false)]
    [InlineData("POST", "/auth/login/code", true)]
    [InlineData("POST", "/auth/recover/user/code", true)]
    public async Task As_much_is_stored_to_be_mailed_to_nobody_as_to_a_user_and_nobody_is_mailed(string method, string path, bool registered)
    {
        await using var database = await Fixture.NewDatabaseAsync();
        await using var service = await Service.StartAsync(database, ("Mail:Spread", "00:01:00"));
        var organisation = await service.NewOrganisationAsync();
        if (registered) await Registered.NewAsync(organisation);
        else await service.InviteAsync(organisation, "jane@example.co");

        // A second time too soon for another.
        foreach (var name in new[] { "jane", "nobody", "jane", "nobody" })
        {
            var answer = await service.SendAsync(new HttpMethod(method), path, Service.Json(new JsonObject { ["username"] = $"{name}@example.co", ["orgId"] = organisation.Id }), bearer: null);
            Assert.Equal("""{"message":"success"}""", answer.Text);
        }

        var rows = await service.InDatabaseAsync(db => db.Outbox.AsNoTracking().ToListAsync());
        Assert.Equal(["", organisation.Id], rows.Select(r => r.OrganisationId).Order(StringComparer.Ordinal));
        Assert.Single(rows.Select(r => (r.Kind, r.Content.Length, r.CreatedAt, r.EndsAt, r.Attempts, r.Lease)).Distinct());
        service.Clock.Advance(TimeSpan.FromMinutes(1));
        while (await service.InDatabaseAsync(db => db.Outbox.AnyAsync())) await Task.Yield();
        Assert.Equal("jane@example.co", (await service.Inbox.NextAsync()).To);
        Assert.True(service.Inbox.IsEmpty);
    }

    // Mails wait until the clock moves: what they ask the database is not of the request.
    private async Task<Watched> WatchedAsync() => new(await Service.StartAsync(
        Service.Database, ("Serilog:MinimumLevel:Override:Microsoft.EntityFrameworkCore.Database.Command", "Information"), ("Mail:Spread", "00:01:00")));

    private static async Task<IReadOnlyList<string>> StatementsAsync(Service service, Func<Task<Answer>> send)
    {
        var before = service.Log.Lines.Count;
        await send();
        return [.. service.Log.Lines.Skip(before).Select(line => (string?)JsonNode.Parse(line)!["commandText"]).OfType<string>()];
    }

    // Whose rows were read in nobody's place.
    private Task<List<string?>> StandInsAsync(TestOrganisation organisation) => Service.InDatabaseAsync(db => db.Ceremonies
        .Where(c => c.OrganisationId == organisation.Id && c.Purpose == CeremonyPurpose.LoginOfNobody).Select(c => c.UserId).Distinct().ToListAsync());

    private Task<Answer> InitAsNobodyAsync(TestOrganisation organisation, int number) =>
        Service.PostAsync("/auth/login/init", new JsonObject { ["username"] = $"nobody-{number}@example.co", ["orgId"] = organisation.Id });

    // Signed by a key that is nobody's, under the first id that was offered.
    private async Task<Answer> ForgeAsync(Registered user, Answer challenge, CredentialKind kind) => await Service.PostAsync("/auth/login", Forged(user, challenge, kind));

    private static JsonObject Forged(Registered user, Answer challenge, CredentialKind kind)
    {
        var stranger = HeldCredential.Create(kind, challenge.Require("challenge"), user.Organisation, user.UserId);
        var factor = stranger.Sign(challenge.Require("challenge"));
        factor["credentialAssertion"]!["credId"] = (string)challenge.Body["allowCredentials"]![kind == CredentialKind.Key ? "key" : "webauthn"]![0]!["id"]!;
        if (kind == CredentialKind.Fido2) factor["credentialAssertion"]!["userHandle"] = "";
        return new JsonObject { ["challengeIdentifier"] = challenge.Require("challengeIdentifier"), ["firstFactor"] = factor };
    }

    private static string Shape(JsonNode? node) => node switch
    {
        JsonObject o => $"{{{string.Join(',', o.Select(m => $"{m.Key}:{Shape(m.Value)}"))}}}",
        JsonArray a => $"[{string.Join(',', a.Select(Shape))}]",
        _ => node?.GetValueKind().ToString() ?? "null",
    };

    /// <summary>A second instance that logs every statement.</summary>
    private sealed record Watched(Service Service) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => Service.DisposeAsync();
    }
}
