using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Permissions;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Ends;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Api.Wire;
using Dfns.Registration.Verification;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Dfns.Registration.Api.Tests.Auditing;

/// <summary>Nobody makes rows of the audit trail at will, or fills for good what has a bound.</summary>
public abstract partial class OwnRowsTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : OwnRowsTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : OwnRowsTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    private const int Times = AuditTally.MostOwn + 10;

    /// <summary>What keeps the rows of each action few. A new action is put into one of these.</summary>
    private static readonly Dictionary<string, string[]> Bounds = new(StringComparer.Ordinal)
    {
        ["so many rows of their own in a window, and then one that tells how often"] =
            [AuditActions.SignedIn, AuditActions.SignedOut, AuditActions.RecoveryStarted, AuditActions.SignCountRegressed, AuditActions.BackupEligibilityChanged],
        ["a person's signed calls in an hour; a back end's calls in a minute"] =
        [
            AuditActions.UserInvited, AuditActions.UserActivated, AuditActions.UserDeactivated, AuditActions.UserDeleted, AuditActions.RegistrationDelegated, AuditActions.RegistrationTakenOver,
            AuditActions.CredentialCreated, AuditActions.CredentialActivated, AuditActions.CredentialDeactivated, AuditActions.CredentialArchived, AuditActions.CredentialRenamed, AuditActions.CredentialCodeCreated,
            AuditActions.PatCreated, AuditActions.PatUpdated, AuditActions.PatActivated, AuditActions.PatDeactivated, AuditActions.PatDeleted,
        ],
        ["anybody's signed calls in an hour"] =
        [
            AuditActions.PermissionCreated, AuditActions.PermissionUpdated, AuditActions.PermissionArchived, AuditActions.PermissionRestored, AuditActions.PermissionRemoved, AuditActions.PermissionAssigned, AuditActions.PermissionRevoked,
            AuditActions.ServiceAccountCreated, AuditActions.ServiceAccountUpdated, AuditActions.ServiceAccountActivated, AuditActions.ServiceAccountDeactivated, AuditActions.ServiceAccountDeleted,
            AuditActions.WebhookCreated, AuditActions.WebhookUpdated, AuditActions.WebhookDeleted, AuditActions.WebhookPinged,
        ],
        ["once for a user, or for a code that is spent with it"] = [AuditActions.UserRegistered, AuditActions.RegisteredWithoutRecovery, AuditActions.SocialUserCreated, AuditActions.Recovered],
        ["one code a minute, of each purpose"] = [.. Enum.GetValues<CodePurpose>().Select(AuditActions.CodeSent)],
        ["counted"] =
        [
            AuditActions.SignInFailed, AuditActions.RegistrationFailed, AuditActions.RecoveryFailed, AuditActions.CredentialFailed, AuditActions.CallRefused, AuditActions.UsersRead, AuditActions.UserRead, AuditActions.ServiceAccountsRead, AuditActions.PatsRead,
            AuditActions.CredentialsRead, AuditActions.EncryptedKeysRead, AuditActions.ApplicationsRead, AuditActions.PermissionsRead, AuditActions.SignedActionsRead, AuditActions.WebhooksRead, AuditActions.WebhookEventsRead, AuditActions.TokenRead,
        ],
        ["the operator's commands"] =
        [
            AuditActions.OrganisationCreated, AuditActions.OrganisationRenamed, AuditActions.RelyingPartyChanged, AuditActions.UserPermitted, AuditActions.ServiceAccountRenewed,
            AuditActions.DatabaseMigrated, AuditActions.SigningKeysRotated, AuditActions.SocialProviderChanged, AuditActions.SocialProviderRemoved, AuditActions.WebhookSecretRotated, AuditActions.SsoClientChanged, AuditActions.SsoClientRemoved,
        ],
    };

    /// <summary>What somebody may do as often as they like, once.</summary>
    private static readonly Dictionary<string, Func<EndsPerson, int, Task<Answer>>> Often = new(StringComparer.Ordinal)
    {
        ["signing in"] = async (p, _) => await p.Service.PostAsync("/auth/login", await p.User!.LoginBodyAsync()),
        ["signing in and out"] = async (p, _) => await p.Service.SendAsync(HttpMethod.Put, "/auth/logout", content: null, (await p.User!.SignedInAsync()).Token),
        ["signing in with an ID token"] = (p, _) => p.Service.PostAsync("/auth/login/social", p.IdTokenBody()),
        ["signing in at a provider"] = async (p, n) =>
        {
            await p.Stage.Organisation.SendToAsync(p.Stage.Provider.Issuer);
            var draft = p.Stage.Provider.Draft(p.Service.Clock.GetUtcNow(), p.Name, p.Name).With(d => d.Claims["jti"] = $"{n}");
            return await p.Service.PostAsync("/auth/login/sso", SingleSignOn.Body(p.Stage.Provider.SignIn(await p.Stage.Organisation.InitSsoAsync(), draft)));
        },
        ["being signed in by a service account"] = (p, _) => p.VouchAsync("/auth/login/delegated", new JsonObject { ["username"] = p.Name }),
        ["starting a recovery with one code"] = async (p, _) => await Recovering.TryStartAsync(p.User!, await p.MailedAsync("/auth/recover/user/code")),
        ["signing calls with a passkey that says each time otherwise whether it may be backed up"] = async (p, n) =>
        {
            var challenge = await p.Session!.InitActionAsync(HttpMethod.Post, "/auth/x", "{}");
            var body = p.User!.AnswerTo(challenge);
            body["firstFactor"] = p.User.First.Authenticator!.Get(
                challenge.Require("challenge"), p.Stage.Organisation.RelyingPartyId, p.Stage.Organisation.Origin, p.User.First.CredId, p.UserId, draft => draft.Flags = (byte)(n % 2 == 0 ? 0x1D : 0x05)).ToJson(CredentialKind.Fido2);
            return await p.Service.PostAsync("/auth/action", body, p.Session.Token);
        },
    };

    public static TheoryData<string> AllOften => [.. Often.Keys];

    [Fact]
    public void Of_every_action_it_is_known_what_keeps_its_rows_few() =>
        Assert.Equal(AuditActions.All.Order(StringComparer.Ordinal), Bounds.Values.SelectMany(actions => actions).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(AllOften))]
    public async Task What_somebody_does_as_often_as_they_like_has_few_rows_and_is_all_told(string what)
    {
        await using var stage = await EndsStage.NewAsync(Service);
        var person = await stage.NewPersonAsync(Whose.Registered);
        await WriteAsync();
        var before = (await EventsAsync(person)).Select(e => e.Id).ToHashSet(StringComparer.Ordinal);

        for (var n = 0; n < Times; n++)
        {
            var answer = await Often[what](person, n);
            Assert.True((int)answer.Status == 200, answer.Text);
        }

        await WriteAsync();
        var told = (await EventsAsync(person)).Where(e => !before.Contains(e.Id) && Bounds.Values.First().Contains(e.Action)).ToList();
        Assert.Equal(AuditTally.MostOwn, told.Count(e => !HowOften().IsMatch(e.Note!)));
        Assert.InRange(told.Count, AuditTally.MostOwn + 1, AuditTally.MostOwn + 2);
        var times = told.Sum(e => HowOften().Match(e.Note!) is { Success: true } many ? int.Parse(many.Groups["times"].Value, System.Globalization.CultureInfo.InvariantCulture) : 1);
        Assert.Equal(what == "signing in and out" ? 2 * Times : Times, times);
        Assert.All(told, e => Assert.Equal("127.0.0.1", e.RemoteAddress));
    }

    // By each endpoint that takes a signed call, found by what it says of itself.
    [Fact]
    public async Task A_person_signs_so_many_calls_in_an_hour_whatever_they_change_and_a_service_account_so_many_of_permissions_and_service_accounts()
    {
        await using var service = await Service.StartAsync(Service.Database, ("RateLimits:ChangesPerHour", "2"));
        var organisation = await service.NewOrganisationAsync();
        var signed = service.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(e => e.Metadata.GetMetadata<UserActionMetadata>() is not null)
            .SelectMany(e => e.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods.Select(m => (Method: new HttpMethod(m), Path: e.RoutePattern.RawText!))).ToList();
        Assert.True(signed.Count > 15);
        foreach (var (caller, counted) in new (SigningCaller, Func<string, bool>)[]
        {
            (await organisation.SignedInAsync(UserKind.CustomerEmployee, "jane@example.co", [.. Permission.All]), _ => true),
            (await organisation.NewServiceAccountAsync([.. Permission.All]), path => path.StartsWith("/permissions", StringComparison.Ordinal) || path.StartsWith("/auth/service-accounts", StringComparison.Ordinal) || path.StartsWith("/webhooks", StringComparison.Ordinal)),
        })
        {
            for (var n = 0; n < 2; n++) Assert.Equal(200, (int)(await caller.PostAsync("/permissions", Readers(n))).Status);

            foreach (var (method, path) in signed)
            {
                var answer = await caller.CallAsync(method, Parameter().Replace(path, "none"), new JsonObject());
                Assert.True(counted(path) == (answer.Code == "too_many_requests"), $"{method} {path}: {answer.Text}");
            }
        }
    }

    [Fact]
    public async Task Whoever_fills_the_permissions_of_an_organisation_fills_them_until_some_are_archived()
    {
        var organisation = await Service.NewOrganisationAsync();
        var admin = await organisation.NewServiceAccountAsync([.. Permission.All]);
        var ids = new List<string>();
        for (var n = 0; n < 3; n++) ids.Add((await admin.PostAsync("/permissions", Readers(n))).Require("id"));
        await Service.InDatabaseAsync(db =>
        {
            db.PermissionSets.AddRange(Enumerable.Range(3, PermissionStore.MostSets - 3).Select(n => new PermissionSet
            {
                OrganisationId = organisation.Id,
                Id = $"pm-{n}",
                Name = $"{n}",
                Operations = [Permission.ReadUsers],
                CreatedAt = Service.Clock.GetUtcNow(),
                UpdatedAt = Service.Clock.GetUtcNow(),
            }));
            return db.SaveChangesAsync();
        });
        Assert.Equal("permission_limit_reached", (await admin.PostAsync("/permissions", Readers(0))).Code);

        // One that is somebody's stays, archived too; of the others the one that was archived first makes room.
        Assert.Equal(200, (int)(await admin.PostAsync($"/permissions/{ids[0]}/assignments", new JsonObject { ["identityId"] = admin.UserId })).Status);
        await ArchiveAsync(ids[0]);
        Assert.Equal("permission_limit_reached", (await admin.PostAsync("/permissions", Readers(0))).Code);
        await ArchiveAsync(ids[2]);
        await ArchiveAsync(ids[1]);
        var made = await admin.PostAsync("/permissions", Readers(0));

        Assert.Equal(200, (int)made.Status);
        Assert.Equal(["permission_unknown", null, null], new[] { await admin.GetAsync($"/permissions/{ids[2]}"), await admin.GetAsync($"/permissions/{ids[0]}"), await admin.GetAsync($"/permissions/{ids[1]}") }.Select(a => a.Code));
        Assert.Equal(200, (int)(await admin.PutAsync($"/permissions/{ids[1]}/archive", new JsonObject { ["isArchived"] = false })).Status);
        Assert.Equal("permission_limit_reached", (await admin.PostAsync("/permissions", Readers(0))).Code);
        Assert.Equal(PermissionStore.MostSets, await Service.InDatabaseAsync(db => db.PermissionSets.CountAsync(s => s.OrganisationId == organisation.Id)));
        var told = await Service.InDatabaseAsync(db => db.AuditEvents.SingleAsync(e => e.OrganisationId == organisation.Id && e.Action == AuditActions.PermissionRemoved));
        Assert.Equal((admin.UserId, ids[2], "It made room for another; name was 2, is (none); operations was Auth:Users:Read, is (none)"), (told.Actor, told.SubjectId, told.Note));

        async Task ArchiveAsync(string id)
        {
            Service.Clock.Advance(TimeSpan.FromMilliseconds(1));
            Assert.Equal(200, (int)(await admin.PutAsync($"/permissions/{id}/archive", new JsonObject { ["isArchived"] = true })).Status);
        }
    }

    private static JsonObject Readers(int n) => new() { ["name"] = $"{n}", ["operations"] = new JsonArray(Permission.ReadUsers) };

    private Task WriteAsync() => Service.Services.GetRequiredService<AuditTally>().WriteAsync(CancellationToken.None);

    private Task<List<AuditEvent>> EventsAsync(EndsPerson person) =>
        Service.InDatabaseAsync(db => db.AuditEvents.Where(e => e.OrganisationId == person.Stage.Organisation.Id && e.SubjectId == person.UserId).ToListAsync());

    [GeneratedRegex(@", (?<times>\d+) times until ", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex HowOften();

    [GeneratedRegex(@"\{[A-Za-z]+\}", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Parameter();
}
