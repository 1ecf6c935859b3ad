using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Dfns.Registration.EndToEnd.Tests.Running;
using Dfns.Registration.TestKit.Databases;

namespace Dfns.Registration.Benchmarks;

/// <summary>Whether anybody can tell by answer or by time who is a user: requests about known and unknown names in turn.</summary>
internal static class Enumeration
{
    private const int Requests = 2000;
    private const int WarmUp = 300;

    public static async Task MeasureAsync(string name, Func<Task<TestDatabase>> makeDatabase)
    {
        await using var database = await makeDatabase();
        await using var mails = new MailSink();
        await using var service = await ServiceProcess.StartProductionAsync(
            database.Provider, database.ConnectionString, ("Mail:Port", mails.Port.ToString(CultureInfo.InvariantCulture)), ("Mail:Security", "None"));
        var seed = Seed.In(database);
        var orgId = await seed.OrganisationAsync("example.co", "https://app.example.co");
        // A name each, so that neither side finds its rows warmer than the other; and of one length.
        var known = await seed.InviteAsync(orgId, [.. Enumerable.Range(0, Requests + WarmUp).Select(n => $"known-user-{n:0000}@example.co")]);
        var unknown = known.Select(k => k with { Username = k.Username.Replace("known-user", "nobody-has", StringComparison.Ordinal) }).ToList();

        Console.WriteLine();
        Console.WriteLine($"Known and unknown users on {name}: {Requests:N0} requests each, in turn, by one caller");
        Console.WriteLine("call                       users     answers   different bodies   mean ms   median ms   95 % within ms");
        await MeasureAsync(service, "wrong registration code", known, unknown, HttpMethod.Post, "/auth/registration/init", i => Callers.InitBody(i, Callers.WrongCode));
        await MeasureAsync(service, "new registration code", known, unknown, HttpMethod.Put, "/auth/registration/code", i => new JsonObject { ["username"] = i.Username, ["orgId"] = i.OrgId });
        await service.StopAsync();
    }

    private static async Task MeasureAsync(
        ServiceProcess service, string call, IReadOnlyList<Invitation> known, IReadOnlyList<Invitation> unknown, HttpMethod method, string path, Func<Invitation, JsonObject> body)
    {
        var answers = new[] { new List<string>(), [] };
        var times = new[] { new List<double>(), [] };
        for (var n = 0; n < Requests + WarmUp; n++)
        {
            // Who comes first changes every time.
            foreach (var side in n % 2 == 0 ? new[] { 0, 1 } : [1, 0])
            {
                var about = body((side == 0 ? known : unknown)[n]);
                var began = Stopwatch.GetTimestamp();
                var (status, text) = await Callers.SendAsync(service.Http, method, path, about);
                if (n < WarmUp) continue;
                times[side].Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
                answers[side].Add($"{status} {text}");
            }
        }

        var bodies = answers[0].Concat(answers[1]).Distinct(StringComparer.Ordinal).Count();
        foreach (var (side, users) in new[] { (0, "known"), (1, "unknown") })
        {
            var sorted = times[side].Order().ToList();
            Console.WriteLine($"{call,-24}   {users,-7}   {sorted.Count,7}   {bodies,16}   {sorted.Average(),7:0.000}   {sorted[sorted.Count / 2],9:0.000}   {sorted[(int)(sorted.Count * 0.95)],14:0.000}");
        }

        // Welch's t: beyond about 2 the means would differ by more than chance.
        var difference = times[0].Average() - times[1].Average();
        var t = difference / Math.Sqrt((Variance(times[0]) / Requests) + (Variance(times[1]) / Requests));
        Console.WriteLine($"{"",-24}   the means differ by {difference:0.000} ms, t = {t:0.00}");
    }

    private static double Variance(List<double> values)
    {
        var mean = values.Average();
        return values.Sum(v => (v - mean) * (v - mean)) / (values.Count - 1);
    }
}
