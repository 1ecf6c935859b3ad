using Microsoft.AspNetCore.Http.HttpResults;

namespace Dfns.Registration.Api.Wire;

/// <summary>An answer that is at hand as it goes out.</summary>
internal static class StoredJson
{
    /// <summary>Answers 200.</summary>
    /// <param name="document">JSON in UTF-8.</param>
    public static FileContentHttpResult Ok(byte[] document) => TypedResults.Bytes(document, "application/json;charset=utf-8");
}
