using Dfns.Registration.Api.Errors;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Dfns.Registration.Api.Tests.Storage;

/// <summary>What is saved again as it was, as after a commit whose answer was lost, is saved; what another has taken is not.</summary>
public abstract class SavedTwiceTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    [Trait("Speed", "quick")]
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : SavedTwiceTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : SavedTwiceTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    /// <summary>Each way by which changes are saved.</summary>
    public static TheoryData<string> Ways => ["by EF Core", "with those of others", "with what is kept of a user", "with what ends"];

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task It_is_there_once(string way)
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync());
        var row = Event(user.Organisation, "au-once");

        Assert.Null(await SaveAsync(way, user, row));
        Assert.Null(await SaveAsync(way, user, row));

        Assert.Equal(1, await Service.InDatabaseAsync(db => db.AuditEvents.CountAsync(e => e.OrganisationId == user.Organisation.Id && e.Id == row.Id)));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task A_name_that_another_has_is_taken(string way)
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync());
        var before = await Snapshot.OfAsync(user.Organisation);

        var lost = await SaveAsync(way, user, Event(user.Organisation, "au-lost"), new User
        {
            OrganisationId = user.Organisation.Id,
            Id = "us-another",
            Username = user.Username,
            UsernameFolded = User.Fold(user.Username),
            Kind = UserKind.EndUser,
            CreatedAt = Service.Clock.GetUtcNow(),
        });

        Assert.Equal(ErrorCatalog.UserAlreadyExists, lost!.Taken);
        Assert.Equal(before, await Snapshot.OfAsync(user.Organisation));
    }

    private AuditEvent Event(TestOrganisation organisation, string id) => new()
    {
        OrganisationId = organisation.Id,
        Id = id,
        At = Service.Clock.GetUtcNow(),
        Action = AuditActions.UserRead,
        Actor = AuditActors.Operator,
        SubjectId = organisation.Id,
    };

    private async Task<LostRace?> SaveAsync(string way, Registered user, params object[] rows)
    {
        await using var scope = Service.Services.CreateAsyncScope();
        var (db, changes) = (scope.ServiceProvider.GetRequiredService<RegistrationDbContext>(), scope.ServiceProvider.GetRequiredService<Changes>());
        db.AddRange(rows);
        if (way == "with what is kept of a user") changes.Keep(UserRows.Sessions, user.Organisation.Id, user.UserId);
        if (way == "with what ends") changes.EndAll(await db.Users.SingleAsync(u => u.OrganisationId == user.Organisation.Id && u.Id == user.UserId));
        if (way != "by EF Core") return await changes.TrySaveAsync(CancellationToken.None);
        try
        {
            await db.SaveChangesAsync();
            return null;
        }
        catch (DbUpdateException e)
        {
            return new LostRace(UniqueViolation.Of(e));
        }
    }
}
