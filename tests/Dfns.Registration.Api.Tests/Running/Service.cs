using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Codes;
using Dfns.Registration.Api.Mail;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.TestKit.Databases;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Serilog.Core;

namespace Dfns.Registration.Api.Tests.Running;

/// <summary>The real service on a loopback port and a real database. Only the clock, the mail and the log's end are the tests' own.</summary>
public sealed class Service : IAsyncDisposable
{
    public static readonly DateTimeOffset Noon = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);

    private static readonly string[] Secrets = ["Secrets:MasterKey", "Database:ConnectionString", "Mail:Password"];

    private readonly WebApplicationFactory<Program> factory;

    private Service(TestDatabase database, IReadOnlyDictionary<string, string> settings)
    {
        Database = database;
        factory = new WebApplicationFactory<Program>().WithWebHostBuilder(host =>
        {
            host.UseEnvironment("Production");
            host.UseSetting("urls", "http://127.0.0.1:0");
            // Settings of a host under test reach the program as its command line, where secrets are refused.
            foreach (var (key, value) in settings.Where(s => !Secrets.Contains(s.Key))) host.UseSetting(key, value);
            host.ConfigureAppConfiguration(configuration => configuration.AddInMemoryCollection(settings.Where(s => Secrets.Contains(s.Key)).Select(s => KeyValuePair.Create<string, string?>(s.Key, s.Value))));
            host.ConfigureTestServices(services =>
            {
                services.Replace(ServiceDescriptor.Singleton<TimeProvider>(Clock));
                services.Replace(ServiceDescriptor.Singleton<ICodeDelivery>(Inbox));
                services.AddSingleton<ILogEventSink>(Log);
                // Else, of a context whose last command failed, for a second no command is in the log.
                services.ConfigureDbContext<PostgreSqlDbContext>(options => options.ConfigureLoggingCacheTime(TimeSpan.Zero));
                services.ConfigureDbContext<SqliteDbContext>(options => options.ConfigureLoggingCacheTime(TimeSpan.Zero));
            });
        });
        factory.UseKestrel(0);
    }

    /// <summary>What many starts at once take on a slow machine.</summary>
    internal static TurnWait Patience { get; } = new(TimeSpan.FromMinutes(5), (_, _) => { }, _ => { });

    public TestDatabase Database { get; }

    public SettableClock Clock { get; } = new(Noon);

    internal Inbox Inbox { get; } = new();

    public CapturedLog Log { get; } = new();

    public HttpClient Http { get; private set; } = null!;

    public IServiceProvider Services => factory.Services;

    /// <summary>What a production service must be told, for this database.</summary>
    public static Dictionary<string, string> Settings(TestDatabase database) => new(
        database.ServiceRole is null ? [] : [KeyValuePair.Create("Database:Migrate", "false")], StringComparer.Ordinal)
    {
        ["Database:Provider"] = database.Provider,
        ["Database:ConnectionString"] = database.ConnectionString,
        ["Secrets:MasterKey"] = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
        ["Tokens:Issuer"] = "https://auth.example.co",
        ["Mail:Host"] = "127.0.0.1",
        ["Mail:From"] = "Example <no-reply@example.co>",
        // Else a mail would wait for the tests' clock, which stands still.
        ["Mail:Spread"] = "00:00:00",
        ["RateLimits:PermitsPerMinute"] = "1000000",
        ["RateLimits:StartsPerHour"] = "1000000",
        ["RateLimits:AttemptsPerUser"] = "1000",
        ["RateLimits:ChangesPerHour"] = "1000000",
    };

    /// <summary>What makes a service one of Development.</summary>
    public static (string Key, string Value) InDevelopment => ("environment", "Development");

    public static Task<Service> StartAsync(TestDatabase database, params (string Key, string Value)[] changes)
    {
        var settings = Settings(database);
        foreach (var (key, value) in changes) settings[key] = value;
        return StartAsync(database, settings);
    }

    /// <summary>A second instance on the same database, sharing this one's clock position but nothing else.</summary>
    public Task<Service> StartAnotherAsync() => StartAsync(Database, Settings(Database));

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await factory.DisposeAsync();
    }

    public async Task<T> InDatabaseAsync<T>(Func<RegistrationDbContext, Task<T>> work)
    {
        await using var scope = Services.CreateAsyncScope();
        return await work(scope.ServiceProvider.GetRequiredService<RegistrationDbContext>());
    }

    /// <summary>A database without a service on it.</summary>
    public static RegistrationDbContext Open(TestDatabase database) => database.Provider == "Sqlite"
        ? new SqliteDbContext(new DbContextOptionsBuilder<SqliteDbContext>().UseSqlite(database.ConnectionString).UseSnakeCaseNamingConvention().Options)
        : new PostgreSqlDbContext(new DbContextOptionsBuilder<PostgreSqlDbContext>().UseNpgsql(database.ConnectionString).UseSnakeCaseNamingConvention().Options);

    /// <summary>As the operator does, before the first start, where the service's role may change no schema. The rows that there must be, the service adds.</summary>
    public static async Task MigrateAsync(TestDatabase database)
    {
        await using var db = Open(database.Owner);
        await using var own = Open(database);
        var schema = new DatabaseSchema(db);
        await schema.MigrateAsync(Patience, CancellationToken.None);
        if (database.ServiceRole is { } role && (await new DatabaseGrants(own).MissingAsync(CancellationToken.None)).Count > 0)
        {
            await schema.InTurnAsync(ct => new DatabaseGrants(db).GrantAsync(role, ct), Patience, CancellationToken.None);
        }
    }

    /// <summary>What the owner of the database may do, and the service's role may not where it is another.</summary>
    public async Task<T> AsOwnerAsync<T>(Func<RegistrationDbContext, Task<T>> work)
    {
        await using var db = Open(Database.Owner);
        return await work(db);
    }

    /// <summary>A new organisation, so that no test sees another's rows.</summary>
    public Task<TestOrganisation> NewOrganisationAsync(Action<RelyingParty>? change = null) => InDatabaseAsync(async db =>
    {
        var id = Services.GetRequiredService<Api.Secrets.Entropy>().Id("or");
        var relyingParty = new RelyingParty
        {
            OrganisationId = id,
            RelyingPartyId = "example.co",
            Name = "Example",
            Origins = ["https://app.example.co"],
            Attestation = "none",
            UserVerification = "required",
            Algorithms = [-7, -8, -257],
        };
        change?.Invoke(relyingParty);
        db.Organisations.Add(new Organisation { Id = id, Name = "Example", CreatedAt = Clock.GetUtcNow(), RelyingParty = relyingParty });
        await db.SaveChangesAsync();
        return new TestOrganisation(this, id, relyingParty.RelyingPartyId, relyingParty.Origins[0]);
    });

    public async Task<Invited> InviteAsync(TestOrganisation organisation, string username, UserKind kind = UserKind.EndUser)
    {
        await using var scope = Services.CreateAsyncScope();
        var relyingParty = await scope.ServiceProvider.GetRequiredService<RegistrationDbContext>().RelyingParties.AsNoTracking().SingleAsync(r => r.OrganisationId == organisation.Id);
        Assert.False(scope.ServiceProvider.GetRequiredService<UserStore>().Add(relyingParty, username, kind).Failed(out _, out var user));
        var issued = scope.ServiceProvider.GetRequiredService<CodeStore>().Issue(user!);
        await scope.ServiceProvider.GetRequiredService<RegistrationDbContext>().SaveChangesAsync();
        KnownSecrets.Add(issued.Code);
        return new Invited(organisation, issued.UserId, username, issued.Code);
    }

    public Task<Answer> PostAsync(string path, JsonNode body, string? bearer = null) => SendAsync(HttpMethod.Post, path, Json(body), bearer);

    public Task<Answer> PutAsync(string path, JsonNode body) => SendAsync(HttpMethod.Put, path, Json(body), bearer: null);

    public async Task<Answer> SendAsync(HttpMethod method, string path, HttpContent? content, string? bearer, string? userAction = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        if (bearer is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", bearer);
        if (userAction is not null) request.Headers.Add("X-DFNS-USERACTION", userAction);
        using var response = await Http.SendAsync(request);
        return await Answer.ReadAsync(response);
    }

    /// <summary>A client at an address of its own: every address from 127.0.0.1 to 127.255.255.254 is this machine's.</summary>
    public HttpClient From(string address) => new(new SocketsHttpHandler
    {
        ConnectCallback = async (context, ct) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
            await socket.ConnectAsync(context.DnsEndPoint, ct);
            return new NetworkStream(socket, ownsSocket: true);
        },
    })
    { BaseAddress = Http.BaseAddress };

    public static HttpContent Json(JsonNode body) => new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");

    private static async Task<Service> StartAsync(TestDatabase database, Dictionary<string, string> settings)
    {
        if (database.ServiceRole is not null) await MigrateAsync(database);
        var service = new Service(database, settings);
        service.factory.StartServer();
        service.Inbox.Settled = service.Services.GetRequiredService<MailSender>().InHandAsync;
        service.Http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 64 }) { BaseAddress = service.factory.ClientOptions.BaseAddress };
        DocumentedErrors.Learn(service.Services);
        return service;
    }
}
