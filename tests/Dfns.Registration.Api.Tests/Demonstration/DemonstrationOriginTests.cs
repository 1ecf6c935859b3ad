using Dfns.Registration.Api.Demonstration;
using Dfns.Registration.Api.Tests.Running;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Dfns.Registration.Api.Tests.Demonstration;

/// <summary>The organisation that a newcomer finds, and tries the commands on.</summary>
public sealed class DemonstrationOriginTests(ServiceFixture.InDevelopment fixture) : ServiceTests(fixture), IClassFixture<ServiceFixture.InDevelopment>
{
    [Fact]
    public async Task An_origin_that_somebody_added_is_there_after_the_next_start_behind_that_of_the_page()
    {
        // Of the start of this service.
        var first = Assert.Single(await OriginsAsync());
        Assert.Equal(0, (await ServiceProgram.OperateAsync(Service.Database, "relying-party", "add", "--org", DemonstrationStore.OrganisationId, "--origin", "http://localhost:3000")).ExitCode);

        await StartAsync(first);
        Assert.Equal([first, "http://localhost:3000"], await OriginsAsync());
        await StartAsync("http://localhost:81");

        Assert.Equal(["http://localhost:81", first, "http://localhost:3000"], await OriginsAsync());
    }

    private async Task StartAsync(string page)
    {
        await using var scope = Service.Services.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<DemonstrationStore>().PrepareOrganisationAsync([page], CancellationToken.None);
    }

    private Task<List<string>> OriginsAsync() => Service.InDatabaseAsync(db => db.RelyingParties.AsNoTracking().Where(r => r.OrganisationId == DemonstrationStore.OrganisationId).Select(r => r.Origins).SingleAsync());
}
