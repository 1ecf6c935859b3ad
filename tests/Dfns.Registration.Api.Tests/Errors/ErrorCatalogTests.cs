using Dfns.Registration.Api.Errors;

namespace Dfns.Registration.Api.Tests.Errors;

/// <summary>The catalogue: closed, unambiguous, and the same as the one readers are given.</summary>
[Trait("Speed", "quick")]
public sealed class ErrorCatalogTests
{
    // The wire contract fixes these texts; clients compare them.
    private static readonly string[] DocumentedTexts =
    [
        "Not Authorized.", "Invalid code", "Registration code expired", "User already exists.", "User account has been deactivated.", "Internal Server Error",
        "Challenge token is not valid.", "User does not have a credential that can be used for the application.", "user action signature is missing or invalid",
        "user action has already been used", "User not found", "… is not authorized to perform operation (…)",
        "Credential cannot be used as a recovery factor.",
    ];

    public static TheoryData<string> Codes => [.. ErrorCatalog.All.Select(e => e.Code)];

    [Fact]
    public void No_code_stands_for_two_errors() => Assert.Distinct(ErrorCatalog.All.Select(e => e.Code));

    [Fact]
    public void Every_row_declared_is_in_the_list()
    {
        var declared = typeof(ErrorCatalog).GetFields().Select(f => f.GetValue(null)).OfType<ApiError>();

        Assert.Empty(declared.Except(ErrorCatalog.All));
    }

    [Theory]
    [MemberData(nameof(Codes))]
    public void Every_error_is_a_4xx_or_5xx_in_words_a_developer_can_act_on(string code)
    {
        var error = ErrorCatalog.All.Single(e => e.Code == code);

        Assert.Matches("^[a-z][a-z0-9]*(_[a-z0-9]+)*$", error.Code);
        Assert.InRange(error.Status, 400, 503);
        Assert.True(DocumentedTexts.Contains(error.Message) ? error.Help is not null : error.Message.EndsWith('.'), $"{error.Message} / {error.Help}");
        Assert.True(error.Help is null || error.Help.EndsWith('.'), error.Help);
    }

    [Fact]
    public void The_page_of_errors_lists_the_same_codes_with_the_same_status_and_message()
    {
        var page = File.ReadLines(Path.Combine(Repository.Root, "src", "Dfns.Registration.Api", "Errors", "README.md")).Where(l => l.StartsWith("| `", StringComparison.Ordinal)).Order(StringComparer.Ordinal);
        var catalogue = ErrorCatalog.All.Select(e => $"| `{e.Code}` | {e.Status} | {e.Message} | {e.Help} |").Order(StringComparer.Ordinal);

        Assert.Equal(catalogue, page);
    }
}
