using Dfns.Registration.Api.Demonstration;
using Dfns.Registration.TestKit.Databases;

namespace Dfns.Registration.EndToEnd.Tests.Running;

/// <summary>A service in Development on a SQLite file of its own, for the tests of a class; its end has to be an orderly one.</summary>
public sealed class DevelopmentService : IAsyncLifetime
{
    internal TestDatabase Database { get; private set; } = null!;

    internal ServiceProcess Process { get; private set; } = null!;

    internal Tables Tables => Tables.Of(Database);

    internal string Origin => Process.Origin;

    public async ValueTask InitializeAsync()
    {
        Database = await TestDatabase.SqliteAsync();
        Process = await ServiceProcess.StartDevelopmentAsync(Database.Provider, Database.ConnectionString);
        await Process.PrintedLinkAsync();
    }

    /// <summary>A new user of the demonstration organisation.</summary>
    internal Task<Invitation> InviteAsync(string? username = null) => Seed.In(Database).InviteAsync(DemonstrationStore.OrganisationId, username);

    public async ValueTask DisposeAsync()
    {
        await Process.StopAsync();
        await Process.DisposeAsync();
        await Database.DisposeAsync();
    }
}
