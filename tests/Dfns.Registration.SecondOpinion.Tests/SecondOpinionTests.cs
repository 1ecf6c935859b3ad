using System.Reflection;
using Dfns.Registration.TestKit;

namespace Dfns.Registration.SecondOpinion.Tests;

/// <summary>What we accept Fido2 accepts too, and what we refuse it refuses, but for the closed list of <see cref="Disagreement"/>.</summary>
public sealed class SecondOpinionTests
{
    private static readonly Lazy<IReadOnlyDictionary<string, Opinions>> Good = new(() => AskBoth([.. GoodRegistrations.All, .. Assertions.Good]));
    private static readonly Lazy<IReadOnlyDictionary<string, Opinions>> Faulty = new(() => AskBoth([.. FaultyRegistrations.All, .. Assertions.Faulty]));
    private static readonly Lazy<IReadOnlyDictionary<string, Opinions>> Changed = new(() => AskBoth(ChangedRegistrations.All()));

    public static TheoryData<string> GoodOnes => [.. Good.Value.Keys];

    public static TheoryData<string> FaultyOnes => [.. Faulty.Value.Keys];

    public static TheoryData<string> Rows => [.. Disagreement.All.Select(row => row.Id)];

    [Theory]
    [MemberData(nameof(GoodOnes), DisableDiscoveryEnumeration = true)]
    public void What_we_accept_it_accepts_or_the_list_says_why_not(string name)
    {
        var opinions = Good.Value[name];
        Assert.True(opinions.Ours is null, $"{opinions}");
        IsAgreedOrListed(opinions);
    }

    [Theory]
    [MemberData(nameof(FaultyOnes), DisableDiscoveryEnumeration = true)]
    public void What_we_refuse_it_refuses_or_the_list_says_why_not(string name)
    {
        var opinions = Faulty.Value[name];
        Assert.True(opinions.Ours is not null && opinions.Ours.Reason == (opinions.Question.Fault ?? opinions.Ours.Reason), $"{opinions}");
        IsAgreedOrListed(opinions);
    }

    [Fact]
    public void Of_2000_registrations_changed_at_random_both_say_the_same_or_the_list_says_why_not()
    {
        Assert.Equal(2_000, Changed.Value.Count);
        Assert.All(Changed.Value.Values, IsAgreedOrListed);
    }

    /// <summary>Changes that all break the signature, or none, would show nothing.</summary>
    [Fact]
    public void Some_changes_are_accepted_by_both_and_most_are_refused_for_many_reasons()
    {
        var opinions = Changed.Value.Values;
        Assert.InRange(opinions.Count(both => both is { Ours: null, Fido2Says: null }), 50, 200);
        Assert.InRange(opinions.Select(both => both.Ours?.Reason).Distinct().Count(), 30, int.MaxValue);
        // Of every format but those that Fido2 takes none of: apple, compound and android-safetynet.
        Assert.Equal(["android-key", "fido-u2f", "none", "packed", "tpm"], ChangedRegistrations.Unchanged.Select(question => question.Format).Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_maker_of_the_test_kit_is_asked_about()
    {
        const BindingFlags Given = BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly;
        var members = typeof(AttestationMaker).GetProperties(Given).Where(member => member.PropertyType == typeof(AttestationMaker)).Select(member => member.Name)
            .Concat(typeof(AttestationMaker).GetMethods(Given).Where(member => member.ReturnType == typeof(AttestationMaker) && !member.IsSpecialName).Select(member => member.Name));
        Assert.Equal(members.Distinct().Order(StringComparer.Ordinal), GoodRegistrations.Makers.Select(maker => maker.Member).Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Each_row_of_the_list_is_still_disagreed_about(string id)
    {
        var row = Disagreement.All.Single(row => row.Id == id);
        Assert.True(
            Good.Value.Values.Concat(Faulty.Value.Values).Concat(Changed.Value.Values).Any(row.Explains),
            $"nothing that is asked shows this difference any more: {row.Clause}: {row.Why}");
    }

    [Fact]
    public void No_two_rows_of_the_list_are_alike()
    {
        Assert.Distinct(Disagreement.All.Select(row => row.Id));
        Assert.Distinct(Disagreement.All.Select(row => (row.OurReason, row.Format, row.Fido2Says)));
    }

    [Fact]
    public void Each_row_of_the_list_has_one_side_that_refuses_and_a_clause_and_a_sentence() => Assert.All(Disagreement.All, row =>
    {
        Assert.NotEqual(row.OurReason is null, string.IsNullOrEmpty(row.Fido2Says));
        Assert.Matches(@"§\d", row.Clause);
        Assert.EndsWith(".", row.Why, StringComparison.Ordinal);
    });

    private static Dictionary<string, Opinions> AskBoth(IEnumerable<Question> questions) =>
        questions.Select(Opinions.On).ToDictionary(opinions => opinions.Question.Name, StringComparer.Ordinal);

    private static void IsAgreedOrListed(Opinions opinions)
    {
        var rows = Disagreement.All.Where(row => row.Explains(opinions)).ToList();
        Assert.True(rows.Count == (opinions.Differ ? 1 : 0), $"{opinions}; rows: {string.Join(", ", rows)}");
    }
}
