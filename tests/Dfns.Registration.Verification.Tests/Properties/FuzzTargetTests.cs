using Dfns.Registration.Fuzz;

namespace Dfns.Registration.Verification.Tests.Properties;

/// <summary>
/// The fuzz targets in brief: all inputs that are kept, all seeds, and changes to both that are the same in every run. The long runs, with
/// a driver that watches coverage, are started by hand (tests/Dfns.Registration.Fuzz/README.md).
/// </summary>
public sealed class FuzzTargetTests
{
    private const int Changes = 400;

    public static TheoryData<string> Targets => [.. FuzzTarget.All.Select(target => target.Name)];

    [Fact]
    public void Every_target_has_a_name_of_its_own_and_a_corpus() => Assert.Equal(
        FuzzTarget.All.Select(target => target.Name).Order(StringComparer.Ordinal),
        Directory.GetDirectories(Path.Combine(AppContext.BaseDirectory, "Corpus")).Select(Path.GetFileName).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Targets))]
    public void What_is_kept_holds(string name)
    {
        var target = FuzzTarget.Named(name);
        Assert.NotEmpty(target.Corpus());
        Assert.All(target.Corpus(), target.Run);
    }

    [Theory]
    [MemberData(nameof(Targets))]
    public void Seeds_and_changes_to_them_hold(string name)
    {
        var target = FuzzTarget.Named(name);
        List<byte[]> inputs = [.. target.Corpus(), .. target.Seeds()];
        var mutation = new Mutation(seed: 1);
        foreach (var seed in target.Seeds()) target.Run(seed);
        for (var change = 0; change < Changes; change++)
            target.Run(mutation.Of(inputs[change % inputs.Count], inputs[(change * 7 + 1) % inputs.Count]));
    }
}
