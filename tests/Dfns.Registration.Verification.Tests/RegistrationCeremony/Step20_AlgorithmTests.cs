using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.RegistrationCeremony;

/// <summary>§7.1 step 20: the credential key's algorithm was offered.</summary>
public sealed class Step20_AlgorithmTests
{
    [Theory]
    [InlineData(-7)]
    [InlineData(-35)]
    [InlineData(-36)]
    [InlineData(-47)]
    [InlineData(-8)]
    [InlineData(-257)]
    [InlineData(-258)]
    [InlineData(-259)]
    [InlineData(-37)]
    [InlineData(-38)]
    [InlineData(-39)]
    [Clause("7.1", 20)]
    public void Accepts_every_algorithm_that_is_offered(int algorithm) =>
        Assert.Equal(algorithm, Accepted(Make(AttestationMaker.PackedSelf, algorithm: algorithm)).WebAuthn!.Algorithm);

    [Theory]
    [InlineData(-7)]
    [InlineData(-8)]
    [InlineData(-257)]
    [Clause("7.1", 20)]
    public void Refuses_an_algorithm_that_is_not_offered(int algorithm) => Refused(
        RefusalReason.AlgorithmNotOffered, Make(AttestationMaker.None, algorithm: algorithm), Expected with { Algorithms = [-35] });

    [Theory]
    [InlineData(-65535)]
    [InlineData(-9)]
    [InlineData(-19)]
    [InlineData(0)]
    [InlineData(7)]
    [Clause("7.1", 20)]
    public void Refuses_an_algorithm_that_is_not_in_the_table_even_if_it_is_offered(int algorithm) => Refused(
        RefusalReason.AlgorithmNotSupported,
        Make(draft => draft.CoseKey.Set(3, Cbor.Number(algorithm))),
        Expected with { Algorithms = [algorithm] });
}
