using System.Text.Json.Nodes;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Verification;

namespace Dfns.Registration.Api.Tests.Credentials;

/// <summary>What each kind of credential can and cannot do, asked of the service; the README shows just that table.</summary>
public sealed class KindsAndFlowsTests(ServiceFixture.Sqlite fixture) : ServiceTests(fixture), IClassFixture<ServiceFixture.Sqlite>
{
    private static readonly string[] Kinds = ["Fido2", "Key", "PasswordProtectedKey", "RecoveryKey", "Password", "Totp"];

    [Fact]
    public async Task The_table_in_the_README_is_what_the_service_does()
    {
        var flows = new (string Name, Func<string, Task<Answer>> Try)[]
        {
            ("registers as the first factor", kind => RegisterAsync(kind, "firstFactorCredential")),
            ("registers as the second factor", kind => RegisterAsync(kind, "secondFactorCredential")),
            ("registers as the recovery credential", kind => RegisterAsync(kind, "recoveryCredential")),
            ("signs in", SignInAsync),
            ("signs in as the second factor", SignInSecondAsync),
            ("signs a call (user action)", SignCallAsync),
            ("is added with a session", AddAsync),
            ("is added with a code", AddWithCodeAsync),
            ("recovers the account", RecoverAsync),
            ("replaces the first factor in a recovery", kind => ReplaceAsync(kind, "firstFactorCredential")),
            ("replaces the recovery credential in a recovery", kind => ReplaceAsync(kind, "recoveryCredential")),
        };

        var table = new List<string> { $"| a credential … | {string.Join(" | ", Kinds)} |", $"|---|{string.Concat(Kinds.Select(_ => "---|"))}" };
        foreach (var (name, attempt) in flows)
        {
            var cells = new List<string>();
            foreach (var kind in Kinds)
            {
                var answer = await attempt(kind);
                cells.Add((int)answer.Status == 200 ? "yes" : $"`{answer.Code}`");
            }

            table.Add($"| {name} | {string.Join(" | ", cells)} |");
        }

        table.ForEach(TestContext.Current.TestOutputHelper!.WriteLine);
        var readme = await File.ReadAllLinesAsync(System.IO.Path.Combine(Repository.Root, "README.md"));
        var shown = readme.SkipWhile(l => l != "<!-- kinds and flows -->").Skip(1).TakeWhile(l => l != "<!-- /kinds and flows -->");
        Assert.Equal(string.Join('\n', table), string.Join('\n', shown));
    }

    private async Task<Answer> RegisterAsync(string kind, string slot)
    {
        var challenge = await (await Service.InviteAsync(await Service.NewOrganisationAsync(), "jane@example.co")).InitAsync();
        var body = new JsonObject { ["firstFactorCredential"] = challenge.Key() };
        body[slot] = NewCredential(kind, challenge.Text, challenge.Organisation, challenge.UserId);
        return await challenge.CompleteAsync(body);
    }

    private async Task<Answer> SignInAsync(string kind)
    {
        var user = await UserAsync(kind);
        var challenge = await user.TryInitLoginAsync();
        var body = user.AnswerTo(challenge);
        body["firstFactor"] = Assertion(kind, user, challenge.Require("challenge"));
        return await Service.PostAsync("/auth/login", body);
    }

    private async Task<Answer> SignInSecondAsync(string kind)
    {
        var second = Enum.TryParse<CredentialKind>(kind, out var known) && known != CredentialKind.RecoveryKey ? known : CredentialKind.Key;
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync(), CredentialKind.Fido2, second, recovery: true);
        var challenge = await user.TryInitLoginAsync();
        var body = user.AnswerTo(challenge);
        if (kind != second.ToString()) body["secondFactor"] = Assertion(kind, user, challenge.Require("challenge"));
        return await Service.PostAsync("/auth/login", body);
    }

    private async Task<Answer> SignCallAsync(string kind)
    {
        var user = await UserAsync(kind);
        var caller = await user.SignedInAsync();
        var challenge = await caller.InitActionAsync(HttpMethod.Post, "/auth/credentials/code", "{}");
        var body = user.AnswerTo(challenge);
        body["firstFactor"] = Assertion(kind, user, challenge.Require("challenge"));
        return await Service.PostAsync("/auth/action", body, caller.Token);
    }

    private async Task<Answer> AddAsync(string kind)
    {
        var user = await UserAsync("Fido2");
        var caller = await user.SignedInAsync();
        var challenge = await Adding.TryInitAsync(caller, kind);
        if ((int)challenge.Status != 200) return challenge;
        var adding = Adding.Of(user, challenge);
        return await caller.CallAsync(HttpMethod.Post, "/auth/credentials", adding.BodyOf(adding.Make(Enum.Parse<CredentialKind>(kind))));
    }

    private async Task<Answer> AddWithCodeAsync(string kind)
    {
        var user = await UserAsync("Fido2");
        var made = await (await user.SignedInAsync()).CallAsync(
            HttpMethod.Post, "/auth/credentials/code", new JsonObject { ["expiration"] = Service.Clock.GetUtcNow().AddSeconds(30).ToUnixTimeSeconds() });
        var challenge = await Service.PostAsync("/auth/credentials/code/init", new JsonObject { ["code"] = made.Require("code"), ["credentialKind"] = kind });
        if ((int)challenge.Status != 200) return challenge;
        var adding = Adding.Of(user, challenge);
        return await Service.PostAsync("/auth/credentials/code/verify", adding.BodyOf(adding.Make(Enum.Parse<CredentialKind>(kind))));
    }

    // Signs what a recovery key would sign, and calls itself by its own name.
    private async Task<Answer> RecoverAsync(string kind)
    {
        var user = await UserAsync(kind);
        var recovering = await Recovering.StartAsync(user);
        var body = recovering.GoodBody();
        if (kind != "RecoveryKey") body["recovery"] = Assertion(kind, user, System.Buffers.Text.Base64Url.EncodeToString(System.Text.Encoding.UTF8.GetBytes(body["newCredentials"]!.ToJsonString())));
        return await recovering.CompleteAsync(body);
    }

    private async Task<Answer> ReplaceAsync(string kind, string slot)
    {
        var recovering = await Recovering.StartAsync(await UserAsync("Fido2"));
        var wanted = Recovering.NewCredentials(recovering.Make(CredentialKind.Key));
        wanted[slot] = NewCredential(kind, recovering.Text, recovering.User.Organisation, recovering.User.UserId);
        return await recovering.CompleteAsync(recovering.BodyOf(wanted));
    }

    // A user who has a first factor of the kind where there can be one, and a recovery key.
    private async Task<Registered> UserAsync(string kind)
    {
        var first = Enum.TryParse<CredentialKind>(kind, out var known) && known != CredentialKind.RecoveryKey ? known : CredentialKind.Fido2;
        return await Registered.NewAsync(await Service.NewOrganisationAsync(), first, recovery: true);
    }

    private static JsonObject NewCredential(string kind, string challenge, TestOrganisation organisation, string userId) => kind switch
    {
        "Password" => new JsonObject { ["credentialKind"] = kind, ["credentialInfo"] = new JsonObject { ["password"] = "correct horse" } },
        "Totp" => new JsonObject { ["credentialKind"] = kind, ["credentialInfo"] = new JsonObject { ["otpCode"] = "123456" } },
        _ => HeldCredential.Create(Enum.Parse<CredentialKind>(kind), challenge, organisation, userId).Registration,
    };

    private static JsonObject Assertion(string kind, Registered user, string challenge) => kind switch
    {
        "Password" => new JsonObject { ["kind"] = kind, ["password"] = "correct horse" },
        "Totp" => new JsonObject { ["kind"] = kind, ["otpCode"] = "123456" },
        "RecoveryKey" => user.Recovery!.Sign(challenge),
        _ => user.First.Sign(challenge),
    };
}
