using System.Text.Json.Nodes;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Api.Tests.Social;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.Users;

/// <summary>Names that mix scripts, in an organisation that refuses them of new users and in one that does not: in every place that a new user's name is taken.</summary>
public abstract class MixedScriptTests(ServiceFixture fixture) : SocialTests(fixture)
{
    /// <summary>The first letter is Cyrillic.</summary>
    private const string Mixed = "\u0430dmin@example.co";

    private const string Said =
        "The organisation takes no new user whose name mixes scripts, whose letters can look alike. Write it in one script; of an address the part before '@', and each label behind it. Here U+0064 (Latin) stands with Cyrillic.";

    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : MixedScriptTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : MixedScriptTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    /// <summary>
    /// Every caller of <see cref="UserStore.Add(RelyingParty, string, UserKind, string)"/> beyond Development, which the compiler makes look at what it
    /// says; each answers with the code of its refusal and what is said, or null.
    /// </summary>
    private static readonly Dictionary<string, Func<MixedScriptTests, Stage, string, Task<(string? Code, string? Said)>>> Ways = new(StringComparer.Ordinal)
    {
        ["POST /auth/users"] = (_, stage, name) => stage.CallAsync("/auth/users", name, "CustomerEmployee"),
        ["POST /auth/registration/delegated"] = (_, stage, name) => stage.CallAsync("/auth/registration/delegated", name, "EndUser"),
        ["POST /auth/registration/social"] = async (tests, stage, name) => Told(await tests.TryStartAsync(stage.Organisation, tests.Draft(stage.Provider, subject: name.GetHashCode(StringComparison.Ordinal).ToString(System.Globalization.CultureInfo.InvariantCulture), email: name))),
        ["user invite"] = async (_, stage, name) =>
        {
            var run = await ServiceProgram.OperateAsync(stage.Organisation.Service.Database, "user", "invite", "--org", stage.Organisation.Id, "--username", name, "--print-code", "--json");
            if (run.ExitCode == 0) KnownSecrets.Add((string)run.Row["code"]!);
            return run.ExitCode == 0 ? (null, null) : ("username_mixes_scripts", run.Faults.Trim());
        },
    };

    public static TheoryData<string> AllWays => [.. Ways.Keys];

    [Theory]
    [MemberData(nameof(AllWays))]
    public async Task A_new_user_whose_name_mixes_scripts_is_refused_where_the_organisation_says_so(string way)
    {
        await using var stage = await StageAsync(refuse: true);
        var before = await stage.UsersAsync();

        Assert.Equal(("username_mixes_scripts", Said), await Ways[way](this, stage, Mixed));
        Assert.Equal(before, await stage.UsersAsync());

        Assert.Equal((null, null), await Ways[way](this, stage, "\u0438\u0432\u0430\u043D@example.co"));
        Assert.Equal(before + 1, await stage.UsersAsync());
    }

    [Theory]
    [MemberData(nameof(AllWays))]
    public async Task Elsewhere_the_name_is_taken(string way)
    {
        await using var stage = await StageAsync(refuse: false);

        Assert.Equal((null, null), await Ways[way](this, stage, Mixed));
    }

    [Fact]
    public async Task Whoever_has_such_a_name_already_registers_is_begun_again_and_signs_in()
    {
        await using var stage = await StageAsync(refuse: false);
        var invited = await Service.InviteAsync(stage.Organisation, Mixed);
        Assert.Equal((null, null), await Ways["POST /auth/registration/delegated"](this, stage, "p\u0430ul@example.co"));
        await ServiceProgram.RowAsync(Service.Database, "relying-party", "set", "--org", stage.Organisation.Id, "--refuse-mixed-scripts");

        var user = await Registered.CompleteAsync(await invited.InitAsync(), Mixed);
        await user.LoginAsync();
        Assert.Equal((null, null), await stage.CallAsync("/auth/registration/delegated/restart", "p\u0430ul@example.co", "EndUser"));
    }

    [Fact]
    public async Task The_command_line_tells_what_was_and_what_is()
    {
        var organisation = await Service.NewOrganisationAsync();

        var run = await ServiceProgram.OperateAsync(Service.Database, "relying-party", "set", "--org", organisation.Id, "--refuse-mixed-scripts");

        Assert.Contains($"refuseMixedScripts was: false{Environment.NewLine}refuseMixedScripts is:  true", run.Output, StringComparison.Ordinal);
    }

    private static (string? Code, string? Said) Told(Answer answer) => (int)answer.Status == 200 ? (null, null) : (answer.Code, (string?)answer.Body["error"]!["message"]);

    private async Task<Stage> StageAsync(bool refuse)
    {
        var provider = await OpenIdProvider.StartAsync();
        var organisation = await OrganisationAsync(provider);
        await Service.InDatabaseAsync(db => db.RelyingParties.Where(r => r.OrganisationId == organisation.Id).ExecuteUpdateAsync(r => r.SetProperty(x => x.RefuseMixedScripts, refuse)));
        return new Stage(provider, organisation, await organisation.NewServiceAccountAsync(Permission.RegisterDelegated, Permission.CreateUsers));
    }

    private sealed record Stage(OpenIdProvider Provider, TestOrganisation Organisation, SigningCaller Backend) : IAsyncDisposable
    {
        public Task<int> UsersAsync() => Organisation.Service.InDatabaseAsync(db => db.Users.CountAsync(u => u.OrganisationId == Organisation.Id));

        public async Task<(string? Code, string? Said)> CallAsync(string path, string name, string kind) =>
            Told(await Backend.PostAsync(path, new JsonObject { ["email"] = name, ["kind"] = kind }));

        public ValueTask DisposeAsync() => Provider.DisposeAsync();
    }
}

/// <summary>What mixes scripts and what does not (Unicode Technical Standard 39 §5).</summary>
[Trait("Speed", "quick")]
public sealed class NameScriptTests
{
    [Theory]
    [InlineData("jane@example.co")]
    [InlineData("ren\u00E9e@example.co")]
    [InlineData("rene\u0301e@example.co")]
    [InlineData("\u0438\u0432\u0430\u043D")]
    [InlineData("\u0438\u0432\u0430\u043D-2026_!@example.co")]
    [InlineData("\u0438\u0432\u0430\u043D@\u043F\u0440\u0438\u043C\u0435\u0440.com")]
    // Latin beside Han, Hiragana and Katakana; Han and Bopomofo; Han and Hangul.
    [InlineData("taro\u592A\u90CE\u305F\u308D\u3046\u30BF\u30ED\u30FC")]
    [InlineData("\uFF80\uFF9B\uFF70\u592A\u90CE")]
    [InlineData("wang\u738B\u3105\u3106")]
    [InlineData("kim\uAE40\u91D1")]
    [InlineData("\uFF4A\uFF41\uFF4E\uFF45")]
    [InlineData("\U0001D423ane")]
    [InlineData("\u0928\u092E\u0938\u094D\u0924\u0947\u0964")]
    [InlineData("12345 \u2026")]
    public void Mixes_nothing(string name) => Assert.Null(NameScripts.Mixed(name));

    [Theory]
    [InlineData("j\u0430ne@example.co", "U+0430 (Cyrillic) stands with Latin")]
    [InlineData("\u0430dmin", "U+0064 (Latin) stands with Cyrillic")]
    [InlineData("paul@ex\u0430mple.co", "U+0430 (Cyrillic) stands with Latin")]
    [InlineData("p\u03B1ul", "U+03B1 (Greek) stands with Latin")]
    // Of mathematics, which are of every script as they are typed.
    [InlineData("\U0001D41A\u0434", "U+0434 (Cyrillic) stands with Latin")]
    [InlineData("\u305F\uAE40", "U+1100 (Hangul) stands with Hiragana")]
    [InlineData("\u3105\u305F", "U+305F (Hiragana) stands with Bopomofo")]
    [InlineData("\u0430\u592A", "U+592A (Han) stands with Cyrillic")]
    [InlineData("jane\u0430\u592A", "U+0430 (Cyrillic) stands with Latin")]
    public void Mixes(string name, string mixed) => Assert.Equal(mixed, NameScripts.Mixed(name));
}
