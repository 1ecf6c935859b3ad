using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Dfns.Registration.EndToEnd.Tests.Running;
using Dfns.Registration.TestKit;
using Dfns.Registration.TestKit.Databases;

namespace Dfns.Registration.Benchmarks;

/// <summary>
/// What becomes of requests that come faster than they can be served, whether or not others have been answered: how long the answered took, how many were told
/// to come again and how soon, what the service grows by; and what somebody of another organisation notices.
/// </summary>
internal static class Overload
{
    private const int People = 5000;
    private const int Callers = 64;
    private const double Mebibyte = 1024 * 1024;

    private static readonly TimeSpan Span = TimeSpan.FromSeconds(10);
    private static readonly double[] Shares = [0.5, 1, 2, 3];

    public static async Task MeasureAsync(string name, Func<Task<TestDatabase>> makeDatabase)
    {
        await using var database = await makeDatabase();
        await using var service = await ServiceProcess.StartProductionAsync(database.Provider, database.ConnectionString, ("Serilog:MinimumLevel:Default", "Warning"));
        var seed = Seed.In(database);
        var (rushed, other) = (await seed.OrganisationAsync(Party.RpId, Party.Origin), await seed.OrganisationAsync(Party.RpId, Party.Origin));
        var people = await seed.InviteAsync(rushed, [.. Enumerable.Range(0, People).Select(n => $"person-{n}@example.co")]);
        var bystander = (await seed.InviteAsync(other, ["bystander@example.co"]))[0];
        var key = SoftwareKey.P256();
        using var quiet = Benchmarks.Callers.At(service.Address, 0);
        if (await Benchmarks.Callers.RegisterAsync(quiet, bystander, key, SoftwareKey.P256()) is var done && done != Benchmarks.Callers.Registered) throw new InvalidOperationException(done);
        await seed.AnalyzeAsync();

        using var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 4000 }) { BaseAddress = service.Address, Timeout = TimeSpan.FromMinutes(5) };
        var next = 0;
        await AtOnceAsync(TimeSpan.FromSeconds(10));
        var capacity = await AtOnceAsync(Span);

        Console.WriteLine();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Registrations begun on {name}: {Callers} callers, one request after the other, get {capacity:N0} a second; from here on as many a second as are told come, whatever has been answered"));
        Console.WriteLine("come a second   answered   50 %, 99 % within ms   told to come again   99 % within ms   other   MiB most   bystander: sign-ins   50 %, 99 % ms   told to come again");
        foreach (var share in Shares) await MeasureAsync(share * capacity);
        await service.StopAsync();

        async Task<double> AtOnceAsync(TimeSpan span)
        {
            var (count, began) = (0, Stopwatch.GetTimestamp());
            await Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => Task.Run(async () =>
            {
                while (Stopwatch.GetElapsedTime(began) < span)
                {
                    await BeginAsync();
                    Interlocked.Increment(ref count);
                }
            })));
            return count / Stopwatch.GetElapsedTime(began).TotalSeconds;
        }

        async Task<int> BeginAsync()
        {
            var person = people[Interlocked.Increment(ref next) % People];
            return (await Benchmarks.Callers.SendAsync(http, HttpMethod.Post, "/auth/registration/init", Benchmarks.Callers.InitBody(person, person.Code))).Status;
        }

        async Task MeasureAsync(double rate)
        {
            var (answers, underWay) = (new ConcurrentBag<(int Status, double Ms)>(), new ConcurrentBag<Task>());
            var (signIns, refused, most) = (new List<double>(), 0, service.ResidentBytes);
            using var stop = new CancellationTokenSource();
            var signingIn = Task.Run(async () =>
            {
                while (!stop.IsCancellationRequested)
                {
                    var at = Stopwatch.GetTimestamp();
                    if (await TrySignInAsync()) signIns.Add(Stopwatch.GetElapsedTime(at).TotalMilliseconds);
                    else refused++;
                    most = Math.Max(most, service.ResidentBytes);
                }
            });
            var (sent, began) = (0, Stopwatch.GetTimestamp());
            while (Stopwatch.GetElapsedTime(began) < Span)
            {
                for (; sent < Stopwatch.GetElapsedTime(began).TotalSeconds * rate; sent++)
                {
                    underWay.Add(Task.Run(async () =>
                    {
                        var at = Stopwatch.GetTimestamp();
                        var status = await BeginAsync();
                        answers.Add((status, Stopwatch.GetElapsedTime(at).TotalMilliseconds));
                    }));
                }

                await Task.Delay(1);
            }

            await stop.CancelAsync();
            await Task.WhenAll(underWay);
            await signingIn;
            var (good, busy) = (Times(200), Times(503));
            signIns.Sort();
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{sent / Span.TotalSeconds,13:N0}   {good.Count,8:N0}   {At(good, 0.5),9:N0}, {At(good, 0.99),9:N0}   {busy.Count,18:N0}   {At(busy, 0.99),14:N0}   {answers.Count - good.Count - busy.Count,5}   {most / Mebibyte,8:0}   {signIns.Count,19}   {At(signIns, 0.5),6:0}, {At(signIns, 0.99),6:0}   {refused,18}"));

            List<double> Times(int status) => [.. answers.Where(a => a.Status == status).Select(a => a.Ms).Order()];
        }

        async Task<bool> TrySignInAsync()
        {
            var (status, text) = await Benchmarks.Callers.SendAsync(quiet, HttpMethod.Post, "/auth/login/init", new JsonObject { ["username"] = bystander.Username, ["orgId"] = bystander.OrgId });
            if (status != 200) return status == 503 ? false : throw new InvalidOperationException(text);
            var challenge = JsonNode.Parse(text)!;
            var factor = key.Get((string)challenge["challenge"]!, (string)challenge["allowCredentials"]!["key"]![0]!["id"]!).ToJson(Verification.CredentialKind.Key);
            (status, text) = await Benchmarks.Callers.SendAsync(quiet, HttpMethod.Post, "/auth/login", new JsonObject { ["challengeIdentifier"] = (string)challenge["challengeIdentifier"]!, ["firstFactor"] = factor });
            return status switch { 200 => true, 503 => false, _ => throw new InvalidOperationException(text) };
        }

        static double At(List<double> sorted, double share) => sorted.Count == 0 ? 0 : sorted[(int)(share * (sorted.Count - 1))];
    }
}
