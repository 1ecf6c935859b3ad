using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.EndToEnd.Tests.Running;
using Dfns.Registration.TestKit;
using Dfns.Registration.TestKit.Databases;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Benchmarks;

/// <summary>10,000 wrong codes against the limits as they come: what is looked at, what is refused, and whether the rightful users still get in.</summary>
internal static class Guessing
{
    private const int Guesses = 10_000;
    private const int AtOnce = 16;

    // Sent from no address that guesses.
    private const int Elsewhere = 1_000_000;

    public static async Task MeasureAsync(string name, Func<Task<TestDatabase>> makeDatabase)
    {
        await using var database = await makeDatabase();
        await using var service = await ServiceProcess.StartProductionAsync(
            database.Provider, database.ConnectionString, ("RateLimits:PermitsPerMinute", null), ("RateLimits:StartsPerHour", null), ("RateLimits:AttemptsPerUser", null));
        var seed = Seed.In(database);
        var orgId = await seed.OrganisationAsync("example.co", "https://app.example.co");
        Console.WriteLine();
        Console.WriteLine($"{Guesses:N0} wrong codes on {name}, limits as they come");

        var one = await seed.InviteAsync(orgId, ["jane@example.co"]);
        await MeasureAsync(service, seed, "one user, from 400 addresses", one, firstAddress: 0, addresses: 400);
        var many = await seed.InviteAsync(orgId, [.. Enumerable.Range(0, 1000).Select(n => $"user-{n}@example.co")]);
        await MeasureAsync(service, seed, "1,000 users, from 400 addresses", many, firstAddress: 1000, addresses: 400);
        var others = await seed.InviteAsync(orgId, [.. Enumerable.Range(0, 1000).Select(n => $"other-{n}@example.co")]);
        await MeasureAsync(service, seed, "1,000 users, from one address", others, firstAddress: 2000, addresses: 1);
        await service.StopAsync();
    }

    private static async Task MeasureAsync(ServiceProcess service, Seed seed, string what, IReadOnlyList<Invitation> victims, int firstAddress, int addresses)
    {
        var outcomes = new ConcurrentDictionary<string, int>(StringComparer.Ordinal);
        var clients = Enumerable.Range(0, addresses).Select(n => Callers.At(service.Address, firstAddress + n)).ToList();
        await Parallel.ForEachAsync(Enumerable.Range(0, Guesses), new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (n, _) =>
        {
            // Each address tries user after user, and not all of them the same one first.
            var victim = victims[((n / addresses) + (n % addresses)) % victims.Count];
            var (status, text) = await Callers.SendAsync(clients[n % addresses], HttpMethod.Post, "/auth/registration/init", Callers.InitBody(victim, Callers.WrongCode));
            outcomes.AddOrUpdate($"{status} {(string?)JsonNode.Parse(text)!["error"]!["code"]}", 1, (_, count) => count + 1);
        });
        clients.ForEach(c => c.Dispose());

        var names = victims.Select(v => v.Username).ToHashSet(StringComparer.Ordinal);
        await using var db = seed.Open();
        var failures = (await db.Codes.Where(c => c.Purpose == CodePurpose.Registration).Join(db.Users, c => c.UserId, u => u.Id, (c, u) => new { u.Username, c.FailedAttempts }).ToListAsync())
            .Where(c => names.Contains(c.Username)).Select(c => c.FailedAttempts).ToList();
        var registered = new List<string>();
        using var rightful = Callers.At(service.Address, Elsewhere + firstAddress);
        foreach (var victim in victims.Take(20)) registered.Add(await Callers.RegisterAsync(rightful, victim, SoftwareKey.P256(), SoftwareKey.P256()));

        Console.WriteLine($"  {what}");
        Console.WriteLine($"    answered:           {string.Join("; ", outcomes.OrderBy(o => o.Key, StringComparer.Ordinal).Select(o => $"{o.Key} {o.Value:N0}"))}");
        Console.WriteLine($"    compared with a code: {failures.Sum():N0}, most with one code: {failures.Max():N0}");
        Console.WriteLine($"    rightful users then:  {string.Join("; ", registered.GroupBy(r => r).Select(g => $"{g.Key}: {g.Count()} of {registered.Count}"))}");
    }
}
