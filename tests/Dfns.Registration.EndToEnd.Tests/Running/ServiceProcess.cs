using System.Diagnostics;
using System.Web;

namespace Dfns.Registration.EndToEnd.Tests.Running;

/// <summary>
/// The service as an operator runs it: a process of its own, started from its build output on a free loopback port, ended by SIGTERM.
/// </summary>
internal sealed class ServiceProcess : IAsyncDisposable
{
    /// <summary>The master key of every service of the tests, so that instances share a database and tests can invite users.</summary>
    public const string MasterKey = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

    private readonly RunningProcess process;

    private ServiceProcess(RunningProcess process, Uri address)
    {
        this.process = process;
        Address = address;
        Http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 64 }) { BaseAddress = address };
    }

    /// <summary>Where it listens: <c>http://127.0.0.1:…</c>.</summary>
    public Uri Address { get; }

    /// <summary>Where a browser opens its page: an IP address is no relying party id.</summary>
    public string Origin => $"http://localhost:{Address.Port}";

    public HttpClient Http { get; }

    public ProcessOutput Output => process.Output;

    public int Id => process.Id;

    public bool HasExited => process.HasExited;

    public long ResidentBytes => process.ResidentBytes;

    public TimeSpan ProcessorTime => process.ProcessorTime;

    /// <summary>A service in Development that prints its link, on a database of the test's.</summary>
    public static Task<ServiceProcess> StartDevelopmentAsync(string provider, string connectionString, params (string Key, string? Value)[] settings) =>
        StartAsync("Development", [.. Database(provider, connectionString), .. settings]);

    /// <summary>A service in Production: everything that Production demands is set.</summary>
    public static Task<ServiceProcess> StartProductionAsync(string provider, string connectionString, params (string Key, string? Value)[] settings) =>
        StartAsync("Production", [.. ProductionSettings(provider, connectionString), .. settings]);

    /// <summary>What Production demands.</summary>
    public static (string Key, string? Value)[] ProductionSettings(string provider, string connectionString) =>
    [
        .. Database(provider, connectionString),
        ("Tokens:Issuer", "https://auth.example.co"),
        ("Mail:Host", "127.0.0.1"),
        ("Mail:From", "Example <no-reply@example.co>"),
    ];

    /// <summary>Starts a service and waits until it says that it is ready.</summary>
    /// <param name="environment"><c>Development</c> or <c>Production</c>.</param>
    /// <param name="settings">Keys as in a settings file, such as <c>Mail:Host</c>; any other key becomes an environment variable as it is. Later ones win, null removes.</param>
    /// <param name="contentRoot">Where settings files and the data directory are; by default the build output.</param>
    /// <param name="change">Changes how the process is started; null for as it is.</param>
    public static async Task<ServiceProcess> StartAsync(
        string environment, IEnumerable<(string Key, string? Value)> settings, string? contentRoot = null, Action<ProcessStartInfo>? change = null)
    {
        var start = StartInfo(environment, "http://127.0.0.1:0", settings, contentRoot);
        change?.Invoke(start);
        var started = RunningProcess.Start(start);
        try
        {
            // Its port is open only once the database is migrated, so that no request ever meets a service that is not ready.
            var address = ListeningAt(await started.Output.LineAsync(line => ListeningAt(line) is not null))!;
            var service = new ServiceProcess(started, address);
            using var ready = await service.Http.GetAsync(new Uri("/health/ready", UriKind.Relative));
            ready.EnsureSuccessStatusCode();
            return service;
        }
        catch
        {
            await started.DisposeAsync();
            throw;
        }
    }

    public static ProcessStartInfo StartInfo(string environment, string url, IEnumerable<(string Key, string? Value)> settings, string? contentRoot = null)
    {
        if (!File.Exists(Places.ServiceAssembly)) throw new FileNotFoundException("The service has not been built.", Places.ServiceAssembly);
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [Places.ServiceAssembly])
        {
            WorkingDirectory = contentRoot ?? Path.GetDirectoryName(Places.ServiceAssembly)!,
        };
        foreach (var inherited in start.Environment.Keys.Where(k => k.StartsWith("ASPNETCORE_", StringComparison.OrdinalIgnoreCase)).ToList())
        {
            start.Environment.Remove(inherited);
        }

        start.Environment["DOTNET_ENVIRONMENT"] = environment;
        start.Environment["ASPNETCORE_URLS"] = url;
        foreach (var (key, value) in settings) start.Environment[key.Replace(":", "__", StringComparison.Ordinal)] = value;
        return start;
    }

    /// <summary>The link that a service in Development prints for a newcomer, once it has.</summary>
    public async Task<Uri> PrintedLinkAsync() => new((await Output.LineAsync(line => line.Contains("/#username=", StringComparison.Ordinal))).Trim());

    /// <summary>The invitation in the printed link.</summary>
    public async Task<Invitation> PrintedInvitationAsync()
    {
        var parts = HttpUtility.ParseQueryString((await PrintedLinkAsync()).Fragment[1..]);
        return new Invitation(parts["orgId"]!, parts["username"]!, parts["code"]!);
    }

    /// <summary>The link for an invited user, as the service prints it.</summary>
    public string LinkFor(Invitation invitation) =>
        $"{Origin}/#username={Uri.EscapeDataString(invitation.Username)}&code={invitation.Code}&orgId={invitation.OrgId}";

    /// <summary>Sends SIGTERM, and nothing more.</summary>
    public Task TerminateAsync() => process.TerminateAsync();

    /// <summary>Sends SIGKILL.</summary>
    public void Kill() => process.Kill();

    /// <summary>Waits for the end after <see cref="TerminateAsync"/>; anything but an orderly one fails.</summary>
    public async Task ExitedOrderlyAsync()
    {
        var code = await process.ExitAsync();
        if (code != 0) throw new InvalidOperationException($"The service ended with code {code}:{Environment.NewLine}{Output}");
    }

    public async Task StopAsync()
    {
        await TerminateAsync();
        await ExitedOrderlyAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await process.DisposeAsync();
    }

    private static (string Key, string? Value)[] Database(string provider, string connectionString) =>
    [
        ("Database:Provider", provider),
        ("Database:ConnectionString", connectionString),
        ("Secrets:MasterKey", MasterKey),
        ("RateLimits:PermitsPerMinute", "1000000"),
        ("RateLimits:StartsPerHour", "1000000"),
        ("RateLimits:AttemptsPerUser", "1000"),
    ];

    // The line is plain text in Development, JSON in Production.
    private static Uri? ListeningAt(string line)
    {
        const string scheme = "http://127.0.0.1:";
        var start = line.Contains("Now listening on", StringComparison.Ordinal) ? line.IndexOf(scheme, StringComparison.Ordinal) : -1;
        return start < 0 ? null : new Uri(scheme + string.Concat(line[(start + scheme.Length)..].TakeWhile(char.IsAsciiDigit)));
    }
}

/// <summary>What a user gets to register with.</summary>
internal sealed record Invitation(string OrgId, string Username, string Code);
