using Dfns.Registration.Api.Errors;

namespace Dfns.Registration.Api.Wire;

/// <summary>Checks on single members of a request.</summary>
internal static class Member
{
    /// <summary>A required text.</summary>
    /// <param name="text">As parsed; null when the member is absent or null.</param>
    /// <param name="path">JSON path of the member.</param>
    /// <param name="maxLength">Characters it may have, inclusive.</param>
    public static Checked<string> Text(string? text, string path, int maxLength)
    {
        if (string.IsNullOrWhiteSpace(text)) return ErrorCatalog.MemberRequired.At(path);
        return text.Length <= maxLength ? text : TooLong(path, maxLength);
    }

    /// <summary>An optional text: null stays null, but it must not be empty.</summary>
    public static ApiError? OptionalText(string? text, string path, int maxLength) =>
        text is not null && Text(text, path, maxLength).Failed(out var error, out _) ? error : null;

    /// <summary>A required name that people see: <see cref="FreeText"/>.</summary>
    public static Checked<string> Name(string? text, string path, int maxLength)
    {
        if (Text(text, path, maxLength).Failed(out var error, out var name)) return error;
        return FreeText.IsPlain(name) ? name : ErrorCatalog.MemberInvalid.Saying(FreeText.Fault).At(path);
    }

    /// <summary>An optional name: null stays null, but it must not be empty.</summary>
    public static ApiError? OptionalName(string? text, string path, int maxLength) =>
        text is not null && Name(text, path, maxLength).Failed(out var error, out _) ? error : null;

    /// <summary>A required text of any length that the body allows: what only a verifier reads.</summary>
    public static ApiError? Required(string? text, string path) => string.IsNullOrEmpty(text) ? ErrorCatalog.MemberRequired.At(path) : null;

    private static ApiError TooLong(string path, int maxLength) => ErrorCatalog.MemberTooLong.Saying($"At most {maxLength} characters.").At(path);
}
