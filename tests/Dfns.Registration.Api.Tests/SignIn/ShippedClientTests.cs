using System.Buffers.Text;
using System.Text;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.SignIn;

/// <summary>What shipped clients send that the contract does not spell so: each is served, and lets nobody in who was not let in before.</summary>
public abstract class ShippedClientTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    [Trait("Speed", "quick")]
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : ShippedClientTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : ShippedClientTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    // What PublicKeyCredential.toJSON() of Chromium 156.0.8078.108 has written, asked for every extension that it knows; the bytes are cut short.
    private const string Created =
        """
        {"authenticatorAttachment":"platform","clientExtensionResults":{"credBlob":true,"credProps":{"rk":true},"hmacCreateSecret":true,"largeBlob":{"supported":true},"prf":{"enabled":true,"results":{"first":"QaxV0Nud"}}},
        "id":"MBEyr898","rawId":"MBEyr898","response":{"attestationObject":"o2NmbXRk","authenticatorData":"SZYN5YgO","clientDataJSON":"eyJ0eXBl","publicKey":"MFkwEwYH","publicKeyAlgorithm":-7,"transports":["internal"]},"type":"public-key"}
        """;

    private const string Asserted =
        """
        {"authenticatorAttachment":"platform","clientExtensionResults":{"getCredBlob":"AAAAAAAA","largeBlob":{},"prf":{"results":{"first":"QaxV0Nud"}}},
        "id":"MBEyr898","rawId":"MBEyr898","response":{"authenticatorData":"SZYN5YgO","clientDataJSON":"eyJ0eXBl","signature":"MEUCIQCB","userHandle":"AQ"},"type":"public-key"}
        """;

    // What WebAuthn Level 3 §5.1.8, §5.8.4 and §10 have beside that.
    private const string OfTheSpecification =
        """
        {"clientExtensionResults":{"appid":false,"appidExclude":true,"largeBlob":{"written":true,"blob":"AAAA"},"prf":{"enabled":false,"results":{"first":"AAAA","second":"AAAA"}}},"response":{"transports":["ble","hybrid","internal","nfc","smart-card","usb"],"userHandle":null},
        "authenticatorAttachment":null}
        """;

    private static readonly Dictionary<string, (string OfRegistration, string OfAssertion)> Browsers = new(StringComparer.Ordinal)
    {
        ["a browser, as recorded"] = (Created, Asserted),
        ["the specification"] = (OfTheSpecification, OfTheSpecification),
    };

    public static TheoryData<string> MembersOfBrowsers => [.. Browsers.Keys];

    public static TheoryData<string> Handles => ["base64url", "padded", "text", "twice", "twice, padded"];

    [Theory]
    [MemberData(nameof(MembersOfBrowsers))]
    public async Task Members_that_browsers_add_are_passed_over_wherever_they_stand(string of)
    {
        var (ofRegistration, ofAssertion) = (JsonNode.Parse(Browsers[of].OfRegistration)!, JsonNode.Parse(Browsers[of].OfAssertion)!);
        var organisation = await Service.NewOrganisationAsync();
        var challenge = await (await Service.InviteAsync(organisation, "jane@example.co")).InitAsync();
        var device = HeldCredential.Create(CredentialKind.Fido2, challenge.Text, organisation, challenge.UserId);
        var registration = new JsonObject { ["firstFactorCredential"] = device.Registration.DeepClone() };
        var info = registration["firstFactorCredential"]!["credentialInfo"]!;
        foreach (var place in new[] { registration, registration["firstFactorCredential"]!, info }) Add(place, ofRegistration);
        Add(info, ofRegistration["response"]!);
        var answer = await challenge.CompleteAsync(registration);
        Assert.True((int)answer.Status == 200, answer.Text);

        var user = new Registered(organisation, challenge.UserId, "jane@example.co", device, Second: null, Recovery: null);
        var login = await user.LoginBodyAsync();
        var assertion = login["firstFactor"]!["credentialAssertion"]!;
        foreach (var place in new[] { login, login["firstFactor"]!, assertion }) Add(place, ofAssertion);
        // What is taken of these stands there already.
        foreach (var (name, value) in ofAssertion["response"]!.AsObject().Where(m => assertion[m.Key] is null)) assertion[name] = value?.DeepClone();

        Assert.Equal(200, (int)(await Service.PostAsync("/auth/login", login)).Status);
    }

    [Theory]
    [MemberData(nameof(Handles))]
    public async Task A_user_handle_is_read_however_a_client_encodes_it_if_it_names_the_user(string how)
    {
        var organisation = await Service.NewOrganisationAsync();
        var user = await Registered.NewAsync(organisation);
        var other = await Registered.NewAsync(organisation, username: "john@example.co");

        foreach (var named in new[] { false, true })
        {
            Assert.Equal(200, (int)(await LoginAsync(user.UserId)).Status);
            // An id is base64url too, or is not: by chance.
            Assert.Contains((await LoginAsync(other.UserId)).Code, how == "text" ? ["user_handle_mismatch", "base64_url_invalid"] : (string[])["user_handle_mismatch"]);

            async Task<Answer> LoginAsync(string handle)
            {
                var challenge = named ? await user.TryInitLoginAsync() : await Service.PostAsync("/auth/login/init", new JsonObject { ["orgId"] = organisation.Id });
                var body = user.AnswerTo(challenge);
                body["firstFactor"]!["credentialAssertion"]!["userHandle"] = Encoded(handle, how);
                return await Service.PostAsync("/auth/login", body);
            }
        }
    }

    [Theory]
    [InlineData("My laptop")]
    [InlineData("laptop-01!")]
    [InlineData("clé n° 7 / дом")]
    [InlineData("a@b.example")]
    [InlineData("A")]
    public async Task The_id_of_a_key_is_whatever_text_a_client_chose(string id)
    {
        var organisation = await Service.NewOrganisationAsync();
        var user = await Registered.NewAsync(organisation, CredentialKind.Fido2, recovery: false);
        var caller = await user.SignedInAsync();
        var adding = Adding.Of(user, await Adding.TryInitAsync(caller, "Key"));
        var made = adding.Make(CredentialKind.Key);
        made.Registration["credentialInfo"]!["credId"] = id;
        var added = await caller.PostAsync("/auth/credentials", adding.BodyOf(made));
        Assert.Equal((200, id), ((int)added.Status, (string?)added.Body["credentialId"]));

        // Once.
        var again = Adding.Of(user, await Adding.TryInitAsync(caller, "Key"));
        var second = again.Make(CredentialKind.Key);
        second.Registration["credentialInfo"]!["credId"] = id;
        Assert.Equal("credential_already_registered", (await caller.PostAsync("/auth/credentials", again.BodyOf(second))).Code);

        var challenge = await user.TryInitLoginAsync();
        Assert.Equal([id, added.Require("credentialUuid")], Keys(challenge));
        var body = new JsonObject { ["challengeIdentifier"] = challenge.Require("challengeIdentifier"), ["firstFactor"] = made.Sign(challenge.Require("challenge")) };
        body["firstFactor"]!["credentialAssertion"]!["credId"] = id;
        Assert.Equal(200, (int)(await Service.PostAsync("/auth/login", body)).Status);
    }

    [Theory]
    [InlineData(" ")]
    [InlineData("two\nlines")]
    [InlineData("turned \u202e around")]
    public async Task The_id_of_a_key_shows_in_full(string id)
    {
        var challenge = await (await Service.InviteAsync(await Service.NewOrganisationAsync(), "jane@example.co")).InitAsync();
        var key = challenge.Key();
        key["credentialInfo"]!["credId"] = id;

        var answer = await challenge.CompleteAsync(new JsonObject { ["firstFactorCredential"] = key });

        Assert.Equal(("base64_url_invalid", "$.firstFactorCredential.credentialInfo.credId"), (answer.Code, answer.Path));
        Assert.Equal(Stored.Nothing, await challenge.StoredAsync());
    }

    [Fact]
    public async Task A_key_signs_under_its_id_and_under_the_name_that_the_service_gave_it()
    {
        var organisation = await Service.NewOrganisationAsync();
        var user = await Registered.NewAsync(organisation, CredentialKind.Key);
        var other = await Registered.NewAsync(organisation, CredentialKind.Key, username: "john@example.co");
        var (uuid, ofOther) = (await UuidAsync(user), await UuidAsync(other));
        Assert.Equal([user.First.CredId, uuid], Keys(await user.TryInitLoginAsync()));

        Assert.Equal(200, (int)(await Service.PostAsync("/auth/login", Under(uuid, await user.LoginBodyAsync()))).Status);
        Assert.Equal("no_usable_credential", (await Service.PostAsync("/auth/login", Under(ofOther, await user.LoginBodyAsync()))).Code);
        Assert.Equal("no_usable_credential", (await Service.PostAsync("/auth/login", Under(uuid, await other.LoginBodyAsync()))).Code);

        var session = await user.SignedInAsync();
        var caller = session with { AnswerTo = challenge => Under(uuid, user.AnswerTo(challenge)) };
        Assert.Equal([user.First.CredId, uuid], Keys(await caller.InitActionAsync(HttpMethod.Post, "/auth/x", "{}")));
        Assert.NotEmpty(await caller.SignAsync(HttpMethod.Post, "/auth/x", "{}"));
        var stranger = session with { AnswerTo = challenge => Under(ofOther, user.AnswerTo(challenge)) };
        Assert.Equal("no_usable_credential", (await Service.PostAsync("/auth/action", stranger.AnswerTo(await stranger.InitActionAsync(HttpMethod.Post, "/auth/x", "{}")), stranger.Token)).Code);
    }

    // Where no name was given the id tells whose key it is, and the service's own name of it tells nobody.
    [Fact]
    public async Task The_name_that_the_service_gave_a_key_does_not_tell_whose_it_is()
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync(), CredentialKind.Key);
        var challenge = await Service.PostAsync("/auth/login/init", new JsonObject { ["orgId"] = user.Organisation.Id });

        Assert.Equal("no_usable_credential", (await Service.PostAsync("/auth/login", Under(await UuidAsync(user), user.AnswerTo(challenge)))).Code);
    }

    [Fact]
    public async Task The_keys_of_nobody_have_names_too_and_are_refused_under_them_as_somebodys_are()
    {
        var organisation = await Service.NewOrganisationAsync();
        var somebody = await Registered.NewAsync(organisation, CredentialKind.Key);
        var forger = SoftwareKey.P256();
        for (var n = 0; ; n++)
        {
            Assert.True(n < 1000, "Of a thousand names none has a key alone.");
            var body = new JsonObject { ["username"] = $"nobody-{n}@example.co", ["orgId"] = organisation.Id };
            var challenge = await Service.PostAsync("/auth/login/init", body.DeepClone());
            if (Keys(challenge) is not [var id, var uuid] || challenge.Body["supportedCredentialKinds"]!.AsArray().Count > 1) continue;
            Assert.Matches("^cr-[0-9a-z]{5}-[0-9a-z]{5}-[0-9a-z]{14,16}$", uuid);
            Assert.Equal([id, uuid], Keys(await Service.PostAsync("/auth/login/init", body.DeepClone())));

            var real = await somebody.TryInitLoginAsync();
            foreach (var at in new[] { 0, 1 })
            {
                Assert.Equal(await ForgedAsync(real, Keys(real)[at]), await ForgedAsync(challenge, Keys(challenge)[at]));
                (challenge, real) = (await Service.PostAsync("/auth/login/init", body.DeepClone()), await somebody.TryInitLoginAsync());
            }

            return;
        }

        async Task<string> ForgedAsync(Answer challenge, string credId)
        {
            var assertion = forger.Get(challenge.Require("challenge"), "AAAA").ToJson(CredentialKind.Key);
            var body = Under(credId, new JsonObject { ["challengeIdentifier"] = challenge.Require("challengeIdentifier"), ["firstFactor"] = assertion });
            return (await Service.PostAsync("/auth/login", body)).Text;
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("acct")]
    public async Task An_organisation_is_named_as_a_tenant_wherever_it_is_named(string prefix)
    {
        var organisation = await Service.NewOrganisationAsync();
        var user = await Registered.NewAsync(organisation, recovery: true);
        var invited = await Service.InviteAsync(organisation, "john@example.co");
        var tenant = prefix.Length == 0 ? organisation.Id : $"{prefix}{organisation.Id[2..]}";

        Assert.Equal(200, (int)(await Service.PostAsync("/auth/registration/init", As(tenant, invited.InitBody))).Status);
        Assert.Equal(200, (int)(await Service.PostAsync("/auth/login/init", As(tenant, new JsonObject { ["username"] = user.Username }))).Status);
        Assert.Equal(200, (int)(await Service.PutAsync("/auth/registration/code", As(tenant, new JsonObject { ["username"] = invited.Username }))).Status);
        await Service.Inbox.NextAsync();
        Assert.Equal(200, (int)(await Service.PostAsync("/auth/login/code", As(tenant, new JsonObject { ["username"] = user.Username }))).Status);
        await Service.Inbox.NextAsync();
        Assert.Equal(200, (int)(await Service.PostAsync("/auth/recover/user/code", As(tenant, new JsonObject { ["username"] = user.Username }))).Status);
        var code = (await Service.Inbox.NextAsync()).Code;
        var recovery = new JsonObject { ["username"] = user.Username, ["verificationCode"] = code, ["credentialId"] = user.Recovery!.CredId };
        Assert.Equal(200, (int)(await Service.PostAsync("/auth/recover/user/init", As(tenant, recovery))).Status);
        // Clients of the hosted service send both, and the organisation's id decides.
        var both = As("acct-00000-00000-0000000000000000", new JsonObject { ["username"] = user.Username });
        both["orgId"] = organisation.Id;
        Assert.Equal(200, (int)(await Service.PostAsync("/auth/login/init", both)).Status);
        Assert.Equal("organisation_unknown", (await Service.PostAsync("/auth/login/init", As("acct-00000-00000-0000000000000000", new JsonObject { ["username"] = user.Username }))).Code);
        var neither = await Service.PostAsync("/auth/login/init", new JsonObject { ["username"] = user.Username });
        Assert.Equal(("member_required", "$.orgId"), (neither.Code, neither.Path));
    }

    [Fact]
    public async Task Empty_texts_are_what_was_left_out()
    {
        var organisation = await Service.NewOrganisationAsync();
        var challenge = await (await Service.InviteAsync(organisation, "jane@example.co")).InitAsync();
        var (device, recovery) = (HeldCredential.Create(CredentialKind.Fido2, challenge.Text, organisation, challenge.UserId), HeldCredential.Create(CredentialKind.RecoveryKey, challenge.Text, organisation, challenge.UserId));
        var body = new JsonObject { ["firstFactorCredential"] = device.Registration, ["recoveryCredential"] = recovery.Registration };
        (body["firstFactorCredential"]!["credentialName"], body["firstFactorCredential"]!["encryptedPrivateKey"]) = ("", "");
        (body["recoveryCredential"]!["credentialName"], body["recoveryCredential"]!["encryptedPrivateKey"]) = ("", "");

        var registered = await challenge.CompleteAsync(body);

        Assert.Equal((200, "Default Credential"), ((int)registered.Status, (string?)registered.Body["credential"]!["name"]));
        Assert.Equal(["Default Credential ", "Default Recovery Credential "], await Service.InDatabaseAsync(db => db.Credentials
            .Where(c => c.OrganisationId == organisation.Id).OrderBy(c => c.Name).Select(c => $"{c.Name} {c.EncryptedPrivateKey}").ToListAsync()));

        var user = new Registered(organisation, challenge.UserId, "jane@example.co", device, Second: null, recovery);
        var anybody = await Service.PostAsync("/auth/login/init", new JsonObject { ["username"] = "", ["loginCode"] = "", ["tenantId"] = "", ["orgId"] = organisation.Id });
        Assert.Empty(anybody.Body["allowCredentials"]!["webauthn"]!.AsArray());
        var login = user.AnswerTo(anybody);
        login["firstFactor"]!["credentialAssertion"]!["algorithm"] = "";
        Assert.Equal(200, (int)(await Service.PostAsync("/auth/login", login)).Status);

        // Of what must be there, an empty text is nothing.
        var nothing = await Service.PostAsync("/auth/login/code", new JsonObject { ["username"] = "", ["orgId"] = organisation.Id });
        Assert.Equal(("member_required", "$.username"), (nothing.Code, nothing.Path));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_second_factor_is_asked_for_where_the_organisation_demands_it(bool isOptional)
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync(r => r.SecondFactorOptional = isOptional), second: CredentialKind.Key);
        var challenge = await user.TryInitLoginAsync();
        Assert.Equal(!isOptional, (bool)challenge.Body["supportedCredentialKinds"]!.AsArray().Single(k => (string)k!["factor"]! == "first")!["requiresSecondFactor"]!);
        var both = user.AnswerTo(challenge);
        var (first, forged) = (both.DeepClone().AsObject(), both.DeepClone());
        first.Remove("secondFactor");
        forged["secondFactor"]!["credentialAssertion"]!["signature"] = (string)both["firstFactor"]!["credentialAssertion"]!["signature"]!;

        // What is sent is verified, whether or not it had to be.
        Assert.Equal("assertion_signature_invalid", (await Service.PostAsync("/auth/login", forged)).Code);
        var alone = await Service.PostAsync("/auth/login", first);
        Assert.Equal(isOptional ? null : "second_factor_required", alone.Code);
        if (!isOptional) return;

        var caller = new SigningCaller(Service, alone.Require("token"), c => (user with { Second = null }).AnswerTo(c));
        Assert.NotEmpty(await caller.SignAsync(HttpMethod.Post, "/auth/x", "{}"));
        Assert.NotEmpty(await user.LoginAsync());
    }

    [Fact]
    public async Task The_operator_demands_second_factors_which_a_new_organisation_does_not()
    {
        var created = await ServiceProgram.RowAsync(Service.Database, "org", "create", "--name", "Example", "--rp-id", "example.co", "--origin", "https://app.example.co");
        var organisation = new TestOrganisation(Service, (string)created["id"]!, "example.co", "https://app.example.co");
        var user = await Registered.NewAsync(organisation, second: CredentialKind.Key);
        Assert.Null((await FirstAloneAsync()).Code);

        await ServiceProgram.RowAsync(Service.Database, "relying-party", "set", "--org", organisation.Id, "--require-second-factor", "--force");

        Assert.Equal("second_factor_required", (await FirstAloneAsync()).Code);
        Assert.NotEmpty(await user.LoginAsync());

        async Task<Answer> FirstAloneAsync()
        {
            var body = await user.LoginBodyAsync();
            body.Remove("secondFactor");
            return await Service.PostAsync("/auth/login", body);
        }
    }

    private static void Add(JsonNode place, JsonNode members)
    {
        foreach (var (name, value) in members.AsObject()) place[name] = value?.DeepClone();
    }

    private static string Encoded(string userId, string how)
    {
        var once = Base64Url.EncodeToString(Encoding.UTF8.GetBytes(userId));
        return how switch
        {
            "text" => userId,
            "padded" => Convert.ToBase64String(Encoding.UTF8.GetBytes(userId)),
            "twice" => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(once)),
            "twice, padded" => Convert.ToBase64String(Encoding.UTF8.GetBytes(Convert.ToBase64String(Encoding.UTF8.GetBytes(userId)))),
            _ => once,
        };
    }

    private static JsonObject As(string tenantId, JsonNode body)
    {
        var named = body.DeepClone().AsObject();
        named.Remove("orgId");
        named["tenantId"] = tenantId;
        return named;
    }

    private static JsonObject Under(string credId, JsonObject body)
    {
        body["firstFactor"]!["credentialAssertion"]!["credId"] = credId;
        return body;
    }

    private static List<string> Keys(Answer challenge) => [.. challenge.Body["allowCredentials"]!["key"]!.AsArray().Select(k => (string)k!["id"]!)];

    private Task<string> UuidAsync(Registered user) => Service.InDatabaseAsync(db =>
        db.Credentials.Where(c => c.OrganisationId == user.Organisation.Id && c.UserId == user.UserId && c.Kind == CredentialKind.Key).Select(c => c.Uuid).SingleAsync());
}
