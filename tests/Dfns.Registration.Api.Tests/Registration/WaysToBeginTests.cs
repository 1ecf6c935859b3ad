using System.Text.Json.Nodes;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Codes;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Api.Tests.Social;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Dfns.Registration.Api.Tests.Registration;

/// <summary>
/// Nobody is joined to anybody by a name: a user who began one way is continued that way alone. A service account may take one over who is not
/// registered; then whoever began has nothing left of it, neither the identity nor the code nor what was opened. Every way in is tried on a
/// user who began each way, registered or not.
/// </summary>
public abstract class WaysToBeginTests(ServiceFixture fixture) : SocialTests(fixture)
{
    private const string Name = "jane@example.co";

    private static readonly bool[] Either = [false, true];

    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : WaysToBeginTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : WaysToBeginTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    public enum Way
    {
        Invitation,
        Provider,
        ServiceAccount,
    }

    public static TheoryData<Way, bool> Begun => [.. from way in Enum.GetValues<Way>() from registered in Either select (way, registered)];

    [Theory]
    [MemberData(nameof(Begun))]
    public async Task A_new_beginning_under_the_name_is_refused(Way begun, bool registered)
    {
        await using var stage = await StageAsync(begun, registered);
        var before = await stage.Organisation.SnapshotAsync();

        // Another identity at the provider, whatever address it has; another delegation; another invitation.
        Assert.Equal("user_already_exists", (await TryStartAsync(stage.Organisation, Draft(stage.Provider, "somebody-else", Name))).Code);
        Assert.Equal(401, (int)(await stage.ServiceAccount.PostAsync("/auth/registration/delegated", Delegated())).Status);
        Assert.Equal("user_already_exists", (await stage.ServiceAccount.PostAsync("/auth/users", new JsonObject { ["email"] = Name, ["kind"] = "CustomerEmployee" })).Code);

        Assert.Equal(before, await stage.Organisation.SnapshotAsync());
    }

    [Theory]
    [MemberData(nameof(Begun))]
    public async Task Only_an_invitation_is_sent_again(Way begun, bool registered)
    {
        await using var stage = await StageAsync(begun, registered);

        await Service.PutAsync("/auth/registration/code", new JsonObject { ["username"] = Name, ["orgId"] = stage.Organisation.Id });
        await using var scope = Service.Services.CreateAsyncScope();
        var user = await scope.ServiceProvider.GetRequiredService<RegistrationDbContext>().Users.SingleAsync(u => u.OrganisationId == stage.Organisation.Id && u.Id == stage.UserId);
        var again = await scope.ServiceProvider.GetRequiredService<CodeStore>().IssueAgainAsync(user, CancellationToken.None);

        Assert.Equal(begun == Way.Invitation && !registered, again is not null);
        if (begun != Way.Invitation) Assert.False(await Service.InDatabaseAsync(db => db.Codes.AnyAsync(c => c.OrganisationId == stage.Organisation.Id && c.UserId == stage.UserId && c.Purpose == CodePurpose.Registration)));
    }

    [Theory]
    [MemberData(nameof(Begun))]
    public async Task A_service_account_takes_over_who_is_not_registered_and_nothing_is_left_of_the_other_way(Way begun, bool registered)
    {
        await using var stage = await StageAsync(begun, registered);

        var restarted = await stage.ServiceAccount.PostAsync("/auth/registration/delegated/restart", Delegated());

        if (registered)
        {
            Assert.Equal("user_already_exists", restarted.Code);
            return;
        }

        Assert.True((int)restarted.Status == 200, restarted.Text);
        var taken = Of(stage.Organisation, restarted);
        await AssertNothingLeftAsync(stage);

        await Registered.CompleteAsync(taken, Name);
        await AssertNothingLeftAsync(stage);
        Assert.Equal(
            begun == Way.ServiceAccount ? 0 : 1,
            await Service.InDatabaseAsync(db => db.AuditEvents.CountAsync(e => e.OrganisationId == stage.Organisation.Id && e.Action == AuditActions.RegistrationTakenOver && e.Actor == stage.ServiceAccount.UserId)));
    }

    // A service account knows its own users by name; whoever has an account of that name at a provider may be anybody.
    [Theory]
    [MemberData(nameof(Begun))]
    public async Task A_service_account_signs_in_and_recovers_nobody_who_came_from_a_provider(Way begun, bool registered)
    {
        await using var stage = await StageAsync(begun, registered);
        var backend = await stage.Organisation.NewServiceAccountAsync(Permission.LoginDelegated, Permission.RecoverDelegated);
        var expected = !registered ? "user_not_found" : begun == Way.Provider ? "user_of_provider" : null;

        foreach (var name in new[] { Name, Name.ToUpperInvariant() })
        {
            Assert.Equal(expected, (await backend.PostAsync("/auth/login/delegated", new JsonObject { ["username"] = name })).Code);
            Assert.Equal(expected, (await backend.PostAsync("/auth/recover/user/delegated", new JsonObject { ["username"] = name, ["credentialId"] = stage.Recovery ?? "AAAA" })).Code);
        }

        // Nor does another identity of that name sign in as the user.
        Assert.Equal("user_not_found", (await Service.PostAsync("/auth/login/social", Body(stage.Organisation, Draft(stage.Provider, "somebody-else", Name).Encode()))).Code);
    }

    // The ways of the act that end everything keep it so; and an operator who invites anew ends what the service account began.
    [Fact]
    public async Task Who_was_taken_over_is_sent_no_code_after_other_ends_and_one_by_an_operator_alone()
    {
        await using var stage = await StageAsync(Way.Invitation, registered: false);
        var taken = Of(stage.Organisation, await stage.ServiceAccount.PostAsync("/auth/registration/delegated/restart", Delegated()));
        foreach (var verb in new[] { "deactivate", "activate" }) await ServiceProgram.RowAsync(Service.Database, "user", verb, "--org", stage.Organisation.Id, "--user", stage.UserId);
        await AssertNothingLeftAsync(stage);

        var again = await ServiceProgram.RowAsync(Service.Database, "user", "invite-again", "--org", stage.Organisation.Id, "--user", stage.UserId, "--print-code");

        KnownSecrets.Add((string)again["code"]!);
        Assert.NotEqual(200, (int)(await taken.CompleteAsync(taken.GoodBody())).Status);
        var opened = await (stage.Invited! with { Code = (string)again["code"]! }).InitAsync();
        Assert.Equal(200, (int)(await opened.CompleteAsync(opened.GoodBody())).Status);
    }

    // Whoever is first, the user is registered by one of the two and the other is told so.
    [Theory]
    [InlineData(Way.Invitation)]
    [InlineData(Way.Provider)]
    public async Task Taking_over_and_completing_at_once_leave_one_of_the_two(Way begun)
    {
        for (var turn = 0; turn < 8; turn++)
        {
            await using var stage = await StageAsync(begun, registered: false);
            var complete = stage.Opened!.CompleteAsync(stage.Opened.GoodBody());
            var again = begun == Way.Invitation ? stage.Invited!.TryInitAsync() : TryStartAsync(stage.Organisation, stage.Identity());
            var restart = stage.ServiceAccount.PostAsync("/auth/registration/delegated/restart", Delegated());

            Assert.All(await Task.WhenAll(complete, again, restart), a => Assert.True((int)a.Status < 500, a.Text));
            var (isCompleted, isTakenOver) = ((int)(await complete).Status == 200, (int)(await restart).Status == 200);
            Assert.False(isCompleted && isTakenOver);
            if (!isTakenOver) continue;
            await AssertNothingLeftAsync(stage);
            // What was opened in between neither.
            if ((int)(await again).Status != 200) continue;
            var opened = Of(stage.Organisation, await again);
            Assert.NotEqual(200, (int)(await opened.CompleteAsync(opened.GoodBody())).Status);
        }
    }

    private async Task AssertNothingLeftAsync(Stage stage)
    {
        if (stage.Begun == Way.ServiceAccount) return;
        Assert.NotEqual(200, (int)(await stage.Opened!.CompleteAsync(stage.Opened.GoodBody())).Status);
        if (stage.Begun == Way.Invitation)
        {
            Assert.Equal("user_already_exists", (await stage.Invited!.TryInitAsync()).Code);
            // Nor by another code, whoever asks for it, whenever.
            foreach (var later in new[] { TimeSpan.Zero, TimeSpan.FromMinutes(2) })
            {
                Service.Clock.Advance(later);
                var before = await CodeAsync(stage);
                Assert.Equal(200, (int)(await Service.PutAsync("/auth/registration/code", new JsonObject { ["username"] = Name, ["orgId"] = stage.Organisation.Id })).Status);
                Assert.Equal(before, await CodeAsync(stage));
            }

            return;
        }

        Assert.Equal("user_not_found", (await Service.PostAsync("/auth/login/social", Body(stage.Organisation, stage.Identity().Encode()))).Code);
        Assert.Equal("user_already_exists", (await TryStartAsync(stage.Organisation, stage.Identity())).Code);
    }

    private Task<(string, bool)> CodeAsync(Stage stage) => Service.InDatabaseAsync(async db =>
    {
        var code = await db.Codes.SingleAsync(c => c.OrganisationId == stage.Organisation.Id && c.UserId == stage.UserId && c.Purpose == CodePurpose.Registration);
        return (Convert.ToHexString(code.CodeHash), code.ConsumedAt is null);
    });

    private static Challenge Of(TestOrganisation organisation, Answer answer) =>
        new(organisation, (string)answer.Body["user"]!["id"]!, answer.Require("challenge"), answer.Require("temporaryAuthenticationToken"), answer.Body);

    private static JsonObject Delegated() => new() { ["email"] = Name, ["kind"] = "EndUser" };

    private async Task<Stage> StageAsync(Way begun, bool registered)
    {
        var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        var serviceAccount = await organisation.NewServiceAccountAsync(Permission.RegisterDelegated, Permission.CreateUsers);
        var invited = begun == Way.Invitation ? await Service.InviteAsync(organisation, Name) : null;
        var opened = begun switch
        {
            Way.Invitation => await invited!.InitAsync(),
            Way.Provider => await StartAsync(organisation, Draft(provider, email: Name)),
            _ => Of(organisation, await serviceAccount.PostAsync("/auth/registration/delegated", Delegated())),
        };
        var user = registered ? await Registered.CompleteAsync(opened, Name, recovery: true) : null;
        return new Stage(begun, provider, organisation, serviceAccount, invited, opened.UserId, registered ? null : opened, () => Draft(provider, email: Name), user?.Recovery!.CredId);
    }

    private sealed record Stage(
        Way Begun, OpenIdProvider Provider, TestOrganisation Organisation, SigningCaller ServiceAccount, Invited? Invited, string UserId, Challenge? Opened, Func<IdTokenDraft> Identity, string? Recovery) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => Provider.DisposeAsync();
    }
}
