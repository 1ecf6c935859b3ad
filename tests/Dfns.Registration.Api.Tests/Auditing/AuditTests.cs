using System.Text.Json.Nodes;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Telemetry;
using Dfns.Registration.Api.Tests.Ends;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Api.Wire;
using Dfns.Registration.Verification;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Dfns.Registration.Api.Tests.Auditing;

/// <summary>What an investigator finds afterwards: who failed to get in, what was refused to whom, who read of whom, who acted for whom, and what a setting was before.</summary>
public abstract class AuditTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : AuditTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : AuditTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    // Who is tried: a person who is there, or nobody.
    private const string Person = "person";
    private const string Nobody = "nobody";

    /// <summary>Every way in, and how it fails: what it is to the trail, whom it is told of, and how the note ends.</summary>
    private static readonly Dictionary<string, (string Action, string Subject, string Note, Func<EndsPerson, Task<Answer>> Act)> Failures = new(StringComparer.Ordinal)
    {
        ["a wrong registration code"] = (AuditActions.RegistrationFailed, Person, "POST /auth/registration/init: invalid_code (wrong code)", p =>
            p.Service.PostAsync("/auth/registration/init", Code(p, "registrationCode", p.Name))),
        ["a registration code of nobody"] = (AuditActions.RegistrationFailed, Nobody, "POST /auth/registration/init: invalid_code (no such user)", p =>
            p.Service.PostAsync("/auth/registration/init", Code(p, "registrationCode", "nobody@example.co"))),
        ["a registration with another challenge signed"] = (AuditActions.RegistrationFailed, Person, "POST /auth/registration: challenge_mismatch", async p =>
        {
            var challenge = await (await p.Service.InviteAsync(p.Stage.Organisation, $"other-{p.Name}")).InitAsync();
            p.UserId = challenge.UserId;
            return await challenge.CompleteAsync((challenge with { Text = challenge.Text[..^1] + (challenge.Text[^1] == 'A' ? 'E' : 'A') }).GoodBody());
        }
        ),
        ["an ID token of an unknown issuer"] = (AuditActions.RegistrationFailed, Nobody, "POST /auth/registration/social: id_token_issuer_unknown", p =>
            p.Service.PostAsync("/auth/registration/social", p.IdTokenBody(change: claims => claims["iss"] = "https://elsewhere.example"))),
        ["an ID token that is over"] = (AuditActions.SignInFailed, Nobody, "POST /auth/login/social: id_token_expired", p =>
            p.Service.PostAsync("/auth/login/social", p.IdTokenBody(change: claims => claims["exp"] = 1))),
        ["an ID token of somebody unknown"] = (AuditActions.SignInFailed, Nobody, "POST /auth/login/social: user_not_found", p =>
            p.Service.PostAsync("/auth/login/social", p.IdTokenBody(change: claims => claims["sub"] = "somebody else"))),
        ["an ID token used twice"] = (AuditActions.SignInFailed, Person, "POST /auth/login/social: id_token_already_used", async p =>
        {
            var body = p.IdTokenBody();
            await p.Service.PostAsync("/auth/login/social", body.DeepClone());
            return await p.Service.PostAsync("/auth/login/social", body);
        }
        ),
        ["a single sign-on to nowhere"] = (AuditActions.SignInFailed, Nobody, "POST /auth/login/sso/init: sso_redirect_uri_not_allowed", async p =>
        {
            await p.Stage.Organisation.SendToAsync(p.Stage.Provider.Issuer);
            return await p.Service.PostAsync("/auth/login/sso/init", p.Stage.Organisation.InitBody(redirectUri: "https://elsewhere.example/"));
        }
        ),
        ["a single sign-on with a code that its provider does not know"] = (AuditActions.SignInFailed, Nobody, "POST /auth/login/sso: sso_code_refused", async p =>
        {
            await p.Stage.Organisation.SendToAsync(p.Stage.Provider.Issuer);
            var (_, state) = p.Stage.Provider.SignIn(await p.Stage.Organisation.InitSsoAsync(), p.Stage.Provider.Draft(p.Service.Clock.GetUtcNow()));
            return await p.Service.PostAsync("/auth/login/sso", SingleSignOn.Body(("made-up", state)));
        }
        ),
        ["a single sign-on whose state was answered before"] = (AuditActions.SignInFailed, Nobody, "POST /auth/login/sso: sso_state_not_valid", async p =>
        {
            await p.Stage.Organisation.SendToAsync(p.Stage.Provider.Issuer);
            var answered = p.Stage.Provider.SignIn(await p.Stage.Organisation.InitSsoAsync(), p.Stage.Provider.Draft(p.Service.Clock.GetUtcNow()));
            await p.Service.InDatabaseAsync(db => db.Ceremonies.Where(c => c.OrganisationId == p.Stage.Organisation.Id && c.Purpose == CeremonyPurpose.SsoLogin)
                .ExecuteUpdateAsync(c => c.SetProperty(x => x.ConsumedAt, p.Service.Clock.GetUtcNow())));
            return await p.Service.PostAsync("/auth/login/sso", SingleSignOn.Body(answered));
        }
        ),
        ["a single sign-on of somebody unknown"] = (AuditActions.SignInFailed, Nobody, "POST /auth/login/sso: user_not_found", async p =>
        {
            await p.Stage.Organisation.SendToAsync(p.Stage.Provider.Issuer);
            return await p.Service.PostAsync(
                "/auth/login/sso", SingleSignOn.Body(p.Stage.Provider.SignIn(await p.Stage.Organisation.InitSsoAsync(), p.Stage.Provider.Draft(p.Service.Clock.GetUtcNow(), "somebody else"))));
        }
        ),
        ["a wrong login code"] = (AuditActions.SignInFailed, Person, "POST /auth/login/init: invalid_code (wrong code)", p =>
            p.Service.PostAsync("/auth/login/init", Code(p, "loginCode", p.Name))),
        ["a login code of nobody"] = (AuditActions.SignInFailed, Nobody, "POST /auth/login/init: invalid_code (no such user)", p =>
            p.Service.PostAsync("/auth/login/init", Code(p, "loginCode", "nobody@example.co"))),
        ["a sign-in by somebody else's passkey"] = (AuditActions.SignInFailed, Person, "POST /auth/login: no_usable_credential", async p =>
            await p.Service.PostAsync("/auth/login", (await Registered.NewAsync(p.Stage.Organisation, username: $"other-{p.Name}")).AnswerTo(await p.User!.TryInitLoginAsync()))),
        ["a sign-in with a changed signature"] = (AuditActions.SignInFailed, Person, "POST /auth/login: assertion_signature_invalid", async p =>
        {
            var body = await p.User!.LoginBodyAsync();
            body["firstFactor"]!["credentialAssertion"]!["signature"] = "MEUCIQDAAAAA";
            return await p.Service.PostAsync("/auth/login", body);
        }
        ),
        ["a sign-in of nobody"] = (AuditActions.SignInFailed, Nobody, "POST /auth/login: no_usable_credential", async p =>
            await p.Service.PostAsync("/auth/login", p.User!.AnswerTo(await p.Service.PostAsync("/auth/login/init", new JsonObject { ["username"] = "nobody@example.co", ["orgId"] = p.Stage.Organisation.Id })))),
        ["a wrong recovery code"] = (AuditActions.RecoveryFailed, Person, "POST /auth/recover/user/init: invalid_code (wrong code)", p =>
        {
            var body = Code(p, "verificationCode", p.Name);
            body["credentialId"] = p.User!.Recovery!.CredId;
            return p.Service.PostAsync("/auth/recover/user/init", body);
        }
        ),
        ["a recovery signed by another key"] = (AuditActions.RecoveryFailed, Person, "POST /auth/recover/user: not_a_recovery_credential", async p =>
        {
            var recovering = await Recovering.StartAsync(p.User!);
            var made = recovering.Make(CredentialKind.RecoveryKey);
            return await recovering.CompleteAsync(recovering.BodyOf(Recovering.NewCredentials(recovering.Make(CredentialKind.Fido2)), by: made));
        }
        ),
        ["a credential of another kind than the challenge's"] = (AuditActions.CredentialFailed, Person, "POST /auth/credentials/code/verify: credential_kind_misplaced", async p =>
        {
            var adding = Adding.Of(p.User!, await p.InitWithCodeAsync(await p.CredentialCodeAsync()));
            return await p.Service.PostAsync("/auth/credentials/code/verify", adding.BodyOf(adding.Make(CredentialKind.RecoveryKey)));
        }
        ),
    };

    public static TheoryData<string> AllFailures => [.. Failures.Keys];

    [Theory]
    [MemberData(nameof(AllFailures))]
    public async Task Whoever_does_not_get_in_is_told_of(string how)
    {
        await using var stage = await EndsStage.NewAsync(Service);
        var person = await stage.NewPersonAsync(how.Contains("registration code", StringComparison.Ordinal) ? Whose.Invited : Whose.Registered);
        var (action, subject, note, act) = Failures[how];

        var answer = await act(person);
        await WriteAsync(Service);

        Assert.InRange((int)answer.Status, 400, 499);
        var told = Assert.Single(await EventsAsync(stage.Organisation, action));
        Assert.Equal(
            (AuditActors.Anybody, subject == Person ? person.UserId : stage.Organisation.Id, "127.0.0.1"),
            (told.Actor.Replace(person.UserId, AuditActors.Anybody, StringComparison.Ordinal), told.SubjectId, told.RemoteAddress));
        Assert.StartsWith(note, told.Note, StringComparison.Ordinal);
    }

    // With a token of ours that is nothing any more: so every one of them is refused, and tells of it.
    [Fact]
    public async Task Every_endpoint_for_callers_tells_of_a_refused_call()
    {
        await using var stage = await EndsStage.NewAsync(Service);
        var person = await stage.NewPersonAsync(Whose.Registered);
        await Service.SendAsync(HttpMethod.Put, "/auth/logout", content: null, person.Session!.Token);
        var expected = new List<string>();
        foreach (var endpoint in BearerEndpoints())
        {
            var answer = await Service.SendAsync(new HttpMethod(Method(endpoint)), Path(endpoint), Service.Json(new JsonObject()), person.Session.Token);
            // A token for something else is none of ours to the two that complete with another.
            if ((int)answer.Status == 401 && endpoint.RoutePattern.RawText is not ("/auth/registration" or "/auth/registration/enduser" or "/auth/recover/user")) expected.Add($"{Method(endpoint)} {endpoint.RoutePattern.RawText}: not_authorized");
            // One stranger has a share of the rows of each round.
            if (expected.Count % (AuditTally.MostOfOne - 1) == 0) await WriteAsync(Service);
        }

        await WriteAsync(Service);

        var told = await Service.InDatabaseAsync(db => db.AuditEvents.Where(e => e.OrganisationId == stage.Organisation.Id && e.Actor == AuditActors.Anybody).ToListAsync());
        Assert.True(expected.Count > 20, $"{expected.Count}");
        Assert.Equal(expected.Order(StringComparer.Ordinal), told.Select(e => e.Note!).Order(StringComparer.Ordinal));
        Assert.All(told, e => Assert.Equal((stage.Organisation.Id, "127.0.0.1"), (e.SubjectId, e.RemoteAddress)));
    }

    [Fact]
    public async Task A_call_that_the_caller_may_not_make_names_the_caller()
    {
        var organisation = await Service.NewOrganisationAsync();
        var caller = await organisation.SignedInAsync(UserKind.CustomerEmployee, "jane@example.co");

        await caller.GetAsync("/auth/users");
        await caller.PostAsync("/auth/users", new JsonObject());
        await WriteAsync(Service);

        Assert.Equal(
            ["GET /auth/users: permission_missing", "POST /auth/users: permission_missing"],
            (await EventsAsync(organisation, AuditActions.CallRefused)).Where(e => e.Actor == caller.UserId).Select(e => e.Note!).Order(StringComparer.Ordinal));
    }

    // Refused for what was asked, not for who asks: a back end that tries ids, a change that is sent once more.
    [Fact]
    public async Task Whatever_a_caller_is_refused_names_the_caller()
    {
        await using var stage = await EndsStage.NewAsync(Service);
        var person = await stage.NewPersonAsync(Whose.Registered);
        var admin = await stage.Organisation.NewServiceAccountAsync([.. Permission.All]);
        var expected = new List<string>();
        foreach (var endpoint in BearerEndpoints())
        {
            var path = Path(endpoint);
            var caller = endpoint.RoutePattern.RawText!.Contains("credentials", StringComparison.Ordinal) ? person.Session! : (SigningCaller)admin;
            var answer = Method(endpoint) switch
            {
                "GET" => await caller.GetAsync(path),
                "DELETE" => await caller.DeleteAsync(path),
                "PUT" => await caller.PutAsync(path, new JsonObject { ["isArchived"] = "no" }),
                _ when path == "/auth/introspect" => await Service.SendAsync(HttpMethod.Post, path, new FormUrlEncodedContent([]), admin.Token),
                _ => await caller.PostAsync(path, new JsonObject { ["username"] = 7 }),
            };
            if ((int)answer.Status is < 400 or >= 500 || endpoint.Metadata.GetMetadata<FailureMetadata>() is not null) continue;
            expected.Add($"{Method(endpoint)} {endpoint.RoutePattern.RawText}");
            await WriteAsync(Service);
        }

        var told = (await EventsAsync(stage.Organisation, AuditActions.CallRefused)).Select(e => e.Note!.Split(':')[0]).ToHashSet(StringComparer.Ordinal);
        Assert.True(expected.Count > 15, $"{expected.Count}");
        Assert.Empty(expected.Except(told));
    }

    [Fact]
    public async Task Every_endpoint_that_tells_of_users_says_that_it_is_read()
    {
        Assert.All(
            BearerEndpoints().Where(e => Method(e) == "GET"),
            e => Assert.True(e.Metadata.GetMetadata<ReadMetadata>() is not null, e.RoutePattern.RawText));
        await using var stage = await EndsStage.NewAsync(Service);
        var person = await stage.NewPersonAsync(Whose.Registered);

        for (var n = 0; n < 3; n++) Assert.Equal(200, (int)(await stage.Backend.GetAsync("/auth/users")).Status);
        Assert.Equal(200, (int)(await stage.Backend.GetAsync($"/auth/users/{person.UserId}")).Status);
        Assert.Equal(200, (int)(await person.Session!.GetAsync("/auth/credentials")).Status);
        Assert.Equal(200, (int)(await Service.SendAsync(HttpMethod.Post, "/auth/introspect", new FormUrlEncodedContent([new("token", person.Session.Token)]), stage.Backend.Token)).Status);
        await WriteAsync(Service);

        Assert.Equal(
            [
                (AuditActions.CredentialsRead, person.UserId, stage.Organisation.Id, "GET /auth/credentials"),
                (AuditActions.TokenRead, stage.Backend.UserId, person.UserId, "POST /auth/introspect"),
                (AuditActions.UserRead, stage.Backend.UserId, person.UserId, "GET /auth/users/{userId}"),
                (AuditActions.UsersRead, stage.Backend.UserId, stage.Organisation.Id, $"GET /auth/users, 3 times until {Service.Clock.GetUtcNow():HH:mm:ss} UTC"),
            ],
            (await ReadsAsync(stage.Organisation)).Select(e => (e.Action, e.Actor, e.SubjectId, e.Note!)));
    }

    [Fact]
    public async Task A_flood_makes_few_rows_and_keeps_no_other_organisation_and_no_caller_from_their_own()
    {
        await using var service = await Service.StartAsync(Service.Database, ("Network:TrustedProxies:0", "127.0.0.0/8"), ("RateLimits:AttemptsPerUser", "1000"));
        var (flooded, other) = (await service.NewOrganisationAsync(), await service.NewOrganisationAsync());
        var backend = await flooded.NewServiceAccountAsync(Permission.ReadUsers);
        for (var n = 0; n < (5 * AuditTally.MostRows); n++) await GuessAsync(service, flooded, $"198.51.{n / 250}.{n % 250}");

        await GuessAsync(service, other, "198.51.100.1");
        await backend.GetAsync("/auth/users");
        await WriteAsync(service);

        var told = await EventsAsync(flooded, AuditActions.RegistrationFailed);
        Assert.Equal((4 * AuditTally.MostRows) + 1, told.Count);
        Assert.Equal(2 * AuditTally.MostRows, told.Count(e => e.Note!.StartsWith("POST /auth/registration/init: invalid_code", StringComparison.Ordinal)));
        Assert.Equal((AuditActors.Anybody, flooded.Id, $"more of this, {AuditTally.MostRows} times until 12:00:00 UTC"), Assert.Single(told.Where(e => e.RemoteAddress is null).Select(e => (e.Actor, e.SubjectId, e.Note!))));
        Assert.Equal("198.51.100.1", Assert.Single(await EventsAsync(other, AuditActions.RegistrationFailed)).RemoteAddress);
        Assert.Equal((backend.UserId, "GET /auth/users"), Assert.Single((await ReadsAsync(flooded)).Select(e => (e.Actor, e.Note!))));
    }

    // Of IPv6 a caller has 2^64 addresses, and of a method as many spellings as it has letters.
    [Fact]
    public async Task One_stranger_has_a_share_of_the_rows()
    {
        await using var service = await Service.StartAsync(Service.Database, ("Network:TrustedProxies:0", "127.0.0.0/8"), ("RateLimits:AttemptsPerUser", "1000"));
        var organisation = await service.NewOrganisationAsync();
        for (var n = 0; n < 50; n++) await GuessAsync(service, organisation, $"2001:db8:1:2::{n + 1:x}", n % 2 == 0 ? "POST" : "pOsT");

        await WriteAsync(service);

        var told = Assert.Single(await EventsAsync(organisation, AuditActions.RegistrationFailed));
        Assert.Equal(("2001:db8:1:2::/64", "POST /auth/registration/init: invalid_code (no such user), 50 times until 12:00:00 UTC"), (told.RemoteAddress, told.Note));

        var tally = service.Services.GetRequiredService<AuditTally>();
        for (var n = 0; n < 50; n++) tally.Count(new TalliedEvent(organisation.Id, AuditActions.CallRefused, "us-1", "us-1", "198.51.100.1", $"{n}"));
        tally.Count(new TalliedEvent(organisation.Id, AuditActions.CallRefused, "us-2", "us-2", "198.51.100.1", "another"));
        await WriteAsync(service);

        var refused = await EventsAsync(organisation, AuditActions.CallRefused);
        Assert.Equal(AuditTally.MostOfOne + 2, refused.Count);
        Assert.Equal(("us-1", null), Assert.Single(refused.Where(e => e.Note!.StartsWith("more of this, 25 times", StringComparison.Ordinal)).Select(e => (e.Actor, e.RemoteAddress))));
        Assert.Single(refused, e => e is { Actor: "us-2", Note: "another" });
    }

    // One of them with as many addresses as a subscriber has, the other from somewhere else.
    [Fact]
    public async Task Whoever_floods_the_trail_from_many_addresses_makes_it_forget_nobody_else()
    {
        var organisation = await Service.NewOrganisationAsync();
        var tally = Service.Services.GetRequiredService<AuditTally>();
        for (var n = 0; n < (3 * AuditTally.MostRows); n++)
        {
            tally.Count(new TalliedEvent(organisation.Id, AuditActions.SignInFailed, AuditActors.Anybody, $"us-{n}", $"2001:db8:1:{n:x}::/64", "wrong code"));
            tally.Count(new TalliedEvent(organisation.Id, AuditActions.UserRead, "us-eager", $"us-{n}", $"198.51.{n / 250}.{n % 250}", "GET"));
            tally.Count(new TalliedEvent(organisation.Id, AuditActions.CredentialsRead, $"us-{n}", $"us-{n}", "198.51.100.1", "GET"));
        }

        tally.Count(new TalliedEvent(organisation.Id, AuditActions.SignInFailed, AuditActors.Anybody, "us-jane", "203.0.113.66", "wrong code"));
        tally.Count(new TalliedEvent(organisation.Id, AuditActions.UserRead, "us-backend", "us-jane", "203.0.113.7", "GET"));
        tally.Count(new TalliedEvent(organisation.Id, AuditActions.UsersRead, "us-backend", organisation.Id, "203.0.113.7", "GET"));
        tally.Count(new TalliedEvent(organisation.Id, AuditActions.CredentialsRead, "us-backend", "us-jane", "203.0.113.7", "GET"));
        await WriteAsync(Service);

        Assert.Equal(("us-jane", "wrong code"), Assert.Single((await EventsAsync(organisation, AuditActions.SignInFailed)).Where(e => e.RemoteAddress == "203.0.113.66").Select(e => (e.SubjectId, e.Note!))));
        Assert.Equal(
            (AuditTally.MostOfOne, "2001:db8:1::/48"), ((await EventsAsync(organisation, AuditActions.SignInFailed)).Count(e => e.RemoteAddress!.EndsWith("::/64", StringComparison.Ordinal)), (await EventsAsync(organisation, AuditActions.SignInFailed)).Single(e => e.Note!.StartsWith(TalliedEvent.More, StringComparison.Ordinal)).RemoteAddress));
        foreach (var action in new[] { AuditActions.UserRead, AuditActions.UsersRead, AuditActions.CredentialsRead }) Assert.Single(await EventsAsync(organisation, action), e => e.Actor == "us-backend");
        Assert.Equal(("us-jane", "203.0.113.7"), Assert.Single((await EventsAsync(organisation, AuditActions.UserRead)).Where(e => e.Actor == "us-backend").Select(e => (e.SubjectId, e.RemoteAddress!))));
        Assert.DoesNotContain(await EventsAsync(organisation, AuditActions.UserRead), e => e.Actor == AuditActors.Anybody);
    }

    // With the same session, as fast as it can.
    [Fact]
    public async Task A_user_adds_no_more_rows_than_there_are_changes_in_an_hour_and_none_by_changing_nothing()
    {
        await using var service = await Service.StartAsync(Service.Database, ("RateLimits:ChangesPerHour", "5"));
        var caller = await (await service.NewOrganisationAsync()).SignedInAsync(UserKind.EndUser, "jane@example.co");
        var path = $"/auth/credentials/{(string)(await caller.GetAsync("/auth/credentials")).Body["items"]![0]!["credentialUuid"]!}";
        foreach (var name in new[] { "One", "One", "Two", "Two", "Two" }) Assert.Equal(200, (int)(await caller.PutAsync(path, new JsonObject { ["credentialName"] = name })).Status);

        foreach (var (method, at, body) in new (HttpMethod, string, JsonObject?)[]
        {
            (HttpMethod.Put, path, new JsonObject { ["credentialName"] = "Three" }), (HttpMethod.Delete, path, null), (HttpMethod.Post, "/auth/credentials/code", new JsonObject { ["expiration"] = $"{service.Clock.GetUtcNow().AddMinutes(1):O}" }),
            (HttpMethod.Put, "/auth/credentials/deactivate", new JsonObject { ["credentialUuid"] = "cr-1" }), (HttpMethod.Put, "/auth/credentials/activate", new JsonObject { ["credentialUuid"] = "cr-1" }),
        })
        {
            var refused = await caller.CallAsync(method, at, body);
            Assert.Equal(("too_many_requests", "3600"), (refused.Code, refused.Headers["Retry-After"]));
        }

        Assert.Equal(2, await service.InDatabaseAsync(db => db.AuditEvents.CountAsync(e => e.SubjectId == caller.UserId && e.Action == AuditActions.CredentialRenamed)));
        service.Clock.Advance(TimeSpan.FromHours(1));
    }

    // A flood that is stopped is what an investigator looks for first.
    [Theory]
    [InlineData("RateLimits:StartsPerHour", "too_many_requests", "100.64.0")]
    [InlineData("RateLimits:AttemptsPerUser", "too_many_attempts", "100.64.1")]
    public async Task What_a_budget_refuses_is_told_of_wherever_one_is_counted(string budget, string code, string network)
    {
        await using var service = await Service.StartAsync(Service.Database, ("Network:TrustedProxies:0", "127.0.0.0/8"), (budget, "1"));
        var (organisation, expected) = (await service.NewOrganisationAsync(), new List<string>());
        (string Method, string Path, string Code)[] named =
        [
            ("PUT", "/auth/registration/code", ""),
            ("POST", "/auth/login/code", ""),
            ("POST", "/auth/recover/user/code", ""),
            ("PUT", "/auth/recover/user/code", ""),
            ("POST", "/auth/registration/init", "registrationCode"),
            ("POST", "/auth/login/init", "loginCode"),
            ("POST", "/auth/recover/user/init", "verificationCode"),
        ];
        (string, string, string)[] unnamed = code == "too_many_requests" ? [("POST", "/auth/registration/social", "idToken"), ("POST", "/auth/login/social", "idToken")] : [];

        foreach (var (n, (method, path, secret)) in named.Concat(unnamed).Index())
        {
            foreach (var org in new[] { "or-none", organisation.Id })
            {
                var body = new JsonObject { ["username"] = "jane@example.co", ["orgId"] = org };
                if (secret.Length > 0) body[secret] = "0000-0000-0000-0000";
                if (secret == "verificationCode") body["credentialId"] = "AAAAAAAAAAAAAAAAAAAAAA";
                if (secret == "idToken") (body["socialLoginProviderKind"], _) = ("Oidc", body.Remove("username"));
                var answers = new List<Answer>();
                for (var times = 0; times < 2; times++)
                {
                    using var response = await SendAsync(service, method, path, body, $"{network}.{n + (org == organisation.Id ? 1 : 101)}");
                    answers.Add(await Answer.ReadAsync(response));
                }

                Assert.Equal(code, answers[1].Code);
            }

            expected.Add($"{method} {path}: {code}");
        }

        await WriteAsync(service);
        var told = await Service.InDatabaseAsync(db => db.AuditEvents.Where(e => e.OrganisationId == organisation.Id && e.Note!.EndsWith(code)).ToListAsync());
        Assert.Equal(expected.Order(StringComparer.Ordinal), told.Select(e => e.Note!).Order(StringComparer.Ordinal));
        Assert.All(told, e => Assert.StartsWith($"{network}.", e.RemoteAddress, StringComparison.Ordinal));
        // The list above is of every place.
        Assert.Equal(
            service.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
                .Where(e => e.Metadata.GetOrderedMetadata<ErrorsMetadata>().Any(m => m.Errors.Contains(Api.Errors.ErrorCatalog.TooManyAttempts)))
                .Select(e => $"{Method(e)} {e.RoutePattern.RawText}").Order(StringComparer.Ordinal),
            named.Select(e => $"{e.Method} {e.Path}").Order(StringComparer.Ordinal));
    }

    // What could be written as often as somebody likes, into whatever trail.
    [Fact]
    public async Task Nothing_is_told_of_an_organisation_that_is_not_there_or_of_what_a_client_wrote()
    {
        var organisation = await Service.NewOrganisationAsync();
        await WriteAsync(Service);
        var before = await CountAsync();

        foreach (var orgId in new[] { "or-none", "", "'; DROP TABLE audit_events" })
        {
            await Service.PostAsync("/auth/registration/init", new JsonObject { ["username"] = "my-password", ["registrationCode"] = "0000-0000-0000-0000", ["orgId"] = orgId });
            await Service.PostAsync("/auth/login/init", new JsonObject { ["username"] = "my-password", ["orgId"] = orgId });
        }

        await Service.SendAsync(HttpMethod.Get, "/auth/users", content: null, "no-token");
        await WriteAsync(Service);
        Assert.Equal(before, await CountAsync());

        await Service.PostAsync("/auth/registration/init", new JsonObject { ["username"] = "my-password", ["registrationCode"] = "0000-0000-0000-0000", ["orgId"] = organisation.Id });
        await WriteAsync(Service);
        Assert.DoesNotContain(
            "my-password", System.Text.Json.JsonSerializer.Serialize(await EventsAsync(organisation, AuditActions.RegistrationFailed)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_cannot_be_added_is_counted_on()
    {
        var organisation = await Service.NewOrganisationAsync();
        var body = new JsonObject { ["username"] = "nobody@example.co", ["registrationCode"] = "0000-0000-0000-0000", ["orgId"] = organisation.Id };
        await Service.PostAsync("/auth/registration/init", body);
        await Service.Services.GetRequiredService<AuditTally>().WriteAsync(new CancellationToken(canceled: true));
        Assert.Empty(await EventsAsync(organisation, AuditActions.RegistrationFailed));

        await Service.PostAsync("/auth/registration/init", body);
        await WriteAsync(Service);

        Assert.EndsWith($"2 times until {Service.Clock.GetUtcNow():HH:mm:ss} UTC", Assert.Single(await EventsAsync(organisation, AuditActions.RegistrationFailed)).Note, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_that_stops_adds_what_it_has_counted()
    {
        var organisation = await Service.NewOrganisationAsync();
        await using (var service = await Service.StartAnotherAsync())
        {
            var refused = await service.PostAsync("/auth/registration/init", new JsonObject { ["username"] = "nobody@example.co", ["registrationCode"] = "0000-0000-0000-0000", ["orgId"] = organisation.Id });
            Assert.Equal("invalid_code", refused.Code);
        }

        Assert.Single(await EventsAsync(organisation, AuditActions.RegistrationFailed));
    }

    [Fact]
    public async Task Who_acts_for_somebody_is_named()
    {
        await using var stage = await EndsStage.NewAsync(Service);
        var person = await stage.NewPersonAsync(Whose.Registered);
        var delegated = await stage.NewPersonAsync(Whose.Delegated);
        await person.TakeIdentityAsync();
        Assert.Equal(200, (int)(await stage.Backend.PostAsync("/auth/login/delegated", new JsonObject { ["username"] = person.Name })).Status);
        Assert.Equal(200, (int)(await stage.Backend.PostAsync("/auth/recover/user/delegated", new JsonObject { ["username"] = person.Name, ["credentialId"] = person.User!.Recovery!.CredId })).Status);
        await stage.Backend.PutAsync($"/auth/users/{person.UserId}/deactivate");

        var events = await Service.InDatabaseAsync(db => db.AuditEvents.Where(e => e.OrganisationId == stage.Organisation.Id && (e.Actor == stage.Backend.UserId || e.Actor == delegated.Voucher.UserId)).ToListAsync());
        Assert.Equal(
            [(AuditActions.UserDeactivated, person.UserId), (AuditActions.RecoveryStarted, person.UserId), (AuditActions.SignedIn, person.UserId), (AuditActions.RegistrationDelegated, delegated.UserId)],
            events.Select(e => (e.Action, e.SubjectId)).OrderBy(e => e.SubjectId == delegated.UserId).ThenBy(e => e.Action, StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_recovery_that_is_started_with_a_code_is_told_of_though_it_never_completes()
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync(), recovery: true);
        await Recovering.StartAsync(user);

        var told = Assert.Single(await EventsAsync(user.Organisation, AuditActions.RecoveryStarted));
        Assert.Equal((user.UserId, user.UserId, "127.0.0.1", "with a code"), (told.Actor, told.SubjectId, told.RemoteAddress, told.Note));
    }

    [Fact]
    public async Task A_changed_setting_is_told_as_it_was_and_as_it_is()
    {
        var created = await ServiceProgram.RowAsync(Service.Database, "org", "create", "--name", "Example", "--rp-id", "example.co", "--origin", "https://app.example.co");
        var organisation = new TestOrganisation(Service, (string)created["id"]!, "example.co", "https://app.example.co");
        var account = await organisation.NewServiceAccountAsync(Permission.ReadUsers);
        await OperateAsync("org", "update", "--org", organisation.Id, "--name", "Example Ltd");
        await OperateAsync("relying-party", "add", "--org", organisation.Id, "--origin", "https://www.example.co");
        await OperateAsync("relying-party", "set", "--org", organisation.Id, "--user-verification", "preferred");
        await OperateAsync("service-account", "permit", "--org", organisation.Id, "--account", account.UserId, "--add", Permission.CreateUsers);
        await OperateAsync("social-provider", "set", "--org", organisation.Id, "--issuer", "https://accounts.example", "--client-id", "1");
        await OperateAsync("social-provider", "add", "--org", organisation.Id, "--issuer", "https://accounts.example", "--client-id", "2");
        var jane = await organisation.SignedInAsync(UserKind.EndUser, "jane@example.co");
        var credential = (string)(await jane.GetAsync("/auth/credentials")).Body["items"]![0]!["credentialUuid"]!;
        Assert.Equal(200, (int)(await jane.PutAsync($"/auth/credentials/{credential}", new JsonObject { ["credentialName"] = "The old phone" })).Status);
        await OperateAsync("relying-party", "set", "--org", organisation.Id, "--require-second-factor", "--rp-name", "The shop", "--require-recovery", "--further-rp-id", "example.net");

        var told = await Service.InDatabaseAsync(db => db.AuditEvents.Where(e => e.OrganisationId == organisation.Id).OrderBy(e => e.At).ToListAsync());
        Assert.Equal("name is Example; algorithms is -7 -8 -257; attestation is none; rpName is Example; origins is https://app.example.co; rpId is example.co; userVerification is required", Assert.Single(told, e => e.Action == AuditActions.OrganisationCreated).Note);
        foreach (var words in new[]
        {
            "rpId is example.co",
            "name was Example, is Example Ltd",
            "origins was https://app.example.co, is https://app.example.co https://www.example.co",
            "userVerification was required, is preferred",
            "permissions was Auth:Users:Read, is Auth:Users:Read Auth:Users:Create",
            "clientIds is 1",
            "https://accounts.example; clientIds was 1, is 1 2",
            $"FirstFactor Key {credential}; name was ",
            ", is The old phone",
            // As the commands take them.
            "requireSecondFactor was false, is true",
            "rpName was Example, is The shop",
            "recoveryRequired was false, is true",
            "furtherRpIds was (none), is example.net",
        })
        {
            Assert.True(told.Count(e => e.Note?.Contains(words, StringComparison.Ordinal) == true) == 1, $"{words}\n{string.Join('\n', told.Select(e => $"{e.Action}: {e.Note}"))}");
        }
    }

    [Fact]
    public async Task A_long_list_is_told_in_as_many_rows_as_it_takes()
    {
        var origins = Enumerable.Range(0, 40).Select(n => $"https://app-{n}.example.co").ToList();
        var created = await ServiceProgram.RowAsync(Service.Database, "org", "create", "--name", "Example", "--rp-id", "example.co", "--origin", origins[0]);
        var id = (string)created["id"]!;
        await OperateAsync(["relying-party", "add", "--org", id, .. origins[1..].SelectMany(o => new[] { "--origin", o })]);

        var told = await Service.InDatabaseAsync(db => db.AuditEvents.Where(e => e.OrganisationId == id && e.Action == AuditActions.RelyingPartyChanged).OrderBy(e => e.Id).Select(e => e.Note!).ToListAsync());
        Assert.InRange(told.Count, 3, 6);
        Assert.All(told, note => Assert.InRange(note.Length, 1, 320));
        Assert.All(origins, o => Assert.Contains(told, note => note.Contains(o, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_line_of_a_request_names_organisation_and_caller_and_nothing_that_a_client_wrote()
    {
        await using var service = await Service.StartAnotherAsync();
        var organisation = await service.NewOrganisationAsync();
        var jane = await organisation.SignedInAsync(UserKind.EndUser, "jane@example.co");
        await jane.GetAsync("/auth/credentials");
        await service.PostAsync("/auth/login/init", new JsonObject { ["username"] = "jane@example.co", ["orgId"] = "or-invented" });
        await service.SendAsync(HttpMethod.Get, "/auth/users", content: null, "no-token");

        Assert.Equal((organisation.Id, jane.UserId), Named("/auth/credentials"));
        Assert.Equal((organisation.Id, jane.UserId), Named("/auth/login"));
        Assert.Equal((organisation.Id, jane.UserId), Named("/auth/registration"));
        Assert.Equal((null, null), Named("/auth/users"));
        Assert.DoesNotContain(service.Log.Lines, line => line.Contains("or-invented", StringComparison.Ordinal));

        (string?, string?) Named(string route)
        {
            var line = service.Log.Lines.Select(text => JsonNode.Parse(text)!).Last(l => (string?)l["Route"] == route);
            return ((string?)line["OrganisationId"], (string?)line["Caller"]);
        }
    }

    [Fact]
    public async Task The_trail_is_listed_by_a_command()
    {
        var organisation = await Service.NewOrganisationAsync();
        var (jane, john) = (await Registered.NewAsync(organisation), await Registered.NewAsync(organisation, username: "john@example.co"));
        await jane.LoginAsync();
        Service.Clock.Advance(TimeSpan.FromMinutes(1));
        var later = Service.Clock.GetUtcNow();
        await john.LoginAsync();

        var all = await ListAsync();
        Assert.Equal(
            [AuditActions.SignedIn, AuditActions.SignedIn],
            all.Where(e => (string)e["action"]! != AuditActions.RegisteredWithoutRecovery && (string)e["action"]! != AuditActions.UserRegistered).Select(e => (string)e["action"]!));
        Assert.Equal(john.UserId, (string)all[^1]["subject"]!);
        Assert.Equal("127.0.0.1", (string)all[^1]["from"]!);
        Assert.Single(await ListAsync("--action", AuditActions.SignedIn, "--subject", jane.UserId));
        Assert.Single(await ListAsync("--action", AuditActions.SignedIn, "--actor", john.UserId));
        Assert.Equal(john.UserId, (string)Assert.Single(await ListAsync("--most", "1"))["subject"]!);
        Assert.All(await ListAsync("--since", later.ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture)), e => Assert.Equal(john.UserId, (string)e["subject"]!));
        Assert.DoesNotContain(await ListedAsync("audit", "list"), e => (string)e["action"]! == AuditActions.SignedIn);
        foreach (var (arguments, why) in new (string[], string)[]
        {
            (["--org", "or-none"], "There is no organisation with this id"),
            (["--org", organisation.Id, "--action", "user.sign_in"], "did you mean 'user.signed_in'?"),
            (["--org", organisation.Id, "--most", "0"], "--most must be from 1 to 100000."),
        })
        {
            var refused = await ServiceProgram.OperateAsync(Service.Database, ["audit", "list", .. arguments]);
            Assert.Equal(1, refused.ExitCode);
            Assert.Contains(why, refused.Faults, StringComparison.Ordinal);
        }

        Task<List<JsonNode>> ListAsync(params string[] arguments) => ListedAsync(["audit", "list", "--org", organisation.Id, .. arguments]);
    }

    [Fact]
    public void The_manual_lists_every_action()
    {
        var manual = File.ReadAllLines(System.IO.Path.Combine(Repository.Root, "src/Dfns.Registration.Api/README.md"));
        var listed = manual.SkipWhile(l => l != "### Its actions").TakeWhile(l => !l.StartsWith("## ", StringComparison.Ordinal))
            .Where(l => l.StartsWith("| `", StringComparison.Ordinal)).SelectMany(l => l.Split('|')[1].Split(',').Select(a => a.Trim().Trim('`')));

        Assert.Equal(AuditActions.All.Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));
    }

    private static async Task GuessAsync(Service service, TestOrganisation organisation, string address, string method = "POST")
    {
        var body = new JsonObject { ["username"] = "nobody@example.co", ["registrationCode"] = "0000-0000-0000-0000", ["orgId"] = organisation.Id };
        using var response = await SendAsync(service, method, "/auth/registration/init", body, address);
    }

    private static async Task<HttpResponseMessage> SendAsync(Service service, string method, string path, JsonObject body, string address)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = Service.Json(body) };
        request.Headers.Add("X-Forwarded-For", address);
        return await service.Http.SendAsync(request);
    }

    private static JsonObject Code(EndsPerson person, string member, string name) =>
        new() { ["username"] = name, [member] = "0000-0000-0000-0000", ["orgId"] = person.Stage.Organisation.Id };

    private static Task WriteAsync(Service service) => service.Services.GetRequiredService<AuditTally>().WriteAsync(CancellationToken.None);

    private Task<int> CountAsync() => Service.InDatabaseAsync(db => db.AuditEvents.CountAsync());

    private Task<List<AuditEvent>> EventsAsync(TestOrganisation organisation, string action) =>
        Service.InDatabaseAsync(db => db.AuditEvents.Where(e => e.OrganisationId == organisation.Id && e.Action == action).ToListAsync());

    private Task<List<AuditEvent>> ReadsAsync(TestOrganisation organisation)
    {
        string[] reads = [AuditActions.CredentialsRead, AuditActions.TokenRead, AuditActions.UserRead, AuditActions.UsersRead];
        return Service.InDatabaseAsync(db => db.AuditEvents.Where(e => e.OrganisationId == organisation.Id && reads.Contains(e.Action)).OrderBy(e => e.Action).ToListAsync());
    }

    private List<RouteEndpoint> BearerEndpoints() =>
        [.. Service.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().Where(e => e.Metadata.GetMetadata<BearerMetadata>() is not null)];

    private static string Method(RouteEndpoint endpoint) => endpoint.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods[0];

    private static string Path(RouteEndpoint endpoint) =>
        endpoint.RoutePattern.RawText!.Replace("{userId}", "us-none", StringComparison.Ordinal).Replace("{credentialUuid}", "cr-none", StringComparison.Ordinal).Replace("{tokenId}", "to-none", StringComparison.Ordinal).Replace("{serviceAccountId}", "us-none", StringComparison.Ordinal).Replace("{permissionId}", "pm-none", StringComparison.Ordinal).Replace("{assignmentId}", "as-none", StringComparison.Ordinal);

    private async Task OperateAsync(params string[] arguments)
    {
        var run = await ServiceProgram.OperateAsync(Service.Database, arguments);
        Assert.True(run.ExitCode == 0, run.Faults);
    }

    private async Task<List<JsonNode>> ListedAsync(params string[] arguments)
    {
        var run = await ServiceProgram.OperateAsync(Service.Database, [.. arguments, "--json"]);
        Assert.True(run.ExitCode == 0, run.Faults);
        return [.. JsonNode.Parse(run.Output)!.AsArray().Select(n => n!)];
    }
}
