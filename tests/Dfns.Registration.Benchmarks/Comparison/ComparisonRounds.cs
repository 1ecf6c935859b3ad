using System.Globalization;
using Dfns.Registration.EndToEnd.Tests.Running;

namespace Dfns.Registration.Benchmarks.Comparison;

/// <summary>How much is measured.</summary>
/// <param name="Rounds">How often each server is.</param>
/// <param name="Count">Pairs of requests in one measurement.</param>
/// <param name="WarmUp">Registrations, and as many sign-ins and actions, before the first of them.</param>
/// <param name="Connections">Numbers of connections.</param>
internal sealed record ComparisonPlan(int Rounds, int Count, int WarmUp, IReadOnlyList<int> Connections)
{
    /// <summary>Of the warm-up, and of what is measured with one number of connections only.</summary>
    public const int UsualConnections = 16;

    /// <summary>How many users a server needs for it.</summary>
    public int Users => WarmUp + Connections.Append(UsualConnections).Sum(number => LeadIn(number) + Count);

    /// <summary>What is done before the clock starts, so that all callers are under way then, at different points of what they do.</summary>
    public static int LeadIn(int connections) => 4 * connections;

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"rounds: {Rounds}; in each {WarmUp:N0} registrations, sign-ins and actions to warm up a server that has just started, then {Count:N0} pairs of requests a measurement");
}

/// <summary>
/// The servers in turns: in every round each starts anew on a fresh database with the same users, is warmed up, and registers, signs in and
/// signs actions with every number of connections.
/// </summary>
/// <param name="plan">How much is measured.</param>
/// <param name="log">Takes each measurement as a line of JSON.</param>
internal sealed class ComparisonRounds(ComparisonPlan plan, TextWriter log)
{
    private readonly List<Measurement> measurements = [];
    private readonly List<Memory> memories = [];

    public IReadOnlyList<Measurement> Measurements => measurements;

    public IReadOnlyList<Memory> Memories => memories;

    /// <summary>How many pairs of requests were not answered as they should be, those of the warm-up included.</summary>
    public int Errors { get; private set; }

    public async Task RunAsync(IReadOnlyList<Contender> contenders, CancellationToken ct)
    {
        Console.WriteLine($"Making {plan.Users:N0} passkeys and recovery keys …");
        // The same ones for every database: each knows only its own.
        var devices = Enumerable.Range(0, plan.Users).Select(_ => new Device()).ToList();
        var invitations = new Dictionary<Contender, IReadOnlyList<Invitation>>();
        foreach (var contender in contenders)
        {
            Console.WriteLine($"Inviting {plan.Users:N0} users: {contender.Name} …");
            invitations[contender] = await contender.InviteAsync(plan.Users, ct);
        }

        for (var round = 1; round <= plan.Rounds; round++)
        {
            // There and back, so that nobody always comes after the same one.
            foreach (var contender in round % 2 == 1 ? contenders : contenders.Reverse())
            {
                Console.WriteLine($"Round {round} of {plan.Rounds}: {contender.Name} …");
                List<Member> members = [.. invitations[contender].Select((invitation, n) => new Member(invitation, devices[n]))];
                await using var running = await contender.StartAsync(ct);
                await MeasureAsync(round, contender.Name, running, members, ct);
            }
        }
    }

    private async Task MeasureAsync(int round, string contender, RunningContender running, List<Member> members, CancellationToken ct)
    {
        var idle = running.ResidentBytes;
        var registered = 0;
        await RegisterAsync("warm-up: registration", ComparisonPlan.UsualConnections, plan.WarmUp, leadIn: 0, certified: false);
        await MeasureAsync("warm-up: sign-in", ComparisonPlan.UsualConnections, plan.WarmUp, leadIn: 0, SignInAsync);
        await MeasureAsync("warm-up: signed action", ComparisonPlan.UsualConnections, plan.WarmUp, leadIn: 0, SignActionAsync);
        foreach (var connections in plan.Connections)
        {
            var leadIn = ComparisonPlan.LeadIn(connections);
            measurements.Add(await RegisterAsync("registration", connections, plan.Count, leadIn, certified: false));
            measurements.Add(await MeasureAsync("sign-in", connections, plan.Count, leadIn, SignInAsync));
            measurements.Add(await MeasureAsync("signed action", connections, plan.Count, leadIn, SignActionAsync));
        }

        const int Usual = ComparisonPlan.UsualConnections;
        measurements.Add(await RegisterAsync("registration, packed x5c", Usual, plan.Count, ComparisonPlan.LeadIn(Usual), certified: true));
        var memory = new Memory(round, contender, idle, running.ResidentBytes);
        memories.Add(memory);
        await log.WriteLineAsync(memory.ToJson());

        Task<Measurement> RegisterAsync(string flow, int connections, int count, int leadIn, bool certified)
        {
            var first = registered;
            registered += leadIn + count;
            return MeasureAsync(flow, connections, count, leadIn, (connection, n) =>
                certified ? members[first + n].RegisterCertifiedAsync(connection) : members[first + n].RegisterAsync(connection));
        }

        // Everybody who is registered by then, one after the other: never twice at the same time.
        Task SignInAsync(Connection connection, int n) => members[n % registered].SignInAsync(connection);

        // Whoever has signed in when the server was warmed up.
        Task SignActionAsync(Connection connection, int n) => members[n % plan.WarmUp].SignActionAsync(connection);

        async Task<Measurement> MeasureAsync(string flow, int connections, int count, int leadIn, Func<Connection, int, Task> act)
        {
            var before = Usage.Of(running);
            var result = await ClosedLoop.RunAsync(running.Port, connections, leadIn, count, act, () => before = Usage.Of(running), ct);
            var used = Usage.Of(running).Since(before, result.Done);
            var measurement = new Measurement
            {
                Round = round,
                Contender = contender,
                Flow = flow,
                Connections = connections,
                Count = result.Done,
                PerSecond = result.PerSecond,
                MedianMilliseconds = result.Quantile(0.5),
                P99Milliseconds = result.Quantile(0.99),
                Used = used,
                Errors = result.Errors,
                FirstError = result.FirstError,
            };
            Errors += result.Errors;
            if (result.Errors > 0) Console.WriteLine($"{contender}, {flow}, {connections} connections: {result.Errors} errors, the first of them {result.FirstError}");
            await log.WriteLineAsync(measurement.ToJson());
            return measurement;
        }
    }
}
