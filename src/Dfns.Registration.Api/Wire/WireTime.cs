using System.Globalization;

namespace Dfns.Registration.Api.Wire;

/// <summary>Instants as clients read them.</summary>
internal static class WireTime
{
    /// <summary>Such as <c>2026-11-23T12:00:00.000Z</c>.</summary>
    public static string Of(DateTimeOffset instant) => instant.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
