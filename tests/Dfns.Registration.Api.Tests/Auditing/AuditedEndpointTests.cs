using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Ends;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Verification;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Dfns.Registration.Api.Tests.Auditing;

/// <summary>Every endpoint, by a call that succeeds: what the audit trail tells of it, with the address that it came from; or why nothing.</summary>
public abstract partial class AuditedEndpointTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : AuditedEndpointTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : AuditedEndpointTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    /// <summary>What each prepared call leaves in the trail.</summary>
    private static readonly Dictionary<string, string[]> Told = new(StringComparer.Ordinal)
    {
        ["a registration code by mail"] = [AuditActions.CodeSent(CodePurpose.Registration)],
        ["a registration"] = [AuditActions.UserRegistered],
        ["a registration that opens a session"] = [AuditActions.UserRegistered, AuditActions.SignedIn],
        ["a delegated registration"] = [AuditActions.RegistrationDelegated],
        ["a delegated registration that is begun again"] = [AuditActions.RegistrationDelegated, AuditActions.RegistrationTakenOver],
        ["a social registration"] = [AuditActions.SocialUserCreated],
        ["a social sign-in"] = [AuditActions.SignedIn],
        ["a single sign-on that is begun"] = [],
        ["a single sign-on"] = [AuditActions.SignedIn],
        ["a login code by mail"] = [AuditActions.CodeSent(CodePurpose.Login)],
        ["a sign-in"] = [AuditActions.SignedIn],
        ["a sign-out"] = [AuditActions.SignedOut],
        ["a sign-out of one session"] = [AuditActions.SignedOut],
        ["a sign-out by the other method"] = [AuditActions.SignedOut],
        ["a recovery code by mail"] = [AuditActions.CodeSent(CodePurpose.Recovery)],
        ["a recovery code by mail, as earlier clients ask for it"] = [AuditActions.CodeSent(CodePurpose.Recovery)],
        ["a challenge to recover"] = [AuditActions.RecoveryStarted, AuditActions.EncryptedKeysRead],
        ["a recovery"] = [AuditActions.CredentialArchived, AuditActions.Recovered],
        ["a delegated recovery"] = [AuditActions.RecoveryStarted, AuditActions.EncryptedKeysRead],
        ["a list of credentials"] = [AuditActions.CredentialsRead],
        ["a credential that is added"] = [AuditActions.CredentialCreated],
        ["a code for another device"] = [AuditActions.CredentialCodeCreated],
        ["a credential of another device"] = [AuditActions.CredentialCreated],
        ["a credential that is activated"] = [AuditActions.CredentialActivated],
        ["a credential that is deactivated"] = [AuditActions.CredentialDeactivated],
        ["a credential that is renamed"] = [AuditActions.CredentialRenamed],
        ["a credential that is archived"] = [AuditActions.CredentialArchived],
        ["a user who is looked at"] = [AuditActions.UserRead],
        ["a user who is deactivated"] = [AuditActions.UserDeactivated],
        ["a user who is activated"] = [AuditActions.UserActivated],
        ["a user who is deleted"] = [AuditActions.UserDeleted],
        ["a user who is invited"] = [AuditActions.UserInvited, AuditActions.CodeSent(CodePurpose.Registration)],
        ["a list of users"] = [AuditActions.UsersRead],
        ["a permission that is created"] = [AuditActions.PermissionCreated],
        ["a list of permissions"] = [AuditActions.PermissionsRead],
        ["a permission"] = [AuditActions.PermissionsRead],
        ["a permission that is updated"] = [AuditActions.PermissionUpdated],
        ["a permission that is archived"] = [AuditActions.PermissionArchived],
        ["a list of assignments"] = [AuditActions.PermissionsRead],
        ["a permission that is assigned"] = [AuditActions.PermissionAssigned],
        ["a permission that is revoked"] = [AuditActions.PermissionRevoked],
        ["a service account that is created"] = [AuditActions.ServiceAccountCreated],
        ["a list of service accounts"] = [AuditActions.ServiceAccountsRead],
        ["a service account"] = [AuditActions.ServiceAccountsRead],
        ["a service account that is updated"] = [AuditActions.ServiceAccountUpdated],
        ["a service account that is deactivated"] = [AuditActions.ServiceAccountDeactivated],
        ["a service account that is activated"] = [AuditActions.ServiceAccountActivated],
        ["a service account that is deleted"] = [AuditActions.ServiceAccountDeleted],
        ["a personal access token that is created"] = [AuditActions.PatCreated],
        ["a list of personal access tokens"] = [AuditActions.PatsRead],
        ["a personal access token"] = [AuditActions.PatsRead],
        ["a personal access token that is updated"] = [AuditActions.PatUpdated],
        ["a personal access token that is deactivated"] = [AuditActions.PatDeactivated],
        ["a personal access token that is activated"] = [AuditActions.PatActivated],
        ["a personal access token that is deleted"] = [AuditActions.PatDeleted],
        ["a webhook that is created"] = [AuditActions.WebhookCreated],
        ["a list of webhooks"] = [AuditActions.WebhooksRead],
        ["a webhook"] = [AuditActions.WebhooksRead],
        ["a webhook that is updated"] = [AuditActions.WebhookUpdated],
        ["a webhook that is deleted"] = [AuditActions.WebhookDeleted],
        ["a webhook that is pinged"] = [AuditActions.WebhookPinged],
        ["a list of what a webhook was told"] = [AuditActions.WebhookEventsRead],
        ["what a webhook was told"] = [AuditActions.WebhookEventsRead],
        ["a list of applications"] = [AuditActions.ApplicationsRead],
        ["an export of what was signed"] = [AuditActions.SignedActionsRead],
        ["what proves a signed call"] = [AuditActions.SignedActionsRead],
        ["a token that is asked about"] = [AuditActions.TokenRead],
        ["a delegated sign-in"] = [AuditActions.SignedIn],
    };

    /// <summary>Why nothing is told of the others. None of them changes anything but a challenge, or tells of a user what a stranger may not know.</summary>
    private static readonly Dictionary<string, string> Untold = new(StringComparer.Ordinal)
    {
        ["a challenge to register"] = "what completes it is told, and so is a wrong code; its holder is told the own name",
        ["a challenge to sign in"] = "anybody gets one for any name; what completes it is told",
        ["a challenge to sign in, for nobody"] = "as for somebody",
        ["a challenge to sign in, with a code"] = "of a user without encrypted keys; of one with them it is told, see below",
        ["a challenge to sign a call"] = "likewise",
        ["a signature of a call"] = "the call that it is good for is told",
        ["a challenge to add a credential"] = "the credential is told",
        ["a challenge for another device"] = "the code was told, and the credential is",
        ["a user who is updated"] = "there is nothing that can be updated",
        ["the published keys"] = "they are published",
        ["health"] = "an orchestrator asks, of nobody",
    };

    /// <summary>Every way in which encrypted private keys are handed out, and to whom.</summary>
    private static readonly Dictionary<string, Func<EndsPerson, Registered, Task<(Answer Answer, string Actor, string Call)>>> HandedOut = new(StringComparer.Ordinal)
    {
        ["to whoever holds a login code"] = async (p, user) => (await BeginWithCodeAsync(p), user.UserId, "POST /auth/login/init"),
        ["to a session that a login code began"] = async (p, user) =>
        {
            var signedIn = await p.Service.PostAsync("/auth/login", user.AnswerTo(await BeginWithCodeAsync(p)));
            return (await new SigningCaller(p.Service, signedIn.Require("token"), user.AnswerTo).InitActionAsync(HttpMethod.Post, "/auth/x", "{}"), user.UserId, "POST /auth/action/init");
        },
        ["to a session that the key opened"] = async (_, user) => (await (await user.SignedInAsync()).InitActionAsync(HttpMethod.Post, "/auth/x", "{}"), user.UserId, "POST /auth/action/init"),
        ["to whoever holds a recovery code"] = async (p, user) => (await Recovering.TryStartAsync(user, await p.MailedAsync("/auth/recover/user/code")), user.UserId, "POST /auth/recover/user/init"),
        ["to a service account"] = async (p, user) => (
            await p.Voucher.PostAsync("/auth/recover/user/delegated", new JsonObject { ["username"] = user.Username, ["credentialId"] = user.Recovery!.CredId }), p.Voucher.UserId, "POST /auth/recover/user/delegated"),
    };

    public static TheoryData<string> AllCalls => [.. PreparedCall.Known.Keys];

    public static TheoryData<string> AllHandedOut => [.. HandedOut.Keys];

    [Fact]
    public void Of_every_call_it_is_known_what_is_told_or_why_nothing() =>
        Assert.Equal(PreparedCall.Known.Keys.Order(StringComparer.Ordinal), Told.Keys.Concat(Untold.Keys).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(AllCalls))]
    public async Task A_call_leaves_in_the_trail_what_it_is_and_where_it_came_from(string call)
    {
        var organisation = await Service.NewOrganisationAsync();
        var prepared = await PreparedCall.Known[call](organisation);
        var expected = Told.GetValueOrDefault(call) ?? [];
        await WriteAsync();
        var before = (await EventsAsync(organisation)).Select(e => e.Id).ToHashSet(StringComparer.Ordinal);

        Assert.Equal(200, (int)(await prepared.SendAsync()).Status);

        await WriteAsync();
        // A mail is on its way still; one of the preparation may be too.
        List<AuditEvent> told;
        do told = [.. (await EventsAsync(organisation)).Where(e => !before.Contains(e.Id) && (expected.Contains(e.Action) || !e.Action.EndsWith("_code.sent", StringComparison.Ordinal)))];
        while (expected.Where(a => a.EndsWith("_code.sent", StringComparison.Ordinal)).Except(told.Select(e => e.Action)).Any());

        Assert.Equal(expected.Order(StringComparer.Ordinal), told.Select(e => e.Action).Distinct().Order(StringComparer.Ordinal));
        Assert.All(told, e => Assert.Equal((e.Action, "127.0.0.1"), (e.Action, e.RemoteAddress)));
    }

    [Theory]
    [MemberData(nameof(AllHandedOut))]
    public async Task Encrypted_private_keys_that_are_handed_out_are_told_of(string how)
    {
        await using var stage = await EndsStage.NewAsync(Service);
        var person = await stage.NewPersonAsync(Whose.Invited);
        var user = await Registered.CompleteAsync(await person.Invited!.InitAsync(), person.Name, CredentialKind.PasswordProtectedKey, recovery: true);

        var (answer, actor, call) = await HandedOut[how](person, user);

        Assert.Contains("encrypted-private-key-of-", answer.Text, StringComparison.Ordinal);
        await WriteAsync();
        var told = Assert.Single(await EventsAsync(stage.Organisation), e => e.Action == AuditActions.EncryptedKeysRead && e.Note == call);
        Assert.Equal((actor, user.UserId, "127.0.0.1"), (told.Actor, told.SubjectId, told.RemoteAddress));
    }

    [Fact]
    public async Task Where_none_are_handed_out_nothing_is_told_of_any()
    {
        await using var stage = await EndsStage.NewAsync(Service);
        var person = await stage.NewPersonAsync(Whose.Registered);
        var both = await Registered.CompleteAsync(await (await Service.InviteAsync(stage.Organisation, "both@example.co")).InitAsync(), "both@example.co", second: CredentialKind.PasswordProtectedKey);

        await person.Session!.InitActionAsync(HttpMethod.Post, "/auth/x", "{}");
        await (await person.DelegatedSessionAsync()).InitActionAsync(HttpMethod.Post, "/auth/x", "{}");
        await both.TryInitLoginAsync();
        await BeginWithCodeAsync(person);
        await person.Voucher.PostAsync("/auth/recover/user/delegated", new JsonObject { ["username"] = person.Name, ["credentialId"] = "AAAAAAAAAAAAAAAAAAAAAA" });

        await WriteAsync();
        Assert.DoesNotContain(await EventsAsync(stage.Organisation), e => e.Action == AuditActions.EncryptedKeysRead);
    }

    // Whoever puts one into an answer tells of it.
    [Fact]
    public void They_are_handed_out_in_no_other_places_than_are_tried()
    {
        var sources = Path.Combine(Repository.Root, "src/Dfns.Registration.Api");
        var places = Directory.EnumerateFiles(sources, "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal) && !file.Contains("Demonstration", StringComparison.Ordinal) && !file.Contains("/OpenApi/", StringComparison.Ordinal)
                && HandsOut().IsMatch(File.ReadAllText(file)))
            .Select(file => Path.GetRelativePath(sources, file).Replace('\\', '/'));

        Assert.Equal(["Ceremonies/LoginChallenge.cs", "Recovery/InitRecovery.cs"], places.Order(StringComparer.Ordinal));
    }

    private static async Task<Answer> BeginWithCodeAsync(EndsPerson person) => await person.Service.PostAsync("/auth/login/init", person.LoginCodeBody(await person.MailedAsync("/auth/login/code")));

    private Task WriteAsync() => Service.Services.GetRequiredService<AuditTally>().WriteAsync(CancellationToken.None);

    private Task<List<AuditEvent>> EventsAsync(TestOrganisation organisation) => Service.InDatabaseAsync(db => db.AuditEvents.Where(e => e.OrganisationId == organisation.Id).ToListAsync());

    [GeneratedRegex(@"\bnew (ProtectedKeyDescriptor|RecoveryKeyDescriptor)\(", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex HandsOut();
}
