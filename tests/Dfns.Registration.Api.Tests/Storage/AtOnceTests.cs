using System.Buffers.Text;
using System.Text;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Verification;

namespace Dfns.Registration.Api.Tests.Storage;

/// <summary>
/// Many callers at once, who share exchanges with the database: of one user, whose rows they fight for, and good ones beside poisoned
/// ones. Each gets an answer of its own, and nobody is told of a fault of the service.
/// </summary>
public abstract class AtOnceTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    private const int Callers = 48;

    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : AtOnceTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : AtOnceTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    // Each has a counter of its own; one that comes after a higher one looks like a copy.
    [Theory]
    [InlineData(CredentialKind.Fido2)]
    [InlineData(CredentialKind.Key)]
    public async Task Sign_ins_of_one_user(CredentialKind kind)
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync(), kind);
        var bodies = new List<JsonObject>();
        while (bodies.Count < Callers) bodies.Add(await user.LoginBodyAsync());

        var answers = await Task.WhenAll(bodies.Select(body => Service.PostAsync("/auth/login", body)));

        Assert.Contains(answers, a => (int)a.Status == 200);
        Assert.All(answers, a => Assert.True((int)a.Status == 200 || (kind == CredentialKind.Fido2 && (int)a.Status == 401), a.Text));
        var again = await Service.PostAsync("/auth/login", await user.LoginBodyAsync());
        Assert.Equal(200, (int)again.Status);
    }

    [Theory]
    [InlineData("/auth/registration/init")]
    [InlineData("/auth/login/init")]
    [InlineData("/auth/credentials/init")]
    [InlineData("/auth/action/init")]
    [InlineData("/auth/registration/code")]
    [InlineData("/auth/login/code")]
    [InlineData("/auth/recover/user/code")]
    public async Task One_call_of_one_user(string path)
    {
        var organisation = await Service.NewOrganisationAsync();
        var invited = await Service.InviteAsync(organisation, "invited@example.co");
        var user = await Registered.NewAsync(organisation, recovery: true);
        var caller = await user.SignedInAsync();
        var named = new JsonObject { ["username"] = user.Username, ["orgId"] = organisation.Id };

        var answers = await Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => path switch
        {
            "/auth/registration/init" => invited.TryInitAsync(),
            "/auth/login/init" => user.TryInitLoginAsync(),
            "/auth/credentials/init" => Adding.TryInitAsync(caller, "Fido2"),
            "/auth/action/init" => caller.InitActionAsync(HttpMethod.Post, "/auth/credentials", "{}"),
            "/auth/registration/code" => Service.PutAsync(path, new JsonObject { ["username"] = invited.Username, ["orgId"] = organisation.Id }),
            _ => Service.PostAsync(path, named.DeepClone()),
        }));

        Assert.All(answers, a => Assert.True((int)a.Status == 200, a.Text));
    }

    [Fact]
    public async Task Signing_out_everywhere()
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync());
        var callers = new List<SigningCaller>();
        while (callers.Count < Callers) callers.Add(await user.SignedInAsync());

        var answers = await Task.WhenAll(callers.Select(c => Service.SendAsync(HttpMethod.Put, "/auth/logout", Service.Json(new JsonObject { ["allSessions"] = true }), c.Token)));

        Assert.Contains(answers, a => (int)a.Status == 200);
        Assert.All(answers, a => Assert.True((int)a.Status is 200 or 401, a.Text));
        foreach (var caller in callers) Assert.Equal(401, (int)(await caller.GetAsync("/auth/credentials")).Status);
    }

    [Theory]
    [InlineData("an encrypted key that no database stores")]
    [InlineData("a credential id of another form")]
    public async Task Good_registrations_among_poisoned_ones(string poison)
    {
        var organisation = await Service.NewOrganisationAsync();
        var requests = new List<(Challenge Challenge, JsonObject Body, int Expected)>();
        for (var n = 0; n < Callers; n++)
        {
            var challenge = await (await Service.InviteAsync(organisation, $"user-{n}@example.co")).InitAsync();
            var body = challenge.GoodBody();
            var isPoisoned = n % 3 == 0;
            if (isPoisoned && poison.StartsWith("an encrypted", StringComparison.Ordinal)) body["recoveryCredential"]!["encryptedPrivateKey"] = "nothing\0more";
            else if (isPoisoned) body["recoveryCredential"]!["credentialInfo"]!["credId"] = "a\0b";
            requests.Add((challenge, body, isPoisoned ? 400 : 200));
        }

        var answers = await Task.WhenAll(requests.Select(r => r.Challenge.CompleteAsync(r.Body)));

        Assert.Equal(requests.Select(r => r.Expected), answers.Select(a => (int)a.Status));
        foreach (var (challenge, _, expected) in requests)
        {
            var stored = await challenge.StoredAsync();
            if (expected == 200) Assert.Equal((true, 2), (stored.Registered, stored.Credentials));
            else Assert.Equal(Stored.Nothing, stored);
        }
    }

    // The token was found to be good a moment before; what is made of it is not.
    [Theory]
    [InlineData("for another purpose")]
    [InlineData("with the parts of two tokens")]
    [InlineData("with another last character")]
    [InlineData("with padding")]
    [InlineData("without its signature")]
    [InlineData("without an algorithm")]
    public async Task A_token_that_is_known_vouches_for_no_other(string mischief)
    {
        var organisation = await Service.NewOrganisationAsync();
        var user = await Registered.NewAsync(organisation);
        var caller = await user.SignedInAsync();
        var challenge = await (await Service.InviteAsync(organisation, "invited@example.co")).InitAsync();
        Assert.Equal(200, (int)(await caller.GetAsync("/auth/credentials")).Status);

        string[] known = caller.Token.Split('.'), other = (await user.LoginAsync()).Split('.');
        var forged = mischief switch
        {
            "for another purpose" => challenge.Token,
            "with the parts of two tokens" => $"{known[0]}.{other[1]}.{known[2]}",
            "with another last character" => caller.Token[..^1] + Neighbour(caller.Token[^1]),
            "with padding" => caller.Token + "==",
            "without its signature" => $"{known[0]}.{known[1]}.",
            _ => $"{Base64Url.EncodeToString(Encoding.UTF8.GetBytes("""{"alg":"none","typ":"JWT"}"""))}.{known[1]}.",
        };
        var answers = await Task.WhenAll(Enumerable.Range(0, Callers).Select(n => Service.SendAsync(HttpMethod.Get, "/auth/credentials", content: null, n % 2 == 0 ? forged : caller.Token)));

        Assert.All(answers.Where((_, n) => n % 2 == 0), a => Assert.True((int)a.Status == 401, a.Text));
        Assert.All(answers.Where((_, n) => n % 2 == 1), a => Assert.True((int)a.Status == 200, a.Text));

        // The last character of a signature has bits that do not count; the one beside it differs in those alone.
        static char Neighbour(char last)
        {
            const string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
            return alphabet[alphabet.IndexOf(last, StringComparison.Ordinal) ^ 1];
        }
    }
}
