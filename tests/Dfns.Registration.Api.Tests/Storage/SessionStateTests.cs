using System.Text.RegularExpressions;

namespace Dfns.Registration.Api.Tests.Storage;

/// <summary>No statement leaves anything in a session of PostgreSQL, which a pooler hands to others: no lock, no setting, no table, no ear.</summary>
public sealed partial class SessionStateTests
{
    /// <summary>Every source of the service, with what is in it that would outlast its transaction.</summary>
    [Fact]
    public async Task No_statement_leaves_anything_in_its_session()
    {
        var sources = Directory.EnumerateFiles(Path.Combine(Repository.Root, "src"), "*", SearchOption.AllDirectories)
            .Where(file => file.EndsWith(".cs", StringComparison.Ordinal) || file.EndsWith(".sql", StringComparison.Ordinal))
            .Where(file => !file.Split(Path.DirectorySeparatorChar).Any(folder => folder is "obj" or "bin"))
            .ToList();
        Assert.True(sources.Count > 200, $"{sources.Count} sources");

        foreach (var source in sources)
        {
            var kept = Lasting().Match(await File.ReadAllTextAsync(source));
            Assert.False(kept.Success, $"{Path.GetRelativePath(Repository.Root, source)}: {kept.Value}");
        }
    }

    [Theory]
    [InlineData("SELECT pg_advisory_lock(1)")]
    [InlineData("SELECT pg_try_advisory_lock_shared(1)")]
    [InlineData("\"SET statement_timeout = 1\"")]
    [InlineData("\"SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY\"")]
    [InlineData("SELECT set_config('a', 'b', false)")]
    [InlineData("CREATE TEMP TABLE a (b integer)")]
    [InlineData("\"LISTEN a\"")]
    [InlineData("\"PREPARE a AS SELECT 1\"")]
    [InlineData("DECLARE a CURSOR WITH HOLD FOR SELECT 1")]
    public void What_would_be_left_is_known(string statement) => Assert.Matches(Lasting(), statement);

    [GeneratedRegex(
        """
        pg_(try_)?advisory_lock|set_config\([^()]*false|CREATE\s+(GLOBAL\s+|LOCAL\s+)?TEMP|WITH\s+HOLD
        |[";]\s*(SET\s+(?!LOCAL|CONSTRAINTS|TRANSACTION)[a-zA-Z_.]+\s|LISTEN\s|PREPARE\s|LOAD\s)
        """,
        RegexOptions.ExplicitCapture | RegexOptions.IgnorePatternWhitespace,
        matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Lasting();
}
