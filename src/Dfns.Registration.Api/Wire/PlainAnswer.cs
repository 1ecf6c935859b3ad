using System.Text;

namespace Dfns.Registration.Api.Wire;

/// <summary>A sentence to somebody at a browser who asked for a page, not for the API.</summary>
internal static class PlainAnswer
{
    /// <summary>Refuses a page.</summary>
    public static Task RefuseAsync(HttpContext context, string sentence)
    {
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Text(sentence + "\n", "text/plain", Encoding.UTF8, StatusCodes.Status403Forbidden).ExecuteAsync(context);
    }
}
