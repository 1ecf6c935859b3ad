using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Dfns.Registration.EndToEnd.Tests.Running;
using Dfns.Registration.TestKit;

namespace Dfns.Registration.EndToEnd.Tests.Fire;

/// <summary>
/// Instances of the service on one database, which are killed and started anew while others call them, at work or while they start; the
/// database is crashed, and answers are lost. When is a matter of how much was done, not of time.
/// </summary>
/// <param name="provider">Of the database.</param>
/// <param name="connectionString">To it.</param>
/// <param name="instances">How many: of SQLite one, elsewhere any number.</param>
/// <param name="crash">Crashes the database; null where it has no process of its own.</param>
/// <param name="seed">Of everything that is drawn.</param>
/// <param name="operationsAKill">Between two kills of an instance.</param>
internal sealed class FireGround(string provider, string connectionString, int instances, Func<Task>? crash, int seed, int operationsAKill) : IAsyncDisposable
{
    /// <summary>Every so many kills the database is crashed as well.</summary>
    private const int KillsACrash = 3;

    private readonly Draws draws = new(seed);
    private readonly ServiceProcess?[] running = new ServiceProcess?[instances];
    private readonly ConcurrentBag<ServiceProcess> ended = [];
    private readonly Channel<int> strikes = Channel.CreateUnbounded<int>();
    private TaskCompletionSource anyRuns = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int operations;
    private int kills;
    private int killsAtStart;
    private int crashes;
    private int lostAnswers;

    public int Operations => operations;

    public int Kills => kills;

    public int KillsAtStart => killsAtStart;

    public int Crashes => crashes;

    public int LostAnswers => lostAnswers;

    /// <summary>How often each status was answered.</summary>
    public ConcurrentDictionary<int, int> Statuses { get; } = new();

    /// <summary>Answers that nobody should get, whatever happens to the service.</summary>
    public ConcurrentBag<string> Faults { get; } = [];

    /// <summary>Changes of what the service has written without waiting for the disk: grows with each crash of the database.</summary>
    public int Epoch => Volatile.Read(ref crashes);

    /// <summary>Starts the instances, runs the work under fire, and lets it come to its end with all instances running.</summary>
    public async Task RunAsync(Func<Task> work)
    {
        for (var n = 0; n < instances; n++) await StartAsync(n);
        var striking = StrikeAsync();
        await work();
        strikes.Writer.Complete();
        await striking;
    }

    /// <summary>A number below a limit.</summary>
    public int Draw(int below) => draws.Below(below);

    /// <summary>Counts something that came to its end.</summary>
    public void Done()
    {
        var done = Interlocked.Increment(ref operations);
        if (done % operationsAKill == 0) strikes.Writer.TryWrite(done / operationsAKill);
    }

    /// <summary>Sends a request to whichever instance runs.</summary>
    /// <returns>The answer; null where none came, or one that says to try again.</returns>
    public async Task<Answer?> TrySendAsync(HttpMethod method, string path, string? body, string? bearer = null, string? userAction = null)
    {
        await Volatile.Read(ref anyRuns).Task;
        if (Pick() is not { } instance) return null;
        // Some hang up before they are answered.
        using var patience = Draw(50) == 0 ? new CancellationTokenSource(Draw(15)) : new CancellationTokenSource();
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative)) { Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json") };
        if (bearer is not null) request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {bearer}");
        if (userAction is not null) request.Headers.TryAddWithoutValidation("X-DFNS-USERACTION", userAction);
        try
        {
            using var response = await instance.Http.SendAsync(request, patience.Token);
            var (status, text) = ((int)response.StatusCode, await response.Content.ReadAsStringAsync(patience.Token));
            Statuses.AddOrUpdate(status, 1, (_, count) => count + 1);
            if (status is >= 500 and not 503) Faults.Add(string.Create(CultureInfo.InvariantCulture, $"{method} {path}: {status} {text}"));
            if (status == 503 && response.Headers.RetryAfter is null) Faults.Add($"{method} {path}: 503 without Retry-After: {text}");
            return status >= 500 ? null : new Answer(status, JsonNode.Parse(text)!);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
        {
            Interlocked.Increment(ref lostAnswers);
            return null;
        }
    }

    /// <summary>Sends a request until it is answered.</summary>
    public async Task<Answer> SendAsync(HttpMethod method, string path, string? body, string? bearer = null)
    {
        while (true)
        {
            if (await TrySendAsync(method, path, body, bearer) is { } answer) return answer;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var instance in running.OfType<ServiceProcess>().Concat(ended)) await instance.DisposeAsync();
    }

    /// <summary>Lines of instances, killed ones too, that tell of a fault in the service itself.</summary>
    public IEnumerable<string> FaultsInLogs() =>
        running.OfType<ServiceProcess>().Concat(ended).SelectMany(i => i.Output.Lines).Where(line => line.Contains("\"Exception\"", StringComparison.Ordinal) || line.Contains("internal_error", StringComparison.Ordinal));

    private ServiceProcess? Pick()
    {
        var first = Draw(instances);
        return Enumerable.Range(first, instances).Select(n => Volatile.Read(ref running[n % instances])).FirstOrDefault(i => i is not null);
    }

    private async Task StrikeAsync()
    {
        await foreach (var number in strikes.Reader.ReadAllAsync())
        {
            var n = Draw(instances);
            if (crash is not null && number % KillsACrash == 0)
            {
                await crash();
                Interlocked.Increment(ref crashes);
            }

            var struck = Interlocked.Exchange(ref running[n], null);
            if (running.All(i => i is null)) Volatile.Write(ref anyRuns, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            if (struck is not null)
            {
                struck.Kill();
                ended.Add(struck);
                Interlocked.Increment(ref kills);
            }

            if (Draw(3) == 0) await KillAtStartAsync();
            await StartAsync(n);
        }
    }

    // Somewhere between its first breath and the moment it would have listened.
    private async Task KillAtStartAsync()
    {
        await using var process = RunningProcess.Start(ServiceProcess.StartInfo("Production", "http://127.0.0.1:0", ServiceProcess.ProductionSettings(provider, connectionString)));
        var age = Stopwatch.StartNew();
        var end = Draw(1200);
        while (age.ElapsedMilliseconds < end && !process.HasExited) await Task.Yield();
        process.Kill();
        Interlocked.Increment(ref killsAtStart);
    }

    private async Task StartAsync(int n)
    {
        running[n] = await ServiceProcess.StartProductionAsync(provider, connectionString);
        Volatile.Read(ref anyRuns).TrySetResult();
    }
}
