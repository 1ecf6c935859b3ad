using Dfns.Registration.Api.Codes;
using Dfns.Registration.Api.Mail;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.TestKit;
using Dfns.Registration.TestKit.Databases;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Dfns.Registration.Api.Tests.Registration;

/// <summary>
/// Every call and every command, with each answer of the database lost in turn: what was done is done once and answered as done, whether the
/// answer was that to a look-up, to a statement that commits by itself, or to a commit.
/// </summary>
[Trait("Database", "PostgreSql")]
public sealed class LostAnswerOfEachCallTests(LostAnswerOfEachCallTests.Behind behind) : IClassFixture<LostAnswerOfEachCallTests.Behind>
{
    /// <summary>A service behind a proxy.</summary>
    public sealed class Behind : IAsyncLifetime
    {
        public TestDatabase Database { get; private set; } = null!;

        public CuttingProxy Proxy { get; private set; } = null!;

        public Service Service { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Database = await Migrated.PostgreSqlAsync();
            Proxy = CuttingProxy.Of(Database);
            Service = await Proxy.StartBehindAsync(Database, prepares: false);
        }

        public async ValueTask DisposeAsync()
        {
            await Service.DisposeAsync();
            await Proxy.DisposeAsync();
            await Database.DisposeAsync();
        }
    }

    // What the operator does to somebody who is invited, in an organisation; each would succeed.
    private static readonly Dictionary<string, Func<Invited, Task<string[]>>> Commands = new(StringComparer.Ordinal)
    {
        ["org create"] = _ => Task.FromResult<string[]>(["--name", "Example", "--rp-id", "example.co", "--origin", "https://app.example.co"]),
        ["org update"] = i => Task.FromResult<string[]>(["--org", i.Organisation.Id, "--name", "Example Ltd"]),
        ["relying-party set"] = i => Task.FromResult<string[]>(["--org", i.Organisation.Id, "--require-recovery"]),
        ["relying-party add"] = i => Task.FromResult<string[]>(["--org", i.Organisation.Id, "--origin", "https://other.example.co"]),
        ["user invite"] = i => Task.FromResult<string[]>(["--org", i.Organisation.Id, "--username", "john@example.co", "--print-code"]),
        ["user invite-again"] = i => Task.FromResult<string[]>(["--org", i.Organisation.Id, "--user", i.UserId, "--print-code"]),
        ["user permit"] = async i => ["--org", i.Organisation.Id, "--user", (await i.Organisation.Service.InviteAsync(i.Organisation, "john@example.co", UserKind.CustomerEmployee)).UserId, "--add", "Auth:Users:Read"],
        ["user deactivate"] = i => Task.FromResult<string[]>(["--org", i.Organisation.Id, "--user", i.UserId]),
        ["service-account create"] = async i => ["--org", i.Organisation.Id, "--name", "Back end", "--public-key", await PublicKeyAsync()],
        ["service-account renew"] = async i => ["--org", i.Organisation.Id, "--account", (await i.Organisation.NewServiceAccountAsync()).UserId],
        ["service-account deactivate"] = async i => ["--org", i.Organisation.Id, "--account", (await i.Organisation.NewServiceAccountAsync()).UserId],
        ["social-provider set"] = i => Task.FromResult<string[]>(["--org", i.Organisation.Id, "--issuer", "https://accounts.example.co", "--client-id", "web"]),
        ["sso-client set"] = async i =>
        {
            await ServiceProgram.OperateAsync(i.Organisation.Service.Database, ["social-provider", "set", "--org", i.Organisation.Id, "--issuer", "https://accounts.example.co", "--client-id", "web"]);
            return ["--org", i.Organisation.Id, "--issuer", "https://accounts.example.co", "--client-id", "web", "--redirect-uri", "https://app.example.co/callback"];
        },
        ["keys rotate"] = _ => Task.FromResult<string[]>([]),
    };

    public static TheoryData<string> AllCalls => [.. PreparedCall.Known.Keys];

    public static TheoryData<string> AllCommands => [.. Commands.Keys];

    [Theory]
    [MemberData(nameof(AllCalls))]
    public Task OnPostgreSql_a_call_is_answered_and_has_its_effect_once_whichever_answer_it_loses(string call) => EachLostAsync(async () =>
    {
        var prepared = await PreparedCall.Known[call](await behind.Service.NewOrganisationAsync());
        return (prepared.Organisation, async () =>
        {
            var answer = await prepared.SendAsync();
            Assert.True((int)answer.Status == 200, answer.Text);
        }
        );
    });

    [Theory]
    [MemberData(nameof(AllCommands))]
    public Task OnPostgreSql_a_command_is_done_once_and_says_so_whichever_answer_it_loses(string command) => EachLostAsync(async () =>
    {
        var invited = await behind.Service.InviteAsync(await behind.Service.NewOrganisationAsync(), "jane@example.co");
        string[] arguments = [.. command.Split(' '), .. await Commands[command](invited), "--json"];
        return (invited.Organisation, async () =>
        {
            var run = await ServiceProgram.RunAsync(
                arguments, Service.Settings(behind.Database).Where(s => s.Key != "Database:ConnectionString").Select(s => (s.Key, s.Value)).Append(("Database:ConnectionString", behind.Proxy.Through(behind.Database, prepares: false))));
            Assert.True(run.ExitCode == 0, run.Everything);
        }
        );
    });

    [Fact]
    public async Task OnPostgreSql_what_was_counted_is_added_to_the_audit_trail_once_whichever_answer_is_lost()
    {
        var tally = behind.Service.Services.GetRequiredService<AuditTally>();
        await EachLostAsync(async () =>
        {
            var organisation = await behind.Service.NewOrganisationAsync();
            tally.Count(new TalliedEvent(organisation.Id, AuditActions.UsersRead, AuditActors.Anybody, organisation.Id, "192.0.2.1", "GET /auth/users"));
            return (organisation, () => tally.WriteAsync(CancellationToken.None));
        });
    }

    [Fact]
    public async Task OnPostgreSql_a_mail_that_was_sent_is_noted_once_whichever_answer_is_lost() => await EachLostAsync(async () =>
    {
        var invited = await behind.Service.InviteAsync(await behind.Service.NewOrganisationAsync(), "jane@example.co");
        await behind.Service.InDatabaseAsync(db => db.Codes.Where(c => c.OrganisationId == invited.Organisation.Id).ExecuteUpdateAsync(c => c.SetProperty(x => x.NextSendAt, (DateTimeOffset?)null)));
        return (invited.Organisation, async () =>
        {
            await using var scope = behind.Service.Services.CreateAsyncScope();
            var issued = (await scope.ServiceProvider.GetRequiredService<CodeStore>().ReplaceAsync(CodePurpose.Registration, invited.Organisation.Id, invited.Username, remoteAddress: null, CancellationToken.None)).Issued!;
            var mail = behind.Service.Services.GetRequiredService<Mails>().InHand(issued);
            scope.ServiceProvider.GetRequiredService<Changes>().Add(mail);
            await scope.ServiceProvider.GetRequiredService<Changes>().SaveAsync(CancellationToken.None);
            Assert.Equal(OutboxOutcome.Delivered, (await behind.Service.Services.GetRequiredService<MailSender>().SendNowAsync(mail)).Outcome);
            Assert.False(await scope.ServiceProvider.GetRequiredService<RegistrationDbContext>().Outbox.AnyAsync(m => m.Id == mail.Id));
            Assert.Equal(1, await scope.ServiceProvider.GetRequiredService<RegistrationDbContext>().AuditEvents.CountAsync(e => e.OrganisationId == invited.Organisation.Id && e.Action == "registration_code.sent"));
            Assert.Equal(issued.Code, (await invited.Organisation.MailAsync()).Code);
        }
        );
    });

    // Once undisturbed, and then with each answer lost until there are no more of them.
    private async Task EachLostAsync(Func<Task<(TestOrganisation Organisation, Func<Task> Act)>> prepareAsync)
    {
        var (undisturbed, isLost) = (await EffectAsync(int.MaxValue - 1), true);
        for (var after = 0; isLost; after++)
        {
            var cuts = behind.Proxy.Cuts;
            Assert.Equal((after, undisturbed), (after, await EffectAsync(after)));
            isLost = behind.Proxy.Cuts > cuts;
        }

        async Task<string> EffectAsync(int after)
        {
            var (organisation, act) = await prepareAsync();
            var before = await TotalsAsync();
            behind.Proxy.LoseAnswer(after);
            await act();
            behind.Proxy.LoseNone();
            var (organisations, keys) = await TotalsAsync();
            return $"{organisations - before.Organisations} {keys - before.Keys} {await RowsAsync(organisation)}";
        }
    }

    private Task<(int Organisations, int Keys)> TotalsAsync() => behind.Service.InDatabaseAsync(async db => (await db.Organisations.CountAsync(), await db.SigningKeys.CountAsync()));

    // What is stored of an organisation, but for what is drawn and for guesses: one whose answer is lost is counted twice rather than not.
    private static Task<string> RowsAsync(TestOrganisation organisation) => organisation.Service.InDatabaseAsync(async db =>
    {
        var id = organisation.Id;
        IEnumerable<string> rows =
        [
            .. (await db.Users.AsNoTracking().Where(u => u.OrganisationId == id).ToListAsync()).Select(u => $"user {u.Kind} {u.IsActive} {u.RegisteredAt is null} {u.ArchivedAt is null} {u.CredentialsVersion} {string.Join(' ', u.Permissions)}"),
            .. (await db.Credentials.AsNoTracking().Where(c => c.OrganisationId == id).ToListAsync()).Select(c => $"credential {c.Kind} {c.Slot} {c.Status} {c.Name} {c.UsedAt is null}"),
            .. (await db.Codes.AsNoTracking().Where(c => c.OrganisationId == id).ToListAsync()).Select(c => $"code {c.Purpose} {c.ConsumedAt is null} {c.SentAt is null} {c.SentInSuccession}"),
            .. (await db.CredentialCodes.AsNoTracking().Where(c => c.OrganisationId == id).ToListAsync()).Select(c => $"credential code {c.ConsumedAt is null}"),
            .. (await db.AccessTokens.AsNoTracking().Where(t => t.OrganisationId == id).ToListAsync()).Select(t => $"token {t.Kind} {t.RevokedAt is null} {t.UsedAt is null}"),
            .. (await db.Ceremonies.AsNoTracking().Where(c => c.OrganisationId == id).ToListAsync()).Select(c => $"challenge {c.Purpose} {c.ConsumedAt is null} {c.SpentAt is null}"),
            .. (await db.SocialAccounts.AsNoTracking().Where(a => a.OrganisationId == id).ToListAsync()).Select(a => $"account {a.Subject}"),
            .. (await db.SocialProviders.AsNoTracking().Where(p => p.OrganisationId == id).ToListAsync()).Select(p => $"provider {p.Issuer}"),
            .. (await db.SsoClients.AsNoTracking().Where(c => c.OrganisationId == id).ToListAsync()).Select(c => $"client {c.Issuer} {c.ClientId} {string.Join(' ', c.RedirectUris)}"),
            // That a code was mailed is noted beside any request, and the one before it ends then.
            .. (await db.AuditEvents.AsNoTracking().Where(e => e.OrganisationId == id && !e.Action.EndsWith("_code.sent")).ToListAsync()).Select(e => $"event {e.Action}"),
        ];
        return string.Join('\n', rows.Order(StringComparer.Ordinal));
    });

    private static async Task<string> PublicKeyAsync()
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, SoftwareKey.P256().Pem);
        return file;
    }
}
