using Dfns.Registration.Api.Hosting;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Dfns.Registration.Api.Tests.Hosting;

/// <summary>What is deleted in time, and what never is.</summary>
public abstract class HousekeepingTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    [Trait("Speed", "quick")]
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : HousekeepingTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : HousekeepingTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    [Fact]
    public async Task Challenges_and_sessions_go_a_day_after_their_end_and_nothing_else_does()
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync());
        await user.Organisation.NewServiceAccountAsync();
        await user.LoginAsync();
        var housekeeping = Service.Services.GetRequiredService<Housekeeping>();

        // The session ends after six hours, the challenges long before.
        Service.Clock.Advance(TimeSpan.FromHours(6) + TimeSpan.FromDays(1) - TimeSpan.FromSeconds(1));
        await housekeeping.CleanAsync(CancellationToken.None);
        Assert.Equal((0, 2), await CountAsync(user.Organisation));

        Service.Clock.Advance(TimeSpan.FromSeconds(2));
        await housekeeping.CleanAsync(CancellationToken.None);
        Assert.Equal((0, 1), await CountAsync(user.Organisation));

        Assert.Equal(
            (2, 2, 2),
            await Service.InDatabaseAsync(async db => (
                await db.Users.CountAsync(u => u.OrganisationId == user.Organisation.Id),
                await db.Credentials.CountAsync(c => c.OrganisationId == user.Organisation.Id && c.Status == CredentialStatus.Active),
                await db.AuditEvents.CountAsync(e => e.OrganisationId == user.Organisation.Id && (e.Action == "user.registered" || e.Action == "user.signed_in")))));
    }

    [Fact]
    public async Task Sign_ins_that_nobody_completed_go_when_their_time_is_over()
    {
        var user = await Registered.NewAsync(await Service.NewOrganisationAsync());
        await user.LoginAsync();
        var housekeeping = Service.Services.GetRequiredService<Housekeeping>();
        await user.TryInitLoginAsync();
        await (user with { Username = "nobody@example.co" }).TryInitLoginAsync();

        await housekeeping.CleanAsync(CancellationToken.None);
        Assert.Equal((4, 1), await CountAsync(user.Organisation));

        Service.Clock.Advance(TimeSpan.FromMinutes(5) + TimeSpan.FromSeconds(1));
        await housekeeping.CleanAsync(CancellationToken.None);
        Assert.Equal((2, 1), await CountAsync(user.Organisation));
    }

    private Task<(int Ceremonies, int Tokens)> CountAsync(TestOrganisation organisation) => Service.InDatabaseAsync(async db => (
        await db.Ceremonies.CountAsync(c => c.OrganisationId == organisation.Id),
        await db.AccessTokens.CountAsync(t => t.OrganisationId == organisation.Id)));
}
