using Dfns.Registration.TestKit;

namespace Dfns.Registration.Verification.Tests.Vectors;

/// <summary>A typo in a vector must not pass a test.</summary>
public sealed class VectorFileTests
{
    private const string Valid = """
        {"id":"x","source":"s","comment":"c","expect":"accept","kind":"Key","challenge":"c","rpId":"r","origin":"o","allowCrossOrigin":false,
         "topOrigins":[],"requireUserVerification":true,"algorithms":[-7],"now":"2026-11-22T00:00:00Z","credId":"AA","clientData":"AA","attestationData":"AA"}
        """;

    private const string ValidAssertion = """
        {"id":"x","source":"s","comment":"c","expect":"accept","kind":"Key","challenge":"c","rpId":"r","origin":"o","allowCrossOrigin":false,
         "topOrigins":[],"requireUserVerification":true,"userId":"u","publicKey":"AA","algorithm":null,"signCount":0,"backupEligible":false,
         "credId":"AA","clientData":"AA","signature":"AA","authenticatorData":null,"userHandle":null}
        """;

    [Fact]
    public void Loads_a_complete_vector() => Assert.Null(VectorFile.Parse(Valid, "x").ExpectedReason);

    [Theory]
    [InlineData("\"id\":\"x\"", "\"id\":\"y\"")]
    [InlineData("\"accept\"", "\"Accept\"")]
    [InlineData("\"accept\"", "\"OriginNotAlowed\"")]
    [InlineData("\"accept\"", "\"1\"")]
    [InlineData("\"comment\":\"c\",", "")]
    [InlineData("\"comment\":\"c\",", "\"comment\":\"c\",\"comment\":\"c\",")]
    [InlineData("\"comment\":\"c\",", "\"comment\":\"c\",\"expects\":\"accept\",")]
    public void Fails_to_load_any_other(string part, string replacement) =>
        Assert.NotNull(Record.Exception(() => VectorFile.Parse(Valid.Replace(part, replacement, StringComparison.Ordinal), "x")));

    [Fact]
    public void Fails_to_load_another_number_of_vectors_than_stated() =>
        Assert.Throws<InvalidDataException>(() => VectorFile.LoadAll("chromium", count: 17));

    [Fact]
    public void Loads_a_complete_assertion() => Assert.Null(AssertionVectorFile.Parse(ValidAssertion, "x").ExpectedReason);

    [Theory]
    [InlineData("\"id\":\"x\"", "\"id\":\"y\"")]
    [InlineData("\"accept\"", "\"UserHandleMising\"")]
    [InlineData("\"userHandle\":null", "\"userhandle\":null")]
    [InlineData("\"signCount\":0,", "")]
    public void Fails_to_load_any_other_assertion(string part, string replacement) => Assert.NotNull(
        Record.Exception(() => AssertionVectorFile.Parse(ValidAssertion.Replace(part, replacement, StringComparison.Ordinal), "x")));
}
