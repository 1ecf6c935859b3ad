using System.Reflection;
using Dfns.Registration.TestKit;

namespace Dfns.Registration.Verification.Tests;

/// <summary>Every clause of the list has an accepting and a refusing test, or says in words why it has none.</summary>
public sealed class ClauseCoverageTests
{
    /// <summary>A clause; why nothing accepts by it, and why nothing refuses by it: null where a test does.</summary>
    public static TheoryData<string, string?, string?> Clauses
    {
        get
        {
            var clauses = new TheoryData<string, string?, string?>();
            NotOurs("§7.1 step 1", "the service makes the options");
            NotOurs("§7.1 step 2", "the front end calls create()");
            NotOurs("§7.1 step 3", "the front end sees the response type; the wire has one shape");
            NotOurs("§7.1 step 4", "the wire carries no client extension results");
            foreach (var step in Enumerable.Range(5, 13)) Tested($"§7.1 step {step}");
            NothingRefuses("§7.1 step 18", "no policy on backup eligibility; it is told");
            NothingRefuses("§7.1 step 19", "no policy on backup state; it is told");
            foreach (var step in Enumerable.Range(20, 6)) Tested($"§7.1 step {step}");
            NotOurs("§7.1 step 26", "the database's unique index decides");
            NothingRefuses("§7.1 step 27", "the record is made of what was accepted");
            Tested("§7.1 step 28");
            NotOurs("§7.1 step 29", "the service stores");

            NotOurs("§7.2 step 1", "the service makes the options");
            NotOurs("§7.2 step 2", "the front end calls get()");
            NotOurs("§7.2 step 3", "the front end sees the response type; the wire has one shape");
            NotOurs("§7.2 step 4", "the wire carries no client extension results");
            foreach (var step in Enumerable.Range(5, 19)) Tested($"§7.2 step {step}");
            NothingRefuses("§7.2 step 24", "the record is updated with what was accepted");
            NotOurs("§7.2 step 25", "the service goes on");

            Tested("§6.1 no attested credential data in an assertion");
            Tested("§5.8.5 curve bound to algorithm");
            Tested("§5.8.5 uncompressed points");
            Tested("§5.8.5 point on curve");
            Tested("§6.1 length");
            NothingRefuses("§6.1 signature counter", "any counter may come first; it is told");
            NothingRefuses("§6.1 reserved flags", "they are reserved for future use, and say nothing today");
            Tested("§6.1 flag AT");
            Tested("§6.1 flag ED");
            Tested("§6.1 extensions in canonical form");
            NotOurs("§6.5.2 attestation statement formats", "each is tested by its own section of §8");
            NotOurs("§6.5.3 attestation types", "which authority certifies what is a fact of the root; §7.1 step 24 tests the rest");
            Tested("§6.5.4 members");
            Tested("§6.5.5 ECDSA");
            Tested("§6.5.5 EdDSA");
            Tested("§6.5.5 RSA");
            Tested("§6.5.1 credential id length");
            Tested("§6.5.1 canonical form");
            Tested("§6.5.1 required parameters");
            Tested("§6.5.1 no optional parameters");
            Tested("§8.2 syntax");
            Tested("§8.2 self: algorithm");
            Tested("§8.2 self: signature");
            Tested("§8.2 x5c");
            Tested("§8.2 certified: algorithm");
            Tested("§8.2 certified: signature");
            Tested("§8.2.1 version");
            Tested("§8.2.1 subject");
            Tested("§8.2.1 basic constraints");
            Tested("§8.2.1 AAGUID extension");
            Tested("§8.2.1 firmware version");
            Tested("§8.2.2 serial number");
            Tested("§8.3 syntax");
            Tested("§8.3 version");
            Tested("§8.3 algorithm");
            Tested("§8.3 pubArea");
            Tested("§8.3 credential key");
            Tested("§8.3 AAGUID extension");
            Tested("§8.3 signature");
            Tested("§8.3 certInfo");
            Tested("§8.3 magic");
            Tested("§8.3 type");
            Tested("§8.3 extraData");
            Tested("§8.3 attested name");
            Tested("§8.3.1 version");
            Tested("§8.3.1 subject");
            Tested("§8.3.1 alternative name");
            Tested("§8.3.1 extended key usage");
            Tested("§8.3.1 basic constraints");
            Tested("§8.4 syntax");
            Tested("§8.4 algorithm");
            Tested("§8.4 signature");
            Tested("§8.4 certified key");
            Tested("§8.4 challenge");
            Tested("§8.4 allApplications");
            Tested("§8.4 origin");
            Tested("§8.4 purpose");
            Tested("§8.4.1 key description");
            Tested("§8.5 retired");
            Tested("§8.5 syntax");
            Tested("§8.5 signature");
            Tested("§8.5 nonce");
            Tested("§8.5 integrity");
            Tested("§8.5 host");
            Tested("§8.6 syntax");
            Tested("§8.6 one certificate");
            Tested("§8.6 certificate key");
            Tested("§8.6 credential key");
            Tested("§8.6 signature");
            Tested("§8.6 model");
            Tested("§8.7 empty map");
            Tested("§8.8 syntax");
            Tested("§8.8 nonce");
            Tested("§8.8 certified key");
            Tested("§8.9 syntax");
            Tested("§8.9 no nesting");
            Tested("§8.9 each statement");
            Tested("§7.1 step 24 none");
            Tested("§7.1 step 24 self");
            Tested("§7.1 step 24 compound");
            Tested("§7.1 step 24 models");
            Tested("RFC 5280 §4.1 form");
            Tested("RFC 5280 §4.1.2.5 times");
            Tested("RFC 5280 §4.2.1.9 basic constraints");
            Tested("RFC 5280 §4.2.1.3 key usage");
            Tested("RFC 5280 §6.1 signature");
            Tested("RFC 5280 §6.1 validity");
            Tested("RFC 5280 §6.1 names");
            Tested("RFC 5280 §6.1 authority");
            Tested("RFC 5280 §6.1 key usage");
            Tested("RFC 5280 §6.1 path length");
            Tested("RFC 5280 §6.1 critical extensions");
            Tested("RFC 5280 §6.1 anchor");
            Tested("MDS §3.1 payload");
            Tested("MDS §3.1.1 root certificates");
            Tested("MDS §3.1.1 key identifiers");
            Tested("MDS §3.1.3 status reports");
            Tested("MDS §3.1.6 nextUpdate");
            Tested("MDS §3.2 size");
            Tested("MDS §3.2 signature");
            Tested("MDS §3.2 signer");
            Tested("MDS §3.2 number");
            return clauses;

            void Tested(string clause) => clauses.Add(clause, null, null);
            void NotOurs(string clause, string because) => clauses.Add(clause, because, because);
            void NothingRefuses(string clause, string because) => clauses.Add(clause, null, because);
        }
    }

    [Theory]
    [MemberData(nameof(Clauses))]
    public void Has_an_accepting_and_a_refusing_test_or_a_reason_for_none(string clause, string? whyNoneAccepts, string? whyNoneRefuses)
    {
        Assert.Equal(whyNoneAccepts is null, IsExercised(clause, "Accepts_"));
        Assert.Equal(whyNoneRefuses is null, IsExercised(clause, "Refuses_"));
    }

    [Fact]
    public void Every_clause_that_a_test_names_is_in_the_list()
    {
        var listed = Clauses.Select(row => row.Data.Item1).ToHashSet(StringComparer.Ordinal);
        Assert.All(Exercises(), exercise => Assert.Contains(exercise.Clause, listed));
    }

    [Fact]
    public void Every_test_that_names_a_clause_says_whether_it_accepts_or_refuses() => Assert.All(
        Exercises(), exercise => Assert.Matches("^(Accepts_|Refuses_)", exercise.Test));

    private static bool IsExercised(string clause, string direction) =>
        Exercises().Any(exercise => exercise.Clause == clause && exercise.Test.StartsWith(direction, StringComparison.Ordinal));

    private static IEnumerable<(string Test, string Clause)> Exercises() =>
        from type in typeof(ClauseCoverageTests).Assembly.GetTypes()
        from method in type.GetMethods()
        from clause in method.GetCustomAttributes<ClauseAttribute>()
        select (method.Name, clause.ToString());
}
