using System.Text.Json.Nodes;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Verification;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.SignIn;

/// <summary>Passkeys that say of themselves what they did not say before, or count otherwise, under each policy of the organisation.</summary>
public abstract class ChangedPasskeyTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    private const byte OneDevice = 0x05;
    private const byte Synced = 0x1D;

    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : ChangedPasskeyTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : ChangedPasskeyTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    [Theory]
    [InlineData(OneDevice, Synced)]
    [InlineData(Synced, OneDevice)]
    public async Task A_change_of_backup_eligibility_is_accepted_kept_and_noted_once(byte before, byte after)
    {
        var user = await PasskeyAsync(before);

        for (var again = 0; again < 2; again++) Assert.Equal(200, (int)(await SignInAsync(user, after)).Status);

        Assert.Equal((after == Synced, after == Synced), await FlagsAsync(user));
        Assert.Equal(1, await NotesAsync(user, "credential.backup_eligibility_changed"));
    }

    [Theory]
    [InlineData(OneDevice, Synced)]
    [InlineData(Synced, OneDevice)]
    public async Task It_is_refused_where_the_organisation_says_so_and_nothing_is_kept(byte before, byte after)
    {
        var user = await PasskeyAsync(before, r => r.RefuseBackupEligibilityChange = true);

        var answer = await SignInAsync(user, after);

        Assert.Equal("backup_eligibility_changed", answer.Code);
        Assert.Equal((before == Synced, before == Synced), await FlagsAsync(user));
        Assert.Equal(0, await NotesAsync(user, "credential.backup_eligibility_changed"));
    }

    [Fact]
    public async Task A_change_that_is_not_signed_is_neither_accepted_nor_noted()
    {
        var user = await PasskeyAsync(OneDevice);

        var answer = await SignInAsync(user, Synced, isSigned: false);

        Assert.Equal("assertion_signature_invalid", answer.Code);
        Assert.Equal((false, false), await FlagsAsync(user));
        Assert.Equal(0, await NotesAsync(user, "credential.backup_eligibility_changed"));
    }

    [Theory]
    // Flags, counter, and the policy: what becomes of 6 after 7.
    [InlineData(Synced, false, false, 6, true)]
    [InlineData(Synced, true, false, 7, false)]
    [InlineData(OneDevice, false, false, 7, false)]
    [InlineData(OneDevice, true, false, 7, false)]
    [InlineData(OneDevice, false, true, 7, true)]
    public async Task A_counter_that_does_not_grow(byte flags, bool refuseSynced, bool acceptAll, long kept, bool accepted)
    {
        var user = await PasskeyAsync(flags, r => (r.RefuseSyncedSignCountRegression, r.AcceptSignCountRegression) = (refuseSynced, acceptAll));
        Assert.Equal(200, (int)(await SignInAsync(user, flags, 7)).Status);

        var answer = await SignInAsync(user, flags, 6);

        Assert.Equal(accepted ? null : "sign_count_regressed", answer.Code);
        Assert.Equal(kept, await Service.InDatabaseAsync(db => db.Credentials.Where(c => c.OrganisationId == user.Organisation.Id).Select(c => c.SignCount!.Value).SingleAsync()));
        Assert.Equal(1, await NotesAsync(user, "credential.sign_count_regressed"));
    }

    [Fact]
    public async Task A_counter_of_one_device_is_not_excused_by_what_comes_with_it()
    {
        var user = await PasskeyAsync(OneDevice);
        Assert.Equal(200, (int)(await SignInAsync(user, OneDevice, 7)).Status);

        Assert.Equal("sign_count_regressed", (await SignInAsync(user, Synced, 6)).Code);
        Assert.Equal((false, false), await FlagsAsync(user));
    }

    // A thief of a key of one device says first that it may be backed up, and a thief of one that may be, that it may not, and counts ahead.
    [Theory]
    [InlineData(OneDevice, Synced, 9u, 8u, "sign_count_regressed", 9)]
    [InlineData(Synced, OneDevice, uint.MaxValue, 8u, null, 8)]
    public async Task What_it_was_registered_as_decides_on_counters_whatever_it_has_said_since(byte registered, byte said, uint counted, uint next, string? code, long kept)
    {
        var user = await PasskeyAsync(registered);
        Assert.Equal(200, (int)(await SignInAsync(user, said, counted)).Status);

        foreach (var flags in new[] { said, registered })
        {
            var answer = await SignInAsync(user, flags, next);

            Assert.Equal(code, answer.Code);
        }

        Assert.Equal(kept, await Service.InDatabaseAsync(db => db.Credentials.Where(c => c.OrganisationId == user.Organisation.Id).Select(c => c.SignCount!.Value).SingleAsync()));
        Assert.Equal(2, await NotesAsync(user, "credential.sign_count_regressed"));
    }

    [Fact]
    public async Task A_refused_counter_is_noted_once_however_often_the_answer_comes()
    {
        var user = await PasskeyAsync(OneDevice);
        Assert.Equal(200, (int)(await SignInAsync(user, OneDevice, 7)).Status);
        var body = await SignInBodyAsync(user, OneDevice, 6, isSigned: true);

        Assert.Equal("sign_count_regressed", (await Service.PostAsync("/auth/login", body.DeepClone())).Code);
        foreach (var _ in Enumerable.Range(0, 3)) Assert.Equal("challenge_not_valid", (await Service.PostAsync("/auth/login", body.DeepClone())).Code);

        Assert.Equal(1, await NotesAsync(user, "credential.sign_count_regressed"));
    }

    [Fact]
    public async Task The_command_line_sets_both_and_tells_what_contradicts()
    {
        var organisation = await Service.NewOrganisationAsync();
        string[] set = ["relying-party", "set", "--org", organisation.Id];

        var run = await ServiceProgram.OperateAsync(Service.Database, [.. set, "--refuse-synced-sign-count-regression", "--refuse-backup-eligibility-change"]);
        var contradicting = await ServiceProgram.OperateAsync(Service.Database, [.. set, "--accept-sign-count-regression"]);

        foreach (var column in new[] { "refuseSyncedSignCountRegression", "refuseBackupEligibilityChange" })
            Assert.Contains($"{column} was: false{Environment.NewLine}{column} is:  true", run.Output, StringComparison.Ordinal);
        Assert.Equal(1, contradicting.ExitCode);
        Assert.StartsWith("Counters that do not grow cannot be refused of passkeys that may be backed up while they are accepted of all", contradicting.Faults, StringComparison.Ordinal);
    }

    private async Task<Registered> PasskeyAsync(byte flags, Action<RelyingParty>? change = null)
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync(change));
        var may = flags == Synced;
        await Service.InDatabaseAsync(db => db.Credentials.Where(c => c.OrganisationId == user.Organisation.Id)
            .ExecuteUpdateAsync(c => c.SetProperty(x => x.BackupEligible, may).SetProperty(x => x.BackedUp, may)));
        return user;
    }

    private async Task<Answer> SignInAsync(Registered user, byte flags, uint count = 0, bool isSigned = true) =>
        await Service.PostAsync("/auth/login", await SignInBodyAsync(user, flags, count, isSigned));

    private static async Task<JsonNode> SignInBodyAsync(Registered user, byte flags, uint count, bool isSigned)
    {
        var challenge = await user.TryInitLoginAsync();
        var body = user.AnswerTo(challenge);
        body["firstFactor"] = user.First.Authenticator!.Get(
            challenge.Require("challenge"), user.Organisation.RelyingPartyId, user.Organisation.Origin, user.First.CredId, user.UserId,
            draft =>
            {
                (draft.Flags, draft.SignCount) = (flags, count);
                if (!isSigned) draft.Signature = signature => [.. signature, 0];
            }).ToJson(CredentialKind.Fido2);
        return body;
    }

    private Task<(bool?, bool?)> FlagsAsync(Registered user) => Service.InDatabaseAsync(async db =>
    {
        var credential = await db.Credentials.AsNoTracking().SingleAsync(c => c.OrganisationId == user.Organisation.Id);
        return ((bool?)credential.BackupEligible, (bool?)credential.BackedUp);
    });

    private Task<int> NotesAsync(Registered user, string action) =>
        Service.InDatabaseAsync(db => db.AuditEvents.CountAsync(e => e.OrganisationId == user.Organisation.Id && e.Action == action));
}
