using System.Text.Json.Nodes;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.Users;

/// <summary>Names that look the same are one name, in every call that takes one; and they are kept and returned as they were typed.</summary>
public abstract class LookAlikeNameTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : LookAlikeNameTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : LookAlikeNameTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    /// <summary>A name, and the same typed otherwise.</summary>
    private static readonly Dictionary<string, (string Typed, string Again)> Pairs = new(StringComparer.Ordinal)
    {
        ["case"] = ("jane@example.co", "JANE@Example.CO"),
        ["white space around it"] = ("jane@example.co", " jane@example.co\u00A0"),
        ["full width"] = ("jane@example.co", "\uFF4A\uFF41\uFF4E\uFF45\uFF20example\uFF0Eco"),
        ["half width"] = ("\u30AB\u30BF\u30AB\u30CA", "\uFF76\uFF80\uFF76\uFF85"),
        ["composed or not"] = ("ren\u00E9@example.co", "rene\u0301@example.co"),
        ["marks in another order"] = ("q\u0323\u0307@example.co", "q\u0307\u0323@example.co"),
        ["syllables or their parts"] = ("\uAC01\uAC00", "\u1100\u1161\u11A8\u1100\u1161"),
        ["a variation selector"] = ("jane@example.co", "ja\uFE0Fne@example.co"),
        ["a grapheme joiner"] = ("jane@example.co", "ja\u034Fne@example.co"),
        ["a filler"] = ("jane@example.co", "jane\u3164@example.co"),
        ["a zero-width space"] = ("jane@example.co", "ja\u200Bne@example.co"),
        ["a soft hyphen"] = ("jane@example.co", "ja\u00ADne@example.co"),
        ["a direction"] = ("jane@example.co", "\u200Ejane@example.co"),
        ["a tag"] = ("jane@example.co", "jane\U000E0061@example.co"),
        ["a ligature"] = ("office@example.co", "o\uFB03ce@example.co"),
        ["a letter of mathematics"] = ("jane@example.co", "\U0001D423\U0001D41A\U0001D427\U0001D41E@example.co"),
        ["a letter in a circle"] = ("jane@example.co", "\u24D9ane@example.co"),
        ["the sign of kelvin"] = ("kim@example.co", "\u212Aim@example.co"),
        ["sharp s"] = ("strasse@example.co", "stra\u00DFe@example.co"),
        ["a long s"] = ("strasse@example.co", "\u017Ftrasse@example.co"),
        ["final sigma"] = ("\u03BF\u03B4\u03BF\u03C3", "\u039F\u0394\u039F\u03C2"),
        ["an iota below before or after its accent"] = ("\u1FB4\u03B2@example.co", "\u1FB3\u0301\u03B2@example.co"),
        ["an iota below by itself"] = ("\u1FC4@example.co", "\u0397\u0345\u0301@example.co"),
        ["a domain in Punycode"] = ("jane@m\u00FCnchen.example.co", "jane@XN--mnchen-3ya.example.co"),
        ["another full stop"] = ("jane@example.co", "jane@example\u3002co"),
        ["a narrow full stop"] = ("jane@example.co", "jane@example\uFF61co"),
        ["the full stop of the root"] = ("jane@example.co", "jane@example.co."),
        ["a dotted capital i"] = ("i\u0307@example.co", "\u0130@example.co"),
    };

    /// <summary>Those that look alike and are two names all the same.</summary>
    public static TheoryData<string, string> Others => new()
    {
        { "jane@example.co", "j\u00E1ne@example.co" },
        { "jane@example.co", "j\u0430ne@example.co" },
        { "i@example.co", "\u0131@example.co" },
        { "jane@example.co", "ja ne@example.co" },
        // Joiners between letters that they join, and marks on letters of their own script.
        { "\u1780\u1780", "\u1780\u17D2\u1780" },
        { "\u1000\u1000", "\u1000\u1039\u1000" },
        { "\u0930", "\u0930\u093E" },
        { "\u0627", "\u0627\u064E" },
    };

    public static TheoryData<string> AllPairs => [.. Pairs.Keys];

    /// <summary>Every call that takes a name: called with the name typed otherwise, and what it answers if it is the same name.</summary>
    private static readonly Dictionary<string, Func<TestOrganisation, string, string, Task>> Ways = new(StringComparer.Ordinal)
    {
        ["a registration"] = async (o, typed, again) =>
        {
            var invited = await o.Service.InviteAsync(o, typed);
            var challenge = await (invited with { Username = again }).InitAsync();
            Assert.Equal(typed, (string?)(await challenge.CompleteAsync(challenge.GoodBody())).Body["user"]!["username"]);
        },
        ["a registration code by mail"] = async (o, typed, again) =>
        {
            await o.Service.InviteAsync(o, typed);
            await o.Service.PutAsync("/auth/registration/code", Named(o, again));
            Assert.Equal(typed, (await MailAsync(o)).To);
        },
        ["a sign-in"] = async (o, typed, again) => await (await Registered.NewAsync(o, username: typed) with { Username = again }).LoginAsync(),
        ["a sign-in with a code by mail"] = async (o, typed, again) =>
        {
            await Registered.NewAsync(o, username: typed);
            await o.Service.PostAsync("/auth/login/code", Named(o, again));
            var body = Named(o, again);
            body["loginCode"] = (await MailAsync(o)).Code;
            Assert.Equal(200, (int)(await o.Service.PostAsync("/auth/login/init", body)).Status);
        },
        ["a recovery"] = async (o, typed, again) =>
        {
            var user = await Registered.NewAsync(o, username: typed, recovery: true) with { Username = again };
            await o.Service.PostAsync("/auth/recover/user/code", Named(o, again));
            Assert.Equal(200, (int)(await Recovering.TryStartAsync(user, (await MailAsync(o)).Code)).Status);
        },
        ["a delegated registration"] = async (o, typed, again) =>
        {
            await Registered.NewAsync(o, username: typed);
            Assert.Equal(RefusedOr("user_already_exists", again), (await (await o.NewServiceAccountAsync(Permission.RegisterDelegated)).PostAsync("/auth/registration/delegated", Delegated(again))).Code);
        },
        ["a delegated registration that starts again"] = async (o, typed, again) =>
        {
            var service = await o.NewServiceAccountAsync(Permission.RegisterDelegated);
            var first = await service.PostAsync("/auth/registration/delegated", Delegated(typed));
            var restarted = await service.PostAsync("/auth/registration/delegated/restart", Delegated(again));
            Assert.Equal(RefusedOr((string?)first.Body["user"]!["id"], again), restarted.Code ?? (string?)restarted.Body["user"]!["id"]);
        },
        ["a delegated sign-in"] = async (o, typed, again) =>
        {
            await Registered.NewAsync(o, username: typed);
            Assert.Equal(200, (int)(await (await o.NewServiceAccountAsync(Permission.LoginDelegated)).PostAsync("/auth/login/delegated", new JsonObject { ["username"] = again })).Status);
        },
        ["a delegated recovery"] = async (o, typed, again) =>
        {
            var user = await Registered.NewAsync(o, username: typed, recovery: true);
            var answer = await (await o.NewServiceAccountAsync(Permission.RecoverDelegated)).PostAsync("/auth/recover/user/delegated", new JsonObject { ["username"] = again, ["credentialId"] = user.Recovery!.CredId });
            Assert.True((int)answer.Status == 200, answer.Text);
        },
        ["a user who is created"] = async (o, typed, again) =>
        {
            await o.Service.InviteAsync(o, typed);
            await Assert.ThrowsAsync<DbUpdateException>(() => o.Service.InviteAsync(o, again));
        },
        ["what is made up for nobody"] = async (o, typed, again) => Assert.Equal(
            (await o.Service.PostAsync("/auth/login/init", Named(o, typed))).Body["allowCredentials"]!.ToJsonString(),
            (await o.Service.PostAsync("/auth/login/init", Named(o, again))).Body["allowCredentials"]!.ToJsonString()),
    };

    public static TheoryData<string, string> All => [.. Pairs.Keys.SelectMany(pair => Ways.Keys.Select(way => (pair, way)))];

    [Theory]
    [MemberData(nameof(All))]
    public async Task Are_one_name(string pair, string way)
    {
        var (typed, again) = Pairs[pair];

        await Ways[way](await Service.NewOrganisationAsync(), typed, again);
        await Ways[way](await Service.NewOrganisationAsync(), UserStore.NameFault(again) is null ? again : typed, typed);
    }

    [Theory]
    [MemberData(nameof(Others))]
    public async Task Of_other_letters_they_are_two_names(string one, string other)
    {
        var organisation = await Service.NewOrganisationAsync();
        await Registered.NewAsync(organisation, username: one);

        Assert.Equal(200, (int)(await (await Service.InviteAsync(organisation, other)).TryInitAsync()).Status);
    }

    // Shown as a blank, or newer than what names are compared by: each would be a second user of a name.
    [Theory]
    [InlineData("ja\u2800ne")]
    [InlineData("jane\U00016FE4")]
    [InlineData("jane\U0001D159")]
    [InlineData("ja\uFFFCne")]
    [InlineData("jane  doe")]
    [InlineData("jane \u00A0doe")]
    [InlineData("jane \u3164 doe")]
    [InlineData("jane\u2003\u2009doe")]
    [InlineData("ja\u1680ne")]
    [InlineData("jane\u2D7F")]
    [InlineData("ja\u2D7Fne")]
    [InlineData("ja\u1039ne")]
    [InlineData("jane\u17D2@example.co")]
    [InlineData("\u1780\u17D2")]
    [InlineData("\u1780\u17D2jane")]
    [InlineData("ja\u1A60ne")]
    [InlineData("ja\uAAF6ne")]
    [InlineData("ja\U00010A3Fne")]
    [InlineData("ja\U0001107Fne")]
    [InlineData("ja\U00011133ne")]
    [InlineData("ja\U0001193Ene")]
    [InlineData("ja\U00011D45ne")]
    [InlineData("ja\u0941ne")]
    [InlineData("\U0001CCD6\U0001CCD7")]
    [InlineData("\u1C89")]
    [InlineData("\uA7DC")]
    [InlineData("\U00010D50")]
    public async Task Nobody_new_is_named_by_what_shows_as_nothing_or_is_not_known(string name)
    {
        var organisation = await Service.NewOrganisationAsync();
        var answer = await (await organisation.NewServiceAccountAsync(Permission.RegisterDelegated)).PostAsync("/auth/registration/delegated", Delegated(name));

        Assert.Equal(("member_invalid", "$.email"), (answer.Code, answer.Path));
    }

    // Marks that do not meet stand in any order, the iota below a letter among them; letters that are composed with it as well.
    [Fact]
    public void Marks_are_ordered_before_they_are_letters()
    {
        foreach (var (composed, letter) in new[] { ('\u1FB3', '\u03B1'), ('\u1FC3', '\u03B7'), ('\u1FF3', '\u03C9'), ('\u1FBC', '\u0391'), ('\u1FCC', '\u0397'), ('\u1FFC', '\u03A9') })
        {
            foreach (var mark in "\u0300\u0301\u0304\u0306\u0308\u0313\u0314\u0342\u0323\u0331\u0327")
            {
                var folded = User.Fold($"{letter}{mark}\u0345");
                Assert.Equal(folded, User.Fold($"{composed}{mark}"));
                Assert.Equal(folded, User.Fold($"{letter}\u0345{mark}"));
            }
        }
    }

    [Fact]
    public void What_is_folded_stays_as_it_is_and_fits_its_column()
    {
        foreach (var rune in Enumerable.Range(0, 0x110000).Where(r => r is < 0xD800 or > 0xDFFF))
        {
            var once = User.Fold($"a{char.ConvertFromUtf32(rune)}b");
            Assert.True(once == User.Fold(once), $"{rune:X}");
        }

        Assert.InRange(User.Fold(new string('\uFDFA', Limits.UsernameLength)).Length, 1, Limits.UsernameLength);
        Assert.NotEqual(User.Fold(new string('\uFDFA', Limits.UsernameLength)), User.Fold(new string('\uFDFA', Limits.UsernameLength - 1)));
        Assert.NotNull(UserStore.NameFault("\u3164"));
    }

    // An upgrade finds names that an earlier version folded otherwise.
    [Fact]
    public async Task Of_two_that_became_one_the_first_keeps_it_and_the_start_tells_of_the_other()
    {
        await using var database = await Fixture.NewDatabaseAsync();
        await using var service = await Service.StartAsync(database);
        var organisation = await service.NewOrganisationAsync();
        var alone = await Registered.NewAsync(organisation, username: "ren\u00E9@example.co");
        var first = await Registered.NewAsync(organisation, username: "o\uFB03ce@example.co");
        service.Clock.Advance(TimeSpan.FromMinutes(1));
        var second = await Registered.NewAsync(organisation, username: "temporary@example.co");
        await service.InDatabaseAsync(async db =>
        {
            await db.Database.ExecuteSqlAsync($"UPDATE users SET username = {"o\uFF46\uFF46ice@example.co"} WHERE id = {second.UserId}");
            foreach (var (id, folded) in new[] { (alone.UserId, "REN\u00C9@EXAMPLE.CO"), (first.UserId, "O\uFB03CE@EXAMPLE.CO"), (second.UserId, "O\uFF26\uFF26ICE@EXAMPLE.CO") })
            {
                await db.Database.ExecuteSqlAsync($"UPDATE users SET username_folded = {folded} WHERE id = {id}");
            }

            return 0;
        });

        await using (var upgraded = await service.StartAnotherAsync())
        {
            await (alone with { Organisation = organisation with { Service = upgraded } }).LoginAsync();
            await (first with { Organisation = organisation with { Service = upgraded }, Username = "office@example.co" }).LoginAsync();
            var line = Assert.Single(upgraded.Log.Lines, l => l.Contains("is found by name no longer", StringComparison.Ordinal));
            Assert.Contains(second.UserId, line, StringComparison.Ordinal);
            Assert.Contains(first.UserId, line, StringComparison.Ordinal);
        }

        await service.InDatabaseAsync(db => db.Users.Where(u => u.Id == first.UserId).ExecuteUpdateAsync(u => u.SetProperty(x => x.UsernameFolded, (string?)null)));
        await using var later = await service.StartAnotherAsync();
        await (second with { Organisation = organisation with { Service = later }, Username = "office@example.co" }).LoginAsync();
        Assert.DoesNotContain(later.Log.Lines, l => l.Contains("is found by name no longer", StringComparison.Ordinal));
    }

    // A new name with something in it that does not show is refused before anything is compared.
    private static string? RefusedOr(string? otherwise, string name) => UserStore.NameFault(name) is null ? otherwise : "member_invalid";

    private static JsonObject Named(TestOrganisation organisation, string username) => new() { ["username"] = username, ["orgId"] = organisation.Id };

    private static JsonObject Delegated(string username) => new() { ["email"] = username, ["kind"] = "EndUser" };

    private static async Task<Mail.CodeMail> MailAsync(TestOrganisation organisation)
    {
        while (true)
        {
            if (await organisation.Service.Inbox.NextAsync() is var mail && mail.OrganisationId == organisation.Id) return mail;
        }
    }
}
