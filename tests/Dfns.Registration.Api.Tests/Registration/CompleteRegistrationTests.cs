using System.Text.Json.Nodes;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Verification;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.Registration;

/// <summary><c>POST /auth/registration</c>: what is stored when it succeeds.</summary>
public abstract class CompleteRegistrationTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    [Trait("Speed", "quick")]
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : CompleteRegistrationTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : CompleteRegistrationTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    [Fact]
    public async Task Stores_the_user_and_both_credentials_and_answers_the_first_factor()
    {
        var challenge = await ChallengeAsync();

        var answer = await challenge.CompleteAsync(challenge.GoodBody());

        Assert.Equal(200, (int)answer.Status);
        Assert.Equal("Fido2", (string?)answer.Body["credential"]!["kind"]);
        Assert.Equal("Fido2", (string?)answer.Body["credential"]!["credentialKind"]);
        Assert.Equal("Example passkey", (string?)answer.Body["credential"]!["name"]);
        Assert.Matches("^cr-[a-z0-9]{5}-[a-z0-9]{5}-[a-z0-9]{14,16}$", (string?)answer.Body["credential"]!["uuid"]);
        Assert.Equal(challenge.UserId, (string?)answer.Body["user"]!["id"]);
        Assert.Equal("jane@example.co", (string?)answer.Body["user"]!["username"]);
        Assert.Equal(challenge.Organisation.Id, (string?)answer.Body["user"]!["orgId"]);
        Assert.Equal(new Stored(OpenSessions: 0, Registered: true, CodeSpent: true, Credentials: 2, AuditEvents: 1), await challenge.StoredAsync());
    }

    [Fact]
    public async Task Keeps_of_a_passkey_what_later_ceremonies_need()
    {
        var challenge = await ChallengeAsync();
        var body = challenge.GoodBody();

        await challenge.CompleteAsync(body);

        var passkey = (await CredentialsAsync(challenge)).Single(c => c.Kind == CredentialKind.Fido2);
        Assert.Equal((string?)body["firstFactorCredential"]!["credentialInfo"]!["credId"], passkey.CredentialIdText);
        Assert.Equal(System.Buffers.Text.Base64Url.DecodeFromChars(passkey.CredentialIdText), passkey.CredentialId);
        Assert.Equal(
            (CredentialSlot.FirstFactor, CredentialStatus.Active, -7, 0L, "none", AttestationType.None, "example.co", "https://app.example.co", (bool?)true),
            (passkey.Slot, passkey.Status, passkey.Algorithm!.Value, passkey.SignCount!.Value, passkey.AttestationFormat, passkey.AttestationType!.Value,
                passkey.RelyingPartyId, passkey.Origin, passkey.UserVerified));
        Assert.NotEmpty(passkey.CoseKey!);
        Assert.NotEmpty(passkey.PublicKey);
        Assert.Null(passkey.EncryptedPrivateKey);
        Assert.Equal(Service.Clock.GetUtcNow(), passkey.CreatedAt);
    }

    [Fact]
    public async Task Keeps_of_a_recovery_key_the_pem_and_the_encrypted_private_key_byte_for_byte()
    {
        var challenge = await ChallengeAsync();
        var body = challenge.GoodBody();

        await challenge.CompleteAsync(body);

        var recovery = (await CredentialsAsync(challenge)).Single(c => c.Kind == CredentialKind.RecoveryKey);
        Assert.Equal(CredentialSlot.Recovery, recovery.Slot);
        Assert.Equal((string?)body["recoveryCredential"]!["encryptedPrivateKey"], recovery.EncryptedPrivateKey);
        Assert.StartsWith("-----BEGIN PUBLIC KEY-----", recovery.PublicKeyPem, StringComparison.Ordinal);
        Assert.Null(recovery.Origin);
    }

    [Theory]
    [InlineData("Fido2")]
    [InlineData("Key")]
    [InlineData("PasswordProtectedKey")]
    public async Task Accepts_each_factor_kind_as_first_factor_and_as_second_factor(string kind)
    {
        var challenge = await ChallengeAsync();
        var body = new JsonObject { ["firstFactorCredential"] = Make(challenge, kind), ["secondFactorCredential"] = Make(challenge, kind) };

        var answer = await challenge.CompleteAsync(body);

        Assert.Equal(200, (int)answer.Status);
        Assert.Equal(kind, (string?)answer.Body["credential"]!["kind"]);
        Assert.Equal([CredentialSlot.FirstFactor, CredentialSlot.SecondFactor], (await CredentialsAsync(challenge)).Select(c => c.Slot).Order());
    }

    [Fact]
    public async Task Stores_three_credentials_in_one_transaction()
    {
        var challenge = await ChallengeAsync();
        var body = challenge.GoodBody();
        body["secondFactorCredential"] = challenge.Key();

        Assert.Equal(200, (int)(await challenge.CompleteAsync(body)).Status);

        Assert.Equal(3, (await challenge.StoredAsync()).Credentials);
    }

    [Fact]
    public async Task Names_credentials_that_come_without_a_name()
    {
        var challenge = await ChallengeAsync();
        var body = challenge.GoodBody();
        body["firstFactorCredential"]!.AsObject().Remove("credentialName");
        body["recoveryCredential"]!.AsObject().Remove("credentialName");

        var answer = await challenge.CompleteAsync(body);

        Assert.Equal("Default Credential", (string?)answer.Body["credential"]!["name"]);
    }

    [Fact]
    public async Task Ignores_members_it_does_not_know()
    {
        var challenge = await ChallengeAsync();
        var body = challenge.GoodBody();
        body["isAdmin"] = true;
        body["orgId"] = "or-other-other-other000000000";
        body["firstFactorCredential"]!["userId"] = "us-other-other-other000000000";

        Assert.Equal(200, (int)(await challenge.CompleteAsync(body)).Status);
        Assert.All(await CredentialsAsync(challenge), c => Assert.Equal(challenge.UserId, c.UserId));
    }

    [Fact]
    public async Task Treats_a_null_credential_as_an_absent_one()
    {
        var challenge = await ChallengeAsync();
        var body = challenge.GoodBody();
        body["secondFactorCredential"] = null;

        Assert.Equal(200, (int)(await challenge.CompleteAsync(body)).Status);
    }

    [Fact]
    public async Task Notes_in_the_audit_trail_an_end_user_without_a_recovery_credential()
    {
        var challenge = await ChallengeAsync();

        Assert.Equal(200, (int)(await challenge.CompleteAsync(new JsonObject { ["firstFactorCredential"] = challenge.Key() })).Status);

        Assert.Equal(["user.registered", "user.registered_without_recovery"], await AuditAsync(challenge));
    }

    [Fact]
    public async Task Accepts_an_employee_without_a_recovery_credential_without_a_note()
    {
        var organisation = await Service.NewOrganisationAsync();
        var challenge = await (await Service.InviteAsync(organisation, "jane@example.co", UserKind.CustomerEmployee)).InitAsync();

        Assert.Equal(200, (int)(await challenge.CompleteAsync(new JsonObject { ["firstFactorCredential"] = challenge.Key() })).Status);

        Assert.Equal(["user.registered"], await AuditAsync(challenge));
    }

    [Fact]
    public async Task Refuses_an_end_user_without_a_recovery_credential_where_the_organisation_requires_one()
    {
        var organisation = await Service.NewOrganisationAsync(r => r.RecoveryRequiredForEndUsers = true);
        var challenge = await (await Service.InviteAsync(organisation, "jane@example.co")).InitAsync();

        var answer = await challenge.CompleteAsync(new JsonObject { ["firstFactorCredential"] = challenge.Key() });

        Assert.Equal(("recovery_credential_required", "$.recoveryCredential"), (answer.Code, answer.Path));
        Assert.Equal(Stored.Nothing, await challenge.StoredAsync());
        Assert.Equal(200, (int)(await challenge.CompleteAsync(challenge.GoodBody())).Status);
    }

    [Fact]
    public async Task Accepts_an_employee_without_a_recovery_credential_even_where_end_users_need_one()
    {
        var organisation = await Service.NewOrganisationAsync(r => r.RecoveryRequiredForEndUsers = true);
        var challenge = await (await Service.InviteAsync(organisation, "jane@example.co", UserKind.CustomerEmployee)).InitAsync();

        Assert.Equal(200, (int)(await challenge.CompleteAsync(new JsonObject { ["firstFactorCredential"] = challenge.Key() })).Status);
    }

    [Fact]
    public async Task Closes_the_users_other_sessions()
    {
        var invited = await Service.InviteAsync(await Service.NewOrganisationAsync(), "jane@example.co");
        var first = await invited.InitAsync();
        var second = await invited.InitAsync();

        Assert.Equal(200, (int)(await first.CompleteAsync(first.GoodBody())).Status);
        var answer = await second.CompleteAsync(second.GoodBody());

        Assert.Equal((401, "User already exists."), ((int)answer.Status, answer.Message));
        Assert.Equal(new Stored(OpenSessions: 0, Registered: true, CodeSpent: true, Credentials: 2, AuditEvents: 1), await first.StoredAsync());
    }

    [Fact]
    public async Task Answers_the_same_body_again_with_the_same_answer_and_stores_nothing_more()
    {
        var challenge = await ChallengeAsync();
        var body = challenge.GoodBody();

        var first = await challenge.CompleteAsync(body);
        var stored = await challenge.StoredAsync();
        var second = await challenge.CompleteAsync(body);

        Assert.Equal((200, first.Text), ((int)second.Status, second.Text));
        Assert.Equal(stored, await challenge.StoredAsync());
    }

    [Fact]
    public async Task Answers_a_different_body_for_a_completed_session_with_a_conflict()
    {
        var challenge = await ChallengeAsync();
        await challenge.CompleteAsync(challenge.GoodBody());
        var stored = await challenge.StoredAsync();

        var answer = await challenge.CompleteAsync(challenge.GoodBody());

        Assert.Equal((409, "session_already_completed"), ((int)answer.Status, answer.Code));
        Assert.Equal(stored, await challenge.StoredAsync());
    }

    [Fact]
    public async Task Ends_the_repeat_with_the_session()
    {
        var challenge = await ChallengeAsync();
        var body = challenge.GoodBody();
        await challenge.CompleteAsync(body);
        Service.Clock.Advance(TimeSpan.FromMinutes(15));

        Assert.Equal("not_authorized", (await challenge.CompleteAsync(body)).Code);
    }

    private static JsonObject Make(Challenge challenge, string kind) => kind switch
    {
        "Fido2" => challenge.Fido2(),
        "Key" => challenge.Key(),
        _ => challenge.PasswordProtectedKey(),
    };

    private async Task<Challenge> ChallengeAsync() => await (await Service.InviteAsync(await Service.NewOrganisationAsync(), "jane@example.co")).InitAsync();

    private Task<List<Credential>> CredentialsAsync(Challenge challenge) => Service.InDatabaseAsync(db =>
        db.Credentials.AsNoTracking().Where(c => c.OrganisationId == challenge.Organisation.Id).ToListAsync());

    private Task<List<string>> AuditAsync(Challenge challenge) => Service.InDatabaseAsync(db =>
        db.AuditEvents.Where(e => e.OrganisationId == challenge.Organisation.Id).OrderBy(e => e.Action).Select(e => e.Action).ToListAsync());
}
