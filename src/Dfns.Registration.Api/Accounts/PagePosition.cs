using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Dfns.Registration.Api.Storage;

namespace Dfns.Registration.Api.Accounts;

/// <summary>
/// Where a page ended: by creation, then by id, so that no row is skipped or told twice when others come or go meanwhile. As text it is
/// opaque to clients, and no secret: a made-up one shows nothing but another part of the caller's own list.
/// </summary>
internal sealed record PagePosition(DateTimeOffset CreatedAt, string Id)
{
    /// <summary>Reads a <c>paginationToken</c>.</summary>
    /// <returns>Null for what <see cref="ToString"/> did not write.</returns>
    public static PagePosition? Parse(string text)
    {
        if (text.Length > 2 * Limits.IdLength || !Base64Url.IsValid(text)) return null;
        var parts = Encoding.Latin1.GetString(Base64Url.DecodeFromChars(text)).Split(' ');
        return parts is [var ticks, var id]
            && long.TryParse(ticks, NumberStyles.None, CultureInfo.InvariantCulture, out var utc) && utc <= DateTimeOffset.MaxValue.UtcTicks
            && id.Length is > 0 and <= Limits.IdLength && id.All(c => char.IsAsciiLetterOrDigit(c) || c == '-')
            ? new PagePosition(new DateTimeOffset(utc, TimeSpan.Zero), id)
            : null;
    }

    public override string ToString() => Base64Url.EncodeToString(Encoding.Latin1.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{CreatedAt.UtcTicks} {Id}")));
}
