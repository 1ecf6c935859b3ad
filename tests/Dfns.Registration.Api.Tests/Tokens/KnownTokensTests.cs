using Dfns.Registration.Api.Tokens;

namespace Dfns.Registration.Api.Tests.Tokens;

/// <summary>Tokens that need no second check of their signature: the very same text, and so many of them.</summary>
[Trait("Speed", "quick")]
public sealed class KnownTokensTests
{
    private readonly KnownTokens known = new();

    [Fact]
    public void Only_the_same_text_is_known()
    {
        known.Keep("header.payload.signature", Token("a"));

        Assert.Equal(Token("a"), known.Find("header.payload.signature"));
        Assert.Null(known.Find("header.payload.signaturE"));
        Assert.Null(known.Find("header.payload.signature "));
        Assert.Null(known.Find("header.payload"));
    }

    [Fact]
    public void The_latest_16384_are_always_known_and_never_more_than_twice_as_many()
    {
        for (var n = 0; n < 100_000; n++)
        {
            known.Keep($"token-{n}", Token($"{n}"));
            if (n % 4_999 == 0) Assert.All(Enumerable.Range(Math.Max(0, n - 16_383), Math.Min(n + 1, 16_384)), back => Assert.NotNull(known.Find($"token-{back}")));
        }

        Assert.InRange(Enumerable.Range(0, 100_000).Count(n => known.Find($"token-{n}") is not null), 16_384, 2 * 16_384);
    }

    private static KnownToken Token(string id) => new("sk-1", TokenPurpose.Access, new TokenReference("or-1", id), DateTime.UnixEpoch, DateTime.UnixEpoch.AddDays(1));
}
