using System.Data.Common;
using System.Globalization;
using System.Text;

namespace Dfns.Registration.Api.Storage;

/// <summary>What statements that are sent as they stand have in common on both databases.</summary>
internal static partial class Statements
{
    /// <summary>A text with <c>{0}</c>, <c>{1}</c>, … as a statement with <c>$1</c>, <c>$2</c>, ….</summary>
    public static string ByPosition(string text, int places) =>
        string.Format(CultureInfo.InvariantCulture, CompositeFormat.Parse(text), [.. Enumerable.Range(1, places).Select(n => $"${n}")]);

    /// <summary>The value of a column, or null.</summary>
    public static T? OrNull<T>(this DbDataReader reader, int column) => reader.IsDBNull(column) ? default : reader.GetFieldValue<T>(column);

    /// <summary>Tells what is run, where EF Core tells it; the values may be anybody's secrets.</summary>
    [LoggerMessage(Level = LogLevel.Information, Message = "Executed {commandText}")]
    public static partial void LogRun(ILogger logger, string commandText);
}
