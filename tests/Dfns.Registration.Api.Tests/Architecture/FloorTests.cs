using System.Text.RegularExpressions;
using Dfns.Registration.TestKit;

namespace Dfns.Registration.Api.Tests.Architecture;

/// <summary>The floors of the service, as <c>docs/architecture.md</c> lists them: a room uses rooms on floors below its own, and nothing else.</summary>
[Trait("Speed", "quick")]
public sealed class FloorTests
{
    private static readonly string Service = Path.Combine(Repository.Root, "src", "Dfns.Registration.Api");
    private static readonly Dictionary<string, int> Floors = ReadFloors();
    private static readonly FolderGraph Graph = FolderGraph.Read(Service);

    public static TheoryData<string> Rooms => [.. Graph.Folders];

    [Fact]
    public void Every_room_stands_on_a_floor() => Assert.Equal(Graph.Folders.Order(StringComparer.Ordinal), Floors.Keys.Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Rooms))]
    public void A_room_uses_only_rooms_below_it(string room)
    {
        var upward = Graph.Of(room).Keys.Where(used => Floors[used] >= Floors[room]);

        Assert.Empty(upward);
    }

    [Fact]
    public void No_rooms_use_each_other_in_a_circle() => Assert.Empty(Graph.InCircles());

    [Fact]
    public void No_flow_uses_another_flow()
    {
        string[] flows = ["Registration", "SignIn", "UserActions", "Recovery", "Credentials", "Users", "Applications", "Permissions", "Introspection"];

        Assert.All(flows, flow => Assert.Empty(Graph.Of(flow).Keys.Intersect(flows)));
    }

    [Fact]
    public void Only_Storage_and_the_stores_touch_the_database()
    {
        var database = new Regex("EntityFrameworkCore|DbContext|DbSet|Npgsql|Microsoft.Data.Sqlite", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(10));

        // Traces of the driver are switched on where traces are.
        Assert.Equal(["Telemetry/RequestTelemetry.cs"], Naming(database).Where(file => !file.StartsWith("Storage/", StringComparison.Ordinal) && !file.EndsWith("Store.cs", StringComparison.Ordinal)));
    }

    [Fact]
    public void Only_Wire_writes_answers()
    {
        var writing = new Regex(@"\.(WriteAsJsonAsync|BodyWriter)\b|Response\.(Body|WriteAsync)\b|Results\.(Json|Text|Content|Bytes|Stream|File|Problem)\b", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(10));

        Assert.All(Naming(writing), file => Assert.StartsWith("Wire/", file, StringComparison.Ordinal));
    }

    [Fact]
    public void Verification_knows_nothing_of_the_service()
    {
        var known = typeof(Verification.CredentialVerifiers).Assembly.GetReferencedAssemblies().Select(a => a.Name!);

        Assert.DoesNotContain(known, name => name.StartsWith("Dfns.", StringComparison.Ordinal) || name.StartsWith("Microsoft.", StringComparison.Ordinal) || name.Contains("Npgsql", StringComparison.Ordinal));
    }

    private static IEnumerable<string> Naming(Regex what) => Directory.GetFiles(Service, "*.cs", SearchOption.AllDirectories)
        .Select(file => Path.GetRelativePath(Service, file).Replace('\\', '/'))
        .Where(file => !file.StartsWith("obj/", StringComparison.Ordinal) && !file.StartsWith("bin/", StringComparison.Ordinal))
        .Where(file => what.IsMatch(File.ReadAllText(Path.Combine(Service, file))));

    // Rows of the form "| 3 | `Tokens/` | … |".
    private static Dictionary<string, int> ReadFloors() => File.ReadLines(Path.Combine(Repository.Root, "docs", "architecture.md"))
        .Select(line => Regex.Match(line, @"^\| (?<floor>\d+) \| `(?<room>\w+)/` \|", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1)))
        .Where(row => row.Success)
        .ToDictionary(row => row.Groups["room"].Value, row => int.Parse(row.Groups["floor"].Value, System.Globalization.CultureInfo.InvariantCulture), StringComparer.Ordinal);
}
