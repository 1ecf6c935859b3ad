using System.Text.Json.Nodes;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.JsonWebTokens;

namespace Dfns.Registration.Api.Tests.Recovery;

/// <summary>Recovering an account with its recovery key.</summary>
public abstract class RecoveryTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    [Trait("Speed", "quick")]
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : RecoveryTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : RecoveryTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    private const string CannotRecover = "Credential cannot be used as a recovery factor.";

    [Fact]
    public async Task Init_answers_the_challenge_of_a_registration_and_the_recovery_key()
    {
        var user = await UserAsync();

        var recovering = await Recovering.StartAsync(user);

        var body = recovering.Body;
        Assert.Matches("^[A-Za-z0-9_-]{43}$", recovering.Text);
        Assert.Equal((user.UserId, user.Username, "example.co", ""), ((string?)body["user"]!["id"], (string?)body["user"]!["name"], (string?)body["rp"]!["id"], (string?)body["otpUrl"]));
        Assert.Equal(["Fido2", "Key", "PasswordProtectedKey"], body["supportedCredentialKinds"]!["firstFactor"]!.AsArray().Select(k => (string?)k));
        Assert.Empty(body["excludeCredentials"]!.AsArray());
        var key = body["allowedRecoveryCredentials"]!.AsArray().Single()!;
        Assert.Equal((user.Recovery!.CredId, (string?)user.Recovery.Registration["encryptedPrivateKey"]), ((string?)key["id"], (string?)key["encryptedRecoveryKey"]));
        Assert.Equal(user.Organisation.Id, new JsonWebToken(recovering.Token).Subject);
    }

    [Fact]
    public async Task Init_with_an_id_that_is_no_recovery_key_of_the_user_answers_an_empty_list_and_starts_what_nothing_completes()
    {
        var user = await UserAsync();
        var other = await Registered.NewAsync(user.Organisation, recovery: true, username: "john@example.co");
        var code = await Recovering.CodeAsync(user);

        foreach (var id in new[] { "bm9ib2R5", user.First.CredId, other.Recovery!.CredId })
        {
            var answer = await Recovering.TryStartAsync(user, code, id);

            Assert.Equal(200, (int)answer.Status);
            Assert.Empty(answer.Body["allowedRecoveryCredentials"]!.AsArray());
            var recovering = Recovering.Of(user, answer);
            await AssertRefusedAsync(recovering, recovering.GoodBody(), "credential_not_allowed");
        }
    }

    [Fact]
    public async Task A_recovery_key_that_left_no_private_key_is_listed_with_an_empty_one()
    {
        var challenge = await (await Service.InviteAsync(await Service.NewOrganisationAsync(), "jane@example.co")).InitAsync();
        var body = challenge.GoodBody();
        body["recoveryCredential"]!.AsObject().Remove("encryptedPrivateKey");
        Assert.Equal(200, (int)(await challenge.CompleteAsync(body)).Status);
        var user = new Registered(challenge.Organisation, challenge.UserId, "jane@example.co", null!, null, null);

        var answer = await Recovering.TryStartAsync(user, await Recovering.CodeAsync(user), (string?)body["recoveryCredential"]!["credentialInfo"]!["credId"]);

        Assert.Equal("", (string?)answer.Body["allowedRecoveryCredentials"]![0]!["encryptedRecoveryKey"]);
    }

    [Theory]
    [InlineData(CredentialKind.Fido2, null)]
    [InlineData(CredentialKind.Key, CredentialKind.Fido2)]
    [InlineData(CredentialKind.PasswordProtectedKey, CredentialKind.Key)]
    public async Task New_credentials_replace_every_credential_the_user_had(CredentialKind first, CredentialKind? second)
    {
        var user = await UserAsync(first, second);
        var caller = await user.SignedInAsync();
        var recovering = await Recovering.StartAsync(user);
        Service.Clock.Advance(TimeSpan.FromMinutes(2));

        var recovered = await recovering.CompleteAsync(first, second);

        var rows = await CredentialsAsync(user);
        Assert.Equal(Ids(user), rows.Where(c => c.Status == CredentialStatus.Archived).Select(c => c.CredentialIdText).Order(StringComparer.Ordinal));
        Assert.Equal(Ids(recovered), rows.Where(c => c.Status == CredentialStatus.Active).Select(c => c.CredentialIdText).Order(StringComparer.Ordinal));
        Assert.All(rows.Where(c => c.Status == CredentialStatus.Archived), c => Assert.Equal(Service.Clock.GetUtcNow(), c.ArchivedAt));
        Assert.Equal(Service.Clock.GetUtcNow(), rows.Single(c => c.CredentialIdText == user.Recovery!.CredId).UsedAt);
        Assert.Equal("not_authorized", (await caller.InitActionAsync(HttpMethod.Post, "/auth/users", "")).Code);
        await AssertNothingOpenAsync(user);
        await recovered.LoginAsync();
        var old = await Service.PostAsync("/auth/login", user.AnswerTo(await user.TryInitLoginAsync()));
        Assert.Equal(401, (int)old.Status);
    }

    [Fact]
    public async Task The_answer_names_the_user_and_the_new_first_factor_and_the_audit_trail_tells_the_rest()
    {
        var user = await UserAsync();
        var recovering = await Recovering.StartAsync(user);

        var answer = await recovering.CompleteAsync(recovering.GoodBody());

        var first = (await CredentialsAsync(user)).Single(c => c.Status == CredentialStatus.Active && c.Slot == CredentialSlot.FirstFactor);
        Assert.Equal((first.Uuid, "Fido2", first.Name), ((string?)answer.Body["credential"]!["uuid"], (string?)answer.Body["credential"]!["kind"], (string?)answer.Body["credential"]!["name"]));
        Assert.Equal((user.UserId, user.Username, user.Organisation.Id), ((string?)answer.Body["user"]!["id"], (string?)answer.Body["user"]!["username"], (string?)answer.Body["user"]!["orgId"]));
        var actions = await Service.InDatabaseAsync(db => db.AuditEvents.Where(e => e.SubjectId == user.UserId && !e.Action.EndsWith("_code.sent")).Select(e => e.Action).ToListAsync());
        Assert.Equal(["credential.archived", "credential.archived", "user.recovered", "user.recovery_started", "user.registered"], actions.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_user_is_told_of_it_by_mail()
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync(), recovery: true, username: "told@example.co");

        await (await Recovering.StartAsync(user)).CompleteAsync();

        // Earlier tests of the class have had notices of their own.
        Api.Mail.RecoveryMail notice;
        do notice = await Service.Inbox.NextNoticeAsync(); while (notice.To != user.Username);
        Assert.Equal(("Example", Service.Clock.GetUtcNow()), (notice.OrganisationName, notice.RecoveredAt));
    }

    [Fact]
    public async Task The_code_outlives_a_recovery_that_was_not_completed_and_is_spent_by_one_that_was()
    {
        var user = await UserAsync();
        var code = await Recovering.CodeAsync(user);
        await Recovering.TryStartAsync(user, code);

        var recovered = await Recovering.Of(user, await Recovering.TryStartAsync(user, code)).CompleteAsync();

        Assert.Equal("invalid_code", (await Recovering.TryStartAsync(recovered, code)).Code);
    }

    [Fact]
    public async Task The_same_body_again_gets_the_same_answer_and_another_conflicts()
    {
        var recovering = await Recovering.StartAsync(await UserAsync());
        var body = recovering.GoodBody();
        var first = await recovering.CompleteAsync(body);

        var again = await recovering.CompleteAsync(body);
        var other = await recovering.CompleteAsync(recovering.GoodBody());

        Assert.Equal((200, first.Text), ((int)again.Status, again.Text));
        Assert.Equal((409, "session_already_completed"), ((int)other.Status, other.Code));
        Assert.Equal(4, (await CredentialsAsync(recovering.User)).Count);
    }

    [Fact]
    public async Task A_spent_recovery_key_recovers_nothing_more()
    {
        var user = await UserAsync();
        var recovered = await (await Recovering.StartAsync(user)).CompleteAsync();
        Service.Clock.Advance(TimeSpan.FromMinutes(1));
        var code = await Recovering.CodeAsync(recovered);

        var old = await Recovering.TryStartAsync(user, code);
        Assert.Empty(old.Body["allowedRecoveryCredentials"]!.AsArray());
        await AssertRefusedAsync(Recovering.Of(user, old), Recovering.Of(user, old).GoodBody(), "not_a_recovery_credential", 401);

        // Nor where the new one may.
        var fresh = Recovering.Of(recovered, await Recovering.TryStartAsync(recovered, code));
        var body = fresh.BodyOf(Recovering.NewCredentials(fresh.Make(CredentialKind.Fido2)), by: user.Recovery);
        await AssertRefusedAsync(fresh, body, "not_a_recovery_credential", 401);
        await fresh.CompleteAsync();
    }

    [Fact]
    public async Task A_recovery_that_was_open_beside_the_completed_one_is_closed()
    {
        var user = await UserAsync();
        var code = await Recovering.CodeAsync(user);
        var other = Recovering.Of(user, await Recovering.TryStartAsync(user, code));
        await Recovering.Of(user, await Recovering.TryStartAsync(user, code)).CompleteAsync();

        await AssertRefusedAsync(other, other.GoodBody(), "not_authorized", 401);
    }

    [Theory]
    [InlineData(CredentialKind.Fido2)]
    [InlineData(CredentialKind.Key)]
    [InlineData(CredentialKind.PasswordProtectedKey)]
    public async Task No_other_kind_recovers(CredentialKind kind)
    {
        var user = await UserAsync(kind);
        var recovering = await Recovering.StartAsync(user);
        var body = recovering.GoodBody();
        var challenge = System.Buffers.Text.Base64Url.EncodeToString(System.Text.Encoding.UTF8.GetBytes(body["newCredentials"]!.ToJsonString()));

        body["recovery"] = user.First.Sign(challenge);
        await AssertRefusedAsync(recovering, body, "not_a_recovery_credential", 401, CannotRecover, "$.recovery.kind");
        body["recovery"]!["kind"] = "RecoveryKey";
        await AssertRefusedAsync(recovering, body, "not_a_recovery_credential", 401, CannotRecover, "$.recovery");
    }

    [Fact]
    public async Task The_recovery_key_of_another_user_or_organisation_is_refused()
    {
        var user = await UserAsync();
        var neighbour = await Registered.NewAsync(user.Organisation, recovery: true, username: "john@example.co");
        var stranger = await UserAsync();
        var recovering = await Recovering.StartAsync(user);
        var wanted = Recovering.NewCredentials(recovering.Make(CredentialKind.Fido2));

        await AssertRefusedAsync(recovering, recovering.BodyOf(wanted, by: neighbour.Recovery), "not_a_recovery_credential", 401);
        await AssertRefusedAsync(recovering, recovering.BodyOf(wanted, by: stranger.Recovery), "not_a_recovery_credential", 401);
    }

    [Theory]
    [InlineData(CredentialStatus.Inactive)]
    [InlineData(CredentialStatus.Archived)]
    public async Task A_recovery_key_that_is_not_active_is_refused(CredentialStatus status)
    {
        var user = await UserAsync();
        var recovering = await Recovering.StartAsync(user);
        await Service.InDatabaseAsync(db => db.Credentials.Where(c => c.OrganisationId == user.Organisation.Id && c.Slot == CredentialSlot.Recovery)
            .ExecuteUpdateAsync(c => c.SetProperty(x => x.Status, status)));

        await AssertRefusedAsync(recovering, recovering.GoodBody(), "not_a_recovery_credential", 401);
    }

    [Fact]
    public async Task The_issued_challenge_signed_as_it_stands_recovers_nothing()
    {
        var user = await UserAsync();
        var recovering = await Recovering.StartAsync(user);

        var body = recovering.BodyOf(Recovering.NewCredentials(recovering.Make(CredentialKind.Fido2)), change: draft => draft.ClientData.Set("challenge", recovering.Text));

        await AssertRefusedAsync(recovering, body, "recovery_not_bound", path: "$.recovery.credentialAssertion.clientData");
    }

    [Fact]
    public async Task Other_new_credentials_than_those_signed_are_refused()
    {
        var recovering = await Recovering.StartAsync(await UserAsync());
        var body = recovering.GoodBody();
        body["newCredentials"]!["firstFactorCredential"] = recovering.Make(CredentialKind.Fido2).Registration;

        await AssertRefusedAsync(recovering, body, "recovery_credentials_differ", path: "$.recovery.credentialAssertion.clientData");
    }

    [Fact]
    public async Task A_member_that_nobody_asks_for_is_part_of_what_is_signed()
    {
        var recovering = await Recovering.StartAsync(await UserAsync());
        var wanted = Recovering.NewCredentials(recovering.Make(CredentialKind.Fido2));
        wanted["firstFactorCredential"]!["challengeIdentifier"] = "as one edition of the documentation has it";
        var body = recovering.BodyOf(wanted);
        var without = body.DeepClone().AsObject();
        without["newCredentials"]!["firstFactorCredential"]!.AsObject().Remove("challengeIdentifier");

        await AssertRefusedAsync(recovering, without, "recovery_credentials_differ");
        Assert.Equal(200, (int)(await recovering.CompleteAsync(body)).Status);
    }

    [Fact]
    public async Task Members_in_another_order_and_spacing_are_the_same_credentials()
    {
        var recovering = await Recovering.StartAsync(await UserAsync());
        var wanted = Recovering.NewCredentials(recovering.Make(CredentialKind.Fido2), recovery: recovering.Make(CredentialKind.RecoveryKey));
        var turned = new JsonObject(wanted.Reverse().Select(m => KeyValuePair.Create(m.Key, m.Value?.DeepClone())));
        var body = recovering.BodyOf(turned);
        body["newCredentials"] = wanted;

        using var content = new StringContent(body.ToJsonString(new System.Text.Json.JsonSerializerOptions { WriteIndented = true }), System.Text.Encoding.UTF8, "application/json");
        Assert.Equal(200, (int)(await Service.SendAsync(HttpMethod.Post, "/auth/recover/user", content, recovering.Token)).Status);
    }

    [Fact]
    public async Task New_credentials_over_another_challenge_are_refused_with_their_path()
    {
        var recovering = await Recovering.StartAsync(await UserAsync());
        var elsewhere = await Recovering.StartAsync(await UserAsync());
        var stray = HeldCredential.Create(CredentialKind.RecoveryKey, elsewhere.Text, recovering.User.Organisation, recovering.User.UserId);

        var body = recovering.BodyOf(Recovering.NewCredentials(recovering.Make(CredentialKind.Fido2), recovery: stray));

        await AssertRefusedAsync(recovering, body, "challenge_mismatch", path: "$.newCredentials.recoveryCredential.credentialInfo.clientData");
    }

    [Fact]
    public async Task A_forged_signature_is_refused()
    {
        var recovering = await Recovering.StartAsync(await UserAsync());

        var body = recovering.BodyOf(Recovering.NewCredentials(recovering.Make(CredentialKind.Fido2)), change: draft => draft.Key = SoftwareKey.P256());

        await AssertRefusedAsync(recovering, body, "assertion_signature_invalid", path: "$.recovery.credentialAssertion.signature");
    }

    [Fact]
    public async Task A_key_the_user_had_before_does_not_come_back()
    {
        var user = await UserAsync(CredentialKind.Key);
        var recovering = await Recovering.StartAsync(user);

        var sameKey = Over(recovering, user.First, CredentialKind.Key);
        await AssertRefusedAsync(recovering, recovering.BodyOf(Recovering.NewCredentials(sameKey)), "public_key_already_registered", 409, path: "$.newCredentials.firstFactorCredential.credentialInfo.attestationData");
        var sameRecovery = Over(recovering, user.Recovery!, CredentialKind.RecoveryKey);
        await AssertRefusedAsync(
            recovering, recovering.BodyOf(Recovering.NewCredentials(recovering.Make(CredentialKind.Key), recovery: sameRecovery)), "public_key_already_registered", 409);
    }

    [Fact]
    public async Task A_credential_of_somebody_else_cannot_be_taken()
    {
        var user = await UserAsync();
        var other = await Registered.NewAsync(user.Organisation, CredentialKind.Key, username: "john@example.co");
        var recovering = await Recovering.StartAsync(user);

        await AssertRefusedAsync(
            recovering, recovering.BodyOf(Recovering.NewCredentials(Over(recovering, other.First, CredentialKind.Key))), "public_key_already_registered", 409);
        var made = SoftwareKey.P256().Create(recovering.Text).ToJson();
        made["credentialInfo"]!["credId"] = other.First.CredId;
        await AssertRefusedAsync(recovering, recovering.BodyOf(new JsonObject { ["firstFactorCredential"] = made }), "credential_already_registered", 409);
    }

    [Fact]
    public async Task A_new_recovery_credential_is_required_where_the_organisation_requires_one()
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync(r => r.RecoveryRequiredForEndUsers = true), recovery: true);
        var recovering = await Recovering.StartAsync(user);

        await AssertRefusedAsync(
            recovering, recovering.BodyOf(Recovering.NewCredentials(recovering.Make(CredentialKind.Fido2))), "recovery_credential_required", path: "$.newCredentials.recoveryCredential");
        Assert.Equal(200, (int)(await recovering.CompleteAsync(recovering.GoodBody())).Status);
    }

    [Fact]
    public async Task A_deactivated_user_does_not_recover()
    {
        var user = await UserAsync();
        var recovering = await Recovering.StartAsync(user);
        await Service.InDatabaseAsync(db => db.Users.Where(u => u.Id == user.UserId).ExecuteUpdateAsync(u => u.SetProperty(x => x.IsActive, false)));

        await AssertRefusedAsync(recovering, recovering.GoodBody(), "user_deactivated", 400, "User account has been deactivated.");
    }

    [Fact]
    public async Task A_challenge_expires()
    {
        var recovering = await Recovering.StartAsync(await UserAsync());
        var body = recovering.GoodBody();
        Service.Clock.Advance(TimeSpan.FromMinutes(15));

        await AssertRefusedAsync(recovering, body, "not_authorized", 401, "Not Authorized.");
    }

    [Fact]
    public async Task A_token_for_anything_else_or_of_another_recovery_is_refused()
    {
        var user = await UserAsync();
        var recovering = await Recovering.StartAsync(user);
        var other = await Recovering.StartAsync(await UserAsync());
        var registration = await (await Service.InviteAsync(user.Organisation, "john@example.co")).InitAsync();
        var session = await user.LoginAsync();
        var body = recovering.GoodBody();

        foreach (var token in new[] { registration.Token, session, recovering.Token[..^4] + "AAAA" })
        {
            await AssertRefusedAsync(recovering, body, "not_authorized", 401, token: token);
        }

        // Of another organisation: there, this user's recovery key is nobody's.
        await AssertRefusedAsync(recovering, body, "not_a_recovery_credential", 401, token: other.Token);
        // And a token of a recovery registers nobody.
        Assert.Equal("not_authorized", (await registration.CompleteAsync(registration.GoodBody(), recovering.Token)).Code);
    }

    [Theory]
    [InlineData("recovery", "$.recovery")]
    [InlineData("recovery.kind", "$.recovery.kind")]
    [InlineData("recovery.credentialAssertion", "$.recovery.credentialAssertion")]
    [InlineData("recovery.credentialAssertion.credId", "$.recovery.credentialAssertion.credId")]
    [InlineData("recovery.credentialAssertion.clientData", "$.recovery.credentialAssertion.clientData")]
    [InlineData("recovery.credentialAssertion.signature", "$.recovery.credentialAssertion.signature")]
    [InlineData("newCredentials", "$.newCredentials")]
    [InlineData("newCredentials.firstFactorCredential", "$.newCredentials.firstFactorCredential")]
    [InlineData("newCredentials.firstFactorCredential.credentialInfo.credId", "$.newCredentials.firstFactorCredential.credentialInfo.credId")]
    public async Task A_missing_member_is_named(string member, string path)
    {
        var recovering = await Recovering.StartAsync(await UserAsync());
        var body = recovering.GoodBody();
        var steps = member.Split('.');
        steps[..^1].Aggregate((JsonNode)body, (node, step) => node[step]!).AsObject().Remove(steps[^1]);

        await AssertRefusedAsync(recovering, body, "member_required", path: path);
    }

    [Theory]
    [InlineData("username")]
    [InlineData("verificationCode")]
    [InlineData("orgId")]
    [InlineData("credentialId")]
    public async Task Init_names_the_member_that_is_missing(string member)
    {
        var user = await UserAsync();
        var body = new JsonObject { ["username"] = user.Username, ["verificationCode"] = "0000-0000-0000-0000", ["orgId"] = user.Organisation.Id, ["credentialId"] = user.Recovery!.CredId };
        body.Remove(member);

        var answer = await Service.PostAsync("/auth/recover/user/init", body);

        Assert.Equal(("member_required", $"$.{member}"), (answer.Code, answer.Path));
    }

    [Fact]
    public async Task Init_refuses_an_id_that_does_not_show()
    {
        var answer = await Recovering.TryStartAsync(await UserAsync(), "0000-0000-0000-0000", "two\nlines");

        Assert.Equal(("member_invalid", "$.credentialId"), (answer.Code, answer.Path));
    }

    [Fact]
    public async Task Credentials_that_nobody_may_sign_a_recovery_with_fill_no_slot_but_their_own()
    {
        var recovering = await Recovering.StartAsync(await UserAsync());
        var key = recovering.Make(CredentialKind.RecoveryKey);

        var asFirst = recovering.BodyOf(new JsonObject { ["firstFactorCredential"] = key.Registration.DeepClone() });
        await AssertRefusedAsync(recovering, asFirst, "credential_kind_misplaced", path: "$.newCredentials.firstFactorCredential.credentialKind");
        var twice = recovering.Make(CredentialKind.Key);
        await AssertRefusedAsync(recovering, recovering.BodyOf(Recovering.NewCredentials(twice, twice)), "credential_repeated", path: "$.newCredentials.secondFactorCredential.credentialInfo.credId");
    }

    // The key of an earlier credential, under a new id.
    private static HeldCredential Over(Recovering recovering, HeldCredential earlier, CredentialKind kind)
    {
        var made = earlier.SigningKey!.Create(recovering.Text, kind).ToJson();
        made["credentialInfo"]!["credId"] = SoftwareKey.P256().Create(recovering.Text).CredId;
        return earlier with { Kind = kind, Registration = made };
    }

    private async Task<Registered> UserAsync(CredentialKind first = CredentialKind.Fido2, CredentialKind? second = null) =>
        await Registered.NewAsync(await Service.NewOrganisationAsync(), first, second, recovery: true);

    private Task<List<Credential>> CredentialsAsync(Registered user) =>
        Service.InDatabaseAsync(db => db.Credentials.AsNoTracking().Where(c => c.OrganisationId == user.Organisation.Id && c.UserId == user.UserId).OrderBy(c => c.CreatedAt).ToListAsync());

    private static IEnumerable<string> Ids(Registered user) =>
        new[] { user.First, user.Second, user.Recovery }.OfType<HeldCredential>().Select(c => c.CredId).Order(StringComparer.Ordinal);

    private Task<bool> AssertNothingOpenAsync(Registered user) => Service.InDatabaseAsync(async db =>
    {
        Assert.Equal(0, await db.AccessTokens.CountAsync(t => t.OrganisationId == user.Organisation.Id && t.RevokedAt == null));
        Assert.Equal(0, await db.Ceremonies.CountAsync(c => c.OrganisationId == user.Organisation.Id && c.ConsumedAt == null));
        Assert.Equal(0, await db.Codes.CountAsync(c => c.OrganisationId == user.Organisation.Id && c.ConsumedAt == null));
        return true;
    });

    private static async Task AssertRefusedAsync(
        Recovering recovering, JsonNode body, string code, int status = 400, string? message = null, string? path = null, string? token = null)
    {
        var before = await Snapshot.OfAsync(recovering.User.Organisation);

        var answer = await recovering.CompleteAsync(body, token);

        Assert.Equal((status, code), ((int)answer.Status, answer.Code));
        if (message is not null) Assert.Equal(message, answer.Message);
        if (path is not null) Assert.Equal(path, answer.Path);
        Assert.Equal(before, await Snapshot.OfAsync(recovering.User.Organisation));
    }
}
