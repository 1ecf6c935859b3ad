using System.Reflection;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Api.Wire;
using Dfns.Registration.TestKit;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.Wire;

/// <summary>What people name things ends in terminals, mails and logs: everywhere it comes in, what would give orders there is refused.</summary>
public sealed class FreeTextTests(ServiceFixture.Sqlite fixture) : ServiceTests(fixture), IClassFixture<ServiceFixture.Sqlite>
{
    private static readonly string[] Unruly = ["\u3164", "\u2800", "\u115F\u1160", "\u034F", "\uFE0F", "\u200D", "\u001b[31mred", "line\nbreak", "line\r\nX-Injected: 1", "a\tb", "bell\a", "a\u0085b", "a\u2028b", "a\u202eb", "a\u2066b", "a\u200fb", "a\u00adb", "\ufeffa", "a\u009b31m"];

    /// <summary>Every option of the command line that takes a name or an address that is shown again.</summary>
    public static TheoryData<string> Commands =>
    [
        "org create --rp-id example.co --origin https://app.example.co --name TEXT",
        "org create --rp-id example.co --origin https://app.example.co --name Example --rp-name TEXT",
        "org create --rp-id example.co --name Example --origin android:apk-key-hash:TEXT",
        "org create --rp-id example.co --name Example --origin ios:bundle-id:TEXT",
        "org create --rp-id example.co --name Example --origin https://app.example.co --top-origin android:apk-key-hash:TEXT",
        "org update --org ORG --name TEXT",
        "user invite --org ORG --print-code --username TEXT",
        "user invite --org ORG --print-code --username jane@example.co --external-id TEXT",
        "service-account create --org ORG --public-key KEY --name TEXT",
        "social-provider set --org ORG --issuer https://accounts.example.co --client-id TEXT",
        "social-provider set --org ORG --issuer https://accounts.example.co/TEXT --client-id a",
    ];

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task A_command_takes_no_text_that_gives_orders_to_a_terminal(string command)
    {
        var organisation = await Service.NewOrganisationAsync();
        var key = Path.GetTempFileName();
        await File.WriteAllTextAsync(key, SoftwareKey.P256().Pem);
        var before = await organisation.SnapshotAsync();

        // Two that differ most.
        foreach (var text in new[] { "a\u001b[31mb", "a\u202eb" })
        {
            string[] arguments = [.. command.Split(' ').Select(a => a.Replace("TEXT", text, StringComparison.Ordinal).Replace("ORG", organisation.Id, StringComparison.Ordinal).Replace("KEY", key, StringComparison.Ordinal))];
            var run = await ServiceProgram.OperateAsync(Service.Database, arguments);

            Assert.Equal(1, run.ExitCode);
            Assert.DoesNotContain(run.Everything, c => c is '\u001b' or '\u202e');
            Assert.Equal(before, await organisation.SnapshotAsync());
            Assert.False(await Service.InDatabaseAsync(db => db.Organisations.AnyAsync(o => o.Name.StartsWith("a\u001b") || o.Name.StartsWith("a\u202e"))));
        }

        File.Delete(key);
    }

    [Fact]
    public void Every_text_of_a_request_that_is_stored_and_shown_is_a_name()
    {
        // Usernames are held to more: UserStore.NameFault.
        var names = typeof(JsonBody).Assembly.GetTypes().SelectMany(t => t.GetConstructors()).SelectMany(c => c.GetParameters())
            .Where(p => p.GetCustomAttribute<TextAttribute>() is not null && (p.Name!.EndsWith("Name", StringComparison.Ordinal) || p.Name is "ExternalId")).ToList();

        Assert.Equal(13, names.Count);
        Assert.All(names, p => Assert.True(p.GetCustomAttribute<TextAttribute>()!.IsName, $"{p.Member.DeclaringType}.{p.Name}"));
    }

    [Fact]
    public async Task A_credential_is_never_named_so_that_a_terminal_or_a_mail_would_obey()
    {
        foreach (var text in Unruly)
        {
            var challenge = await (await Service.InviteAsync(await Service.NewOrganisationAsync(), "jane@example.co")).InitAsync();
            foreach (var slot in new[] { "firstFactorCredential", "recoveryCredential" })
            {
                var body = challenge.GoodBody();
                body[slot]!["credentialName"] = text;
                Assert.Equal(("member_invalid", $"$.{slot}.credentialName"), Outcome(await challenge.CompleteAsync(body)));
            }

            Assert.Equal(Stored.Nothing, await challenge.StoredAsync());
        }
    }

    [Fact]
    public async Task A_credential_is_not_renamed_nor_a_user_given_an_id_to_that_end()
    {
        var organisation = await Service.NewOrganisationAsync();
        var user = await Registered.NewAsync(organisation);
        var caller = await user.SignedInAsync();
        var uuid = await Service.InDatabaseAsync(db => db.Credentials.Where(c => c.UserId == user.UserId).Select(c => c.Uuid).FirstAsync());
        var account = await organisation.NewServiceAccountAsync(Permission.CreateUsers, Permission.RegisterDelegated);
        foreach (var text in Unruly)
        {
            Assert.Equal(("member_invalid", "$.credentialName"), Outcome(await caller.CallAsync(HttpMethod.Put, $"/auth/credentials/{uuid}", new JsonObject { ["credentialName"] = text })));
            Assert.Equal(("member_invalid", "$.externalId"), Outcome(await account.PostAsync("/auth/users", new JsonObject { ["email"] = "john@example.co", ["kind"] = "CustomerEmployee", ["externalId"] = text })));
            Assert.Equal(("member_invalid", "$.externalId"), Outcome(await account.PostAsync("/auth/registration/delegated", new JsonObject { ["email"] = "john@example.co", ["kind"] = "EndUser", ["externalId"] = text })));
            Assert.NotNull(UserStore.NameFault(text));
            Assert.NotNull(RelyingPartyRules.NameFault(text));
        }
    }

    [Theory]
    [InlineData("Zoë’s laptop")]
    [InlineData("👩\u200d💻 🏳️\u200d🌈")]
    [InlineData("نمی\u200cخواهم")]
    [InlineData("鍵 ключ κλειδί")]
    [InlineData("<script>alert(1)</script> ' or 1=1 --")]
    public void What_people_write_is_taken_as_it_is(string text) => Assert.True(FreeText.IsPlain(text));

    [Fact]
    public void What_was_stored_before_is_shown_to_a_terminal_as_what_it_is() =>
        Assert.Equal("\\u{1B}[31mred\\u{A}\\u{202E}", FreeText.Shown("\u001b[31mred\n\u202e"));

    private static (string? Code, string? Path) Outcome(Answer answer) => (answer.Code, answer.Path);
}
