using Dfns.Registration.Api.Codes;
using Dfns.Registration.Api.Tests.Running;

namespace Dfns.Registration.Api.Tests.Codes;

/// <summary>A code as people type and paste it: read as it was meant, for every purpose alike, since all are read by <see cref="CodeText"/>.</summary>
public sealed class TypedCodeTests(ServiceFixture.Sqlite fixture) : ServiceTests(fixture), IClassFixture<ServiceFixture.Sqlite>
{
    private const string Code = "7K20-01XW-9QRT-B4ZC";

    public static TheoryData<string> Typed =>
    [
        Code, "7k20-o1xw-9qrt-b4zc", "7K20OIXW9QRTB4ZC", "7K20 OLXW 9QRT B4ZC", " 7K20-01XW-9QRT-B4ZC\r\n", "7K20\t01XW\u00A09QRT\u3000B4ZC", "7K20\u201301XW\u20149QRT\u2212B4ZC",
        "7K20\u201001XW\u20119QRT\uFE63B4ZC", "\u200B7K20-01XW\u200C-9QRT\u200D-B4ZC\uFEFF", "7K20\u00AD01XW\u20609QRT\u200EB4ZC", "7K20_01XW.9QRT,B4ZC", "\"7K20-01XW-9QRT-B4ZC\"",
        "\uFF17\uFF2B\uFF12\uFF10\uFF0D\uFF10\uFF11\uFF38\uFF37\uFF0D9QRT-B4ZC", "\uFF17\uFF4B\uFF12\uFF4F-01XW-9QRT-B4ZC", "\u0667K\u0662\u0660-\u0660\u0661XW-\u0669QRT-B\u0664ZC", "\u06F7K\u06F2\u06F0-01XW-9QRT-B4ZC",
    ];

    public static TheoryData<string> Others => ["", "7K20-01XW-9QRT-B4Z", "7K20-01XW-9QRT-B4ZCC", "7K20-01XW-9QRT-B4ZD", "7K20-01XW-9QRT-\u0412" + "4ZC", "\u2077K20-01XW-9QRT-B4ZC"];

    [Theory]
    [MemberData(nameof(Typed))]
    public void Is_the_code_that_was_meant(string typed) => Assert.Equal(CodeText.Normalise(Code), CodeText.Normalise(typed));

    [Theory]
    [MemberData(nameof(Others))]
    public void Is_not_another_code(string typed) => Assert.NotEqual(CodeText.Normalise(Code), CodeText.Normalise(typed));

    [Fact]
    public async Task Opens_a_registration_as_it_was_pasted()
    {
        var invited = await Service.InviteAsync(await Service.NewOrganisationAsync(), "jane@example.co");
        var pasted = invited with { Code = $"\u200B{invited.Code.Replace("-", " \u2013 ", StringComparison.Ordinal).ToLowerInvariant()}\r\n" };

        Assert.Equal(200, (int)(await pasted.TryInitAsync()).Status);
    }
}
