using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Codes;
using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Mail;
using Dfns.Registration.Api.Registration;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.TestKit.Databases;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.EndToEnd.Tests.Running;

/// <summary>
/// Brings organisations and unregistered users into the database of a running service, through the service's own assemblies: no
/// request can do that yet.
/// </summary>
internal sealed class Seed(string provider, string connectionString)
{
    private readonly SystemEntropy entropy = new();

    public static Seed In(TestDatabase database) => new(database.Provider, database.ConnectionString);

    /// <summary>An organisation whose pages are at the origin given.</summary>
    /// <returns>Its id.</returns>
    public async Task<string> OrganisationAsync(string relyingPartyId, string origin)
    {
        await using var db = Open();
        var id = entropy.Id("or");
        db.Organisations.Add(new Organisation
        {
            Id = id,
            Name = "Example",
            CreatedAt = TimeProvider.System.GetUtcNow(),
            RelyingParty = new RelyingParty
            {
                OrganisationId = id,
                RelyingPartyId = relyingPartyId,
                Name = "Example",
                Origins = [origin],
                Attestation = "none",
                UserVerification = "required",
                Algorithms = [-7, -8, -257],
            },
        });
        await db.SaveChangesAsync();
        return id;
    }

    /// <summary>Has an organisation accept the ID tokens of a provider.</summary>
    public async Task SocialProviderAsync(string orgId, string issuer, string clientId)
    {
        await using var db = Open();
        db.SocialProviders.Add(new SocialProvider { OrganisationId = orgId, Issuer = issuer, ClientIds = [clientId], Algorithms = ["RS256"], CreatedAt = TimeProvider.System.GetUtcNow() });
        await db.SaveChangesAsync();
    }

    public async Task<Invitation> InviteAsync(string orgId, string? username = null) =>
        (await InviteAsync(orgId, [username ?? $"user-{entropy.Id("x")}@example.co"]))[0];

    public async Task<IReadOnlyList<Invitation>> InviteAsync(string orgId, IReadOnlyList<string> usernames)
    {
        await using var db = Open();
        // EF Core saves, nothing else: what rides with other requests, and what ends, is the service's.
        var changes = new Changes(db, commits: null!, writer: null!, events: null!, TimeProvider.System);
        var users = new UserStore(db, changes, entropy, TimeProvider.System);
        var options = new CodeOptions { InvitationLifetime = new RegistrationOptions().InvitationLifetime, Lifetimes = { [CodePurpose.Registration] = new RegistrationOptions().CodeLifetime } };
        var codes = Codes(db, changes, options);
        var relyingParty = await db.RelyingParties.AsNoTracking().SingleAsync(r => r.OrganisationId == orgId);
        var invitations = usernames.Select(name => new Invitation(orgId, name, codes.Issue(Added(users.Add(relyingParty, name, UserKind.EndUser))).Code)).ToList();
        await db.SaveChangesAsync();
        return invitations;

        static User Added(Checked<User> added) => added.Failed(out var error, out var user) ? throw new InvalidOperationException(error.Code) : user;
    }

    /// <summary>Issues a code as if it had been mailed.</summary>
    public async Task<string> CodeAsync(CodePurpose purpose, Invitation user)
    {
        await using var db = Open();
        var options = new CodeOptions { Lifetimes = { [purpose] = TimeSpan.FromHours(1) } };
        var codes = Codes(db, new Changes(db, commits: null!, writer: null!, events: null!, TimeProvider.System), options);
        var code = (await codes.ReplaceAsync(purpose, user.OrgId, user.Username, remoteAddress: null, CancellationToken.None)).Issued ?? throw new InvalidOperationException("There is nobody to send it to.");
        await db.Outbox.Where(m => m.OrganisationId == user.OrgId && m.SubjectId == code.UserId).ExecuteDeleteAsync();
        return code.Code;
    }

    /// <summary>Gathers the statistics that queries are planned by, as PostgreSQL does by itself within a minute, and SQLite never.</summary>
    public async Task AnalyzeAsync()
    {
        await using var db = Open();
        if (db.Database.IsNpgsql()) await db.Database.ExecuteSqlRawAsync("ANALYZE");
    }

    private CodeStore Codes(RegistrationDbContext db, Changes changes, CodeOptions options)
    {
        var masterKey = new MasterKey(Convert.FromBase64String(ServiceProcess.MasterKey));
        return new CodeStore(db, changes, masterKey, entropy, TimeProvider.System, new Mails(masterKey, entropy, TimeProvider.System, Options.Create(new MailOptions())), Options.Create(options));
    }

    public RegistrationDbContext Open() => provider switch
    {
        nameof(DatabaseProvider.Sqlite) => new SqliteDbContext(
            new DbContextOptionsBuilder<SqliteDbContext>().UseSqlite(connectionString).UseSnakeCaseNamingConvention().Options),
        nameof(DatabaseProvider.PostgreSql) => new PostgreSqlDbContext(
            new DbContextOptionsBuilder<PostgreSqlDbContext>().UseNpgsql(connectionString).UseSnakeCaseNamingConvention().Options),
        _ => throw new ArgumentException(provider, nameof(provider)),
    };
}
